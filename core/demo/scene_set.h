#pragma once

#include "core/demo/counter_random.h"
#include "core/demo/scene.h"
#include "core/runtime/job.h"

#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace nanodit {

/// Scenes of one kind and seed with their bucket images in memory, as encoders are trained and measured on.
class SceneSet {
public:
    /// The first `count` scenes of `split` ("train", "val"), drawn and brought to their buckets.
    /// Returns early, with fewer, when the job should stop.
    SceneSet(const SceneKind& kind, std::uint64_t seed, std::int64_t count, const std::string& split,
             const JobContext& context);

    std::int64_t size() const { return static_cast<std::int64_t>(scenes_.size()); }
    const Scene& scene(std::int64_t i) const { return scenes_[static_cast<std::size_t>(i)]; }
    /// [3, H, W] bytes
    const at::Tensor& pixels(std::int64_t i) const { return pixels_[static_cast<std::size_t>(i)]; }
    /// [1, 3, H, W] in [-1, 1]
    at::Tensor picture(std::int64_t i) const;

    /// Random squares of `side` pixels from random scenes, in [-1, 1]: [count, 3, side, side]
    at::Tensor randomCrops(CounterRandom& random, std::int64_t count, std::int64_t side) const;
    /// Indices of `count` random scenes of one bucket, which a random scene chooses.
    std::vector<std::int64_t> randomOfOneBucket(CounterRandom& random, std::int64_t count) const;
    /// [indices, 3, H, W] in [-1, 1]; the scenes must share a bucket.
    at::Tensor pictures(const std::vector<std::int64_t>& indices) const;

private:
    /// Which of buckets_ it is.
    std::size_t bucketIndex(ImageSize bucket) const;

    std::vector<Scene> scenes_;
    std::vector<at::Tensor> pixels_;
    std::array<ImageSize, 3> buckets_;
    std::array<std::vector<std::int64_t>, 3> byBucket_; ///< In the order of buckets_.
};

} // namespace nanodit
