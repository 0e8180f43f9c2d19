#include "core/train/memory_check.h"

#include "core/io/size_text.h"
#include "core/runtime/compute_devices.h"
#include "core/runtime/error.h"
#include "core/train/chosen_precision.h"
#include "core/train/forecast.h"

#include <string>

namespace nanodit {

void requireMemory(const Workspace& workspace, const TrainConfig& asked, const ComputeChoice& device,
                   std::int64_t processes)
{
    const auto config = withChosenPrecision(asked, device);
    const auto data = trainData(workspace, config);
    const auto there = availableMemory(device);
    const auto where = memoryOf(device);
    const auto forecast = forecastTraining(config, data, where);
    const auto needed = forecast.memory.ofProcesses(processes);
    if (there == 0 || needed <= there)
        return;
    std::string ways;
    for (const auto& change : fittingChanges(config, data, there, where, processes, device.precision)) {
        ways += ways.empty() ? ": it would fit with " : ", or with ";
        for (std::size_t i = 0; i < change.settings.size(); ++i)
            ways += (i == 0 ? "" : " and ") + change.settings[i].first + " " + change.settings[i].second;
        ways += " (" + sizeText(change.memory) + ")";
    }
    throw DataError("this training needs about " + sizeText(needed) + " of memory" +
                    (processes > 1 ? " for its " + std::to_string(processes) + " processes" : "") + ", but " +
                    sizeText(there) + " are free" +
                    (ways.empty() ? ": use a smaller model, smaller pictures, or a machine with more memory" : ways));
}

} // namespace nanodit
