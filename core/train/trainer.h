#pragma once

#include "core/config/train_config.h"
#include "core/dataset/batch.h"
#include "core/model/nanodit.h"
#include "core/runs/checkpoint.h"
#include "core/runs/metrics_file.h"
#include "core/runs/step_metrics.h"
#include "core/train/draws.h"
#include "core/train/optimiser.h"
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

/// The state of a training run in memory, stepped one optimiser step at a time. Knows no files, threads or progress.
/// One thread at a time.
class Trainer {
public:
    /// `config.model` has the data's widths. T: how many tokens a null text stands for.
    Trainer(const TrainConfig& config, std::int64_t textTokens, const Compute& compute);
    /// On the CPU, in the configuration's precision, with as many threads as are set.
    Trainer(const TrainConfig& config, std::int64_t textTokens);

    using BatchSource = std::function<Batch()>;
    using Observer = std::function<void(const MicroBatchTrace&)>;
    /// One optimiser step over `optimiser.accumulation` micro-batches. Empty when `stop` said so between two of them:
    /// then nothing has changed but what the source has given. A loss or gradient that is not finite leaves the weights
    /// alone; see StepMetrics::skipped and suspects(). Gradients stay as they were used until the next step.
    std::optional<StepMetrics> step(const BatchSource& next, const std::function<bool()>& stop = {},
                                    const Observer& observer = {});

    /// Samples that the last skipped step held; those of non-finite loss where there are such.
    const std::vector<std::string>& suspects() const { return suspects_; }
    std::int64_t skippedInARow() const { return skippedInARow_; }

    std::int64_t stepsDone() const { return steps_; }
    /// LoaderOptions::position behind the last step.
    std::int64_t samplePosition() const { return samplePosition_; }
    /// Learning rate of the next step.
    double nextLearningRate() const;

    WarmStartReport startFrom(const StoredWeights& weights, const std::string& source);
    bool warmStarted() const { return warmStarted_; }

    /// Continues exactly where state and tensors were taken. Throws DataError when they belong to another model.
    void restore(const CheckpointState& state, const CheckpointTensors& tensors, const std::string& source);
    /// Sharing memory with the trainer: write or copy before the next step.
    CheckpointTensors tensors() const;

    const NanoDiT& model() const { return *model_; }
    /// A model with the averaged weights, or a copy of the current ones when none are kept.
    std::unique_ptr<NanoDiT> averagedModel() const;
    const TrainConfig& config() const { return config_; }

private:
    Conditions conditionsOf(const Batch& batch) const;
    std::vector<BlockAttention> attentionAt(const Batch& batch, const Draws& draws) const;
    /// Whether the next step is one that does.
    bool measuresAttention() const;

    TrainConfig config_;
    std::int64_t textTokens_;
    Compute compute_;
    std::unique_ptr<NanoDiT> model_;
    AdamW optimiser_;
    std::optional<Ema> ema_;
    std::int64_t steps_ = 0, samplePosition_ = 0;
    std::int64_t skippedInARow_ = 0;
    bool warmStarted_ = false;
    std::vector<std::string> suspects_;
};

} // namespace nanodit
