#include "core/runtime/compute_info.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <torch/version.h>

#include <dlfcn.h>
#include <string>

namespace nanodit {

namespace {

/// How OpenBLAS says it was built (openblas_get_parallel in its cblas.h).
enum class BlasThreads { Serial = 0, Pthreads = 1, OpenMp = 2 };

struct Blas {
    std::string name;
    bool openBlas = false;
    BlasThreads threads = BlasThreads::Serial;
};

/// Which BLAS the process really loaded, asked of the library itself and not of the build.
Blas loadedBlas()
{
    if (at::hasMKL())
        return {.name = "MKL", .openBlas = false, .threads = BlasThreads::OpenMp};
    using ParallelFunction = int();
    using ConfigFunction = char*();
    auto* const parallel = reinterpret_cast<ParallelFunction*>(dlsym(RTLD_DEFAULT, "openblas_get_parallel"));
    auto* const config = reinterpret_cast<ConfigFunction*>(dlsym(RTLD_DEFAULT, "openblas_get_config"));
    if (parallel == nullptr || config == nullptr)
        return {.name = "an unknown BLAS", .openBlas = false, .threads = BlasThreads::Serial};
    return {.name = config(), .openBlas = true, .threads = static_cast<BlasThreads>(parallel())};
}

} // namespace

ComputeInfo computeInfo()
{
    const auto blas = loadedBlas();
    ComputeInfo info;
    info.description = "LibTorch " + std::to_string(TORCH_VERSION_MAJOR) + "." + std::to_string(TORCH_VERSION_MINOR) +
                       ", " + blas.name + ", " + std::to_string(at::get_num_threads()) + " threads" +
                       (at::globalContext().hasCUDART() ? ", CUDA" : "");
    if (!blas.openBlas && !at::hasMKL())
        info.warning =
            "LibTorch runs on the reference BLAS, tens of times slower than OpenBLAS: install the Debian package "
            "libopenblas0-openmp and build again";
    else if (blas.openBlas && blas.threads == BlasThreads::Pthreads)
        info.warning =
            "OpenBLAS is built on pthreads, whose threads compete with LibTorch's own: install the Debian package "
            "libopenblas0-openmp and build again";
    return info;
}

void setUpCompute(const ComputeChoice& choice)
{
    checkSpelling(choice);
    at::set_num_threads(threadsOf(choice));
}

} // namespace nanodit
