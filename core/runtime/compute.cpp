#include "core/runtime/compute.h"

#include "core/runtime/error.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <torch/version.h>

#include <algorithm>
#include <dlfcn.h>
#include <string>
#include <thread>

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
                       (at::hasCUDA() ? ", CUDA" : "");
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

void setUpCompute(const DeviceChoice& choice)
{
    if (choice.threads < 0)
        throw UsageError("--threads must be 0 (as many as cores) or more, but is " + std::to_string(choice.threads));
    const auto& device = choice.device;
    const bool cuda = device == "cuda" || device.rfind("cuda:", 0) == 0;
    if (!device.empty() && device != "cpu" && !cuda)
        throw UsageError("the device \"" + device + "\" is unknown: use cpu, cuda or cuda:N");
    if (cuda && !at::hasCUDA())
        throw UsageError("the device \"" + device +
                         "\" was asked for, but this LibTorch finds no CUDA device: use --device cpu");
    const auto cores = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
    at::set_num_threads(choice.threads > 0 ? choice.threads : cores);
}

} // namespace nanodit
