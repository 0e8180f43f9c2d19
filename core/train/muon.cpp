#include "core/train/muon.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

namespace nanodit {

namespace {

constexpr double momentum = 0.95;

Parameters othersOf(const Parameters& parameters)
{
    Parameters others;
    for (const auto& parameter : parameters) {
        if (!Muon::steps(parameter))
            others.push_back(parameter);
    }
    return others;
}

/// How many maps a matrix holds on top of each other: queries, keys and values, or modulations, which share a product
/// alone. The feed-forward's first layer is one map, though it may have the shape of several.
std::int64_t mapsIn(const Parameter& parameter)
{
    const auto& name = parameter.name;
    const bool several = name.ends_with("kv.weight") || name.ends_with("adaLN_modulation.1.weight"); // qkv, too
    return several ? parameter.value.size(0) / parameter.value.size(1) : 1;
}

} // namespace

at::Tensor orthogonalised(const at::Tensor& matrices)
{
    const bool tall = matrices.size(1) > matrices.size(2); // fewer products with the short side first
    auto x = tall ? matrices.transpose(1, 2) : matrices;
    x = x / (at::linalg_vector_norm(x, 2, at::IntArrayRef{1, 2}, true) + 1e-7);
    for (int i = 0; i < 5; ++i) {
        const auto a = at::bmm(x, x.transpose(1, 2));
        const auto b = -4.7750 * a + 2.0315 * at::bmm(a, a);
        x = 3.4445 * x + at::bmm(b, x);
    }
    return tall ? x.transpose(1, 2) : x;
}

bool Muon::steps(const Parameter& parameter)
{
    return parameter.name.starts_with("blocks.") && parameter.value.dim() == 2 && isWeightMatrix(parameter);
}

Muon::Muon(const Parameters& parameters, const AdamWOptions& options, Precision precision)
    : others_(othersOf(parameters), options)
    , weightDecay_(options.weightDecay)
    , precision_(precision)
{
    for (const auto& parameter : parameters) {
        if (steps(parameter))
            matrices_.push_back({.parameter = parameter,
                                 .momentum = at::zeros_like(parameter.value.detach(), at::MemoryFormat::Contiguous)});
    }
}

void Muon::step(const StepTerms& terms)
{
    const at::NoGradGuard noGradient;
    if (terms.gradientFactor != 1) {
        for (auto& matrix : matrices_) {
            if (matrix.parameter.value.grad().defined())
                matrix.parameter.value.grad().mul_(terms.gradientFactor);
        }
    }
    const auto type = precision_ == Precision::Bf16 ? at::kBFloat16 : at::kFloat;
    const auto lr = terms.lr;
    others_.step(StepTerms{.lr = lr, .gradientFactor = terms.gradientFactor});
    for (auto& [parameter, mean] : matrices_) {
        const auto gradient = parameter.value.grad();
        if (!gradient.defined())
            continue;
        mean.lerp_(gradient, 1 - momentum);
        const auto maps = mapsIn(parameter);
        const auto ahead =
            at::lerp(gradient, mean, momentum).to(type).reshape({maps, gradient.size(0) / maps, gradient.size(1)});
        const auto longer = static_cast<double>(std::max(ahead.size(1), ahead.size(2)));
        auto weight = parameter.value.detach();
        weight.mul_(1 - lr * weightDecay_);
        weight.sub_(orthogonalised(ahead).reshape(weight.sizes()), lr * 0.2 * std::sqrt(longer));
    }
    if (terms.average != nullptr)
        terms.average->update(terms.number);
}

TensorMap Muon::state() const
{
    auto state = others_.state();
    for (const auto& [parameter, mean] : matrices_)
        state.emplace(parameter.name + ".momentum", mean);
    return state;
}

void Muon::restore(const TensorMap& state, const std::string& source)
{
    others_.restore(state, source);
    for (auto& [parameter, mean] : matrices_)
        mean.copy_(stateTensor(state, parameter.name + ".momentum", parameter.value.sizes(), source));
}

} // namespace nanodit
