#include "app/sampled_picture.h"

#include "core/io/foreign_text.h"
#include "core/io/image.h"
#include "core/runtime/error.h"
#include "widgets/filmstrip.h"
#include "widgets/picture.h"

#include <QDateTime>

#include <algorithm>
#include <utility>

namespace nanodit {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t newestKept = 200;

fs::path freeFile(const fs::path& folder)
{
    const auto stamp = QDateTime::currentDateTime().toString(QStringLiteral("yyyy-MM-dd_HH-mm-ss")).toStdString();
    auto file = folder / (stamp + ".png");
    for (int i = 2; fs::exists(file); ++i)
        file = folder / (stamp + "_" + std::to_string(i) + ".png");
    return file;
}

/// As the PNG's text has it.
QString modelIn(const PngText& text)
{
    const auto found = text.find("Comment");
    return found == text.end() ? QString() : QString::fromStdString(found->second);
}

SampledPicture readSampled(const fs::path& file)
{
    const auto request = sampleRequestFromPng(file);
    const auto picture = qImageFromImage(readImage(file));
    return {.picture = reducedTo(picture, Filmstrip::keptSide),
            .size = picture.size(),
            .file = QString::fromStdString(file.string()),
            .caption = request ? settingsLine(*request) : QString(),
            .model = modelIn(readPngText(file)),
            .request = request,
            .guidance = {}};
}

/// "2026-03-01_12-00-00_2.png" of a second's pictures is newer than "..._10.png" only by its number.
std::pair<std::string, int> dateOf(const fs::path& file)
{
    const auto name = file.stem().string();
    constexpr std::size_t stamp = 19; // yyyy-MM-dd_HH-mm-ss
    const bool numbered = name.size() > stamp + 1 && name[stamp] == '_';
    return {name.substr(0, stamp), numbered ? std::atoi(name.c_str() + stamp + 1) : 1};
}

/// A record's id, or a picture's file without its folder.
struct ReferenceName {
    QString operator()(const NoReference&) const { return {}; }
    QString operator()(const RecordReference& record) const { return QString::fromStdString(record.id); }
    QString operator()(const PictureReference& picture) const
    {
        return QString::fromStdString(picture.file.filename().string());
    }
};

} // namespace

fs::path samplesFolder(const Workspace& workspace)
{
    return workspace.root / "samples";
}

SampledPicture writeSampled(const Workspace& workspace, const SampleRequest& request, const SampleResult& result,
                            const QString& model)
{
    fs::create_directories(samplesFolder(workspace));
    const auto file = freeFile(samplesFolder(workspace));
    writePng(file, result.picture, result.settings);
    SampledPicture picture{.picture = qImageFromImage(result.picture),
                           .size = {},
                           .file = QString::fromStdString(file.string()),
                           .caption = settingsLine(request),
                           .model = model,
                           .request = request,
                           .guidance = result.guidance};
    picture.size = picture.picture.size();
    return picture;
}

SampledBefore readSampledBefore(const Workspace& workspace)
{
    const auto folder = samplesFolder(workspace);
    std::vector<fs::path> files;
    std::error_code none;
    for (const auto& entry : fs::directory_iterator(folder, none)) {
        if (entry.path().extension() == ".png")
            files.push_back(entry.path());
    }
    std::ranges::sort(files, [](const auto& a, const auto& b) { return dateOf(a) > dateOf(b); });
    const auto [notes, damage] = readPaintingNotes(folder);
    std::vector<SampledPicture> pictures;
    for (std::size_t i = 0; i < files.size(); ++i) {
        const auto note = notes.find(printableText(files[i].filename().string()));
        if (i >= newestKept && note == notes.end())
            continue;
        try {
            pictures.push_back(readSampled(files[i]));
            if (note != notes.end())
                pictures.back().note = note->second;
        } catch (const Error&) { // a picture that somebody damaged is no reason to show none
        }
    }
    return {.pictures = std::move(pictures), .damagedNotes = damage};
}

PaintedPicture readPainted(const fs::path& file, const std::vector<RunInfo>& runs)
{
    PaintedPicture painted{.request = sampleRequestFromPng(file), .model = paintedByOfPng(file), .checkpoint = {}};
    if (painted.model)
        painted.checkpoint = findCheckpoint(runs, *painted.model);
    return painted;
}

QString settingsLine(const SampleRequest& request)
{
    auto prompt = QString::fromStdString(request.prompt);
    if (request.textRecord)
        prompt = QObject::tr("text of %1").arg(QString::fromStdString(*request.textRecord));
    else if (prompt.isEmpty())
        prompt = QObject::tr("no text");
    auto line = QObject::tr("%1 · text %2 · DINO %3 · %4 steps · seed %5")
                    .arg(prompt, QString::number(request.textScale, 'f', 2), QString::number(request.dinoScale, 'f', 2),
                         QString::number(request.steps), QString::number(request.seed));
    if (request.blend)
        line += QObject::tr(" · %1 : %2 with %3")
                    .arg(QString::number(100 * request.blend->weight, 'f', 0),
                         QString::number(100 * (1 - request.blend->weight), 'f', 0),
                         std::visit(ReferenceName{}, request.blend->with));
    if (!std::holds_alternative<NoReference>(request.clsFrom))
        line += QObject::tr(" · CLS of %1").arg(std::visit(ReferenceName{}, request.clsFrom));
    return line;
}

} // namespace nanodit
