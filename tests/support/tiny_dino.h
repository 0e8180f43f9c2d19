#pragma once

#include "core/encoders/dino.h"

#include <ATen/ATen.h>

#include <cstdint>

namespace nanodit::test {

/// A DINO of two layers, with registers.
inline DinoConfig tinyDinoConfig()
{
    DinoConfig config;
    config.patchSize = 4;
    config.width = 24;
    config.layers = 2;
    config.heads = 3;
    config.mlpWidth = 40;
    config.registers = 2;
    config.keyBias = true;
    return config;
}

inline DinoEncoder tinyDino()
{
    return {tinyDinoConfig(), DinoEncoder::initialWeights(tinyDinoConfig(), 5)};
}

/// Pictures of random pixels, [pictures, 3, height, width].
inline at::Tensor noise(std::int64_t pictures, std::int64_t height, std::int64_t width)
{
    return at::randn({pictures, 3, height, width});
}

/// The largest difference between two tensors at one place; 1e9 where their shapes differ.
inline double distance(const at::Tensor& a, const at::Tensor& b)
{
    return a.sizes() == b.sizes() ? (a - b).abs().max().item<double>() : 1e9;
}

} // namespace nanodit::test
