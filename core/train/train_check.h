#pragma once

#include "core/config/train_config.h"
#include "core/geometry/bucket.h"
#include "core/runs/step_metrics.h"
#include "core/train/train_job.h"
#include "core/train/trainer.h"

#include <map>

namespace nanodit {

/// Judges a short run against what a healthy one looks like: every value finite; loss, velocity and gradient norms in
/// their ranges; conditions dropped in about their shares; context lengths; gradients where they must be.
class TrainCheck {
public:
    /// dinoPatchSize: p of the data's DINO encoder in pixels, or empty when it is not known.
    TrainCheck(const TrainConfig& config, std::int64_t textTokens, bool warmStarted,
               std::optional<std::int64_t> dinoPatchSize);

    void observe(const MicroBatchTrace& trace);
    /// Right after a step, while its gradients stand.
    void observe(const StepMetrics& metrics, const Parameters& parameters);
    std::vector<CheckLine> lines() const;
    /// Samples whose CLS and patches were replaced by nulls, with repetitions, in the order seen.
    const std::vector<std::string>& nullPatchSamples() const { return nullPatches_; }

private:
    struct ContextLength {
        std::int64_t found = 0, expected = 0;
        std::int64_t patches = 0;
    };
    void addFiniteLines(std::vector<CheckLine>& lines) const;
    void addRangeLines(std::vector<CheckLine>& lines) const;
    void addDropLines(std::vector<CheckLine>& lines) const;
    void addContextLines(std::vector<CheckLine>& lines) const;
    void addGradientLines(std::vector<CheckLine>& lines) const;

    TrainConfig config_;
    std::int64_t textTokens_;
    bool warmStarted_;
    std::optional<std::int64_t> dinoPatchSize_;
    std::vector<StepMetrics> steps_;
    std::array<std::int64_t, 4> drops_{};
    std::map<ImageSize, ContextLength> contexts_;
    std::vector<std::string> nullPatches_;
    bool nullsWhereDropped_ = true;
    std::int64_t withDino_ = 0, withHole_ = 0; ///< Samples that kept DINO; of these, those that lost patches.
    double latentSquares_ = 0;                 ///< Sum over micro-batches of the mean square of their latents.
    std::int64_t microBatches_ = 0;
    std::map<std::string, double> largestGradient_; ///< Norms, by group.
};

} // namespace nanodit
