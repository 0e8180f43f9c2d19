#include "core/kernels/row_kernel.h"

#include "core/kernels/instruction_set.h"

namespace nanodit {

const RowKernel& rowKernel()
{
    switch (instructionSet()) {
#if defined(__x86_64__)
    case InstructionSet::Avx2:
        return rowAvx2;
    case InstructionSet::Avx512:
    case InstructionSet::Avx512Bf16:
    case InstructionSet::Amx:
        return rowAvx512;
#endif
    default:
        return rowBaseline;
    }
}

} // namespace nanodit
