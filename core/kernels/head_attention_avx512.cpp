#include "core/kernels/head_attention.inc"

namespace nanodit {

const HeadKernel headAvx512 = {forwardBytes, forward, backwardBytes, backward};

} // namespace nanodit
