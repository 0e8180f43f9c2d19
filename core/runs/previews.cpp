#include "core/runs/previews.h"

#include "core/runs/catalogue.h"

#include <algorithm>
#include <system_error>

namespace nanodit {

namespace fs = std::filesystem;

namespace {

fs::path folderOf(const fs::path& runFolder, PreviewKind kind)
{
    const auto samples = runFolder / "samples";
    return kind == PreviewKind::Usual ? samples : samples / previewKindNames[static_cast<std::size_t>(kind)];
}

} // namespace

fs::path previewFile(const fs::path& runFolder, std::int64_t step, const std::string& recordId, PreviewKind kind)
{
    return folderOf(runFolder, kind) / (checkpointName(step) + "-" + recordId + ".png");
}

std::map<std::int64_t, std::vector<PreviewFile>> listPreviews(const fs::path& runFolder, PreviewKind kind)
{
    std::map<std::int64_t, std::vector<PreviewFile>> found;
    std::error_code error;
    for (fs::directory_iterator entry(folderOf(runFolder, kind), error), end; !error && entry != end;
         entry.increment(error)) {
        const auto name = entry->path().stem().string();
        const auto dash = name.find('-', name.find('-') + 1); // behind "step-00000500"
        if (entry->path().extension() != ".png" || dash == std::string::npos || dash + 1 == name.size())
            continue;
        if (const auto step = checkpointStep(name.substr(0, dash)))
            found[*step].push_back({.recordId = name.substr(dash + 1), .file = entry->path()});
    }
    for (auto& [step, files] : found)
        std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) { return a.recordId < b.recordId; });
    return found;
}

} // namespace nanodit
