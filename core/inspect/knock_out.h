#pragma once

/// What leaving tokens out of a context is made of. Shapes: S columns of the context, M shown tokens.

#include "core/model/attention_map.h"

#include <span>
#include <vector>

namespace nanodit {

/// The bias of a context's logits, [1, S], without some shown tokens: one token of a column that stands for many leaves
/// the others. `bias` [1, S] or undefined. Throws UsageError when no token would be left.
at::Tensor biasWithout(const ContextLayout& layout, const at::Tensor& bias, at::Device device,
                       std::span<const std::int64_t> shownTokens);

/// Tokens that are none of `tokens` and have as much of `mass` [M] together, as near as drawing them one after the
/// other comes: each is taken if the sum is nearer then. The same for the same seed; tokens without mass are not drawn.
std::vector<std::int64_t> tokensOfEqualMass(std::span<const double> mass, std::span<const std::int64_t> tokens,
                                            std::uint64_t seed);

/// Pearson's; not-a-number where one of the two is the same everywhere.
double correlation(std::span<const float> a, std::span<const float> b);

} // namespace nanodit
