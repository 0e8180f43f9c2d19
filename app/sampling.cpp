#include "app/sampling.h"

#include "app/background_queue.h"
#include "app/compute_setting.h"
#include "app/job_runner.h"
#include "app/same_workspace.h"
#include "app/session.h"
#include "app/trash.h"
#include "widgets/picture.h"

#include <utility>

namespace nanodit {

namespace fs = std::filesystem;

namespace {

/// Of the picture at `first` and those after it that differ in their seed alone: they are computed together.
std::vector<std::uint64_t> seedsOfOnePicture(const std::vector<SeriesPicture>& wanted, std::size_t first)
{
    std::vector<std::uint64_t> seeds;
    for (std::size_t i = first; i < wanted.size() && wanted[i].checkpoint == wanted[first].checkpoint; ++i) {
        auto request = wanted[first].request;
        request.seed = wanted[i].request.seed;
        if (settingsOf(request) != settingsOf(wanted[i].request))
            break;
        seeds.push_back(request.seed);
    }
    return seeds;
}

} // namespace

Sampling::Sampling(Session& session)
    : session_(session)
{
    // A model of the workspace before takes no memory any more, and one with other encoders paints no more pictures; a
    // job that still uses it keeps it until its end.
    for (const auto signal : {&Session::workspaceChanged, &Session::settingsChanged})
        connect(&session_, signal, this, [this] { loaded_ = std::make_shared<Loaded>(); });
}

void Sampling::start(const QString& name, Work work)
{
    auto* const runner = session_.newJob(name, Page::Sample);
    const auto job = [this, runner, work = std::move(work), loaded = loaded_, workspace = session_.workspace(),
                      device = session_.device()](const JobContext& context) {
        const auto open = [&](const fs::path& checkpoint) -> SamplingSession& {
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
            return *loaded->session;
        };
        const auto end = work(open, *runner, context);
        if (end == JobEnd::Cancelled)
            runner->deliver([this] {
                if (!following_)
                    Q_EMIT cancelled();
            });
        return end;
    };
    if (following_)
        runner->setKeepsNothing();
    else
        connect(runner, &JobRunner::progressed, this, &Sampling::progressed);
    connect(runner, &JobRunner::failed, this, [this](const Notice& why) {
        next_.reset(); // it would fail again
        Q_EMIT failed(why);
    });
    connect(runner, &JobRunner::ended, this, [this] {
        runner_ = nullptr;
        following_ = false;
        if (const auto then = std::exchange(then_, {}))
            return then();
        if (const auto wish = std::exchange(next_, std::nullopt))
            return follow(wish->request, wish->checkpoint);
        Q_EMIT stateChanged();
    });
    runner_ = runner;
    Q_EMIT stateChanged();
    session_.startJob(runner, makeJob(job));
}

bool Sampling::makesRoom(std::function<void()> then)
{
    if (!busy())
        return false;
    if (following_) { // a picture that follows the sliders ends first
        next_.reset();
        then_ = std::move(then); // the last wish is the one that happens
        runner_->requestStop();
    }
    return true;
}

void Sampling::generate(const SampleRequest& request, const fs::path& checkpoint)
{
    if (makesRoom([this, request, checkpoint] { generate(request, checkpoint); }))
        return;
    start(tr("Generation"), [this, request, checkpoint, workspace = session_.workspace()](
                                const OpenModel& open, JobRunner& runner, const JobContext& context) {
        auto& model = open(checkpoint);
        const auto result = model.sample(request, context, [this, &runner](const SamplePreview& preview) {
            runner.deliver([this, picture = qImageFromImage(preview.picture), step = preview.step,
                            steps = preview.steps] { Q_EMIT previewed(picture, step, steps); });
        });
        if (!result)
            return JobEnd::Cancelled;
        auto picture = writeSampled(workspace, request, *result, QString::fromStdString(model.description()));
        warn(runner, *result);
        runner.deliver(
            [this, picture = std::move(picture), seconds = result->seconds] { Q_EMIT finished(picture, seconds); });
        return JobEnd::Finished;
    });
}

void Sampling::warn(JobRunner& runner, const SampleResult& result)
{
    if (result.warnings.empty())
        return;
    QStringList sentences;
    for (const auto& warning : result.warnings)
        sentences.append(QString::fromStdString(warning));
    runner.deliver([this, text = sentences.join(QStringLiteral("\n"))] { Q_EMIT warned(text); });
}

void Sampling::generateSeries(const std::vector<SeriesPicture>& wanted)
{
    if (wanted.empty() || makesRoom([this, wanted] { generateSeries(wanted); }))
        return;
    QStringList labels;
    for (const auto& picture : wanted)
        labels.append(picture.label);
    const auto& size = wanted.front().request.size;
    Q_EMIT seriesBegun(labels, QSize(static_cast<int>(size.width), static_cast<int>(size.height)));
    start(tr("Generation of %1 pictures").arg(wanted.size()), [this, wanted, workspace = session_.workspace()](
                                                                  const OpenModel& open, JobRunner& runner,
                                                                  const JobContext& context) {
        double seconds = 0;
        for (std::size_t begin = 0; begin < wanted.size();) {
            auto& model = open(wanted[begin].checkpoint);
            const auto seeds = seedsOfOnePicture(wanted, begin);
            const bool whole = model.sampleSeeds(wanted[begin].request, seeds, context, [&](const SeedPicture& made) {
                const auto index = static_cast<int>(begin + made.index);
                if (index == 0)
                    warn(runner, made.result);
                seconds += made.result.seconds;
                auto picture =
                    writeSampled(workspace, made.request, made.result, QString::fromStdString(model.description()));
                runner.deliver([this, index, picture = std::move(picture)] { Q_EMIT seriesGenerated(index, picture); });
            });
            if (!whole)
                return JobEnd::Cancelled;
            begin += seeds.size();
        }
        runner.deliver([this, seconds] { Q_EMIT seriesFinished(seconds); });
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
    start(tr("Guidance plane"),
          [this, request, plane, checkpoint](const OpenModel& open, JobRunner& runner, const JobContext& context) {
              auto& model = open(checkpoint);
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
            return writeSampled(workspace, picture.request, picture.result, model);
        },
        [this, seconds = cells_[index]->result.seconds, same = SameWorkspace(session_)](const SampledPicture& picture) {
            if (same)
                Q_EMIT finished(picture, seconds);
        },
        [this](const Notice& why) { Q_EMIT historyFailed(tr("Could not keep the picture"), why); });
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
        if (following_ && !then_) { // else something else was asked for since
            next_ = Wish{.request = request, .checkpoint = checkpoint};
            if (sketched_) // a sketch is shown first: were it stopped, nothing would be seen while a slider moves
                runner_->requestStop();
        }
        return;
    }
    following_ = true;
    sketched_ = false;
    start(tr("Live picture"),
          [this, request, checkpoint](const OpenModel& open, JobRunner& runner, const JobContext& context) {
              auto& model = open(checkpoint);
              const auto sketch = model.sketch(request, liveSketchSeconds, context);
              if (!sketch)
                  return JobEnd::Cancelled;
              runner.deliver([this, picture = qImageFromImage(*sketch)] {
                  sketched_ = true;
                  if (next_ && runner_ != nullptr)
                      runner_->requestStop();
                  Q_EMIT followed(picture, false);
              });
              auto whole = request;
              whole.previewEvery = 0;
              const auto result = model.sample(whole, context, [](const SamplePreview&) {});
              if (!result)
                  return JobEnd::Cancelled;
              runner.deliver([this, picture = qImageFromImage(result->picture)] { Q_EMIT followed(picture, true); });
              return JobEnd::Finished;
          });
}

void Sampling::cancel()
{
    next_.reset();
    then_ = {};
    if (runner_ != nullptr)
        runner_->requestStop();
}

void Sampling::readHistory()
{
    session_.background().ask(
        this, [workspace = session_.workspace()] { return readSampledBefore(workspace); },
        [this](const SampledBefore& before) {
            Q_EMIT historyRead(before.pictures);
            tellDamagedNotes(before.damagedNotes);
        },
        [this](const Notice& why) { Q_EMIT historyFailed(tr("Could not read the generated pictures"), why); });
}

void Sampling::keepNote(const QString& file, const PaintingNote& note)
{
    session_.background().ask(
        this, [path = fs::path(file.toStdString()), note] { return keepPaintingNote(path, note); },
        [this](const std::string& damage) { tellDamagedNotes(damage); },
        [this](const Notice& why) { Q_EMIT historyFailed(tr("Could not save the note"), why); });
}

void Sampling::tellDamagedNotes(const std::string& damage)
{
    if (!damage.empty())
        Q_EMIT historyFailed(tr("Could not read the notes on generated pictures"), {.text = damage});
}

void Sampling::discard(const QString& file)
{
    if (moving_.contains(file))
        return;
    moving_.insert(file);
    session_.background().ask(
        this, [file] { return moveToTrash(file); },
        [this, file](const QString& inTrash) {
            moving_.remove(file);
            Q_EMIT discarded(file, inTrash);
        },
        [this, file](const Notice& why) {
            moving_.remove(file);
            Q_EMIT historyFailed(tr("Could not delete the picture"), why);
        });
}

void Sampling::bringBack(const QString& file, const QString& inTrash)
{
    if (moving_.contains(file))
        return;
    moving_.insert(file);
    session_.background().ask(
        this, [file, inTrash] { bringBackFromTrash(file, inTrash); },
        [this, file] {
            moving_.remove(file);
            Q_EMIT broughtBack(file);
        },
        [this, file](const Notice& why) {
            moving_.remove(file);
            Q_EMIT historyFailed(tr("Could not restore the picture"), why);
        });
}

} // namespace nanodit
