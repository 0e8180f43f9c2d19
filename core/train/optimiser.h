#pragma once

#include "core/config/train_config.h"
#include "core/model/parameter.h"
#include "core/train/adamw_elements.h"

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace nanodit {

struct AdamWOptions {
    std::array<double, 2> betas = {0.9, 0.95};
    double eps = 1e-8;
    double weightDecay = 0.01; ///< Decoupled: weights shrink by lr * weightDecay a step, whatever the gradient.
    Decayed decayed = Decayed::Everything;
};

/// Whether a parameter is a matrix, or a convolution, that features pass through; not a bias, a gain, a prior or a null
/// embedding.
bool isWeightMatrix(const Parameter& parameter);

class Ema;

/// What belongs to a step beside the gradients, and may share its pass over memory.
struct StepTerms {
    double lr = 0;
    double gradientFactor = 1; ///< What gradients count times, so that clipping needs no pass of its own.
    Ema* average = nullptr;    ///< Of the same list of parameters or of its beginning; updated after the weights.
    std::int64_t number = 0;   ///< Of the step, for the average's warm-up.
};

/// An update rule and what it remembers of the gradients before.
class Optimiser {
public:
    virtual ~Optimiser() = default;
    /// One step. Gradients are kept; whether they are scaled by their factor then is left open.
    virtual void step(const StepTerms& terms) = 0;
    void step(double lr) { step(StepTerms{.lr = lr}); }
    /// What it remembers, by name, sharing memory but for counts of steps.
    virtual TensorMap state() const = 0;
    /// Continues exactly where state() was taken. Throws DataError naming `source` for what is missing or does not fit.
    virtual void restore(const TensorMap& state, const std::string& source) = 0;
};
/// Of the name in the configuration: "adamw" or "muon". Parameters share their tensors with the model; they are
/// float32. `precision`: of products that only Muon makes.
std::unique_ptr<Optimiser> makeOptimiser(const Parameters& parameters, const OptimiserConfig& config,
                                         Precision precision = Precision::Float32);

/// The tensor of this name in an optimiser's state. Throws DataError naming `source` when it is missing or has another
/// shape.
const at::Tensor& stateTensor(const TensorMap& state, const std::string& name, at::IntArrayRef shape,
                              const std::string& source);

/// Adam with decoupled weight decay (Loshchilov & Hutter 2019), in the arithmetic of torch.optim.AdamW:
/// p *= 1 - lr wd; m, v: moving averages of g, g^2; p -= lr / (1 - b1^k) * m / (sqrt(v) / sqrt(1 - b2^k) + eps).
/// A parameter without a gradient is left alone, and its k does not advance.
class AdamW final : public Optimiser {
public:
    AdamW(Parameters parameters, const AdamWOptions& options = {});
    using Optimiser::step;
    /// On the CPU in one pass over weights, gradients, moments and averages.
    void step(const StepTerms& terms) override;

    /// NAME.exp_avg, NAME.exp_avg_sq (float32, sharing memory) and NAME.step (int64, one element) of every parameter.
    TensorMap state() const override;
    void restore(const TensorMap& state, const std::string& source) override;

private:
    struct Moments {
        at::Tensor mean, square; ///< exp_avg, exp_avg_sq
        std::int64_t steps = 0;  ///< k
    };
    AdamWFactors factorsOf(std::size_t place, const StepTerms& terms) const;

    Parameters parameters_;
    AdamWOptions options_;
    std::vector<Moments> moments_;
};

/// Square root of the sum of squares over every gradient that exists; not finite when one of them is not. Does not
/// depend on the number of threads.
double gradientNorm(const Parameters& parameters);
void scaleGradients(const Parameters& parameters, double factor);
/// min(1, maxNorm / (norm + 1e-6)): what torch.nn.utils.clip_grad_norm_ scales gradients by.
double clipFactor(double norm, double maxNorm);
/// Scales gradients by it.
void clipGradients(const Parameters& parameters, double norm, double maxNorm);

/// Exponential moving average of weights, started from the weights as they are: a = decay a + (1 - decay) w. With a
/// warm-up, step n = 0, 1... has min(decay, (1 + n) / (10 + n)), so that the weights of the beginning are soon
/// forgotten.
class Ema {
public:
    Ema(Parameters parameters, double decay, bool warmup = false);
    /// Call after optimiser step n, unless that did it (StepTerms).
    void update(std::int64_t step = 0);
    /// The average at this place of the list alone.
    void update(std::size_t place, std::int64_t step);
    /// What the step keeps of the average.
    double decayAt(std::int64_t step) const;
    /// The average of the parameter at this place of the list.
    const at::Tensor& at(std::size_t place) const { return averages_.at(place).value; }
    std::size_t size() const { return averages_.size(); }
    /// The averages by name (sharing memory).
    TensorMap state() const { return stateOf(averages_); }
    void restore(const TensorMap& state, const std::string& source) { loadState(averages_, state, source); }

private:
    Parameters parameters_;
    Parameters averages_;
    double decay_;
    bool warmup_;
};

/// Learning rate of step k = 0, 1...: rises linearly from 0 over the warm-up (step 0 has rate 0, as in transformers'
/// get_cosine_schedule_with_warmup), then stays, or follows half a cosine down to 0 at the schedule's end; behind that,
/// where no training goes, it would rise again, as there.
double learningRate(const ScheduleConfig& schedule, double peak, std::int64_t step);

} // namespace nanodit
