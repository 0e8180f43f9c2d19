#pragma once

#include "core/config/train_config.h"
#include "core/dataset/batch.h"
#include "core/model/nanodit.h"
#include "core/runs/checkpoint.h"
#include "core/runs/metrics_file.h"
#include "core/runs/step_metrics.h"
#include "core/train/black_box.h"
#include "core/train/collective.h"
#include "core/train/draws.h"
#include "core/train/flow_matching.h"
#include "core/train/gradient_reducer.h"
#include "core/train/optimiser.h"
#include "core/train/representation_alignment.h"
#include "core/train/step_meter.h"
#include "core/train/warm_start.h"

#include <functional>
#include <memory>
#include <optional>

namespace nanodit {

/// What a micro-batch went through, for those who watch.
struct MicroBatchTrace {
    const Batch& batch;
    const Draws& draws;
    const ConditionContext& context;
};

/// What running a step again showed of a micro-batch.
struct MicroBatchFinding {
    MicroBatchRecord record;
    std::vector<std::string> inputs; ///< Of "latent", "text", "cls", "patches", those that hold something not finite.
    std::string output;              ///< First part of the model whose output is not finite; empty for none.
    std::string gradient; ///< Part at whose output the gradient is the first not to be finite, from the loss on.
};

/// The state of a training run in memory, stepped one optimiser step at a time. Knows no files, threads or progress.
/// One thread at a time.
class Trainer {
public:
    /// `config.model` has the data's widths. T: how many tokens a null text stands for.
    Trainer(const TrainConfig& config, std::int64_t textTokens, const Compute& compute);
    /// One of several processes, each with the micro-batches that a loader of its rank gives: `optimiser.accumulation`
    /// of them a step each. Micro-batch m of rank r draws what micro-batch m * size + r of one process alone would, so
    /// that both make the same step but for the order in which gradients are added. takeStateOfFirst() comes first.
    Trainer(const TrainConfig& config, std::int64_t textTokens, const Compute& compute,
            std::shared_ptr<Collective> collective, const BucketSizes& buckets = {});
    /// On the CPU, in the configuration's precision, with as many threads as are set.
    Trainer(const TrainConfig& config, std::int64_t textTokens);

    /// Gives the next micro-batch, or nothing when it was told to stop while it waited for one; of several processes
    /// none may end a step so.
    using BatchSource = std::function<std::optional<Batch>()>;
    using Observer = std::function<void(const MicroBatchTrace&)>;
    /// One optimiser step over `optimiser.accumulation` micro-batches. Empty when `stop` said so between two of them,
    /// or `next` gave nothing: then nothing has changed but what the source has given. A micro-batch whose loss is not
    /// finite is left out, and the others make the step (StepMetrics::leftOut); without any other, or with a gradient
    /// that is not finite, the weights are left alone (StepMetrics::skipped). See suspects(). Gradients stay until the
    /// next step, clipped or not.
    std::optional<StepMetrics> step(const BatchSource& next, const std::function<bool()>& stop = {},
                                    const Observer& observer = {});

    /// Runs the next step up to its gradients with a look at each part of the model. Nothing changes but the gradients
    /// and what the source has given; it must give all that is asked for.
    std::vector<MicroBatchFinding> examine(const BatchSource& next);

    /// The samples of the last step, of all ranks. Every rank calls it at once.
    std::vector<std::string> samples() const;
    /// The same of a step that was skipped or left something out: those of non-finite loss where any rank has such.
    std::vector<std::string> suspects() const;
    /// What went into the last step.
    const StepRecord& lastStep() const { return record_; }
    /// Why attention could not be measured at the last step; empty when it could, or was not to be.
    const std::string& attentionFault() const { return attentionFault_; }
    std::int64_t skippedInARow() const { return skippedInARow_; }

    std::int64_t stepsDone() const { return steps_; }
    /// LoaderOptions::position behind the last step.
    std::int64_t samplePosition() const { return samplePosition_; }
    /// Learning rate of the next step.
    double nextLearningRate() const;

    /// Weights, moments, average, step and place in the data as rank 0 has them. Every rank calls it at once.
    void takeStateOfFirst();

    WarmStartReport startFrom(const StoredWeights& weights, const std::string& source);
    bool warmStarted() const { return warmStarted_; }

    /// Continues exactly where state and tensors were taken. Throws DataError when they belong to another model.
    void restore(const CheckpointState& state, const CheckpointTensors& tensors, const std::string& source);
    /// Sharing memory with the trainer: write or copy before the next step.
    CheckpointTensors tensors() const;
    /// Whether a checkpoint of the tensors is of use: every weight is finite, and no exception came in the middle of
    /// the optimiser's step.
    bool tensorsAreSound() const;

    const NanoDiT& model() const { return *model_; }
    /// All that is trained: the model's, and those of what is trained beside it.
    const Parameters& parameters() const { return parameters_; }
    /// A model with the averaged weights, or a copy of the current ones when none are kept.
    std::unique_ptr<NanoDiT> averagedModel() const;
    const TrainConfig& config() const { return config_; }
    /// The processes that train together.
    Collective& ranks() const { return *collective_; }

private:
    Conditions conditionsOf(const Batch& batch) const;
    std::vector<BlockAttention> attentionAt(const Batch& batch, const Draws& draws);
    Draws drawsOf(const Batch& batch, std::int64_t microBatch) const;
    struct Loss {
        FlowLoss flow;
        at::Tensor repa = {};  ///< [samples that were aligned]; undefined without representation alignment.
        at::Tensor total = {}; ///< What is differentiated: the flow's mean, and the other losses by their weights.

        LossValues values() const; ///< Waits once for a device.
    };
    Loss lossOf(const Batch& batch, const Draws& draws, ForwardOptions options, const Observer& observer) const;
    /// Whether the next step aligns a block's output.
    bool aligns() const;
    void update(double gradNorm, double lr);
    /// Adds up gradients and what `meter` gathered over the ranks; gives how many micro-batches of all were sound.
    std::int64_t gather(std::int64_t sound, StepMeter& meter);
    /// Whether the next step is one that does.
    bool measuresAttention() const;

    TrainConfig config_;
    std::int64_t textTokens_;
    Compute compute_;
    std::shared_ptr<Collective> collective_;
    std::unique_ptr<NanoDiT> model_;
    std::optional<RepresentationAlignment> alignment_;
    Parameters parameters_;
    std::unique_ptr<GradientReducer> reducer_; ///< Null for one process.
    std::unique_ptr<Optimiser> optimiser_;
    std::optional<Ema> ema_;
    std::int64_t steps_ = 0, samplePosition_ = 0;
    std::int64_t skippedInARow_ = 0;
    bool warmStarted_ = false;
    bool updating_ = false; ///< In the optimiser's step, or thrown out of it.
    StepRecord record_;
    std::string attentionFault_;
};

} // namespace nanodit
