#include "core/runtime/compute_info.h"

#include "core/runtime/loaded_libraries.h"
#include "core/runtime/openblas_kernels.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <torch/version.h>

#include <string>

namespace nanodit {

ComputeInfo computeInfo()
{
    const auto blas = loadedBlas();
    const bool openBlas = blas.kind == LoadedBlas::Kind::OpenBlas;
    const std::string name = at::hasMKL() ? "MKL" : openBlas ? blas.description : "an unknown BLAS";
    ComputeInfo info;
    info.description = "LibTorch " + std::to_string(TORCH_VERSION_MAJOR) + "." + std::to_string(TORCH_VERSION_MINOR) +
                       ", " + name + ", " + std::to_string(at::get_num_threads()) + " threads" +
                       (at::globalContext().hasCUDART() ? ", CUDA" : "");
    if (!openBlas && !at::hasMKL())
        info.warning =
            "LibTorch runs on the reference BLAS, tens of times slower than OpenBLAS: install the Debian package "
            "libopenblas0-openmp and build again";
    else if (!at::hasMKL() && blas.threads == LoadedBlas::Threads::Own)
        info.warning =
            "OpenBLAS is built on pthreads, whose threads compete with LibTorch's own: install the Debian package "
            "libopenblas0-openmp and build again";
    return info;
}

void setUpCompute(const ComputeChoice& choice)
{
    checkSpelling(choice);
    useFastOpenBlasKernels();
    at::set_num_threads(threadsOf(choice));
}

} // namespace nanodit
