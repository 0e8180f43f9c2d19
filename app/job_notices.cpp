#include "app/job_notices.h"

#include "app/job_runner.h"
#include "app/session.h"
#include "app/wording.h"
#include "widgets/text.h"

#include <QElapsedTimer>

namespace nanodit {

JobNotices::JobNotices(Session& session, Desktop desktop, std::chrono::milliseconds shortest, QObject* parent)
    : QObject(parent)
    , desktop_(std::move(desktop))
    , shortest_(shortest)
{
    connect(&session, &Session::jobStarted, this, &JobNotices::follow);
}

void JobNotices::tell(const QString& title, const QString& text)
{
    if (!desktop_.looksHere())
        desktop_.show(title, text);
}

void JobNotices::follow(JobRunner* runner)
{
    QElapsedTimer since;
    since.start();
    connect(runner, &JobRunner::finished, this, [this, runner, since](JobEnd end) {
        if (end == JobEnd::Cancelled || std::chrono::milliseconds(since.elapsed()) < shortest_ || desktop_.looksHere())
            return;
        desktop_.show(tr("%1 has finished").arg(runner->name()),
                      tr("It took %1.").arg(durationText(static_cast<double>(since.elapsed()) / 1000)));
    });
    connect(runner, &JobRunner::failed, this, [this, runner](const Notice& why) {
        if (!desktop_.looksHere())
            desktop_.show(tr("%1 has failed").arg(runner->name()), noticeText(why));
    });
}

} // namespace nanodit
