#include "core/train/worth_job.h"

#include "core/model/nanodit.h"
#include "core/runs/catalogue.h"
#include "core/runs/checkpoint_weights.h"
#include "core/runtime/compute.h"
#include "core/runtime/error.h"
#include "core/sample/stored_model.h"
#include "core/train/measure_worth.h"
#include "core/train/preview.h"

#include <utility>

namespace nanodit {

namespace fs = std::filesystem;

namespace {

JobEnd measure(const WorthRequest& request, const JobContext& context)
{
    const auto stored = StoredModel::read(request.checkpoint);
    const auto& config = stored.state.config;
    const auto compute = makeCompute(request.device, config.arithmetic());
    NanoDiT model(config.model, std::nullopt, compute.device);
    loadState(model.parameters(), stored.weights, request.checkpoint.string());
    const WorthMeter meter(model, stored.state.dino, stored.state.textTokens, config.seed, compute);
    WorthSample sample{.validation = validationShards(request.workspace),
                       .training = {},
                       .ofValidation = request.ofValidation,
                       .ofTraining = request.ofTraining,
                       .seed = config.seed};
    if (const auto folder = request.workspace.shardsFolder() / config.data.shards; fs::exists(folder))
        sample.training = ShardSet::open(folder);
    auto pictures = measureWorth(meter, sample, context);
    if (!pictures)
        return JobEnd::Cancelled;
    if (pictures->empty())
        throw DataError("nothing was measured: " + request.workspace.shardsFolder().string() +
                        " has neither samples of the set \"" + config.data.shards +
                        "\" nor of \"val\"", remedy::PackShards{});
    const ConditionWorth worth{.run = stored.state.run,
                               .step = stored.state.step,
                               .weights = weightsKindNames[stored.averaged() ? 1 : 0],
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
