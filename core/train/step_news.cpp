#include "core/train/step_news.h"

namespace nanodit {

StepNews newsOf(const StepMetrics& metrics, double seconds, StepWatch& watch, const Trainer& trainer)
{
    StepNews news{.finding = watch.look(metrics, seconds), .samples = {}, .suspects = {}};
    if (news.isJump()) // all ranks see the same losses, and so the same jumps
        news.samples = trainer.samples();
    if (metrics.skipped || metrics.leftOut > 0)
        news.suspects = trainer.suspects();
    return news;
}

} // namespace nanodit
