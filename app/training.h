#pragma once

#include "app/plots/run_curves.h"
#include "app/training_queue.h"
#include "core/config/train_config.h"
#include "core/front/training.h"
#include "core/runtime/job.h"
#include "core/runtime/remedy.h"

#include <QImage>
#include <QObject>
#include <QString>
#include <QTimer>

#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

namespace nanodit {

class JobRunner;
class Session;

/// A preview as the page lists it, reduced: the picture itself lies in the run's folder.
struct TrainPreview {
    qint64 step = 0;
    QString record, caption;
    QImage picture, reference;
    PreviewKind kind = PreviewKind::Usual;
};

/// The one training that may run, those that wait for it (also through the end of the program: the workspace keeps
/// them), and the run that is shown: its own, or one opened from the workspace.
class Training : public QObject {
    Q_OBJECT

public:
    enum class State { Idle, Running, Paused, Stopping };
    explicit Training(Session& session);
    ~Training() override;

    /// Continues `runName` from its newest checkpoint when `resume`. `ignoreMemory`: though it does not seem to fit.
    void start(const TrainConfig& config, const QString& runName, bool resume, bool ignoreMemory = false);
    void pause();
    void resume();
    void stop();
    /// Starts it when the one that runs and those before it have ended, also if they failed; at once when nothing runs
    /// or waits. Somebody who stops a training stops the queue, too: startNext goes on with it. Gives the name that the
    /// run will have: another one where `runName` is that of a run or of one that waits.
    QString enqueue(const TrainConfig& config, const QString& runName);
    void removeQueued(std::size_t place);
    /// Nothing while a training runs or none waits.
    void startNext();
    const std::vector<QueuedTraining>& queue() const { return queue_; }
    void previewNow();
    void checkpointNow();
    /// Runs a step of the shown run that was not finite once more, with a look at each part of the model; the run stays
    /// as it is. Not while something is trained or replayed.
    void replay(std::int64_t step);
    bool replaying() const { return replaying_; }

    /// Shows a run's recorded curves and pictures; not while training.
    void showRun(const RunInfo& run);
    /// Shows nothing.
    void forgetRun();

    State state() const { return state_; }
    bool active() const { return state_ != State::Idle; }
    const QString& runName() const { return runName_; }
    JobRunner* runner() const { return runner_; }
    RunCurves& curves() { return curves_; }
    /// Who else trains the run that is shown, which is followed then; empty: nobody.
    const std::optional<RunHolder>& holder() const { return holder_; }

Q_SIGNALS:
    void stateChanged();
    void queueChanged();
    /// A training that waited begins.
    void queuedStarted(const nanodit::QueuedTraining& training);
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
    /// Its loss jumped, or it waits for its data.
    void noticed(const QString& title, const QString& text);
    void readFailed(const nanodit::Notice& why); ///< A past run's numbers.
    void holderChanged();
    void queueFailed(const QString& what, const nanodit::Notice& why); ///< Its file.
    void replayingChanged();
    void replayed(const nanodit::ReplayReport& report);
    void replayFailed(const nanodit::Notice& why); ///< Or it was stopped.

private:
    void setState(State state);
    void showResumption();
    void readQueue();
    void changeQueue(); ///< Tells of it, and keeps it.
    void lookForHolder();
    void setHolder(std::optional<RunHolder> holder);
    bool isShown(const std::filesystem::path& runFolder) const;
    using Previews = std::shared_ptr<const std::vector<TrainPreview>>;
    void tellPreviews(const std::filesystem::path& runFolder, const Previews& previews, std::size_t first);

    Session& session_;
    State state_ = State::Idle;
    QString runName_;
    JobRunner* runner_ = nullptr; ///< Owned by the session; null while idle.
    std::shared_ptr<TrainCommands> commands_;
    RunCurves curves_;
    std::vector<QueuedTraining> queue_;
    std::shared_ptr<TrainingQueueFile> queueFile_; ///< Of the workspace there:
    std::filesystem::path queueRoot_;
    std::int64_t queueVersion_ = 0, keptVersion_ = 0; ///< Changes so far, and those that are on the disk.
    bool replaying_ = false;
    bool looking_ = false;        ///< For who trains the shown run.
    bool goesOn_ = false;         ///< With the queue, once the training has ended.
    bool showsResumption_ = true; ///< That the training began with.
    std::optional<RunHolder> holder_;
    QTimer watch_; ///< Over the shown run, which another program may train.
};

} // namespace nanodit
