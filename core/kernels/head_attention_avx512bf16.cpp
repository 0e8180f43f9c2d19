#include "core/kernels/head_attention.inc"

namespace nanodit {

const HeadKernel headAvx512Bf16 = {forwardBytes, forward, backwardBytes, backward};

} // namespace nanodit
