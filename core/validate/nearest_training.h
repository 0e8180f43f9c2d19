#pragma once

/// Whether a model copies: which training picture a painted one is most like. Shapes: Q pictures, D DINO width.

#include "core/dataset/shard_set.h"
#include "core/runtime/job.h"

#include <ATen/core/Tensor.h>

#include <optional>
#include <string>
#include <vector>

namespace nanodit {

struct NearestPicture {
    std::string id;        ///< Of a training sample.
    double similarity = 0; ///< Cosine of the two CLS features, -1 to 1; 1 would be a copy.
};
/// For each of `cls` [Q, D], as the encoder gives them, the training sample whose stored CLS is most like it. The set's
/// features pass by in blocks: memory does not grow with it, and nothing else of the samples is read. Those whose CLS
/// cannot be read are passed over; empty when stopped, or when none can be read. Throws DataError for features of
/// another width.
std::optional<std::vector<NearestPicture>> nearestTrainingPictures(const ShardSet& set, const at::Tensor& cls,
                                                                   const JobContext& context);

} // namespace nanodit
