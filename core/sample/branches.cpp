#include "core/sample/branches.h"

#include "core/model/autocast.h"
#include "core/runtime/error.h"

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

} // namespace

Branch reduced(Branch branch, GivenConditions given)
{
    const bool text = seesText(branch) && given.text;
    const bool dino = seesDino(branch) && given.dino;
    return text ? (dino ? Branch::Full : Branch::Text) : (dino ? Branch::Dino : Branch::Unconditional);
}

void requireInternalHead(bool there)
{
    if (!there)
        throw UsageError("internal guidance needs a model with an internal head, which this one was trained without: "
                         "take another guidance rule, or train a model with model.internal_head");
}

BranchEvaluator::BranchEvaluator(const NanoDiT& model, const Conditions& conditions, GivenConditions given,
                                 GridSize latentTokens, const Compute& compute)
    : model_(model)
    , conditions_(conditions.to(compute))
    , given_(given)
    , latentTokens_(latentTokens)
    , precision_(compute.precision)
{
}

at::Tensor BranchEvaluator::velocity(Branch branch, const at::Tensor& x, float t, at::Tensor* internal)
{
    const at::NoGradGuard noGradient;
    const AutocastScope autocast(precision_);
    auto& context = contexts_[indexOf(branch)];
    if (!context) {
        const auto batch = static_cast<std::size_t>(conditions_.cls.size(0));
        const Drops drops{.text = std::vector<bool>(batch, !seesText(branch)),
                          .dino = std::vector<bool>(batch, !seesDino(branch))};
        context = model_.context(conditions_, drops, latentTokens_, true);
    }
    ++evaluations_;
    Intermediate inside;
    ForwardOptions options{.intermediate = internal == nullptr ? nullptr : &inside};
    if (stop_)
        options.watch = [this](const std::string&, const at::Tensor&) {
            if (stop_())
                throw EvaluationStopped();
        };
    const auto velocity =
        model_.velocity(x, at::full({context->batch()}, t, x.options().dtype(at::kFloat)), *context, options);
    if (internal != nullptr)
        *internal = inside.velocity;
    return velocity;
}

StoppableEvaluations::StoppableEvaluations(const std::array<BranchEvaluator*, 2>& evaluators, const StopCheck& stop)
    : evaluators_(evaluators)
{
    set(stop);
}

void StoppableEvaluations::set(const StopCheck& stop)
{
    for (auto* const evaluator : evaluators_) {
        if (evaluator != nullptr)
            evaluator->stopWhen(stop);
    }
}

BranchVelocities::BranchVelocities(BranchEvaluator& evaluator, at::Tensor x, float t)
    : evaluator_(evaluator)
    , x_(std::move(x))
    , t_(t)
{
}

BranchVelocities::BranchVelocities(BranchVelocities& batch, std::int64_t sample)
    : evaluator_(batch.evaluator_)
    , x_(batch.x_.narrow(0, sample, 1))
    , t_(batch.t_)
    , batch_(&batch)
    , sample_(sample)
{
}

const at::Tensor& BranchVelocities::operator()(Branch branch)
{
    const auto what = reduced(branch);
    auto& velocity = velocities_[indexOf(what)];
    auto* const internal = evaluator_.hasInternalHead() ? &internals_[indexOf(what)] : nullptr;
    if (velocity.defined())
        return velocity;
    if (batch_ == nullptr) {
        velocity = evaluator_.velocity(what, x_, t_, internal);
        return velocity;
    }
    velocity = (*batch_)(what).narrow(0, sample_, 1);
    if (internal != nullptr)
        *internal = batch_->internal(what).narrow(0, sample_, 1);
    return velocity;
}

const at::Tensor& BranchVelocities::internal(Branch branch)
{
    requireInternalHead(evaluator_.hasInternalHead());
    (*this)(branch);
    return internals_[indexOf(reduced(branch))];
}

bool BranchVelocities::evaluated(Branch branch) const
{
    return velocities_[indexOf(reduced(branch))].defined();
}

} // namespace nanodit
