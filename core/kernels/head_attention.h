#pragma once

/// Attention of one head of one sample on one thread, in plain memory: what is compiled for each instruction set.
/// Free of everything but fixed-width integers, so that no inline function of a library is compiled with instructions
/// that the processor may lack and then shared with the rest of the program.

#include <cstdint>

namespace nanodit {

enum class Element { Float, Bf16 };

/// Rows of `width` neighbouring elements, `stride` elements apart.
struct Rows {
    const void* data;
    std::int64_t stride;
    Element element;
};

struct WritableRows {
    void* data;
    std::int64_t stride;
    Element element;
};

/// softmax(scale q k^T + bias - strength |queryAt - keyAt|^2) v
struct HeadAttention {
    std::int64_t queries, keys, width;
    Rows q, k, v;
    float scale;
    const float* bias;        ///< [queries, keys] with rows `biasStride` apart (0: the same for all), or null.
    std::int64_t biasStride;  ///< In elements.
    float strength;           ///< Of the prior; with 0 the three below are not read.
    const float* queryRow;    ///< [queries, 2]: row, column.
    const float* keyRow;      ///< [keys], like the next two readable to a multiple of 16 elements.
    const float* keyColumn;   ///< [keys]
    const float* keyHasPlace; ///< [keys]: 1, or 0 for keys that the prior leaves alone.
};

struct HeadForward {
    HeadAttention head;
    WritableRows out;
    float* logSums; ///< [queries]: ln of the sum of exp(logit), for the backward pass.
};

/// Of the keys from `firstKey` to `endKey` only: their gradients are whole, that of q is their part of it.
struct HeadBackward {
    HeadAttention head;
    std::int64_t firstKey, endKey; ///< firstKey is even.
    Rows out, outGradient;
    const float* logSums;
    WritableRows qGradient, kGradient, vGradient; ///< Of all queries, and of all keys.
    float* strengthGradient;                      ///< One number, or null when it is not wanted.
};

/// With InstructionSet::Avx512Bf16 and Amx products are made of bf16 where all of q, k, v and the gradient are bf16;
/// else they are made of float32. Sums are float32 always.
struct HeadKernel {
    std::int64_t (*forwardBytes)(const HeadForward&);
    void (*forward)(const HeadForward&, void* memory); ///< Memory of that size, aligned to 64 bytes.
    std::int64_t (*backwardBytes)(const HeadBackward&);
    void (*backward)(const HeadBackward&, void* memory);
};

extern const HeadKernel headBaseline;
#if defined(__x86_64__)
extern const HeadKernel headAvx2, headAvx512, headAvx512Bf16, headAmx;
#endif

} // namespace nanodit
