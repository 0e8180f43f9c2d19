#pragma once

#include "core/model/nanodit.h"

namespace nanodit {

/// What one forward pass of training gives.
struct FlowLoss {
    at::Tensor perSample;     ///< [B]: (weighted) mean squared error of the velocity, float32.
    at::Tensor velocity;      ///< [B, C, H, W], float32, detached.
    at::Tensor internal = {}; ///< [B]: the same error of the internal head; undefined where it was not evaluated.

    at::Tensor mean() const { return perSample.mean(); }
    /// sqrt(mean(v^2)); about 1.41 for a model that predicts noise - x0 well.
    double velocityNorm() const;
};

/// x_t = (1 - t) x0 + t noise. x0, noise [B, C, H, W]; t [B].
at::Tensor noised(const at::Tensor& x0, const at::Tensor& noise, const at::Tensor& t);

/// Flow matching (Lipman et al. 2023; Liu et al. 2023): x_t = (1 - t) x0 + t noise, target v = noise - x0.
/// x0, noise [B, C, H, W]; t [B]. With `weights` [B, 1, H, W] each latent pixel counts by its own: a sample's loss is
/// the weighted sum of squared errors, divided by the sum of its weights, so that a small mask counts as much as a
/// large one. Without, all count alike. With options.intermediate and an internal head, its loss, too.
FlowLoss flowMatching(const NanoDiT& model, const at::Tensor& x0, const at::Tensor& noise, const at::Tensor& t,
                      const ConditionContext& context, const ForwardOptions& options = {},
                      const at::Tensor& weights = {});

} // namespace nanodit
