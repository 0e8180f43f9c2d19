#pragma once

#include <QObject>
#include <QString>

#include <functional>

class QWidget;

namespace nanodit {

class Dialogs;
class Session;

/// What waits for the jobs to end, as closing the window or opening another workspace: one wish, and a later one takes
/// its place. A job that starts while a wish waits is stopped, too. Home thread.
class AfterJobs : public QObject {
    Q_OBJECT

public:
    /// Whatever is to hear of the jobs' end before a wish comes true must be connected to the session before this is
    /// made.
    AfterJobs(Session& session, Dialogs& dialogs, QWidget* window);
    /// Runs `then` at once, or, when jobs run, after stopping them; asks before, unless nothing of them is kept.
    void ask(const QString& question, const QString& action, const std::function<void()>& then);
    /// Stops the jobs without a question; once all have ended, `then` runs.
    void stop(std::function<void()> then);

private:
    Session& session_;
    Dialogs& dialogs_;
    QWidget* window_;
    std::function<void()> then_; ///< Empty: nothing waits.
};

} // namespace nanodit
