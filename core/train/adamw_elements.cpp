#include "core/train/adamw_elements.h"

#include <cmath>

namespace nanodit {

void stepAdamWElements(const AdamWFactors& f, float* __restrict weight, const float* __restrict gradient,
                       float* __restrict mean, float* __restrict square, std::int64_t count)
{
    for (std::int64_t i = 0; i < count; ++i) {
        const float g = gradient[i];
        mean[i] = mean[i] * f.beta1 + g * f.restOfBeta1;
        square[i] = square[i] * f.beta2 + g * g * f.restOfBeta2;
        const float denominator = std::sqrt(square[i]) / f.rootCorrection2 + f.eps;
        weight[i] = weight[i] * f.decay - f.stepSize * (mean[i] / denominator);
    }
}

} // namespace nanodit
