#include "app/following_bar.h"

#include "app/job_runner.h"
#include "app/wording.h"
#include "widgets/job_bar.h"

namespace nanodit {

JobBar* makeFollowingBar(JobRunner* runner, QWidget* parent)
{
    auto* const bar = new JobBar(runner->name(), parent);
    QObject::connect(runner, &JobRunner::progressed, bar, [bar](const Progress& progress) {
        bar->setProgress(progress, stageText(progress), progressText(progress));
    });
    QObject::connect(runner, &JobRunner::pausedChanged, bar, &JobBar::setPaused);
    QObject::connect(runner, &JobRunner::stoppingChanged, bar, &JobBar::setStopping);
    QObject::connect(runner, &JobRunner::ended, bar, &QObject::deleteLater);
    QObject::connect(bar, &JobBar::pauseRequested, runner, &JobRunner::pause);
    QObject::connect(bar, &JobBar::resumeRequested, runner, &JobRunner::resume);
    QObject::connect(bar, &JobBar::stopRequested, runner, &JobRunner::requestStop);
    return bar;
}

} // namespace nanodit
