#include "app/following_bar.h"

#include "app/job_runner.h"
#include "app/wording.h"
#include "widgets/job_bar.h"

namespace nanodit {

JobBar* makeFollowingBar(JobRunner* runner, QWidget* parent)
{
    auto* const bar = new JobBar(runner->name(), parent);
    const auto show = [bar](const Progress& progress) {
        bar->setProgress(progress, stageText(progress), progressText(progress));
    };
    show(runner->progress()); // it may have begun before
    if (runner->paused())
        bar->setPaused(true);
    if (runner->stopping())
        bar->setStopping();
    QObject::connect(runner, &JobRunner::progressed, bar, show);
    QObject::connect(runner, &JobRunner::pausedChanged, bar, &JobBar::setPaused);
    QObject::connect(runner, &JobRunner::stoppingChanged, bar, &JobBar::setStopping);
    QObject::connect(runner, &JobRunner::ended, bar, &QObject::deleteLater);
    QObject::connect(bar, &JobBar::pauseRequested, runner, &JobRunner::pause);
    QObject::connect(bar, &JobBar::resumeRequested, runner, &JobRunner::resume);
    QObject::connect(bar, &JobBar::stopRequested, runner, &JobRunner::requestStop);
    return bar;
}

} // namespace nanodit
