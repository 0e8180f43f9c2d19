#include "core/runtime/resources.h"

#include "core/runtime/error.h"

#include <cstdlib>
#include <system_error>

namespace nanodit {

namespace fs = std::filesystem;

namespace {

bool isFolder(const fs::path& folder)
{
    std::error_code ignored;
    return fs::is_directory(folder, ignored);
}

/// The demo may be left out of an installation, which has the configurations in the folder then; a source tree has them
/// beside it.
bool holdsResources(const fs::path& folder)
{
    return isFolder(folder) &&
           (isFolder(folder / "demo") || isFolder(folder / "configs") || isFolder(folder.parent_path() / "configs"));
}

} // namespace

fs::path resourcesFolder()
{
    if (const char* const given = std::getenv("NANODIT_RESOURCES")) {
        if (holdsResources(given))
            return given;
        throw DataError("NANODIT_RESOURCES names " + std::string(given) +
                        ", which has neither a folder \"demo\" nor \"configs\": let it name the folder that has");
    }
    std::error_code error;
    const auto program = fs::read_symlink("/proc/self/exe", error).parent_path();
    if (const auto installed = program.parent_path() / "share" / "nanodit-workbench"; holdsResources(installed))
        return installed;
    // A program that was built lies some folders below the source tree.
    for (auto folder = program; folder.has_relative_path(); folder = folder.parent_path()) {
        if (holdsResources(folder / "resources"))
            return folder / "resources";
    }
    throw DataError("the folder with the program's configurations and the demo was not found near " + program.string() +
                    ": let NANODIT_RESOURCES name the resources folder of the source tree or of the installation");
}

} // namespace nanodit
