#include "core/train/optimiser.h"

#include "core/runtime/error.h"
#include "core/train/adamw_elements.h"
#include "core/train/muon.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

namespace nanodit {

namespace {

void stepOnCpu(const AdamWFactors& f, at::Tensor weight, const at::Tensor& gradient, at::Tensor mean, at::Tensor square)
{
    auto* const w = weight.data_ptr<float>();
    const auto* const g = gradient.data_ptr<float>();
    auto* const m = mean.data_ptr<float>();
    auto* const v = square.data_ptr<float>();
    constexpr std::int64_t grain = 1 << 15;
    at::parallel_for(0, weight.numel(), grain, [&](std::int64_t begin, std::int64_t end) {
        stepAdamWElements(f, w + begin, g + begin, m + begin, v + begin, end - begin);
    });
}

void stepOnDevice(const AdamWFactors& f, at::Tensor weight, const at::Tensor& gradient, at::Tensor mean,
                  at::Tensor square)
{
    mean.mul_(f.beta1).add_(gradient, f.restOfBeta1);
    square.mul_(f.beta2).addcmul_(gradient, gradient, f.restOfBeta2);
    weight.mul_(f.decay).addcdiv_(mean, square.sqrt().div_(f.rootCorrection2).add_(f.eps), -f.stepSize);
}

} // namespace

const at::Tensor& stateTensor(const TensorMap& state, const std::string& name, at::IntArrayRef shape,
                              const std::string& source)
{
    const auto found = state.find(name);
    if (found == state.end())
        throw DataError(source + " lacks the tensor " + name + ": it belongs to another model; start a new run");
    if (found->second.sizes() != shape)
        throw DataError(source + " holds " + name + " as " + shapeText(found->second.sizes()) +
                        ", but the model needs " + shapeText(shape) + ": it belongs to another model; start a new run");
    return found->second;
}

std::unique_ptr<Optimiser> makeOptimiser(const Parameters& parameters, const OptimiserConfig& config)
{
    const AdamWOptions options{
        .betas = config.betas, .eps = config.eps, .weightDecay = config.weightDecay, .decayed = config.decayed};
    if (config.name == "muon")
        return std::make_unique<Muon>(parameters, options);
    return std::make_unique<AdamW>(parameters, options);
}

bool isWeightMatrix(const Parameter& parameter)
{
    return parameter.value.dim() >= 2 && !parameter.name.starts_with("null_");
}

AdamW::AdamW(Parameters parameters, const AdamWOptions& options)
    : parameters_(std::move(parameters))
    , options_(options)
{
    for (const auto& parameter : parameters_)
        moments_.push_back({.mean = at::zeros_like(parameter.value.detach(), at::MemoryFormat::Contiguous),
                            .square = at::zeros_like(parameter.value.detach(), at::MemoryFormat::Contiguous)});
}

void AdamW::step(double lr)
{
    const at::NoGradGuard noGradient;
    for (std::size_t i = 0; i < parameters_.size(); ++i) {
        const auto& weight = parameters_[i].value;
        if (!weight.grad().defined())
            continue;
        auto& moments = moments_[i];
        ++moments.steps;
        const auto k = static_cast<double>(moments.steps);
        const auto [beta1, beta2] = options_.betas;
        const bool decays = options_.decayed == Decayed::Everything || isWeightMatrix(parameters_[i]);
        const AdamWFactors factors{.decay = static_cast<float>(1 - (decays ? lr * options_.weightDecay : 0)),
                                   .beta1 = static_cast<float>(beta1),
                                   .restOfBeta1 = static_cast<float>(1 - beta1),
                                   .beta2 = static_cast<float>(beta2),
                                   .restOfBeta2 = static_cast<float>(1 - beta2),
                                   .rootCorrection2 = static_cast<float>(std::sqrt(1 - std::pow(beta2, k))),
                                   .eps = static_cast<float>(options_.eps),
                                   .stepSize = static_cast<float>(lr / (1 - std::pow(beta1, k)))};
        const bool plain = weight.is_cpu() && weight.is_contiguous() && weight.scalar_type() == at::kFloat;
        if (plain)
            stepOnCpu(factors, weight, weight.grad().contiguous(), moments.mean, moments.square);
        else
            stepOnDevice(factors, weight, weight.grad(), moments.mean, moments.square);
    }
}

TensorMap AdamW::state() const
{
    TensorMap state;
    for (std::size_t i = 0; i < parameters_.size(); ++i) {
        const auto& name = parameters_[i].name;
        state.emplace(name + ".exp_avg", moments_[i].mean);
        state.emplace(name + ".exp_avg_sq", moments_[i].square);
        state.emplace(name + ".step", at::full({1}, moments_[i].steps, at::kLong));
    }
    return state;
}

void AdamW::restore(const TensorMap& state, const std::string& source)
{
    for (std::size_t i = 0; i < parameters_.size(); ++i) {
        const auto& [name, value] = parameters_[i];
        moments_[i].mean.copy_(stateTensor(state, name + ".exp_avg", value.sizes(), source));
        moments_[i].square.copy_(stateTensor(state, name + ".exp_avg_sq", value.sizes(), source));
        moments_[i].steps = stateTensor(state, name + ".step", {1}, source).item<std::int64_t>();
    }
}

double gradientNorm(const Parameters& parameters)
{
    double sum = 0;
    for (const auto& parameter : parameters) {
        if (!parameter.value.grad().defined())
            continue;
        const auto norm = at::linalg_vector_norm(parameter.value.grad()).item<double>();
        sum += norm * norm;
    }
    return std::sqrt(sum);
}

void clipGradients(const Parameters& parameters, double norm, double maxNorm)
{
    const double factor = maxNorm / (norm + 1e-6);
    if (factor < 1)
        scaleGradients(parameters, factor);
}

void scaleGradients(const Parameters& parameters, double factor)
{
    const at::NoGradGuard noGradient;
    for (const auto& parameter : parameters) {
        if (parameter.value.grad().defined())
            parameter.value.grad().mul_(factor);
    }
}

Ema::Ema(Parameters parameters, double decay, bool warmup)
    : parameters_(std::move(parameters))
    , decay_(decay)
    , warmup_(warmup)
{
    for (const auto& [name, value] : parameters_)
        averages_.push_back({name, value.detach().clone()});
}

double Ema::decayAt(std::int64_t step) const
{
    const auto n = static_cast<double>(step);
    return warmup_ ? std::min(decay_, (1 + n) / (10 + n)) : decay_;
}

void Ema::update(std::int64_t step)
{
    const at::NoGradGuard noGradient;
    const double share = 1 - decayAt(step);
    for (std::size_t i = 0; i < parameters_.size(); ++i)
        averages_[i].value.lerp_(parameters_[i].value.detach(), share);
}

double learningRate(const ScheduleConfig& schedule, double peak, std::int64_t step)
{
    const auto k = static_cast<double>(step);
    const auto warmup = static_cast<double>(schedule.warmupSteps);
    if (k < warmup)
        return peak * k / std::max(1.0, warmup);
    if (schedule.decay == Decay::Constant)
        return peak;
    const double progress = (k - warmup) / std::max(1.0, static_cast<double>(schedule.steps) - warmup);
    return peak * std::max(0.0, 0.5 * (1 + std::cos(std::numbers::pi * progress)));
}

} // namespace nanodit
