#pragma once

#include "core/config/train_config.h"
#include "core/geometry/bucket.h"
#include "core/runs/step_metrics.h"
#include "core/train/train_job.h"
#include "core/train/trainer.h"

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace nanodit {

/// Judges a run against what a healthy one looks like: every value finite; loss, velocity and gradient norms in their
/// ranges; conditions dropped in about their shares; context lengths; gradients where they must be. Holds no more of a
/// long run than of a short one.
class TrainCheck {
public:
    /// dinoPatchSize: p of the data's DINO encoder in pixels, or empty when it is not known.
    TrainCheck(const TrainConfig& config, std::int64_t textTokens, bool warmStarted,
               std::optional<std::int64_t> dinoPatchSize);

    void observe(const MicroBatchTrace& trace);
    /// Right after a step, while its gradients stand.
    void observe(const StepMetrics& metrics, const Parameters& parameters);
    std::vector<CheckLine> lines() const;
    /// "samples with null patches: a, b and 3 more": those whose CLS and patches were replaced by nulls, each once.
    std::string nullPatchText() const;

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
    std::int64_t steps_ = 0, unsound_ = 0; ///< The latter with a value that is not finite.
    std::vector<StepMetrics> first_;       ///< As many as are averaged.
    std::deque<StepMetrics> last_;
    double largestNorm_ = 0; ///< Of all gradients.
    std::array<std::int64_t, 4> drops_{};
    std::map<ImageSize, ContextLength> contexts_;
    std::int64_t nullPatches_ = 0;
    std::set<std::string> nullPatchSamples_;
    bool nullsWhereDropped_ = true;
    std::int64_t withDino_ = 0, withHole_ = 0; ///< Samples that kept DINO; of these, those that lost patches.
    double latentSquares_ = 0;                 ///< Sum over micro-batches of the mean square of their latents.
    std::int64_t microBatches_ = 0;
    std::map<std::string, double> largestGradient_; ///< Norms, by group.
};

} // namespace nanodit
