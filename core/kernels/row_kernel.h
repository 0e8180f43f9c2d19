#pragma once

/// What lies between the products of a block, on one thread and in plain memory, each in one sweep over it: what is
/// compiled for each instruction set. Rows are dense and follow each other. Free of everything but fixed-width
/// integers, as head_attention.h is and for its reason.

#include "core/kernels/head_attention.h" // Element

#include <cstdint>

namespace nanodit {

/// y = (x - mean) / sqrt(variance + eps) * (1 + scale) + shift, with the mean and variance of each row
struct NormRows {
    std::int64_t rows, width;
    const float* x;
    const float *shift, *scale; ///< [width]
    float eps;
    void* y;
    Element element;        ///< Of y.
    float *means, *factors; ///< [rows], for the backward pass; the factor is 1 / sqrt(variance + eps).
};

struct NormRowsBackward {
    std::int64_t rows, width;
    const float* x;
    const void* yGradient;
    Element element; ///< Of yGradient.
    const float* scale;
    const float *means, *factors;
    float* xGradient;
    float *shiftGradient, *scaleGradient; ///< [width], of these rows.
};

/// y = x + gate * branch
struct SumRows {
    std::int64_t rows, width;
    const float* x;
    const void* branch;
    Element element;   ///< Of the branch.
    const float* gate; ///< [width], or null for ones.
    float* y;
};

struct SumRowsBackward {
    std::int64_t rows, width;
    const float* yGradient;
    const void* branch; ///< Not read without a gate.
    Element element;    ///< Of the branch and its gradient.
    const float* gate;  ///< [width], or null for ones.
    void* branchGradient;
    float* gateGradient; ///< [width], of these rows; not written without a gate.
};

/// y = x / 2 * (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) (Hendrycks & Gimpel 2016)
struct GeluElements {
    std::int64_t count;
    Element element; ///< Of all.
    const void* x;
    void* y;
};

struct GeluElementsBackward {
    std::int64_t count;
    Element element; ///< Of all.
    const void *x, *yGradient;
    void* xGradient;
};

/// Channels i and i + half of a head turned by the angle of its token: (a, b) -> (a cos - b sin, a sin + b cos)
struct TurnHeads {
    std::int64_t tokens, heads, half;
    std::int64_t resting; ///< Of the tokens, so many at the beginning are copied as they are.
    Element element;
    const void* x;
    std::int64_t xTokenStride, xHeadStride; ///< In elements; channels are dense.
    void* y;
    std::int64_t yTokenStride, yHeadStride;
    const float *cosines, *sines; ///< [tokens - resting, half]
    float direction;              ///< 1, or -1 to turn back.
};

/// How far the channels of a token's head lie from those of the next token and of the next head, in elements; channels
/// are dense.
struct HeadStrides {
    std::int64_t token, head;
};

/// y = x / sqrt(mean(x^2) + eps) * weight over the channels of each head (RMSNorm, Zhang & Sennrich 2019)
struct NormHeads {
    std::int64_t tokens, heads, width;
    Element element; ///< Of x and y.
    const void* x;
    HeadStrides xStrides;
    const float* weight; ///< [width]
    float eps;
    void* y;
    HeadStrides yStrides;
    float* factors; ///< [tokens, heads], for the backward pass: 1 / sqrt(mean(x^2) + eps).
};

struct NormHeadsBackward {
    std::int64_t tokens, heads, width;
    Element element; ///< Of x and of both gradients.
    const void *x, *yGradient;
    HeadStrides xStrides, yGradientStrides;
    const float *weight, *factors;
    void* xGradient;
    HeadStrides xGradientStrides;
    float* weightGradient; ///< [width], of these tokens.
};

struct RowKernel {
    void (*norm)(const NormRows&);
    void (*normBackward)(const NormRowsBackward&);
    void (*gatedSum)(const SumRows&);
    void (*gatedSumBackward)(const SumRowsBackward&);
    void (*gelu)(const GeluElements&);
    void (*geluBackward)(const GeluElementsBackward&);
    void (*turn)(const TurnHeads&);
    void (*normHeads)(const NormHeads&);
    void (*normHeadsBackward)(const NormHeadsBackward&);
};

/// That of the best instructions that the processor has (InstructionSet).
const RowKernel& rowKernel();

extern const RowKernel rowBaseline;
#if defined(__x86_64__)
extern const RowKernel rowAvx2, rowAvx512;
#endif

} // namespace nanodit
