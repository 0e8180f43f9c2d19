#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace nanodit {

/// What is loaded in this process, asked of the process itself and not of the build.
struct LoadedLibraries {
    std::vector<std::filesystem::path> openMp; ///< Runtimes of OpenMP: one is right.
    std::vector<std::filesystem::path> torch;  ///< libtorch_cpu: one is right.
    std::vector<std::filesystem::path> c10;    ///< libc10: one, in the same folder.
};

/// Of this process. `maps`: the file that lists its mappings; tests put another there.
LoadedLibraries loadedLibraries(const std::filesystem::path& maps = "/proc/self/maps");

/// The library that multiplies matrices in this process.
struct LoadedBlas {
    enum class Kind {
        OpenBlas,
        Mkl,
        Blis,
        Unknown
    };                                        ///< Unknown: the reference BLAS, or one that is linked into LibTorch.
    enum class Threads { None, Own, OpenMp }; ///< Of OpenBLAS only: how it was built.
    Kind kind = Kind::Unknown;
    Threads threads = Threads::None;
    std::string description;    ///< As it describes itself; "" where it does not.
    std::filesystem::path file; ///< That gives sgemm_; empty when none does openly.

    /// One of its functions; null when it has none of this name.
    template<typename Function>
    Function* function(const char* name) const
    {
        return reinterpret_cast<Function*>(address(name));
    }

private:
    void* address(const char* name) const;
};
LoadedBlas loadedBlas();

} // namespace nanodit
