#include "app/train_forecasts.h"

#include "app/background_queue.h"
#include "app/job_runner.h"
#include "app/session.h"
#include "core/runtime/compute_devices.h"

namespace nanodit {

using namespace std::chrono_literals;

namespace {

/// What decides how long a step takes.
std::string timingKey(const TrainConfig& config, const BucketForecast& bucket, const ComputeChoice& device)
{
    TrainConfig shape;
    shape.model = config.model;
    shape.data.batchSize = config.data.batchSize;
    shape.optimiser.accumulation = config.optimiser.accumulation;
    shape.precision = config.precision;
    shape.checkpointing = config.checkpointing;
    shape.tf32 = config.tf32;
    shape.deterministic = config.deterministic;
    shape.ema = config.ema;
    return toYaml(shape) + bucketName(bucket.bucket) + device.device +
           (device.precision ? nameOf(*device.precision) : std::string());
}

} // namespace

TrainForecasts::TrainForecasts(Session& session, QObject* parent)
    : QObject(parent)
    , session_(session)
{
    askSoon_.setSingleShot(true);
    askSoon_.setInterval(100ms);
    measureSoon_.setSingleShot(true);
    measureSoon_.setInterval(800ms);
    connect(&askSoon_, &QTimer::timeout, this, &TrainForecasts::forecast);
    connect(&measureSoon_, &QTimer::timeout, this, &TrainForecasts::measure);
    connect(&session_, &Session::workspaceChanged, this, &TrainForecasts::stop);
    connect(&session_, &Session::allJobsEnded, this, [this] {
        if (waits_)
            measureSoon_.start();
    });
}

void TrainForecasts::ask(const TrainConfig& config)
{
    ++asked_;
    stopMeasuring();
    config_ = config;
    askSoon_.start();
}

void TrainForecasts::stop()
{
    ++asked_;
    askSoon_.stop();
    stopMeasuring();
    shown_.reset();
    Q_EMIT changed();
}

void TrainForecasts::stopMeasuring()
{
    measureSoon_.stop();
    waits_ = false;
    if (runner_ == nullptr)
        return;
    runner_->disconnect(this);
    runner_->requestStop();
    runner_ = nullptr;
}

void TrainForecasts::forecast()
{
    if (!session_.hasWorkspace())
        return;
    struct Made {
        TrainData data;
        ShownForecast shown;
    };
    session_.background().ask(
        this,
        [workspace = session_.workspace(), config = withChosenPrecision(config_, session_.device()),
         device = session_.device()] {
            Made made{.data = trainData(workspace, config), .shown = {}};
            const auto where = memoryOf(device);
            made.shown.forecast = forecastTraining(config, made.data, where);
            made.shown.memoryThere = availableMemory(device);
            made.shown.diskThere = freeDiskBytes(workspace);
            if (!made.shown.fits())
                made.shown.changes =
                    fittingChanges(config, made.data, made.shown.memoryThere, where, 1, device.precision);
            return made;
        },
        [this, asked = asked_](Made made) {
            if (asked != asked_)
                return;
            data_ = std::move(made.data);
            shown_ = std::move(made.shown);
            if (timingKey(config_, shown_->forecast.dearest(), session_.device()) == measuredFor_)
                shown_->stepSeconds = measured_ * shown_->forecast.meanWork / shown_->forecast.dearest().work;
            else if (shown_->fits() || !shown_->changes.empty())
                measureSoon_.start();
            Q_EMIT changed();
        },
        [this, asked = asked_](const Notice& why) {
            if (asked != asked_)
                return;
            shown_.reset();
            Q_EMIT changed();
            Q_EMIT failed(why);
        });
}

void TrainForecasts::measure()
{
    waits_ = shown_.has_value() && !session_.jobs().empty(); // what runs beside would be measured, too
    if (!shown_ || waits_)
        return;
    const auto& bucket = shown_->forecast.dearest();
    StepTimeRequest request{.config = config_,
                            .picture = bucket.bucket,
                            .textTokens = data_.textTokens,
                            .dinoPatch = data_.dinoPatch,
                            .latentPixel = data_.latentPixel,
                            .steps = 1,
                            .device = session_.device()};
    request.config.model.textDim = data_.textWidth;
    request.config.model.dinoDim = data_.dinoWidth;
    request.config.model.latentChannels = data_.latentChannels;
    auto* const runner = new JobRunner(tr("timing a step"), Page::Train, this);
    request.finished = [this, runner, key = timingKey(config_, bucket, session_.device()),
                        asked = asked_](const StepTimes& times) {
        runner->deliver([this, key, asked, seconds = times.median()] {
            measuredFor_ = key;
            measured_ = seconds;
            if (asked != asked_ || !shown_)
                return;
            const auto& forecast = shown_->forecast;
            shown_->stepSeconds = seconds * forecast.meanWork / forecast.dearest().work;
        });
    };
    connect(runner, &JobRunner::ended, runner, &QObject::deleteLater);
    connect(runner, &JobRunner::ended, this, [this] {
        runner_ = nullptr;
        if (shown_)
            shown_->measuring = false;
        Q_EMIT changed();
    });
    runner_ = runner;
    shown_->measuring = true;
    runner->start(makeStepEstimateJob(std::move(request)));
    Q_EMIT changed();
}

} // namespace nanodit
