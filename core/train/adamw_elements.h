#pragma once

#include <cstdint>

namespace nanodit {

/// The factors of one AdamW step, which are the same for every element.
struct AdamWFactors {
    float decay;              ///< 1 - lr * weight decay
    float beta1, restOfBeta1; ///< b1, 1 - b1
    float beta2, restOfBeta2;
    float rootCorrection2; ///< sqrt(1 - b2^k)
    float eps;
    float stepSize; ///< lr / (1 - b1^k)
};

/// Steps `count` weights and their moments in one pass over memory, instead of the eight of separate tensor operations.
void stepAdamWElements(const AdamWFactors& factors, float* weight, const float* gradient, float* mean, float* square,
                       std::int64_t count);

} // namespace nanodit
