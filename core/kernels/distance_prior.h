#pragma once

#include <ATen/core/Tensor.h>

namespace nanodit {

/// Draws a query to keys near it: the logit of the last N keys, the patches, has -strength |query - patch|^2 added.
/// Distances are taken as differences, never as squares of coordinates, so that no precision loses them.
struct DistancePrior {
    at::Tensor
        strengths;      ///< [B, heads] float32, >= 0; zero for samples whose last keys have no place. Undefined: none.
    at::Tensor queryAt; ///< [L, 2] float32
    at::Tensor patchAt; ///< [N, 2] float32

    bool defined() const { return strengths.defined(); }
    /// One sample's, with strengths [1, heads] and no gradient.
    DistancePrior of(std::int64_t sample) const;
};

/// |query - patch|^2. [L, 2] and [N, 2] -> [L, N]
at::Tensor squaredDistances(const at::Tensor& queryAt, const at::Tensor& patchAt);

/// Adds a prior to logits [n, L, S], whose last N keys are the patches. strengths [n], queryAt [L, 2], patchAt [N, 2].
void addPrior(const at::Tensor& logits, const at::Tensor& strengths, const at::Tensor& queryAt,
              const at::Tensor& patchAt);

} // namespace nanodit
