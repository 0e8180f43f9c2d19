#include "core/runtime/openblas_kernels.h"

#include "core/runtime/loaded_libraries.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <mutex>

namespace nanodit {

namespace {

constexpr const char* variable = "OPENBLAS_CORETYPE";

#if defined(__x86_64__) && defined(__GNUC__)
bool hasAvx2()
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}
bool hasAvx512()
{
    return hasAvx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512cd") &&
           __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl");
}
#else
bool hasAvx2()
{
    return false;
}
bool hasAvx512()
{
    return false;
}
#endif

} // namespace

std::string fasterOpenBlasKernels(std::string_view chosen, bool hasAvx2, bool hasAvx512)
{
    // From driver/others/dynamic.c of OpenBLAS 0.3.29: those for processors without AVX2.
    constexpr std::array withoutAvx2 = {
        "Unknown",      "Katmai", "Coppermine", "Northwood", "Prescott",   "Banias",      "Atom",
        "Core2",        "Penryn", "Dunnington", "Nehalem",   "Athlon",     "Opteron",     "Barcelona",
        "Opteron_SSE3", "Nano",   "Bobcat",     "Bulldozer", "Piledriver", "Steamroller", "Sandybridge"};
    if (!hasAvx2 || std::ranges::find(withoutAvx2, chosen) == withoutAvx2.end())
        return "";
    return hasAvx512 ? "SkylakeX" : "Haswell";
}

bool takeOpenBlasKernels(const std::string& name)
{
    // OpenBLAS reads the variable when it is loaded. It runs these two then and at its end; here they make it read
    // again.
    const auto blas = loadedBlas();
    auto* const forget = blas.function<void()>("gotoblas_dynamic_quit");
    auto* const choose = blas.function<void()>("gotoblas_dynamic_init");
    if (blas.kind != LoadedBlas::Kind::OpenBlas || forget == nullptr || choose == nullptr)
        return false; // built for one processor
    setenv(variable, name.c_str(), 1);
    forget();
    choose();
    return true;
}

std::string openBlasKernels()
{
    const auto blas = loadedBlas();
    auto* const name = blas.function<char*()>("openblas_get_corename");
    return blas.kind == LoadedBlas::Kind::OpenBlas && name != nullptr ? name() : "";
}

void useFastOpenBlasKernels()
{
    static std::once_flag once;
    std::call_once(once, [] {
        if (std::getenv(variable) != nullptr)
            return;
        if (const auto kernels = fasterOpenBlasKernels(openBlasKernels(), hasAvx2(), hasAvx512()); !kernels.empty())
            takeOpenBlasKernels(kernels);
    });
}

} // namespace nanodit
