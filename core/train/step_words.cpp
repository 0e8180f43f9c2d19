#include "core/train/step_words.h"

#include "core/dataset/shuffle.h"
#include "core/geometry/bucket.h"
#include "core/runtime/error.h"
#include "core/runtime/number_text.h"

namespace nanodit {

namespace {

const char* whatWasNotFinite(const StepMetrics& metrics, std::int64_t microBatches)
{
    return metrics.leftOut == microBatches ? "loss" : "gradient";
}

} // namespace

std::string listOf(const std::vector<std::string>& names)
{
    std::string text;
    for (const auto& name : names)
        text += (text.empty() ? "" : ", ") + name;
    return text;
}

void tellEpoch(const ShardSet& set, std::int64_t batchSize, const JobContext& context)
{
    if (set.masked() > 0)
        context.info(std::to_string(set.masked()) + " of " + std::to_string(set.entries().size()) +
                     " samples have a loss mask");
    std::vector<ImageSize> buckets;
    for (const auto& entry : set.entries())
        buckets.push_back(entry.bucket);
    for (const auto& line : epochLedger(buckets, batchSize)) {
        const auto about = "bucket " + bucketName(line.bucket) + ": " + std::to_string(line.samples) + " samples in " +
                           std::to_string(line.batches) + " batches an epoch";
        if (!line.fillsABatch)
            context.warn(about + "; too few to fill one of " + std::to_string(batchSize) +
                         ", so each is seen more than once in it: lower data.batch_size, or leave the bucket out");
        else
            context.info(about +
                         (line.seenTwice > 0 ? ", " + std::to_string(line.seenTwice) + " of them seen twice" : ""));
    }
}

void expectFiniteWeights(const Parameters& parameters, std::int64_t step, const std::filesystem::path& newest)
{
    if (const auto name = firstNotFinite(parameters); !name.empty())
        throw Error("training ended at step " + std::to_string(step) + ": the weights " + name +
                    " are infinite or NaN, so no checkpoint was written; lower optimiser.lr or look at "
                    "optimiser.eps, then resume from " +
                    (newest.empty() ? "the start, as no checkpoint was written yet" : newest.string()));
}

std::string savedText(const CheckpointWriter::Written& written)
{
    std::string removed;
    for (const auto& folder : written.removed)
        removed += (removed.empty() ? "; removed " : ", ") + folder.filename().string();
    return "saved " + written.folder.filename().string() + " in " + decimalText(written.seconds, 2) +
           " s, for which training waited " + decimalText(written.waited, 2) + " s" + removed;
}

std::string unsoundStepText(const StepMetrics& metrics, std::int64_t microBatches,
                            const std::vector<std::string>& suspects)
{
    const auto step = "step " + std::to_string(metrics.step);
    if (metrics.skipped)
        return step + " was skipped: its " + whatWasNotFinite(metrics, microBatches) +
               " was not finite; it held the samples " + listOf(suspects);
    return std::to_string(metrics.leftOut) + " of the " + std::to_string(microBatches) + " micro-batches of " + step +
           " were left out, as their loss was not finite; it came from the samples " + listOf(suspects);
}

std::string endOfSkippedSteps(const StepMetrics& metrics, std::int64_t inARow, std::int64_t microBatches,
                              const std::vector<std::string>& suspects)
{
    return "training stopped at step " + std::to_string(metrics.step) + " because the " +
           whatWasNotFinite(metrics, microBatches) + " was not finite for " + std::to_string(inARow) +
           " steps in a row (last samples: " + listOf(suspects) +
           "): lower optimiser.lr or check these samples, then resume";
}

} // namespace nanodit
