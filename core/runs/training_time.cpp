#include "core/runs/training_time.h"

#include <algorithm>

namespace nanodit {

TrainingTime trainingTimeSince(std::int64_t before, const StepMetrics& metrics)
{
    TrainingTime time;
    for (const auto count : metrics.samplesByDrop)
        time.samples += count;
    time.samples *= std::max<std::int64_t>(1, metrics.step - before);
    if (metrics.samplesPerSecond > 0)
        time.seconds = static_cast<double>(time.samples) / metrics.samplesPerSecond;
    return time;
}

} // namespace nanodit
