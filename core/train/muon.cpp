#include "core/train/muon.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace nanodit {

namespace {

constexpr double momentum = 0.95;
/// How many numbers are made orthogonal together: enough that a call costs little beside its products, and few enough
/// that they stay in a core's cache.
constexpr std::int64_t mostTogether = 1 << 20;

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

std::pair<std::int64_t, std::int64_t> Muon::Matrix::mapShape() const
{
    return {momentum.size(0) / maps, momentum.size(1)};
}

at::Tensor orthogonalised(const at::Tensor& matrices)
{
    const bool tall = matrices.size(1) > matrices.size(2); // fewer products with the short side first
    auto x = tall ? matrices.transpose(1, 2) : matrices;
    x = x / (at::linalg_vector_norm(x, 2, at::IntArrayRef{1, 2}, true) + 1e-7);
    for (int i = 0; i < 5; ++i) {
        const auto a = at::bmm(x, x.transpose(1, 2));
        const auto b = at::baddbmm(a, a, a, -4.7750, 2.0315);
        x = at::baddbmm(x, b, x, 3.4445, 1);
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
                                 .momentum = at::zeros_like(parameter.value.detach(), at::MemoryFormat::Contiguous),
                                 .maps = mapsIn(parameter)});
    }
    std::ranges::stable_sort(matrices_, {}, &Matrix::mapShape);
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
    others_.step(StepTerms{.lr = terms.lr, .gradientFactor = terms.gradientFactor});
    for (auto first = matrices_.begin(); first != matrices_.end();) {
        std::int64_t numbers = 0;
        const auto last = std::find_if(first, matrices_.end(), [&](const Matrix& matrix) {
            const auto before = std::exchange(numbers, numbers + matrix.momentum.numel());
            return matrix.mapShape() != first->mapShape() || (before > 0 && numbers > mostTogether);
        });
        stepTogether({first, last}, type, terms.lr);
        first = last;
    }
    if (terms.average != nullptr)
        terms.average->update(terms.number);
}

void Muon::stepTogether(std::span<Matrix> matrices, at::ScalarType type, double lr)
{
    std::vector<at::Tensor> ahead, weights;
    std::vector<std::int64_t> maps;
    for (auto& matrix : matrices) {
        const auto gradient = matrix.parameter.value.grad();
        if (!gradient.defined())
            continue;
        matrix.momentum.lerp_(gradient, 1 - momentum);
        const auto [rows, cols] = matrix.mapShape();
        ahead.push_back(at::lerp(gradient, matrix.momentum, momentum).to(type).view({matrix.maps, rows, cols}));
        weights.push_back(matrix.parameter.value.detach());
        maps.push_back(matrix.maps);
    }
    if (ahead.empty())
        return;
    const auto directions = orthogonalised(at::cat(ahead)).split_with_sizes(maps);
    const auto [rows, cols] = matrices.front().mapShape();
    for (std::size_t i = 0; i < weights.size(); ++i) {
        weights[i].mul_(1 - lr * weightDecay_);
        weights[i].sub_(directions[i].reshape(weights[i].sizes()),
                        lr * 0.2 * std::sqrt(static_cast<double>(std::max(rows, cols))));
    }
}

TensorMap Muon::state() const
{
    auto state = others_.state();
    for (const auto& matrix : matrices_)
        state.emplace(matrix.parameter.name + ".momentum", matrix.momentum);
    return state;
}

void Muon::restore(const TensorMap& state, const std::string& source)
{
    others_.restore(state, source);
    for (auto& matrix : matrices_)
        matrix.momentum.copy_(
            stateTensor(state, matrix.parameter.name + ".momentum", matrix.parameter.value.sizes(), source));
}

} // namespace nanodit
