#include "core/sample/guider.h"

#include "core/runtime/error.h"
#include "core/sample/solver.h"

#include <ATen/ATen.h>

#include <cmath>
#include <utility>

namespace nanodit {

namespace {

struct Term {
    Branch conditional, reference;
    double scale;
    bool ofText;
};

/// The terms whose branches differ and whose scale is not zero.
std::vector<Term> termsOf(const Guidance& guidance, GivenConditions given)
{
    const bool additive = guidance.mode == GuidanceMode::Additive;
    std::vector<Term> terms;
    const auto add = [&](Branch conditional, Branch reference, double scale, bool ofText) {
        const Term term{.conditional = reduced(conditional, given),
                        .reference = reduced(reference, given),
                        .scale = scale,
                        .ofText = ofText};
        if (term.conditional != term.reference && scale != 0)
            terms.push_back(term);
    };
    add(Branch::Dino, Branch::Unconditional, guidance.dinoScale, false);
    if (additive)
        add(Branch::Text, Branch::Unconditional, guidance.textScale, true);
    else
        add(Branch::Full, Branch::Dino, guidance.textScale, true);
    return terms;
}

/// Times are float32: that of 0.8 is above 0.8, where the step that begins there is meant to be inside.
bool applies(const Guidance& guidance, double t)
{
    const auto at = static_cast<float>(t);
    return at >= static_cast<float>(guidance.interval[0]) && at <= static_cast<float>(guidance.interval[1]);
}

/// <a, b> of each sample, [B, 1, 1, 1].
at::Tensor innerProduct(const at::Tensor& a, const at::Tensor& b)
{
    return (a * b).sum({1, 2, 3}, true);
}

/// By what r is best multiplied to equal c: <c, r> / <r, r> of each sample.
at::Tensor bestScale(const at::Tensor& c, const at::Tensor& r)
{
    return innerProduct(c, r) / (innerProduct(r, r) + 1e-8);
}

/// One number of each sample, [B, 1, 1, 1] or [B].
std::vector<double> bySample(const at::Tensor& x)
{
    const auto numbers = x.flatten().to(at::kCPU, at::kDouble).contiguous();
    return {numbers.data_ptr<double>(), numbers.data_ptr<double>() + numbers.numel()};
}

std::vector<double> rms(const at::Tensor& x)
{
    return bySample(x.square().mean({1, 2, 3}, true).sqrt());
}

/// By sample.
std::vector<GuidanceTermSize> sizesOf(const at::Tensor& c, const at::Tensor& r)
{
    const auto difference = c - r;
    const auto along = bestScale(difference, c) * c;
    const auto products = bySample(innerProduct(difference, c));
    const auto lengths = rms(difference), parallel = rms(along), across = rms(difference - along);
    std::vector<GuidanceTermSize> sizes;
    for (std::size_t i = 0; i < lengths.size(); ++i)
        sizes.push_back(
            {.length = lengths[i], .parallel = products[i] < 0 ? -parallel[i] : parallel[i], .across = across[i]});
    return sizes;
}

class RuleGuider : public Guider {
public:
    RuleGuider(const Guidance& guidance, GivenConditions given)
        : guidance_(guidance)
        , given_(given)
        , terms_(termsOf(guidance, given))
    {
    }
    bool actsAt(double t) const override { return applies(guidance_, t); }
    std::vector<GuidanceStep> measure(BranchVelocities& branches) const override
    {
        const at::NoGradGuard noGradient;
        std::vector<GuidanceStep> steps(static_cast<std::size_t>(branches.x().size(0)));
        for (std::size_t i = 0; i < steps.size(); ++i) {
            steps[i].t = branches.t();
            steps[i].applies = applies(guidance_, branches.t());
            if (!zeroScales_.empty())
                steps[i].zeroScale = zeroScales_[i];
        }
        if (!actsAt(branches.t()))
            return steps;
        for (const auto& term : terms_) {
            // Another guider may have asked for more at the same point.
            const bool read = reads(term.conditional, branches.t()) && reads(term.reference, branches.t());
            if (!read || !branches.evaluated(term.conditional) || !branches.evaluated(term.reference))
                continue;
            const auto sizes = sizesOf(branches(term.conditional), branches(term.reference));
            for (std::size_t i = 0; i < steps.size(); ++i)
                (term.ofText ? steps[i].text : steps[i].dino) = sizes[i];
        }
        return steps;
    }

protected:
    /// Whether velocity() asks for a branch (a reduced one) at a time when guidance applies.
    virtual bool reads(Branch, double) const { return true; }
    /// What a term adds of `part`: nothing where its weight is 0.
    at::Tensor weighted(const Term& term, const at::Tensor& part)
    {
        if (term.ofText || guidance_.dinoWeights.empty())
            return part;
        if (!weights_.defined()) {
            const auto& [rows, cols] = guidance_.patches;
            const auto byPatch =
                at::tensor(guidance_.dinoWeights, at::TensorOptions(at::kFloat)).view({1, 1, rows, cols});
            weights_ = at::upsample_bilinear2d(byPatch, {part.size(2), part.size(3)}, false).to(part.device());
        }
        return weights_ * part;
    }

