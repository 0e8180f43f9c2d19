#include "app/training.h"

#include "app/background_queue.h"
#include "app/job_runner.h"
#include "app/run_previews.h"
#include "app/session.h"
#include "core/front/validation.h"
#include "widgets/picture.h"
#include "widgets/preview_grid.h"

#include <QFile>

#include <algorithm>
#include <chrono>
#include <exception>
#include <filesystem>
#include <iterator>
#include <utility>

namespace nanodit {

namespace {
constexpr std::size_t keptPreviewSteps = 40; ///< Columns of pictures that a past run shows.
constexpr std::size_t previewsATurn = 100;   ///< Of the event loop: each is laid out among all others.
constexpr qsizetype longestLog = 1 << 20;    ///< Bytes of a past run's log that are shown, the newest.
constexpr auto watchInterval = std::chrono::seconds(5);

QString readLog(const std::filesystem::path& runFolder)
{
    QFile file(QString::fromStdString((runFolder / "log.txt").string()));
    return file.open(QIODevice::ReadOnly) ? QString::fromUtf8(file.readAll().right(longestLog)) : QString();
}
} // namespace

Training::Training(Session& session)
    : session_(session)
{
    connect(&session_, &Session::workspaceChanged, this, &Training::forgetRun);
    connect(&session_, &Session::workspaceChanged, this, &Training::readQueue);
    connect(&watch_, &QTimer::timeout, this, &Training::lookForHolder);
    watch_.start(watchInterval);
}

Training::~Training()
{
    if (keptVersion_ == queueVersion_)
        return;
    try { // what the background does not come to any more
        queueFile_->write(queueRoot_, queue_, queueVersion_);
    } catch (const std::exception& error) {
        qWarning("the queue of trainings could not be saved: %s", error.what());
    }
}

void Training::readQueue()
{
    queue_.clear();
    queueFile_ = std::make_shared<TrainingQueueFile>();
    queueRoot_ = session_.workspace().root;
    queueVersion_ = keptVersion_ = 0;
    Q_EMIT queueChanged();
    session_.background().ask(
        this, [root = queueRoot_] { return TrainingQueueFile::read(root); },
        [this, file = queueFile_](OwnFile<std::vector<QueuedTraining>> found) {
            if (!found.damage.empty())
                Q_EMIT queueFailed(tr("Could not read the queued trainings"), {.text = found.damage});
            auto& waiting = found.value;
            if (file != queueFile_ || waiting.empty()) // of the workspace before, or nothing new
                return;
            const bool more = !queue_.empty(); // somebody was quicker than the disk
            std::ranges::move(queue_, std::back_inserter(waiting));
            queue_ = std::move(waiting);
            if (more)
                changeQueue();
            else
                Q_EMIT queueChanged();
        },
        [this](const Notice& why) { Q_EMIT queueFailed(tr("Could not read the queued trainings"), why); });
}

void Training::changeQueue()
{
    Q_EMIT queueChanged();
    session_.background().ask(
        this,
        [file = queueFile_, root = queueRoot_, queue = queue_, version = ++queueVersion_] {
            file->write(root, queue, version);
            return version;
        },
        [this, file = queueFile_](std::int64_t version) {
            if (file == queueFile_)
                keptVersion_ = version;
        },
        [this](const Notice& why) { Q_EMIT queueFailed(tr("Could not save the queued trainings"), why); });
}

void Training::start(const TrainConfig& config, const QString& runName, bool resume, bool ignoreMemory)
{
    if (active())
        return;
    const auto folder = session_.workspace().runsFolder() / runName.toStdString();
    if (!resume || runName != runName_) {
        curves_.clear();
        runName_ = runName;
        Q_EMIT runChanged();
    }
    if (resume && !curves_.holds(folder)) // what comes before it is seen, too
        curves_.load(session_.readings(), folder);
    showsResumption_ = !resume;
    auto* const runner = session_.newJob(runName, Page::Train);
    commands_ = std::make_shared<TrainCommands>();
    TrainRequest request{.workspace = session_.workspace(),
                         .config = config,
                         .runName = runName.toStdString(),
                         .resume = resume,
                         .ignoreMemory = ignoreMemory,
                         .check = false,
                         .device = session_.device(),
                         .commands = commands_};
    request.onStep = [this, runner](const StepMetrics& metrics) {
        runner->deliver([this, metrics] {
            curves_.append(metrics);
            showResumption();
            Q_EMIT stepped(metrics);
        });
    };
    request.onEvent = [this, runner](const TrainEvent& event) {
        const bool spike = event.kind == "spike";
        if (!spike && event.kind != "stall")
            return; // ends are told of as those of any job
        runner->deliver([this, spike, event] {
            const auto run = QString::fromStdString(event.run);
            Q_EMIT noticed(spike ? tr("The loss of %1 jumped").arg(run) : tr("%1 is waiting for data").arg(run),
                           QString::fromStdString(event.text));
        });
    };
    request.onJump = [this, runner](const LossJump& jump) { runner->deliver([this, jump] { curves_.append(jump); }); };
    request.onPreview = [this, runner](const PreviewPicture& preview) {
        TrainPreview shown{.step = preview.step,
                           .record = QString::fromStdString(preview.recordId),
                           .caption = QString::fromStdString(preview.caption),
                           .picture = reducedTo(qImageFromImage(preview.picture), PreviewGrid::keptSide),
                           .reference = reducedTo(qImageFromImage(preview.reference), PreviewGrid::keptSide),
                           .kind = preview.kind};
        runner->deliver([this, shown = std::move(shown)] { Q_EMIT previewed(shown); });
    };
    request.onMeasured = [this, runner](const IntervalValues& measured) {
        runner->deliver([this, measured] { curves_.append(measured); });
    };
    request.onValidation = [this, runner](const ValidationReport& report) {
        runner->deliver(
            [this, means = ValidationMeans{.step = report.step, .means = meansOf(report)}] { curves_.append(means); });
    };
    request.finished = [this, runner](const TrainReport& report) {
        runner->deliver([this, report] { Q_EMIT finished(report); });
    };
    connect(runner, &JobRunner::progressed, this, &Training::progressed);
    connect(runner, &JobRunner::logged, this, &Training::logged);
    connect(runner, &JobRunner::failed, this, &Training::failed);
    connect(runner, &JobRunner::pausedChanged, this, [this](bool paused) {
        if (state_ != State::Stopping)
            setState(paused ? State::Paused : State::Running);
    });
    connect(runner, &JobRunner::stoppingChanged, this, [this] { setState(State::Stopping); });
    goesOn_ = false;
    connect(runner, &JobRunner::finished, this, [this, runner] { goesOn_ = !runner->stopping(); });
    connect(runner, &JobRunner::failed, this, [this, runner] { goesOn_ = !runner->stopping(); });
    connect(runner, &JobRunner::ended, this, [this] {
        runner_ = nullptr;
        setState(State::Idle);
        session_.refreshRuns();
        if (goesOn_)
            startNext();
    });
    runner_ = runner;
    setState(State::Running);
    session_.startJob(runner, makeTrainJob(std::move(request)));
}

/// By the first step it is in the run's folder.
void Training::showResumption()
{
    if (std::exchange(showsResumption_, true))
        return;
    session_.background().ask(
        this, [folder = session_.workspace().runsFolder() / runName_.toStdString()] { return readResumptions(folder); },
        [this, name = runName_](const std::vector<Resumption>& resumptions) {
            if (runName_ == name)
                curves_.showResumptions(resumptions);
        });
}

QString Training::enqueue(const TrainConfig& config, const QString& runName)
{
    const auto isTaken = [this](const std::string& stdName) {
        const auto name = QString::fromStdString(stdName);
        return std::ranges::any_of(queue_, [&name](const auto& queued) { return queued.runName == name; }) ||
               (active() && runName_ == name) ||
               std::ranges::find(session_.runs(), stdName, &RunInfo::name) != session_.runs().end();
    };
    const auto name = QString::fromStdString(freeRunName(runName.toStdString(), isTaken));
    queue_.push_back({config, name});
    changeQueue();
    if (queue_.size() == 1)
        startNext();
    return name;
}

void Training::removeQueued(std::size_t place)
{
    if (place >= queue_.size())
        return;
    queue_.erase(queue_.begin() + static_cast<std::ptrdiff_t>(place));
    changeQueue();
}

void Training::startNext()
{
    if (active() || queue_.empty())
        return;
    const auto next = std::move(queue_.front());
    queue_.erase(queue_.begin());
    changeQueue();
    Q_EMIT queuedStarted(next);
    start(next.config, next.runName, false);
}

void Training::pause()
{
    if (state_ == State::Running)
        runner_->pause();
}

void Training::resume()
{
    if (state_ == State::Paused)
        runner_->resume();
}

void Training::stop()
{
    if (runner_ != nullptr)
        runner_->requestStop();
}

void Training::previewNow()
{
    if (commands_)
        commands_->previewNow = true;
}

void Training::checkpointNow()
{
    if (commands_)
        commands_->checkpointNow = true;
}

void Training::replay(std::int64_t step)
{
    if (active() || replaying_ || runName_.isEmpty())
        return;
    auto* const runner = session_.newJob(tr("Replay of step %1 of %2").arg(step).arg(runName_), Page::Train);
    ReplayRequest request{.workspace = session_.workspace(),
                          .runName = runName_.toStdString(),
                          .step = step,
                          .device = session_.device()};
    const auto isShown = [this, name = runName_] { return runName_ == name; }; // else another run's steps are listed
    request.finished = [this, runner, isShown](const ReplayReport& report) {
        runner->deliver([this, isShown, report] {
            if (isShown())
                Q_EMIT replayed(report);
        });
    };
    connect(runner, &JobRunner::failed, this, [this, isShown](const Notice& why) {
        if (isShown())
            Q_EMIT replayFailed(why);
    });
    connect(runner, &JobRunner::finished, this, [this, isShown](JobEnd end) {
        if (end == JobEnd::Cancelled && isShown())
            Q_EMIT replayFailed({tr("it was stopped").toStdString()});
    });
    connect(runner, &JobRunner::ended, this, [this] {
        replaying_ = false;
        Q_EMIT replayingChanged();
    });
    replaying_ = true;
    Q_EMIT replayingChanged();
    session_.startJob(runner, makeReplayJob(std::move(request)));
}

void Training::showRun(const RunInfo& run)
{
    if (active())
        return;
    runName_ = QString::fromStdString(run.name);
    Q_EMIT runChanged();
    curves_.load(session_.readings(), run.folder, [this](const Notice& why) { Q_EMIT readFailed(why); });
    session_.readings().ask(
        this, [folder = run.folder] { return readLog(folder); },
        [this, folder = run.folder](const QString& text) {
            if (!active() && isShown(folder))
                Q_EMIT logRead(text);
        });
    session_.readings().ask(
        this,
        [folder = run.folder, records = session_.recordsValue()] {
            return readRunPreviews(folder, *records, keptPreviewSteps);
        },
        [this, folder = run.folder](std::vector<TrainPreview> previews) {
            tellPreviews(folder, std::make_shared<const std::vector<TrainPreview>>(std::move(previews)), 0);
        });
    setHolder({}); // of the run shown before
    lookForHolder();
}

/// A workspace opened meanwhile can have a run of the same name.
bool Training::isShown(const std::filesystem::path& runFolder) const
{
    return session_.hasWorkspace() && session_.workspace().runsFolder() / runName_.toStdString() == runFolder;
}

void Training::tellPreviews(const std::filesystem::path& runFolder, const Previews& previews, std::size_t first)
{
    const auto end = std::min(previews->size(), first + previewsATurn);
    for (auto i = first; i < end && isShown(runFolder); ++i)
        Q_EMIT previewed((*previews)[i]);
    if (end < previews->size() && isShown(runFolder))
        QMetaObject::invokeMethod(
            this, [this, runFolder, previews, end] { tellPreviews(runFolder, previews, end); }, Qt::QueuedConnection);
}

void Training::forgetRun()
{
    if (active())
        return;
    runName_.clear();
    curves_.clear();
    setHolder({});
    Q_EMIT runChanged();
}

void Training::lookForHolder()
{
    if (active() || runName_.isEmpty() || !session_.hasWorkspace())
        return setHolder({});
    if (std::exchange(looking_, true)) // a slow disk is asked once at a time
        return;
    const auto folder = session_.workspace().runsFolder() / runName_.toStdString();
    session_.background().ask(
        this, [folder] { return runHolder(folder); },
        [this, folder](const std::optional<RunHolder>& holder) {
            looking_ = false;
            if (active())
                return;
            if (session_.workspace().runsFolder() / runName_.toStdString() != folder) // another one is shown by now
                return lookForHolder();
            const bool wasHeld = holder_.has_value();
            setHolder(holder && !holder->here ? holder : std::nullopt);
            if (!wasHeld && !holder_)
                return;
            curves_.loadMore(session_.readings()); // once more when it has ended, too
            if (!holder_)
                session_.refreshRuns();
        },
        [this](const Notice&) { looking_ = false; });
}

void Training::setHolder(std::optional<RunHolder> holder)
{
    const bool same = holder.has_value() == holder_.has_value() && (!holder || holder->text() == holder_->text());
    holder_ = std::move(holder);
    if (!same)
        Q_EMIT holderChanged();
}

void Training::setState(State state)
{
    if (state == state_)
        return;
    state_ = state;
    Q_EMIT stateChanged();
}

} // namespace nanodit
