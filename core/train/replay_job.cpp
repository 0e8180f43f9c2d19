#include "core/train/replay_job.h"

#include "core/runs/catalogue.h"
#include "core/runtime/error.h"
#include "core/runtime/tf32.h"
#include "core/train/resume.h"
#include "core/train/trainer.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <utility>

namespace nanodit {

namespace fs = std::filesystem;

namespace {

std::string listOfSteps(const std::vector<std::int64_t>& steps)
{
    std::string list;
    for (const auto step : steps)
        list += (list.empty() ? "" : ", ") + std::to_string(step);
    return list;
}

std::int64_t stepOfRequest(const ReplayRequest& request, const fs::path& runFolder)
{
    const auto steps = blackBoxSteps(runFolder);
    if (steps.empty())
        throw UsageError("every step of the run \"" + request.runName + "\" was finite: there is none to run again");
    if (!request.step)
        return steps.back();
    if (std::find(steps.begin(), steps.end(), *request.step) == steps.end())
        throw UsageError("nothing was kept of step " + std::to_string(*request.step) + " of the run \"" +
                         request.runName + "\": steps that were not finite are " + listOfSteps(steps));
    return *request.step;
}

/// The newest checkpoint from which the step can be come to; that of the step itself has the weights from before only
/// where it was skipped: where others of its micro-batches were sound, they made a step.
fs::path checkpointFor(const fs::path& runFolder, std::int64_t step, bool skipped)
{
    const auto last = skipped ? step : step - 1;
    fs::path found;
    for (const auto& checkpoint : listCheckpoints(runFolder)) {
        if (*checkpointStep(checkpoint.filename().string()) <= last)
            found = checkpoint;
    }
    if (found.empty())
        throw DataError("no checkpoint of " + runFolder.string() + " is old enough to reach step " +
                        std::to_string(step) + " from it");
    return found;
}

ReplayReport::MicroBatch described(const MicroBatchFinding& finding)
{
    ReplayReport::MicroBatch microBatch{
        .samples = {}, .inputs = finding.inputs, .output = finding.output, .gradient = finding.gradient};
    const auto& record = finding.record;
    for (std::size_t i = 0; i < record.ids.size(); ++i)
        microBatch.samples.push_back({.id = record.ids[i], .time = record.times[i], .loss = record.losses[i]});
    return microBatch;
}

JobEnd replay(const ReplayRequest& request, const JobContext& context)
{
    const auto runFolder = request.workspace.runsFolder() / request.runName;
    ReplayReport report{.runName = request.runName, .step = stepOfRequest(request, runFolder)};
    const auto box = readBlackBox(runFolder, report.step);
    report.checkpoint = checkpointFor(runFolder, report.step, box.skipped);
    auto state = readCheckpointState(report.checkpoint);
    if (state.step == report.step) {
        state.step = report.step - 1;
        state.samplePosition = box.position;
    }
    report.stepsBefore = report.step - 1 - state.step;

    auto config = state.config;
    // One process makes the micro-batches of all that trained it.
    config.optimiser.accumulation *= std::max(1, std::atoi(state.circumstances.ranks.c_str()));
    const auto compute = makeCompute(request.device, config.arithmetic());
    const Tf32Hold tf32(compute.device, config.tf32); // as it was trained
    Trainer trainer(config, state.textTokens, compute);
    trainer.restore(state, readCheckpointTensors(report.checkpoint), report.checkpoint.string());
    Loader loader(ShardSet::open(request.workspace.shardsFolder() / config.data.shards), loaderOptionsOf(state));

    ProgressMeter progress(context, Stage::Training, report.stepsBefore + 1, Unit::Steps);
    for (std::int64_t done = 0; done < report.stepsBefore; ++done) {
        if (!trainer.step([&] { return loader.nextUnless([&] { return context.control->stopRequested(); }); },
                          [&context] { return context.shouldStop(); }))
            return JobEnd::Cancelled;
        progress.advance();
    }
    if (context.shouldStop())
        return JobEnd::Cancelled;
    if (trainer.samplePosition() != box.position)
        context.warn("the data set, the batch size or the seed has changed: the step has other samples now");
    for (const auto& finding : trainer.examine([&loader] { return loader.next(); }))
        report.microBatches.push_back(described(finding));
    progress.advance();
    request.finished(report);
    return JobEnd::Finished;
}

} // namespace

bool ReplayReport::MicroBatch::sound() const
{
    return inputs.empty() && output.empty() && gradient.empty() &&
           std::all_of(samples.begin(), samples.end(), [](const Sample& s) { return std::isfinite(s.loss); });
}

bool ReplayReport::sound() const
{
    return std::all_of(microBatches.begin(), microBatches.end(), [](const MicroBatch& m) { return m.sound(); });
}

std::unique_ptr<Job> makeReplayJob(ReplayRequest request)
{
    return makeJob([request = std::move(request)](const JobContext& context) { return replay(request, context); });
}

} // namespace nanodit
