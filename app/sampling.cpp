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
#include <utility>

namespace nanodit {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t keptInHistory = 50;
constexpr std::int64_t quickSteps = 6; ///< Of a picture that follows the sliders.

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
            .request = request,
            .guidance = {}};
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

void Sampling::start(const QString& name, const fs::path& checkpoint, Work work)
{
    auto* const runner = session_.newJob(name, Page::Sample);
    const auto job = [this, runner, checkpoint, work = std::move(work), loaded = loaded_,
                      workspace = session_.workspace(), device = session_.device()](const JobContext& context) {
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
        const auto end = work(*loaded->session, *runner, context);
        if (end == JobEnd::Cancelled)
            runner->deliver([this] {
                if (!following_)
                    Q_EMIT cancelled();
            });
        return end;
    };
    if (!following_)
        connect(runner, &JobRunner::progressed, this, &Sampling::progressed);
    connect(runner, &JobRunner::failed, this, [this](const Notice& why) {
        next_.reset(); // it would fail again
        Q_EMIT failed(why);
    });
    connect(runner, &JobRunner::ended, this, [this] {
        runner_ = nullptr;
        following_ = false;
        if (const auto wish = std::exchange(next_, std::nullopt))
            return follow(wish->request, wish->checkpoint);
        Q_EMIT stateChanged();
    });
    runner_ = runner;
    Q_EMIT stateChanged();
    session_.startJob(runner, makeJob(job));
}

SampledPicture Sampling::write(const Workspace& workspace, const SampleRequest& request, const SampleResult& result,
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

bool Sampling::makesRoom(std::function<void()> then)
{
    if (!busy())
        return false;
    if (following_) { // a picture that follows the sliders ends first
        next_.reset();
        runner_->requestStop();
        connect(runner_, &JobRunner::ended, this, std::move(then));
    }
    return true;
}

void Sampling::generate(const SampleRequest& request, const fs::path& checkpoint)
{
    if (makesRoom([this, request, checkpoint] { generate(request, checkpoint); }))
        return;
    start(tr("sample"), checkpoint,
          [this, request, workspace = session_.workspace()](SamplingSession& model, JobRunner& runner,
                                                            const JobContext& context) {
              const auto result = model.sample(request, context, [this, &runner](const SamplePreview& preview) {
                  runner.deliver([this, picture = qImageFromImage(preview.picture), step = preview.step,
                                  steps = preview.steps] { Q_EMIT previewed(picture, step, steps); });
              });
              if (!result)
                  return JobEnd::Cancelled;
              auto picture = write(workspace, request, *result, QString::fromStdString(model.description()));
              if (!result->warnings.empty()) {
                  QStringList sentences;
                  for (const auto& warning : result->warnings)
                      sentences.append(QString::fromStdString(warning));
                  runner.deliver([this, text = sentences.join(QStringLiteral("\n"))] { Q_EMIT warned(text); });
              }
              runner.deliver([this, picture = std::move(picture), seconds = result->seconds] {
                  Q_EMIT finished(picture, seconds);
              });
              return JobEnd::Finished;
          });
}

void Sampling::generatePlane(const SampleRequest& request, const GuidancePlane& plane, const fs::path& checkpoint)
{
    if (makesRoom([this, request, plane, checkpoint] { generatePlane(request, plane, checkpoint); }))
        return;
    plane_ = plane;
    cells_.assign(plane.count(), std::nullopt);
    Q_EMIT planeBegun(plane, QSize(static_cast<int>(request.size.width), static_cast<int>(request.size.height)));
    start(tr("guidance plane"), checkpoint,
          [this, request, plane](SamplingSession& model, JobRunner& runner, const JobContext& context) {
              double seconds = 0;
              const bool whole = model.samplePlane(request, plane, context, [&](const PlanePicture& picture) {
                  seconds += picture.result.seconds;
                  runner.deliver([this, picture, name = QString::fromStdString(model.description())] {
                      planeModel_ = name;
                      const auto index = picture.cell.row * plane_.cols() + picture.cell.col;
                      if (index >= cells_.size())
                          return;
                      cells_[index] = picture;
                      Q_EMIT cellGenerated(static_cast<int>(picture.cell.row), static_cast<int>(picture.cell.col),
                                           qImageFromImage(picture.result.picture));
                  });
              });
              if (!whole)
                  return JobEnd::Cancelled;
              runner.deliver([this, seconds] { Q_EMIT planeFinished(seconds); });
              return JobEnd::Finished;
          });
}

void Sampling::keepCell(PlaneCell cell)
{
    const auto index = cell.row * plane_.cols() + cell.col;
    if (index >= cells_.size() || !cells_[index])
        return;
    session_.background().ask(
        this,
        [picture = *cells_[index], workspace = session_.workspace(), model = planeModel_] {
            return write(workspace, picture.request, picture.result, model);
        },
        [this, seconds = cells_[index]->result.seconds](const SampledPicture& picture) {
            Q_EMIT finished(picture, seconds);
        },
        [this](const Notice& why) { Q_EMIT failed(why); });
}

Image Sampling::planeSheet() const
{
    std::vector<Image> pictures;
    for (const auto& cell : cells_)
        pictures.push_back(cell ? cell->result.picture : Image{});
    return pictures.empty() ? Image{} : nanodit::planeSheet(plane_, pictures);
}

void Sampling::follow(const SampleRequest& request, const fs::path& checkpoint)
{
    if (busy()) {
        if (following_) {
            next_ = Wish{.request = request, .checkpoint = checkpoint};
            runner_->requestStop();
        }
        return;
    }
    following_ = true;
    start(tr("live picture"), checkpoint,
          [this, request](SamplingSession& model, JobRunner& runner, const JobContext& context) {
              auto quick = request;
              quick.previewEvery = 0;
              quick.steps = std::min(request.steps, quickSteps);
              quick.solver = Solver::Multistep;
              for (const bool refined : {false, true}) {
                  const auto result = model.sample(refined ? request : quick, context, [](const SamplePreview&) {});
                  if (!result)
                      return JobEnd::Cancelled;
                  runner.deliver([this, picture = qImageFromImage(result->picture), refined] {
                      Q_EMIT followed(picture, refined);
                  });
              }
              return JobEnd::Finished;
          });
}

void Sampling::cancel()
{
    next_.reset();
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
