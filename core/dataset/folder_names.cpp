#include "core/dataset/folder_names.h"

#include "core/io/comparable_name.h"

#include <system_error>

namespace nanodit {

namespace fs = std::filesystem;

fs::path FolderNames::meantBy(const fs::path& path)
{
    std::error_code ignored; // loops of links among others: such a file is not there
    if (fs::exists(path, ignored))
        return path;
    const auto parent = path.parent_path();
    if (parent == path || !path.has_filename())
        return {};
    const auto folder = meantBy(parent);
    if (folder.empty())
        return {};
    const auto& names = namesIn(folder);
    const auto found = names.find(comparableName(path.filename().native()));
    return found == names.end() || found->second.empty() ? fs::path() : folder / found->second;
}

const FolderNames::Names& FolderNames::namesIn(const fs::path& folder)
{
    const auto [entry, isNew] = folders_.try_emplace(folder);
    auto& names = entry->second;
    if (!isNew)
        return names;
    std::error_code error;
    for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
        const auto name = it->path().filename();
        if (const auto [same, isFirst] = names.emplace(comparableName(name.native()), name); !isFirst)
            same->second.clear();
    }
    return names;
}

} // namespace nanodit
