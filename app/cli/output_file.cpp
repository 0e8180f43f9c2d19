#include "app/cli/output_file.h"

#include "core/runtime/error.h"

#include <algorithm>
#include <cctype>
#include <cerrno>
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
    const auto folder = file.has_parent_path() ? file.parent_path() : fs::path(".");
    fs::create_directories(folder, error);
    if (error)
        throw StoreError("the folder " + folder.string() + " cannot be made: " + error.message());
    if (::access(folder.c_str(), W_OK) != 0)
        throw StoreError("nothing can be written into the folder " + folder.string() + ": " +
                         std::generic_category().message(errno));
}

} // namespace nanodit::cli
