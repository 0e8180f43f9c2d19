#include "app/run_previews.h"

#include "widgets/picture.h"

#include <QRegularExpression>

#include <algorithm>
#include <map>

namespace nanodit {

namespace fs = std::filesystem;

namespace {

struct PreviewFile {
    std::string record;
    fs::path file;
};

/// By step.
std::map<qint64, std::vector<PreviewFile>> previewFiles(const fs::path& folder)
{
    static const QRegularExpression name(QStringLiteral("^step-(\\d+)-(.+)\\.png$"));
    std::map<qint64, std::vector<PreviewFile>> found;
    std::error_code none;
    for (const auto& entry : fs::directory_iterator(folder, none)) {
        const auto match = name.match(QString::fromStdString(entry.path().filename().string()));
        if (match.hasMatch())
            found[match.captured(1).toLongLong()].push_back(
                {.record = match.captured(2).toStdString(), .file = entry.path()});
    }
    return found;
}

} // namespace

std::vector<TrainPreview> readRunPreviews(const fs::path& runFolder, const std::vector<RecordInfo>& records,
                                          std::size_t steps)
{
    auto files = previewFiles(runFolder / "samples");
    while (files.size() > steps)
        files.erase(files.begin());
    std::map<std::string, QImage> references;
    std::vector<TrainPreview> previews;
    for (auto& [step, ofStep] : files) {
        std::sort(ofStep.begin(), ofStep.end(), [](const auto& a, const auto& b) { return a.record < b.record; });
        for (const auto& [record, file] : ofStep) {
            const auto known = std::find_if(records.begin(), records.end(),
                                            [&id = record](const RecordInfo& r) { return r.id == id; });
            try {
                if (known != records.end() && references.count(record) == 0)
                    references[record] = qImageFromImage(loadBucketImage(*known));
                previews.push_back(
                    {.step = step,
                     .record = QString::fromStdString(record),
                     .caption = known != records.end() ? QString::fromStdString(known->caption) : QString(),
                     .picture = qImageFromImage(readImage(file)),
                     .reference = references[record]});
            } catch (const Error&) { // one damaged picture is no reason to show none
            }
        }
    }
    return previews;
}

} // namespace nanodit
