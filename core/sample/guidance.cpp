#include "core/sample/guidance.h"

#include "core/model/autocast.h"

namespace nanodit {

namespace {

std::size_t indexOf(Branch branch)
{
    return static_cast<std::size_t>(branch);
}

bool seesText(Branch branch)
{
    return branch == Branch::Text || branch == Branch::Full;
}
bool seesDino(Branch branch)
{
    return branch == Branch::Dino || branch == Branch::Full;
}

/// The branch that remains of one when a condition is null anyway.
Branch reduced(Branch branch, const Guidance& guidance)
{
    const bool text = seesText(branch) && guidance.hasText;
    const bool dino = seesDino(branch) && guidance.hasDino;
    return text ? (dino ? Branch::Full : Branch::Text) : (dino ? Branch::Dino : Branch::Unconditional);
}

} // namespace

std::array<double, branchCount> branchFactors(const Guidance& guidance, double t)
{
    const double text = guidance.textScale, dino = guidance.dinoScale;
    const bool applies = t >= guidance.interval[0] && t <= guidance.interval[1];
    std::array<double, branchCount> wanted{};
    if (!applies)
        wanted = {0, 0, 0, 1};
    else if (guidance.mode == GuidanceMode::Additive)
        wanted = {1 - text - dino, text, dino, 0};
    else
        wanted = {1 - dino, 0, dino - text, text};

    std::array<double, branchCount> factors{};
    for (const auto branch : {Branch::Unconditional, Branch::Text, Branch::Dino, Branch::Full})
        factors[indexOf(reduced(branch, guidance))] += wanted[indexOf(branch)];
    return factors;
}

GuidedVelocity::GuidedVelocity(const NanoDiT& model, const Conditions& conditions, GridSize latentTokens,
                               const Guidance& guidance, const Compute& compute)
    : model_(model)
    , conditions_(conditions.to(compute))
    , latentTokens_(latentTokens)
    , guidance_(guidance)
    , precision_(compute.precision)
{
}

at::Tensor GuidedVelocity::operator()(const at::Tensor& x, float t)
{
    const at::NoGradGuard noGradient;
    const AutocastScope autocast(precision_);
    const auto times = at::full({x.size(0)}, t, x.options().dtype(at::kFloat));
    const auto factors = branchFactors(guidance_, t);
    at::Tensor sum;
    for (const auto branch : {Branch::Unconditional, Branch::Text, Branch::Dino, Branch::Full}) {
        const double factor = factors[indexOf(branch)];
        if (factor == 0)
            continue;
        const auto velocity = evaluate(branch, x, times);
        sum = sum.defined() ? sum.add_(velocity, factor) : velocity * factor;
    }
    return sum;
}

at::Tensor GuidedVelocity::evaluate(Branch branch, const at::Tensor& x, const at::Tensor& t)
{
    auto& context = contexts_[indexOf(branch)];
    if (!context) {
        const auto batch = static_cast<std::size_t>(x.size(0));
        const Drops drops{.text = std::vector<bool>(batch, !seesText(branch)),
                          .dino = std::vector<bool>(batch, !seesDino(branch))};
        context = model_.context(conditions_, drops, latentTokens_, true);
    }
    ++evaluations_;
    return model_.velocity(x, t, *context);
}

} // namespace nanodit
