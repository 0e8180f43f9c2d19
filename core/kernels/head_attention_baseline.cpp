#include "core/kernels/head_attention.inc"

namespace nanodit {

const HeadKernel headBaseline = {forwardBytes, forward, backwardBytes, backward};

} // namespace nanodit
