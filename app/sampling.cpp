#include "app/sampling.h"

#include "app/background_queue.h"
#include "app/compute_setting.h"
#include "app/job_runner.h"
#include "app/session.h"
#include "core/io/image.h"
#include "widgets/filmstrip.h"
#include "widgets/picture.h"

#include <QDateTime>
#include <QDir>
#include <QFile>
#include <QFileInfo>
#include <QStandardPaths>

#include <algorithm>

namespace nanodit {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t keptInHistory = 50;

fs::path samplesFolder(const Workspace& workspace)
{
    return workspace.root / "samples";
}

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
            .request = request};
}

} // namespace

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
        prompt = Sampling::tr("text of %1").arg(QString::fromStdString(*request.textRecord));
    else if (prompt.isEmpty())
        prompt = Sampling::tr("no text");
    return Sampling::tr("%1 · text %2 · DINO %3 · %4 steps · seed %5")
        .arg(prompt, QString::number(request.textScale, 'f', 2), QString::number(request.dinoScale, 'f', 2),
             QString::number(request.steps), QString::number(request.seed));
}

Sampling::Sampling(Session& session)
    : session_(session)
{
    // A model of the workspace before takes no memory any more; a job that still uses it keeps it until its end.
    connect(&session_, &Session::workspaceChanged, this, [this] { loaded_ = std::make_shared<Loaded>(); });
}

void Sampling::generate(const SampleRequest& request, const fs::path& checkpoint)
{
    if (active())
        return;
    auto* const runner = session_.newJob(tr("sample"), Page::Sample);
    const auto work = [this, runner, request, checkpoint, loaded = loaded_, workspace = session_.workspace(),
                       device = session_.device()](const JobContext& context) {
        if (!loaded->session || loaded->checkpoint != checkpoint || loaded->workspace != workspace.root ||
            !isSame(loaded->device, device)) {
            context.report({.stage = Stage::LoadingCheckpoint});
            loaded->session.reset(); // room for the next one
            loaded->session = SamplingSession::open(workspace, checkpoint, device);
            loaded->checkpoint = checkpoint;
            loaded->workspace = workspace.root;
            loaded->device = device;
            runner->deliver(
                [this, text = QString::fromStdString(loaded->session->description())] { Q_EMIT opened(text); });
        }
        const auto result = loaded->session->sample(request, context, [this, runner](const SamplePreview& preview) {
            runner->deliver([this, picture = qImageFromImage(preview.picture), step = preview.step,
                             steps = preview.steps] { Q_EMIT previewed(picture, step, steps); });
        });
        if (!result) {
            runner->deliver([this] { Q_EMIT cancelled(); });
            return JobEnd::Cancelled;
        }
        fs::create_directories(samplesFolder(workspace));
        const auto file = freeFile(samplesFolder(workspace));
        writePng(file, result->picture, result->settings);
        SampledPicture picture{.picture = qImageFromImage(result->picture),
                               .size = {},
                               .file = QString::fromStdString(file.string()),
                               .caption = settingsLine(request),
                               .model = QString::fromStdString(loaded->session->description()),
                               .request = request};
        picture.size = picture.picture.size();
        if (!result->warnings.empty()) {
            QStringList sentences;
            for (const auto& warning : result->warnings)
                sentences.append(QString::fromStdString(warning));
            runner->deliver([this, text = sentences.join(QStringLiteral("\n"))] { Q_EMIT warned(text); });
        }
        runner->deliver(
            [this, picture = std::move(picture), seconds = result->seconds] { Q_EMIT finished(picture, seconds); });
        return JobEnd::Finished;
    };
    connect(runner, &JobRunner::progressed, this, &Sampling::progressed);
    connect(runner, &JobRunner::failed, this, &Sampling::failed);
    connect(runner, &JobRunner::ended, this, [this] {
        runner_ = nullptr;
        Q_EMIT stateChanged();
    });
    runner_ = runner;
    Q_EMIT stateChanged();
    session_.startJob(runner, makeJob(work));
}

void Sampling::cancel()
{
    if (runner_ != nullptr)
        runner_->requestStop();
}

void Sampling::readHistory()
{
    session_.background().ask(
        this,
        [folder = samplesFolder(session_.workspace())] {
            std::vector<fs::path> files;
            std::error_code none;
            for (const auto& entry : fs::directory_iterator(folder, none)) {
                if (entry.path().extension() == ".png")
                    files.push_back(entry.path());
            }
            std::sort(files.rbegin(), files.rend()); // names are dates
            files.resize(std::min(files.size(), keptInHistory));
            std::vector<SampledPicture> pictures;
            for (const auto& file : files) {
                try {
                    pictures.push_back(readSampled(file));
                } catch (const Error&) { // a picture that somebody damaged is no reason to show none
                }
            }
            return pictures;
        },
        [this](const std::vector<SampledPicture>& pictures) { Q_EMIT historyRead(pictures); });
}

void Sampling::discard(const QString& file)
{
    // Where this folder is missing, as in a new account, Qt 6.4 takes the current folder for the trash.
    QDir().mkpath(QStandardPaths::writableLocation(QStandardPaths::GenericDataLocation));
    QString inTrash;
    if (QFile::moveToTrash(file, &inTrash))
        Q_EMIT discarded(file, inTrash);
    else
        Q_EMIT discardFailed(
            tr("Could not delete the picture"),
            {tr("Could not move %1 to the trash; remove it in the file manager").arg(file).toStdString()});
}

void Sampling::bringBack(const QString& file, const QString& inTrash)
{
    if (inTrash.isEmpty() || QFile::exists(file) || !QFile::rename(inTrash, file))
        return Q_EMIT discardFailed(
            tr("Could not restore the picture"),
            {tr("%1 is no longer in the trash, or another file has taken its place").arg(file).toStdString()});
    // The trash keeps a note of where each of its files came from.
    const QFileInfo trashed(inTrash);
    QFile::remove(QStringLiteral("%1/../info/%2.trashinfo").arg(trashed.absolutePath(), trashed.fileName()));
    Q_EMIT broughtBack(file);
}

} // namespace nanodit
