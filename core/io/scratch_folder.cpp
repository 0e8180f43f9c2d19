#include "core/io/scratch_folder.h"

#include "core/runtime/error.h"

#include <cerrno>
#include <cstdlib>
#include <system_error>

namespace nanodit {

namespace fs = std::filesystem;

ScratchFolder::ScratchFolder(const std::string& name)
{
    auto made = (fs::temp_directory_path() / (name + "-XXXXXX")).string();
    if (mkdtemp(made.data()) == nullptr)
        throw StoreError("cannot make a folder in " + fs::temp_directory_path().string() + ": " +
                         std::generic_category().message(errno) + "; set TMPDIR to one that can be written to");
    path_ = made;
}

ScratchFolder::~ScratchFolder()
{
    std::error_code none;
    fs::remove_all(path_, none);
}

} // namespace nanodit
