#pragma once

#include "core/sample/guider.h"

#include <utility>

namespace nanodit {

/// One picture's (or a batch's) guided velocity: an evaluator and a guider over it.
class GuidedVelocity {
public:
    /// With an evaluator of its own. `model` must outlive this, and `compute` be where it is. Velocities and their sum
    /// are float32.
    GuidedVelocity(const NanoDiT& model, const Conditions& conditions, GivenConditions given, GridSize latentTokens,
                   const Guidance& guidance, const Compute& compute);

    /// As BranchEvaluator has it.
    void stopWhen(StopCheck stop) { evaluator_.stopWhen(std::move(stop)); }
    /// x [B, C, H, W] -> [B, C, H, W]
    at::Tensor operator()(const at::Tensor& x, float t);
    /// How often the model was evaluated.
    std::int64_t evaluations() const { return evaluator_.evaluations(); }

private:
    BranchEvaluator evaluator_;
    std::unique_ptr<Guider> guider_;
};

} // namespace nanodit
