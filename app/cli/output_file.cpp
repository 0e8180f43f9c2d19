#include "app/cli/output_file.h"

#include "core/runtime/error.h"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <system_error>
#include <unistd.h>

namespace nanodit::cli {

namespace fs = std::filesystem;

void prepareOutputFile(const fs::path& file, const std::string& ending, const std::string& option)
{
    const auto shown = option + " is \"" + file.string() + "\"";
    auto own = file.extension().string();
    std::transform(own.begin(), own.end(), own.begin(), [](unsigned char c) { return std::tolower(c); });
    std::error_code error;
    if (file.empty())
        throw UsageError(shown + ", but must be the name of a file that ends in " + ending);
    if (fs::is_directory(file, error))
        throw UsageError(shown + ", which is a folder: name a file in it that ends in " + ending);
    if (own != ending)
        throw UsageError(shown + ", but must be a file that ends in " + ending);
    constexpr std::size_t longestName = 255; // Linux
    if (file.filename().native().size() > longestName)
        throw UsageError(option + " is a name of " + std::to_string(file.filename().native().size()) +
                         " bytes, but no file system takes more than " + std::to_string(longestName));
    prepareOutputFolder(file.has_parent_path() ? file.parent_path() : fs::path("."), option);
}

void prepareOutputFolder(const fs::path& folder, const std::string& option)
{
    if (folder.empty())
        throw UsageError(option + " is empty, but must be the name of a folder");
    std::error_code error;
    fs::create_directories(folder, error);
    if (error)
        throw StoreError("the folder " + folder.string() + " cannot be made: " + error.message());
    // Asking for the permission is not enough: it is there for root, and where no file can be made.
    auto probe = (folder / ".nanodit-XXXXXX").string();
    const int descriptor = ::mkstemp(probe.data());
    if (descriptor < 0)
        throw StoreError("nothing can be written into the folder " + folder.string() + ": " +
                         std::generic_category().message(errno));
    ::close(descriptor);
    ::unlink(probe.c_str());
}

} // namespace nanodit::cli
