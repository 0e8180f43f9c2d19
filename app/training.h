#pragma once

#include "app/plots/run_curves.h"
#include "core/config/train_config.h"
#include "core/front/training.h"
#include "core/runtime/job.h"
#include "core/runtime/remedy.h"

#include <QImage>
#include <QObject>
#include <QString>

#include <memory>

namespace nanodit {

class JobRunner;
class Session;

/// A preview as the page shows it.
struct TrainPreview {
    qint64 step = 0;
    QString record, caption;
    QImage picture, reference;
};

/// The one training that may run, and the run that is shown: its own, or one opened from the workspace.
class Training : public QObject {
    Q_OBJECT

public:
    enum class State { Idle, Running, Paused, Stopping };
    explicit Training(Session& session);

    /// Continues `runName` from its newest checkpoint when `resume`.
    void start(const TrainConfig& config, const QString& runName, bool resume);
    void pause();
    void resume();
    void stop();
    void previewNow();
    void checkpointNow();

    /// Shows a run's recorded curves and pictures; not while training.
    void showRun(const RunInfo& run);
    /// Shows nothing.
    void forgetRun();

    State state() const { return state_; }
    bool active() const { return state_ != State::Idle; }
    const QString& runName() const { return runName_; }
    JobRunner* runner() const { return runner_; }
    RunCurves& curves() { return curves_; }

Q_SIGNALS:
    void stateChanged();
    /// Another run is shown: earlier previews and log lines are void.
    void runChanged();
    void stepped(const nanodit::StepMetrics& metrics);
    void previewed(const nanodit::TrainPreview& preview);
    void progressed(const nanodit::Progress& progress);
    void logged(nanodit::LogLevel level, const QString& text);
    /// The log of a past run.
    void logRead(const QString& text);
    void finished(const nanodit::TrainReport& report);
    void failed(const nanodit::Notice& why);

private:
    void setState(State state);
    void showResumption();

    Session& session_;
    State state_ = State::Idle;
    QString runName_;
    JobRunner* runner_ = nullptr; ///< Owned by the session; null while idle.
    std::shared_ptr<TrainCommands> commands_;
    RunCurves curves_;
    bool showsResumption_ = true; ///< That the training began with.
};

} // namespace nanodit
