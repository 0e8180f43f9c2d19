#pragma once

#include "core/front/doctor.h"
#include "core/front/training.h"
#include "core/runtime/remedy.h"

#include <QObject>
#include <QTimer>

#include <optional>
#include <string>

namespace nanodit {

class JobRunner;
class Session;

/// What a training that has not begun would take, as the page before Start shows it.
struct ShownForecast {
    TrainForecast forecast;
    std::int64_t memoryThere = 0;       ///< Bytes; 0: not known.
    std::int64_t diskThere = 0;         ///< Bytes free for its checkpoints; 0: not known.
    std::vector<FittingChange> changes; ///< That make it fit, where it does not.
    std::optional<double> stepSeconds;  ///< Measured here; empty until it is, and where nothing fits.
    bool measuring = false;

    bool fitsOnDisk() const { return diskThere == 0 || forecast.diskBytes <= diskThere; }
    bool fits() const { return memoryThere == 0 || forecast.memory.total() <= memoryThere; }
};

/// Forecasts the training of a configuration that is being edited: memory at once, and the time of a step by timing two
/// small models once the configuration has come to rest. Home thread.
class TrainForecasts : public QObject {
    Q_OBJECT

public:
    explicit TrainForecasts(Session& session, QObject* parent = nullptr);

    /// Of the workspace's shards; what was asked before is dropped.
    void ask(const TrainConfig& config);
    void stop(); ///< Nothing is wanted, or a training begins, which would be timed with.
    const std::optional<ShownForecast>& shown() const { return shown_; }

Q_SIGNALS:
    void changed();
    void failed(const nanodit::Notice& why);

private:
    void forecast();
    void measure();
    void stopMeasuring();

    Session& session_;
    QTimer askSoon_, measureSoon_;
    TrainConfig config_;
    TrainData data_;
    std::optional<ShownForecast> shown_;
    int asked_ = 0;           ///< Counts questions, so that late answers are dropped.
    std::string measuredFor_; ///< The configuration and device that `measured_` is of.
    double measured_ = 0;
    bool waits_ = false;          ///< For the jobs to end, to time a step.
    JobRunner* runner_ = nullptr; ///< That times a step; goes by itself when it has ended.
};

} // namespace nanodit
