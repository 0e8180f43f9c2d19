#pragma once

#include "core/encoders/autoencoder_kl.h"
#include "core/encoders/dino.h"
#include "core/encoders/t5.h"

#include <cstdint>

namespace nanodit {

// What the encoders hold at their widest place while they encode, in bytes, on the CPU in float32: inputs, results and
// everything between, without the weights (which are mapped files) but with those that are converted when used.
// Estimates from the architecture; tests hold them against what is allocated.

std::int64_t workingBytesOf(const AutoencoderConfig& config, ImageSize picture, std::int64_t pictures);
std::int64_t workingBytesOf(const DinoConfig& config, ImageSize picture, std::int64_t pictures);
/// `tokens`: of a caption, at most.
std::int64_t workingBytesOf(const T5Config& config, std::int64_t tokens, std::int64_t captions);

} // namespace nanodit
