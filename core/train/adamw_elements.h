#pragma once

#include <cstdint>

namespace nanodit {

/// The factors of one AdamW step, which are the same for every element.
struct AdamWFactors {
    float gradient;           ///< What gradients count times: less than one when they are clipped.
    float decay;              ///< 1 - lr * weight decay
    float beta1, restOfBeta1; ///< b1, 1 - b1
    float beta2, restOfBeta2;
    float rootCorrection2; ///< sqrt(1 - b2^k)
    float eps;
    float stepSize; ///< lr / (1 - b1^k)
    float share;    ///< Of the stepped weight in its moving average.

    bool operator==(const AdamWFactors&) const = default;
};

/// A piece of a parameter in memory.
struct AdamWElements {
    float* weight;
    const float* gradient;
    float *mean, *square;
    float* average; ///< Null without one.
    std::int64_t count;
};

/// Clips, steps weights and their moments, and moves their average, in one pass over memory instead of the dozen of
/// separate tensor operations.
void stepAdamWElements(const AdamWFactors& factors, const AdamWElements& elements);

double sumOfSquares(const float* values, std::int64_t count);

} // namespace nanodit
