#include "app/run_previews.h"

#include "widgets/picture.h"
#include "widgets/preview_grid.h"

#include <algorithm>
#include <map>

namespace nanodit {

namespace fs = std::filesystem;

std::vector<TrainPreview> readRunPreviews(const fs::path& runFolder, const std::vector<RecordInfo>& records,
                                          std::size_t steps)
{
    auto files = listPreviews(runFolder);
    while (files.size() > steps)
        files.erase(files.begin());
    std::map<std::string, QImage> references;
    std::vector<TrainPreview> previews;
    for (auto& [step, ofStep] : files) {
        for (const auto& [record, file] : ofStep) {
            const auto known = std::find_if(records.begin(), records.end(),
                                            [&id = record](const RecordInfo& r) { return r.id == id; });
            try {
                if (known != records.end() && references.count(record) == 0)
                    references[record] = reducedTo(qImageFromImage(loadBucketImage(*known)), PreviewGrid::keptSide);
                previews.push_back(
                    {.step = step,
                     .record = QString::fromStdString(record),
                     .caption = known != records.end() ? QString::fromStdString(known->caption) : QString(),
                     .picture = reducedTo(qImageFromImage(readImage(file)), PreviewGrid::keptSide),
                     .reference = references[record]});
            } catch (const Error&) { // one damaged picture is no reason to show none
            }
        }
    }
    return previews;
}

} // namespace nanodit
