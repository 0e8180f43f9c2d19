#include "app/training.h"

#include "app/background_queue.h"
#include "app/job_runner.h"
#include "app/run_previews.h"
#include "app/session.h"
#include "widgets/picture.h"

#include <QFile>

namespace nanodit {

namespace {
constexpr std::size_t keptPreviewSteps = 40; ///< Columns of pictures that a past run shows.
constexpr qsizetype longestLog = 1 << 20;    ///< Bytes of a past run's log that are shown, the newest.

QString readLog(const std::filesystem::path& runFolder)
{
    QFile file(QString::fromStdString((runFolder / "log.txt").string()));
    return file.open(QIODevice::ReadOnly) ? QString::fromUtf8(file.readAll().right(longestLog)) : QString();
}
} // namespace

TrainSeries::TrainSeries()
{
    for (const auto& metric : stepMetricTable())
        series_.emplace(metric.text.key, std::make_unique<MetricSeries>());
    for (const auto& metric : blockMetricTable())
        series_.emplace(metric.text.key, std::make_unique<MetricSeries>());
}

MetricSeries& TrainSeries::of(const std::string& key)
{
    return *series_.at(metricText(key).key);
}

void TrainSeries::append(const StepMetrics& metrics)
{
    const auto step = static_cast<double>(metrics.step);
    for (const auto& metric : stepMetricTable())
        series_.at(metric.text.key)->append(step, metric.value(metrics));
    for (const auto& metric : blockMetricTable())
        series_.at(metric.text.key)->append(step, meanOverBlocks(metrics, metric));
    while (!measured_.empty() && measured_.back().step >= metrics.step) // a run that went back to a checkpoint
        measured_.pop_back();
    if (!metrics.attention.empty())
        measured_.push_back(metrics);
    breakThrough_.append(metrics);
}

void TrainSeries::clear()
{
    for (auto& [key, series] : series_)
        series->clear();
    measured_.clear();
    breakThrough_ = {};
}

Training::Training(Session& session)
    : session_(session)
{
    connect(&session_, &Session::workspaceChanged, this, &Training::forgetRun);
}

void Training::start(const TrainConfig& config, const QString& runName, bool resume)
{
    if (active())
        return;
    if (!resume || runName != runName_) {
        series_.clear();
        runName_ = runName;
        Q_EMIT runChanged();
    }
    auto* const runner = session_.newJob(runName, Page::Train);
    commands_ = std::make_shared<TrainCommands>();
    TrainRequest request{.workspace = session_.workspace(),
                         .config = config,
                         .runName = runName.toStdString(),
                         .resume = resume,
                         .check = false,
                         .device = session_.device(),
                         .commands = commands_};
    request.onStep = [this, runner](const StepMetrics& metrics) {
        runner->deliver([this, metrics] {
            series_.append(metrics);
            Q_EMIT stepped(metrics);
            if (!metrics.attention.empty())
                Q_EMIT attentionMeasured();
        });
    };
    request.onPreview = [this, runner](const PreviewPicture& preview) {
        TrainPreview shown{.step = preview.step,
                           .record = QString::fromStdString(preview.recordId),
                           .caption = QString::fromStdString(preview.caption),
                           .picture = qImageFromImage(preview.picture),
                           .reference = qImageFromImage(preview.reference)};
        runner->deliver([this, shown = std::move(shown)] { Q_EMIT previewed(shown); });
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
    connect(runner, &JobRunner::ended, this, [this] {
        runner_ = nullptr;
        setState(State::Idle);
        session_.refreshRuns();
    });
    runner_ = runner;
    setState(State::Running);
    session_.startJob(runner, makeTrainJob(std::move(request)));
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

void Training::showRun(const RunInfo& run)
{
    if (active())
        return;
    runName_ = QString::fromStdString(run.name);
    series_.clear();
    Q_EMIT runChanged();
    session_.background().ask(
        this, [folder = run.folder] { return readMetrics(folder); },
        [this, name = runName_](const std::vector<StepMetrics>& metrics) {
            if (active() || runName_ != name)
                return;
            for (const auto& step : metrics)
                series_.append(step);
            Q_EMIT attentionMeasured();
        },
        [this](const Notice& why) { Q_EMIT failed(why); });
    session_.background().ask(
        this, [folder = run.folder] { return readLog(folder); },
        [this, name = runName_](const QString& text) {
            if (!active() && runName_ == name)
                Q_EMIT logRead(text);
        });
    session_.background().ask(
        this,
        [folder = run.folder, records = session_.records()] {
            return readRunPreviews(folder, records, keptPreviewSteps);
        },
        [this, name = runName_](const std::vector<TrainPreview>& previews) {
            if (runName_ != name)
                return;
            for (const auto& preview : previews)
                Q_EMIT previewed(preview);
        });
}

void Training::forgetRun()
{
    if (active())
        return;
    runName_.clear();
    series_.clear();
    Q_EMIT runChanged();
}

void Training::setState(State state)
{
    if (state == state_)
        return;
    state_ = state;
    Q_EMIT stateChanged();
}

} // namespace nanodit
