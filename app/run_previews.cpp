#include "app/run_previews.h"

#include "widgets/picture.h"
#include "widgets/preview_grid.h"

#include <algorithm>
#include <map>

namespace nanodit {

namespace fs = std::filesystem;

namespace {

/// One damaged picture is no reason to show none: it is left out.
void addPreview(std::vector<TrainPreview>& previews, std::map<std::string, QImage>& references,
                const std::vector<RecordInfo>& records, std::int64_t step, const std::string& record,
                const fs::path& file, PreviewKind kind)
{
    const auto found = std::ranges::lower_bound(records, record, {}, &RecordInfo::id);
    const auto* const known = found != records.end() && found->id == record ? &*found : nullptr;
    try {
        if (known != nullptr && references.count(record) == 0)
            references[record] = reducedTo(qImageFromImage(loadBucketImage(*known)), PreviewGrid::keptSide);
        previews.push_back({.step = step,
                            .record = QString::fromStdString(record),
                            .caption = known != nullptr ? QString::fromStdString(known->caption) : QString(),
                            .picture = reducedTo(qImageFromImage(readImage(file)), PreviewGrid::keptSide),
                            .reference = references[record],
                            .kind = kind});
    } catch (const Error&) {
    }
}

} // namespace

std::vector<TrainPreview> readRunPreviews(const fs::path& runFolder, const std::vector<RecordInfo>& records,
                                          std::size_t steps)
{
    std::map<std::string, QImage> references;
    std::vector<TrainPreview> previews;
    const auto add = [&](PreviewKind kind) {
        auto files = listPreviews(runFolder, kind);
        while (files.size() > steps)
            files.erase(files.begin());
        for (auto& [step, ofStep] : files)
            for (const auto& [record, file] : ofStep)
                addPreview(previews, references, records, step, record, file, kind);
    };
    add(PreviewKind::Usual);
    add(PreviewKind::Raw);
    for (const auto kind : conditionPreviews)
        add(kind);
    return previews;
}

} // namespace nanodit
