#include "core/runtime/torch_version.h"

#include "core/runtime/error.h"

#include <ATen/Version.h>
#include <torch/version.h>

#include <dlfcn.h>

namespace nanodit {

namespace {

/// "2.6" of "2.6.0".
std::string minorVersion(const std::string& version)
{
    const auto first = version.find('.');
    return version.substr(0, first == std::string::npos ? first : version.find('.', first + 1));
}

/// The file that the loader took LibTorch from.
std::string loadedTorchFile()
{
    Dl_info info{};
    const auto found = dladdr(reinterpret_cast<void*>(&at::show_config), &info);
    return found != 0 && info.dli_fname != nullptr ? info.dli_fname : "the loader's search path";
}

} // namespace

std::string builtTorchVersion()
{
    return std::to_string(TORCH_VERSION_MAJOR) + "." + std::to_string(TORCH_VERSION_MINOR) + "." +
           std::to_string(TORCH_VERSION_PATCH);
}

std::string loadedTorchVersion()
{
    // No function returns it; the settings that the library was built with, which are for people, name it.
    const std::string key = "TORCH_VERSION=";
    const auto settings = at::show_config();
    const auto at = settings.find(key);
    if (at == std::string::npos)
        return {};
    const auto begin = at + key.size();
    return settings.substr(begin, settings.find_first_not_of("0123456789.", begin) - begin);
}

std::string torchMismatch(const std::string& built, const std::string& loaded)
{
    if (loaded.empty() || minorVersion(built) == minorVersion(loaded))
        return {};
    return "this program was built with LibTorch " + built + ", but LibTorch " + loaded +
           " was loaded: build the program again, or put LibTorch " + minorVersion(built) + " back there";
}

void requireBuiltTorch()
{
    if (const auto mismatch = torchMismatch(builtTorchVersion(), loadedTorchVersion()); !mismatch.empty())
        throw UsageError(loadedTorchFile() + ": " + mismatch);
}

} // namespace nanodit
