#include "core/sample/guidance.h"

namespace nanodit {

GuidedVelocity::GuidedVelocity(const NanoDiT& model, const Conditions& conditions, GivenConditions given,
                               GridSize latentTokens, const Guidance& guidance, const Compute& compute)
    : evaluator_(model, conditions, given, latentTokens, compute)
    , guider_(makeGuider(guidance, given))
{
}

at::Tensor GuidedVelocity::operator()(const at::Tensor& x, float t)
{
    BranchVelocities branches(evaluator_, x, t);
    return guider_->velocity(branches);
}

} // namespace nanodit
