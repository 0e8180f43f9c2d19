#include "app/after_jobs.h"

#include "app/dialogs.h"
#include "app/job_runner.h"
#include "app/session.h"

#include <QWidget>

#include <utility>

namespace nanodit {

AfterJobs::AfterJobs(Session& session, Dialogs& dialogs, QWidget* window)
    : QObject(window)
    , session_(session)
    , dialogs_(dialogs)
    , window_(window)
{
    connect(&session_, &Session::jobStarted, this, [this](JobRunner* runner) {
        if (then_)
            runner->requestStop();
    });
    connect(&session_, &Session::allJobsEnded, this, [this] {
        if (const auto then = std::exchange(then_, {}))
            then();
    });
}

void AfterJobs::ask(const QString& question, const QString& action, const std::function<void()>& then)
{
    if (session_.jobs().empty())
        return then();
    QStringList names;
    for (const auto* const runner : session_.jobs()) {
        if (!runner->keepsNothing())
            names << runner->name();
    }
    if (names.isEmpty())
        return stop(then);
    const auto consequence =
        tr("Still running: %1. It is safe to stop: training saves a checkpoint and passes keep finished work.")
            .arg(names.join(QStringLiteral(", ")));
    if (!dialogs_.confirm(window_, question, consequence, action))
        return;
    stop(then);
}

void AfterJobs::stop(std::function<void()> then)
{
    then_ = {};
    if (session_.jobs().empty()) // they may have ended while the question was open
        return then();
    then_ = std::move(then);
    session_.stopAllJobs();
}

} // namespace nanodit
