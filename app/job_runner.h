#pragma once

#include "app/job_thread.h"
#include "app/page_table.h"
#include "core/runtime/job.h"
#include "core/runtime/remedy.h"

#include <QElapsedTimer>
#include <QObject>
#include <QString>
#include <QTimer>

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

namespace nanodit {

/// Runs one job on a thread of its own. All signals come on the home thread (the one it was made on), at most 30
/// deliveries a second however fast the job reports; of progress only the newest is shown, of events and log lines none
/// is lost, and all of them arrive before `ended`. Destroying it while the job runs stops the job and waits for it.
class JobRunner : public QObject {
    Q_OBJECT

public:
    /// `page` shows what the job does; a click on its bar leads there.
    JobRunner(QString name, Page page, QObject* parent = nullptr);
    ~JobRunner() override;

    /// Once. Home thread; returns at once.
    void start(std::unique_ptr<Job> job);
    /// Hands a value over from the job's thread: `event` is called on the home thread, in order, also with the progress
    /// that is told. Any thread; returns at once.
    void deliver(std::function<void()> event);

    void pause();
    void resume();
    void requestStop();
    /// Nothing of it is kept: nobody is asked before it is stopped.
    void setKeepsNothing() { keepsNothing_ = true; }
    bool keepsNothing() const { return keepsNothing_; }

    const QString& name() const { return name_; }
    Page page() const { return page_; }
    bool running() const { return running_; }
    bool paused() const { return paused_; }
    bool stopping() const { return stopping_; }
    const Progress& progress() const { return lastProgress_; }

Q_SIGNALS:
    void progressed(const nanodit::Progress& progress);
    void logged(nanodit::LogLevel level, const QString& text);
    void pausedChanged(bool paused);
    void stoppingChanged();
    /// One of these two, then `ended`.
    void finished(nanodit::JobEnd end);
    void failed(const nanodit::Notice& why);
    void ended();
    /// After all of these, also where a listener of theirs threw: its owner lets go of the runner.
    void released();

private:
    struct Outcome {
        JobEnd end = JobEnd::Finished;
        std::optional<Notice> failure = {};
    };
    static Outcome runToItsEnd(Job& job, const JobContext& context);
    void releaseThread(); ///< Waits for the job, and leaves the thread to the next.
    void post(const Progress& progress);
    void wakeHome(); ///< Any thread; call with the mutex held.
    void drainSoon();
    void drain();
    void finish(const Outcome& outcome);

    QString name_;
    Page page_;
    std::shared_ptr<JobControl> control_ = std::make_shared<JobControl>();
    bool running_ = false, paused_ = false, stopping_ = false, keepsNothing_ = false;
    Progress lastProgress_;
    QElapsedTimer sinceDrain_;
    QTimer drainTimer_;

    std::mutex mutex_; ///< Guards what the job's thread leaves here:
    std::optional<Progress> newest_;
    std::size_t newestPlace_ = 0; ///< So many of the events were handed over before it.
    std::vector<std::function<void()>> events_;
    bool homeAwake_ = false;

    std::unique_ptr<JobThread> thread_; ///< Null: not begun, or ended.
};

} // namespace nanodit
