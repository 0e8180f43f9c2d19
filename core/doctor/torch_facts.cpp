#include "core/doctor/machine_facts.h"
#include "core/runtime/compute_devices.h"
#include "core/runtime/torch_version.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <regex>
#include <set>

namespace nanodit {

namespace {

/// Of what LibTorch says about itself: "TORCH_VERSION=2.6.0,".
std::string valueOf(const std::string& config, const std::string& pattern)
{
    std::smatch match;
    return std::regex_search(config, match, std::regex(pattern)) ? match[1].str() : "";
}

/// "…code=sm_75;-gencode;arch=compute_80,code=sm_80…" -> "75 80"
std::string architecturesOf(const std::string& config)
{
    static const std::regex architecture("code=sm_(\\d+)");
    std::set<int> found;
    for (std::sregex_iterator it(config.begin(), config.end(), architecture), end; it != end; ++it)
        found.insert(std::stoi((*it)[1].str()));
    std::string text;
    for (const auto number : found)
        text.append(text.empty() ? "" : " ").append(std::to_string(number));
    return text;
}

std::string environment(const char* name)
{
    const char* const value = std::getenv(name);
    return value == nullptr ? "" : value;
}

/// Floating-point operations a second of a product of square matrices: the best of some tries.
double productRate(at::ScalarType type)
{
    constexpr std::int64_t side = 768;
    constexpr int tries = 4;
    const at::NoGradGuard noGrad;
    const auto a = at::ones({side, side}, at::TensorOptions(type)), b = at::ones({side, side}, at::TensorOptions(type));
    double best = 0;
    for (int i = 0; i < tries; ++i) {
        const auto start = std::chrono::steady_clock::now();
        const auto product = at::mm(a, b);
        const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
        best = std::max(best, 2.0 * side * side * side / seconds.count());
    }
    return best;
}

} // namespace

TorchFacts gatherTorchFacts(bool measure)
{
    TorchFacts facts;
    const auto config = at::show_config();
    facts.built = builtTorchVersion();
    facts.loaded = loadedTorchVersion();
    facts.kernels = valueOf(config, "CPU capability usage: (\\S+)");
    if (const auto& gpus = gpuFindings(); gpus.inLibTorch) {
        facts.cuda = std::to_string(gpus.torchCuda / 1000) + "." + std::to_string(gpus.torchCuda % 1000 / 10);
        facts.cudaDevices = static_cast<int>(gpus.usable);
    }
    facts.architectures = architecturesOf(config);
    facts.mkl = at::hasMKL();
    facts.blas = loadedBlas();
    facts.preload = environment("LD_PRELOAD");
    facts.libraryPath = environment("LD_LIBRARY_PATH");
    facts.threads = at::get_num_threads();
    if (measure) {
        facts.float32Rate = productRate(at::kFloat);
        facts.bf16Rate = productRate(at::kBFloat16);
    }
    facts.libraries = loadedLibraries(); // last: what is loaded on demand is there then
    return facts;
}

} // namespace nanodit
