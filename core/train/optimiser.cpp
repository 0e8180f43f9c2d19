#include "core/train/optimiser.h"

#include "core/model/rounded_weight.h"
#include "core/runtime/error.h"
#include "core/train/muon.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

namespace nanodit {

namespace {

/// What a thread takes at once of a sweep over all parameters.
constexpr std::int64_t pieceLength = 1 << 15;

bool isPlain(const at::Tensor& x)
{
    return x.is_cpu() && x.is_contiguous() && x.scalar_type() == at::kFloat;
}

void stepByOperations(const AdamWFactors& f, at::Tensor weight, const at::Tensor& given, at::Tensor mean,
                      at::Tensor square)
{
    const auto gradient = f.gradient == 1 ? given : given * f.gradient;
    mean.mul_(f.beta1).add_(gradient, f.restOfBeta1);
    square.mul_(f.beta2).addcmul_(gradient, gradient, f.restOfBeta2);
    weight.mul_(f.decay).addcdiv_(mean, square.sqrt().div_(f.rootCorrection2).add_(f.eps), -f.stepSize);
}

/// Pieces of parameters that are stepped in one sweep, shared out over the threads.
class AdamWSweep {
public:
    /// average: undefined for none. All of one shape, plain.
    void add(const AdamWFactors& factors, const at::Tensor& weight, const at::Tensor& gradient, const at::Tensor& mean,
             const at::Tensor& square, const at::Tensor& average)
    {
        for (std::int64_t begin = 0; begin < weight.numel(); begin += pieceLength)
            pieces_.push_back({.factors = factors,
                               .elements = {.weight = weight.data_ptr<float>() + begin,
                                            .gradient = gradient.data_ptr<float>() + begin,
                                            .mean = mean.data_ptr<float>() + begin,
                                            .square = square.data_ptr<float>() + begin,
                                            .average = average.defined() ? average.data_ptr<float>() + begin : nullptr,
                                            .count = std::min(pieceLength, weight.numel() - begin)}});
    }

    void run() const
    {
        at::parallel_for(0, static_cast<std::int64_t>(pieces_.size()), 1, [&](std::int64_t begin, std::int64_t end) {
            for (auto i = begin; i < end; ++i) {
                const auto& piece = pieces_[static_cast<std::size_t>(i)];
                stepAdamWElements(piece.factors, piece.elements);
            }
        });
    }

private:
    struct Piece {
        AdamWFactors factors;
        AdamWElements elements;
    };
    std::vector<Piece> pieces_;
};

/// Parameters that are stepped by LibTorch's operations over lists of tensors, a few launches on a GPU however many
/// there are. Scales their gradients.
class AdamWLists {
public:
    /// average: undefined for none.
    void add(const AdamWFactors& factors, const at::Tensor& weight, const at::Tensor& gradient, const at::Tensor& mean,
             const at::Tensor& square, const at::Tensor& average)
    {
        auto& list = listFor(factors, weight.numel());
        list.elements += weight.numel();
        list.weights.push_back(weight);
        list.gradients.push_back(gradient);
        list.means.push_back(mean);
        list.squares.push_back(square);
        if (!average.defined())
            return;
        list.averaged.push_back(weight);
        list.averages.push_back(average);
    }

    void run() const
    {
        for (const auto& [f, elements, weights, gradients, means, squares, averaged, averages] : lists_) {
            if (f.gradient != 1)
                at::_foreach_mul_(gradients, f.gradient);
            at::_foreach_mul_(means, f.beta1);
            at::_foreach_add_(means, gradients, f.restOfBeta1);
            at::_foreach_mul_(squares, f.beta2);
            at::_foreach_addcmul_(squares, gradients, gradients, f.restOfBeta2);
            const auto roots = at::_foreach_sqrt(squares);
            at::_foreach_div_(roots, f.rootCorrection2);
            at::_foreach_add_(roots, f.eps);
            at::_foreach_mul_(weights, f.decay);
            at::_foreach_addcdiv_(weights, means, roots, -f.stepSize);
            if (!averages.empty()) {
                at::_foreach_mul_(averages, 1 - f.share);
                at::_foreach_add_(averages, averaged, f.share);
            }
            for (const auto& weight : weights)
                markAsWritten(weight);
        }
    }

private:
    struct List {
        AdamWFactors factors;
        std::int64_t elements = 0;
        std::vector<at::Tensor> weights = {}, gradients = {}, means = {}, squares = {}, averaged = {}, averages = {};
    };

    /// Square roots of a list's squares are held at once: 256 MB.
    static constexpr std::int64_t mostElements = std::int64_t{1} << 26;

    List& listFor(const AdamWFactors& factors, std::int64_t elements)
    {
        for (auto& list : lists_) {
            if (list.factors == factors && list.elements + elements <= mostElements)
                return list;
        }
        lists_.push_back({.factors = factors});
        return lists_.back();
    }

