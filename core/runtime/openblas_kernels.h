#pragma once

#include <string>
#include <string_view>

namespace nanodit {

/// OpenBLAS chooses its kernels by the model of the processor. For models newer than itself it takes those of 2004
/// ("Prescott"), which leave AVX2 and AVX-512 unused: Debian 12's multiplies float32 5 times as slowly on Xeons of the
/// fifth generation. Has it take those for the instructions that the processor has, unless OPENBLAS_CORETYPE names
/// some. Does nothing for another BLAS. Call before anything is multiplied.
void useFastOpenBlasKernels();

/// Has OpenBLAS take these kernels, here and in processes that this one starts. False where it has no choice of them.
/// Not while anything is multiplied.
bool takeOpenBlasKernels(const std::string& name);

/// The kernels of OpenBLAS in this process: "Haswell", "SkylakeX"; "" for another BLAS.
std::string openBlasKernels();

/// Which ones to take instead of `chosen`: "" where those use what the processor has.
std::string fasterOpenBlasKernels(std::string_view chosen, bool hasAvx2, bool hasAvx512);

} // namespace nanodit
