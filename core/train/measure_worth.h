#pragma once

/// Measures what conditions are worth (core/runs/condition_worth.h). Draws nothing from the training's random numbers.

#include "core/dataset/dino_statistics.h"
#include "core/dataset/shard_set.h"
#include "core/model/nanodit.h"
#include "core/runs/condition_worth.h"
#include "core/runtime/compute.h"
#include "core/runtime/job.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace nanodit {

/// One model on stored samples. Each picture is measured at the flow times 1/8, 3/8, 5/8 and 7/8, with noise by seed
/// and id: the same at every step, in every run of that seed, and whatever else is measured.
class WorthMeter {
public:
    /// `model` must outlive this and be where `compute` is. Precision: that of `compute`.
    WorthMeter(const NanoDiT& model, DinoStatistics statistics, std::int64_t textTokens, std::int64_t seed,
               const Compute& compute);
    /// Four evaluations of four samples without gradients; all but `training` is filled in.
    PictureWorth measure(const ShardSample& sample) const;

private:
    const NanoDiT& model_;
    DinoStatistics statistics_;
    std::int64_t textTokens_, seed_;
    Compute compute_;
};

/// Which pictures are measured: at most so many of each set, chosen by seed and id, so that they are the same ones
/// every time, whatever is added to the set.
struct WorthSample {
    std::shared_ptr<const ShardSet> validation; ///< Null: none.
    std::shared_ptr<const ShardSet> training;   ///< The same.
    std::int64_t ofValidation = 1000, ofTraining = 64;
    std::int64_t seed = 0;
};
/// Those of the validation set first, each by id; samples that cannot be read are left out with a warning. Empty when
/// stopped.
std::optional<std::vector<PictureWorth>> measureWorth(const WorthMeter& meter, const WorthSample& sample,
                                                      const JobContext& context);

} // namespace nanodit