    std::vector<List> lists_;
};

/// Sum of squares of plain tensors, in pieces that do not depend on the threads.
double sumOfSquares(const std::vector<at::Tensor>& tensors)
{
    struct Piece {
        const float* values;
        std::int64_t count;
        double sum = 0;
    };
    std::vector<Piece> pieces;
    for (const auto& tensor : tensors) {
        for (std::int64_t begin = 0; begin < tensor.numel(); begin += pieceLength)
            pieces.push_back({tensor.data_ptr<float>() + begin, std::min(pieceLength, tensor.numel() - begin)});
    }
    at::parallel_for(0, static_cast<std::int64_t>(pieces.size()), 1, [&](std::int64_t begin, std::int64_t end) {
        for (auto i = begin; i < end; ++i) {
            auto& piece = pieces[static_cast<std::size_t>(i)];
            piece.sum = nanodit::sumOfSquares(piece.values, piece.count);
        }
    });
    double sum = 0;
    for (const auto& piece : pieces)
        sum += piece.sum;
    return sum;
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

std::unique_ptr<Optimiser> makeOptimiser(const Parameters& parameters, const OptimiserConfig& config,
                                         Precision precision)
{
    const AdamWOptions options{
        .betas = config.betas, .eps = config.eps, .weightDecay = config.weightDecay, .decayed = config.decayed};
    if (config.name == "muon")
        return std::make_unique<Muon>(parameters, options, precision);
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

AdamWFactors AdamW::factorsOf(std::size_t place, const StepTerms& terms) const
{
    const auto k = static_cast<double>(moments_[place].steps);
    const auto [beta1, beta2] = options_.betas;
    const bool decays = options_.decayed == Decayed::Everything || isWeightMatrix(parameters_[place]);
    return {.gradient = static_cast<float>(terms.gradientFactor),
            .decay = static_cast<float>(1 - (decays ? terms.lr * options_.weightDecay : 0)),
            .beta1 = static_cast<float>(beta1),
            .restOfBeta1 = static_cast<float>(1 - beta1),
            .beta2 = static_cast<float>(beta2),
            .restOfBeta2 = static_cast<float>(1 - beta2),
            .rootCorrection2 = static_cast<float>(std::sqrt(1 - std::pow(beta2, k))),
            .eps = static_cast<float>(options_.eps),
            .stepSize = static_cast<float>(terms.lr / (1 - std::pow(beta1, k))),
            .share = terms.average != nullptr ? static_cast<float>(1 - terms.average->decayAt(terms.number)) : 0};
}

void AdamW::step(const StepTerms& terms)
{
    const at::NoGradGuard noGradient;
    AdamWSweep sweep;
    AdamWLists lists;
    std::vector<at::Tensor> gradients; // as long as the sweep points to them
    for (std::size_t i = 0; i < parameters_.size(); ++i) {
        const auto& weight = parameters_[i].value;
        const bool averages = terms.average != nullptr && i < terms.average->size();
        const auto average = averages ? terms.average->at(i) : at::Tensor();
        if (!weight.grad().defined()) {
            if (averages)
                terms.average->update(i, terms.number);
            continue;
        }
        auto& moments = moments_[i];
        ++moments.steps;
        const auto factors = factorsOf(i, terms);
        if (isPlain(weight) && (!average.defined() || isPlain(average))) {
            gradients.push_back(weight.grad().contiguous());
            sweep.add(factors, weight, gradients.back(), moments.mean, moments.square, average);
            markAsWritten(weight);
            continue;
        }
        if (weight.is_cpu() || weight.is_cuda()) {
            lists.add(factors, weight, weight.grad(), moments.mean, moments.square, average);
            continue;
        }
        stepByOperations(factors, weight, weight.grad(), moments.mean, moments.square);
        if (averages)
            terms.average->update(i, terms.number);
    }
    sweep.run();
    lists.run();
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
    std::vector<at::Tensor> plain, norms; // norms of the others, for which a device is waited for once
    for (const auto& parameter : parameters) {
        const auto& gradient = parameter.value.grad();
        if (!gradient.defined())
            continue;
        if (isPlain(gradient))
            plain.push_back(gradient);
        else
            norms.push_back(at::linalg_vector_norm(gradient).to(at::kFloat));
    }
    double sum = sumOfSquares(plain);
    if (!norms.empty())
        sum += at::stack(norms).to(at::kCPU, at::kDouble).square().sum().item<double>();
    return std::sqrt(sum);
}

double clipFactor(double norm, double maxNorm)
{
    return std::min(1.0, maxNorm / (norm + 1e-6));
}

void clipGradients(const Parameters& parameters, double norm, double maxNorm)
{
    const double factor = clipFactor(norm, maxNorm);
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
    for (std::size_t i = 0; i < parameters_.size(); ++i)
        update(i, step);
}

void Ema::update(std::size_t place, std::int64_t step)
{
    const at::NoGradGuard noGradient;
    averages_[place].value.lerp_(parameters_[place].value.detach(), 1 - decayAt(step));
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
