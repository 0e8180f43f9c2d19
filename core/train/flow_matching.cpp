#include "core/train/flow_matching.h"

#include <cmath>

namespace nanodit {

double FlowLoss::velocityNorm() const
{
    return std::sqrt(velocity.square().mean().item<double>());
}

at::Tensor noised(const at::Tensor& x0, const at::Tensor& noise, const at::Tensor& t)
{
    const auto u = t.view({-1, 1, 1, 1});
    return (1 - u) * x0 + u * noise;
}

FlowLoss flowMatching(const NanoDiT& model, const at::Tensor& x0, const at::Tensor& noise, const at::Tensor& t,
                      const ConditionContext& context, const ForwardOptions& options, const at::Tensor& weights)
{
    const auto velocity = model.velocity(noised(x0, noise, t), t, context, options);
    const auto errors = (velocity - (noise - x0)).square();
    if (!weights.defined())
        return {.perSample = errors.flatten(1).mean(1), .velocity = velocity.detach()};
    const auto weighted = (errors.mean(1, true) * weights).flatten(1).sum(1);
    return {.perSample = weighted / weights.flatten(1).sum(1), .velocity = velocity.detach()};
}

} // namespace nanodit
