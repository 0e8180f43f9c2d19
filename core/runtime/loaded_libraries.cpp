#include "core/runtime/loaded_libraries.h"

#include <algorithm>
#include <dlfcn.h>
#include <fstream>
#include <memory>
#include <sstream>
#include <string_view>

namespace nanodit {

namespace fs = std::filesystem;

namespace {

bool isOpenMp(std::string_view name)
{
    // GCC's, Intel's and LLVM's; wheels rename theirs (libgomp-a34b3233.so.1).
    return name.starts_with("libgomp") || name.starts_with("libiomp5") || name.starts_with("libomp.") ||
           name.starts_with("libomp-") || name.starts_with("libomp5");
}

void addOnce(std::vector<fs::path>& files, const fs::path& file)
{
    if (std::find(files.begin(), files.end(), file) == files.end())
        files.push_back(file);
}

} // namespace

LoadedLibraries loadedLibraries(const fs::path& maps)
{
    LoadedLibraries loaded;
    std::ifstream in(maps);
    for (std::string line; std::getline(in, line);) {
        std::istringstream fields(line);
        std::string addresses, rights, offset, device, inode, path;
        fields >> addresses >> rights >> offset >> device >> inode;
        std::getline(fields >> std::ws, path); // a path may hold spaces
        if (!path.starts_with('/'))
            continue;
        const fs::path file(path);
        const auto name = file.filename().string();
        if (isOpenMp(name))
            addOnce(loaded.openMp, file);
        else if (name.starts_with("libtorch_cpu.so"))
            addOnce(loaded.torch, file);
        else if (name.starts_with("libc10.so"))
            addOnce(loaded.c10, file);
    }
    return loaded;
}

void* LoadedBlas::address(const char* name) const
{
    const std::unique_ptr<void, int (*)(void*)> handle(dlopen(file.c_str(), RTLD_LAZY | RTLD_NOLOAD), &dlclose);
    return handle ? dlsym(handle.get(), name) : nullptr; // that of a library that it needs, where it has none itself
}

LoadedBlas loadedBlas()
{
    LoadedBlas blas;
    Dl_info info{};
    auto* const product = dlsym(RTLD_DEFAULT, "sgemm_");
    if (product == nullptr || dladdr(product, &info) == 0 || info.dli_fname == nullptr)
        return blas;
    blas.file = info.dli_fname;
    // One that was preloaded answers in place of the one that the program names: so it is asked itself.
    auto* const config = blas.function<char*()>("openblas_get_config");
    auto* const parallel = blas.function<int()>("openblas_get_parallel");
    const auto name = blas.file.filename().string();
    if (config != nullptr && parallel != nullptr) {
        blas.kind = LoadedBlas::Kind::OpenBlas;
        blas.description = config();
        blas.threads = static_cast<LoadedBlas::Threads>(std::clamp(parallel(), 0, 2)); // as its cblas.h numbers them
    } else if (name.starts_with("libmkl")) {
        blas.kind = LoadedBlas::Kind::Mkl;
    } else if (name.starts_with("libblis")) {
        blas.kind = LoadedBlas::Kind::Blis;
    }
    return blas;
}

} // namespace nanodit
