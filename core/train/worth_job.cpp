#include "core/train/worth_job.h"

#include "core/io/presence.h"
#include "core/runs/catalogue.h"
#include "core/runs/checkpoint_weights.h"
#include "core/runtime/compute.h"
#include "core/runtime/error.h"
#include "core/sample/shared_models.h"
#include "core/train/measure_worth.h"
#include "core/train/preview.h"

#include <utility>

namespace nanodit {

namespace fs = std::filesystem;

namespace {

JobEnd measure(const WorthRequest& request, const JobContext& context)
{
    const auto compute = makeCompute(request.device, StoredModel::readState(request.checkpoint).config.arithmetic());
    const auto opened = openModel(request.checkpoint, compute.device);
    const auto& state = opened->state;
    const auto& config = state.config;
    const WorthMeter meter(opened->model, state.dino, state.textTokens, config.seed, compute);
    WorthSample sample{.validation = validationShards(request.workspace),
                       .training = {},
                       .ofValidation = request.ofValidation,
                       .ofTraining = request.ofTraining,
                       .seed = config.seed};
    if (const auto folder = request.workspace.shardsFolder() / config.data.shards; isPresent(folder))
        sample.training = ShardSet::open(folder);
    auto pictures = measureWorth(meter, sample, context);
    if (!pictures)
        return JobEnd::Cancelled;
    if (pictures->empty())
        throw DataError("nothing was measured: " + request.workspace.shardsFolder().string() +
                            " has neither samples of the set \"" + config.data.shards + "\" nor of \"val\"",
                        remedy::PackShards{});
    const ConditionWorth worth{.run = state.run,
                               .step = state.step,
                               .weights = weightsKindNames[opened->averaged ? 1 : 0],
                               .pictures = std::move(*pictures)};
    const auto report = validationFolder(request.checkpoint); // runs/NAME/validation/STEP
    if (!report.empty())
        writeConditionWorth(report.parent_path().parent_path(), worth);
    request.finished(worth);
    return JobEnd::Finished;
}

} // namespace

std::unique_ptr<Job> makeWorthJob(WorthRequest request)
{
    return makeJob([request = std::move(request)](const JobContext& context) { return measure(request, context); });
}

} // namespace nanodit
