#pragma once

/// Parts of leaving tokens out of a context. Shapes: S columns of the context, M shown tokens.

#include "core/model/attention_map.h"

#include <span>
#include <vector>

namespace nanodit {

/// The bias of a context's logits, [1, S], without some shown tokens: one token of a column that stands for many leaves
/// the others. `bias` [1, S] or undefined. Throws UsageError when no token would be left.
at::Tensor biasWithout(const ContextLayout& layout, const at::Tensor& bias, at::Device device,
                       std::span<const std::int64_t> shownTokens);

/// Tokens other than `tokens` that together have about as much of `mass` [M]: they are drawn one after the other, and
/// each is taken if the sum is nearer then. The same for the same seed; tokens without mass are not drawn.
std::vector<std::int64_t> tokensOfEqualMass(std::span<const double> mass, std::span<const std::int64_t> tokens,
                                            std::uint64_t seed);

/// Pearson's; NaN if one of the two is constant.
double correlation(std::span<const float> a, std::span<const float> b);

} // namespace nanodit
