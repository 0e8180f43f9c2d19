#include "core/train/adamw_elements.h"

#include <algorithm>
#include <cmath>

namespace nanodit {

namespace {

template<bool averages>
void step(const AdamWFactors& f, float* __restrict weight, const float* __restrict gradient, float* __restrict mean,
          float* __restrict square, [[maybe_unused]] float* __restrict average, std::int64_t count)
{
    for (std::int64_t i = 0; i < count; ++i) {
        const float g = gradient[i] * f.gradient;
        mean[i] = mean[i] * f.beta1 + g * f.restOfBeta1;
        square[i] = square[i] * f.beta2 + g * g * f.restOfBeta2;
        const float denominator = std::sqrt(square[i]) / f.rootCorrection2 + f.eps;
        weight[i] = weight[i] * f.decay - f.stepSize * (mean[i] / denominator);
        if constexpr (averages)
            average[i] += f.share * (weight[i] - average[i]);
    }
}

} // namespace

void stepAdamWElements(const AdamWFactors& f, const AdamWElements& of)
{
    if (of.average == nullptr)
        step<false>(f, of.weight, of.gradient, of.mean, of.square, nullptr, of.count);
    else
        step<true>(f, of.weight, of.gradient, of.mean, of.square, of.average, of.count);
}

double sumOfSquares(const float* values, std::int64_t count)
{
    constexpr std::int64_t lanes = 16, stretch = 256 * lanes; // short sums of float32, so that they stay exact enough
    double total = 0;
    for (std::int64_t begin = 0; begin < count; begin += stretch) {
        const auto end = std::min(count, begin + stretch), whole = begin + (end - begin) / lanes * lanes;
        float sums[lanes] = {};
        for (auto i = begin; i < whole; i += lanes)
            for (std::int64_t lane = 0; lane < lanes; ++lane)
                sums[lane] += values[i + lane] * values[i + lane];
        for (auto i = whole; i < end; ++i)
            sums[i - whole] += values[i] * values[i];
        for (const float sum : sums)
            total += sum;
    }
    return total;
}

} // namespace nanodit