    Guidance guidance_;
    GivenConditions given_;
    std::vector<Term> terms_;
    std::vector<double> zeroScales_; ///< By sample; empty: 1.

private:
    at::Tensor weights_; ///< [1, 1, H, W], made when first needed.
};

class PlainGuider : public RuleGuider {
public:
    using RuleGuider::RuleGuider;
    at::Tensor velocity(BranchVelocities& branches) override
    {
        const at::NoGradGuard noGradient;
        at::Tensor sum;
        if (!guidance_.dinoWeights.empty() && applies(guidance_, branches.t())) {
            sum = ofBranch(branches, Branch::Unconditional).clone();
            for (const auto& term : terms_)
                sum += term.scale *
                       weighted(term, ofBranch(branches, term.conditional) - ofBranch(branches, term.reference));
            return sum;
        }
        const auto factors = branchFactors(guidance_, given_, branches.t());
        for (const auto branch : allBranches) {
            const double factor = factors[static_cast<std::size_t>(branch)];
            if (factor == 0)
                continue;
            const auto velocity = ofBranch(branches, branch);
            sum = sum.defined() ? sum.add_(velocity, factor) : velocity * factor;
        }
        return sum;
    }

protected:
    bool reads(Branch branch, double t) const override
    {
        return !guidance_.dinoWeights.empty() ||
               branchFactors(guidance_, given_, t)[static_cast<std::size_t>(branch)] != 0;
    }
    virtual at::Tensor ofBranch(BranchVelocities& branches, Branch branch) const { return branches(branch); }
};

class InternalGuider final : public PlainGuider {
public:
    using PlainGuider::PlainGuider;

private:
    at::Tensor ofBranch(BranchVelocities& branches, Branch branch) const override
    {
        const auto& weak = branches.internal(branch);
        if (!applies(guidance_, branches.t()))
            return branches(branch);
        return weak + guidance_.internalScale * (branches(branch) - weak);
    }
};

class ZeroGuider final : public RuleGuider {
public:
    using RuleGuider::RuleGuider;
    at::Tensor velocity(BranchVelocities& branches) override
    {
        const at::NoGradGuard noGradient;
        zeroScales_.clear();
        if (branches.t() > 1 - guidance_.zeroUntil)
            return at::zeros_like(branches.x());
        if (!applies(guidance_, branches.t()))
            return branches(Branch::Full).clone();
        const auto& unconditional = branches(Branch::Unconditional);
        auto sum = at::zeros_like(unconditional);                                         // of the terms
        auto scale = at::ones({unconditional.size(0), 1, 1, 1}, unconditional.options()); // of `unconditional`
        if (guidance_.mode == GuidanceMode::Chained) {
            // Each term's reference is what the terms before it make with scales of 1, so all of that is scaled as it.
            for (const auto& term : terms_) {
                const auto [best, part] = scaledTerm(branches, term);
                sum = best * sum + part;
                scale = best * scale;
            }
        } else {
            // By the terms' shares of their scales; with one term that is the formula of the paper.
            double scales = 0;
            for (const auto& term : terms_)
                scales += std::abs(term.scale);
            for (const auto& term : terms_) {
                const auto [best, part] = scaledTerm(branches, term);
                sum += part;
                scale += std::abs(term.scale) / scales * (best - 1);
            }
        }
        zeroScales_ = bySample(scale);
        return sum + scale * unconditional;
    }
    bool actsAt(double t) const override { return RuleGuider::actsAt(t) && t <= 1 - guidance_.zeroUntil; }

private:
    struct ScaledTerm {
        at::Tensor best; ///< By what the reference is multiplied, [B, 1, 1, 1].
        at::Tensor part; ///< What the term adds.
    };
    ScaledTerm scaledTerm(BranchVelocities& branches, const Term& term)
    {
        const auto &c = branches(term.conditional), &r = branches(term.reference);
        const auto best = bestScale(c, r);
        return {.best = best, .part = term.scale * weighted(term, c - best * r)};
    }
};

/// In terms of predicted pictures, x - t v, whose differences are -t times those of velocities.
class ProjectedGuider final : public RuleGuider {
public:
    using RuleGuider::RuleGuider;
    at::Tensor velocity(BranchVelocities& branches) override
    {
        const at::NoGradGuard noGradient;
        if (!applies(guidance_, branches.t()))
            return branches(Branch::Full).clone();
        const auto& how = guidance_.projected;
        auto sum = branches(Branch::Unconditional).clone();
        const double t = std::max(static_cast<double>(branches.t()), 1e-6);
        averages_.resize(terms_.size());
        for (std::size_t i = 0; i < terms_.size(); ++i) {
            const auto& c = branches(terms_[i].conditional);
            const auto difference = c - branches(terms_[i].reference);
            auto& average = averages_[i];
            auto update = -t * difference;
            if (average.defined())
                update = update + how.momentum * average;
            average = update;
            if (how.threshold > 0) {
                const auto length = update.square().mean({1, 2, 3}, true).sqrt();
                update = update * (how.threshold / (length + 1e-8)).clamp_max(1);
            }
            const auto picture = branches.x() - t * c;
            const auto along = bestScale(update, picture) * picture;
            const auto kept = (update - along) + how.parallel * along;
            // The term itself is added whole, and s - 1 times what is kept of it: s = 1 is the conditional branch.
            sum += weighted(terms_[i], difference + (terms_[i].scale - 1) * (kept / -t));
        }
        return sum;
    }

private:
    std::vector<at::Tensor> averages_;
};

class Autoguider final : public Guider {
public:
    Autoguider(std::unique_ptr<Guider> inner, BranchEvaluator& weak, double scale)
        : inner_(std::move(inner))
        , weak_(weak)
        , scale_(scale)
    {
    }
    at::Tensor velocity(BranchVelocities& branches) override
    {
        const at::NoGradGuard noGradient;
        auto sum = inner_->velocity(branches);
        if (scale_ == 1 || !actsAt(branches.t()))
            return sum;
        const auto weak = weak_.velocity(branches.reduced(Branch::Full), branches.x(), branches.t());
        return sum + (scale_ - 1) * (branches(Branch::Full) - weak);
    }
    bool actsAt(double t) const override { return inner_->actsAt(t); }
    std::vector<GuidanceStep> measure(BranchVelocities& branches) const override { return inner_->measure(branches); }

private:
    std::unique_ptr<Guider> inner_;
    BranchEvaluator& weak_;
    double scale_;
};

class GuiderOfEach final : public Guider {
public:
    explicit GuiderOfEach(std::vector<std::unique_ptr<Guider>> guiders)
        : guiders_(std::move(guiders))
    {
    }
    at::Tensor velocity(BranchVelocities& branches) override
    {
        const bool begin = branches.x().size(0) == 1;
        samples_.clear();
        std::vector<at::Tensor> guided;
        for (std::size_t i = 0; i < guiders_.size(); ++i) {
            samples_.emplace_back(branches, begin ? 0 : static_cast<std::int64_t>(i));
            guided.push_back(guiders_[i]->velocity(samples_.back()));
        }
        return at::cat(guided);
    }
    bool actsAt(double t) const override { return guiders_.front()->actsAt(t); } // they differ in their scales
    std::vector<GuidanceStep> measure(BranchVelocities&) const override
    {
        std::vector<GuidanceStep> steps;
        for (std::size_t i = 0; i < guiders_.size(); ++i)
            steps.push_back(guiders_[i]->measure(samples_[i]).front());
        return steps;
    }

private:
    std::vector<std::unique_ptr<Guider>> guiders_;
    mutable std::vector<BranchVelocities> samples_; ///< Of the last velocity, with what each guider asked for.
};

/// See Guidance::of().
double stillUntil(const SampleRequest& request)
{
    constexpr float nearNoise = 0.96F;
    double until = 0;
    for (const auto t : flowTimesOf(request)) {
        if (t >= nearNoise)
            until = 1.0 - t;
    }
    return until;
}

} // namespace

Guidance Guidance::of(const SampleRequest& request, GridSize patches)
{
    const auto& weights = request.dinoWeights;
    if (!weights.empty() && static_cast<std::int64_t>(weights.size()) != patches.count())
        throw UsageError("the DINO scale has weights for " + std::to_string(weights.size()) +
                         " patches, but a picture of " + bucketName(request.size) + " has " +
                         std::to_string(patches.count()) + ": make the mask again at this size");
    for (const auto weight : weights) {
        if (!(weight >= 0 && weight <= 1))
            throw UsageError("a weight of the DINO scale is " + std::to_string(weight) + ": 0 to 1 was expected");
    }
    return {.mode = request.guidance,
            .textScale = request.textScale,
            .dinoScale = request.dinoScale,
            .interval = request.guidanceInterval,
            .rule = request.guidanceRule,
            .zeroUntil = stillUntil(request),
            .projected = request.projected,
            .internalScale = request.internalScale,
            .dinoWeights = weights,
            .patches = patches};
}

std::array<double, branchCount> branchFactors(const Guidance& guidance, GivenConditions given, double t)
{
    const double text = guidance.textScale, dino = guidance.dinoScale;
    std::array<double, branchCount> wanted{};
    if (!applies(guidance, t))
        wanted = {0, 0, 0, 1};
    else if (guidance.mode == GuidanceMode::Additive)
        wanted = {1 - text - dino, text, dino, 0};
    else
        wanted = {1 - dino, 0, dino - text, text};

    std::array<double, branchCount> factors{};
    for (const auto branch : allBranches)
        factors[static_cast<std::size_t>(reduced(branch, given))] += wanted[static_cast<std::size_t>(branch)];
    constexpr double rounding = 1e-12; // 1 - 0.7 - 0.3 is 6e-17, for which no branch need be evaluated
    for (auto& factor : factors)
        factor = std::abs(factor) < rounding ? 0 : factor;
    return factors;
}

std::unique_ptr<Guider> makeGuider(const Guidance& guidance, GivenConditions given)
{
    switch (guidance.rule) {
    case GuidanceRule::CfgZero:
        return std::make_unique<ZeroGuider>(guidance, given);
    case GuidanceRule::Projected:
        return std::make_unique<ProjectedGuider>(guidance, given);
    case GuidanceRule::Internal:
        return std::make_unique<InternalGuider>(guidance, given);
    case GuidanceRule::Plain:
        break;
    }
    return std::make_unique<PlainGuider>(guidance, given);
}

std::unique_ptr<Guider> makeAutoguider(std::unique_ptr<Guider> inner, BranchEvaluator& weak, double scale)
{
    return std::make_unique<Autoguider>(std::move(inner), weak, scale);
}

std::unique_ptr<Guider> makeGuiderOfEach(std::vector<std::unique_ptr<Guider>> guiders)
{
    return std::make_unique<GuiderOfEach>(std::move(guiders));
}

std::unique_ptr<Guider> makeGuiderFor(std::span<const SampleRequest> requests, GridSize patches, GivenConditions given,
                                      BranchEvaluator* weak)
{
    std::vector<std::unique_ptr<Guider>> guiders;
    for (const auto& request : requests)
        guiders.push_back(makeGuider(Guidance::of(request, patches), given));
    auto guider = guiders.size() == 1 ? std::move(guiders.front()) : makeGuiderOfEach(std::move(guiders));
    const auto& guide = requests.front().weakGuide;
    return weak != nullptr && guide ? makeAutoguider(std::move(guider), *weak, guide->scale) : std::move(guider);
}

} // namespace nanodit
