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
    const auto lossOf = [&](const at::Tensor& predicted) {
        const auto errors = (predicted - (noise - x0)).square();
        if (!weights.defined())
            return errors.flatten(1).mean(1);
        const auto weighted = (errors.mean(1, true) * weights).flatten(1).sum(1);
        return weighted / weights.flatten(1).sum(1);
    };
    FlowLoss loss{.perSample = lossOf(velocity), .velocity = velocity.detach()};
    if (options.intermediate != nullptr && options.intermediate->velocity.defined())
        loss.internal = lossOf(options.intermediate->velocity);
    return loss;
}

} // namespace nanodit
