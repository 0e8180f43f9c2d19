#pragma once

#include "core/model/nanodit.h"
#include "core/runs/step_metrics.h"

namespace nanodit {

/// What the model attends to at x_t [B, C, H, W], t [B], by block: shares of text, CLS and patches in attention and in
/// what it adds, the alignment score, and the radii of its priors; means over the first samples (at most four), heads
/// and latent tokens, with no condition dropped. One forward pass without gradients, in `precision`; draws no random
/// numbers.
std::vector<BlockAttention> measureAttention(const NanoDiT& model, const Conditions& conditions, const at::Tensor& xt,
                                             const at::Tensor& t, Precision precision);

} // namespace nanodit
