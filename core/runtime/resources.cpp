#include "core/runtime/resources.h"

#include "core/runtime/error.h"

#include <cstdlib>
#include <system_error>

namespace nanodit {

namespace fs = std::filesystem;

namespace {

bool holdsDemo(const fs::path& folder)
{
    std::error_code ignored;
    return fs::is_directory(folder / "demo", ignored);
}

} // namespace

fs::path resourcesFolder()
{
    if (const char* const given = std::getenv("NANODIT_RESOURCES")) {
        if (holdsDemo(given))
            return given;
        throw DataError("NANODIT_RESOURCES names " + std::string(given) +
                        ", which has no folder \"demo\": let it name the folder that has");
    }
    std::error_code error;
    const auto program = fs::read_symlink("/proc/self/exe", error).parent_path();
    if (const auto installed = program.parent_path() / "share" / "nanodit-workbench"; holdsDemo(installed))
        return installed;
    // A program that was built lies some folders below the source tree.
    for (auto folder = program; folder.has_relative_path(); folder = folder.parent_path()) {
        if (holdsDemo(folder / "resources"))
            return folder / "resources";
    }
    throw DataError("the folder with the demo's encoders was not found near " + program.string() +
                    ": let NANODIT_RESOURCES name the resources folder of the source tree or of the installation");
}

} // namespace nanodit
