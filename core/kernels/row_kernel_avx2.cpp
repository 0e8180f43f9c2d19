#include "core/kernels/row_kernel.inc"

namespace nanodit {

const RowKernel rowAvx2 = {norm,         normBackward, gatedSum,  gatedSumBackward, gelu,
                           geluBackward, turn,         normHeads, normHeadsBackward};

} // namespace nanodit
