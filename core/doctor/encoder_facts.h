#pragma once

#include "core/doctor/facts.h"
#include "core/encoders/stop.h"
#include "core/geometry/bucket.h"

#include <chrono>

namespace nanodit {

/// What encoders are asked to encode: it decides how much memory they take.
struct EncoderLoad {
    ImageSize picture = {1024, 1024};
    std::int64_t textTokens = 512;
};

/// How far weights are read to find NaN and infinite values in them: the smallest tensors first, until one of these.
struct WeightsReading {
    std::chrono::duration<double> longest{0}; ///< For a folder; 0: they are only opened.
    StopCheck stop = {};
};

/// Looks at a folder and opens its weights, as a pass would. `role`: what workspace.yaml names it for ("dino", "t5",
/// "vae", "lpips"), or "" to go by what the folder is. Never throws: what is wrong becomes a sentence.
EncoderFacts inspectEncoder(const std::filesystem::path& folder, const std::string& role, const EncoderLoad& load = {},
                            const WeightsReading& reading = {});

} // namespace nanodit
