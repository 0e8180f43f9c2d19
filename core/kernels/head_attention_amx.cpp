#include "core/kernels/head_attention.inc"

namespace nanodit {

const HeadKernel headAmx = {forwardBytes, forward, backwardBytes, backward};

} // namespace nanodit
