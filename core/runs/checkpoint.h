#pragma once

/// Checkpoints: folders `checkpoints/step-00001000` with model.safetensors, ema.safetensors (where one is kept),
/// projector.safetensors (of representation alignment, where there is one), optimizer.safetensors and state.json. They
/// appear whole or not at all.

#include "core/config/train_config.h"
#include "core/dataset/dino_statistics.h"
#include "core/io/tensor.h"

#include <nlohmann/json.hpp>

#include <filesystem>
#include <string>
#include <vector>

namespace nanodit {

/// Under what a checkpoint was made, as far as the steps to come may depend on it, in words; empty where it is not
/// known.
struct Circumstances {
    std::string dataSet;    ///< "train, 1200 samples, 3f9a01c2b4d5": with the beginning of its manifest's hash.
    std::string libTorch;   ///< "1.13.1"
    std::string computedOn; ///< "CPU, 2 threads, float32"
    std::string ranks;      ///< "1"
};

/// state.json: all that a checkpoint knows beside tensors. Random numbers need no state of their own: they are a
/// function of the seed and the step.
struct CheckpointState {
    std::string run;                                    ///< Name of the run that wrote it.
    std::int64_t step = 0;                              ///< Optimiser steps done.
    std::int64_t samplePosition = 0;                    ///< LoaderOptions::position to go on from.
    bool warmStarted = false;                           ///< The learning rate is the one after a warm start.
    TrainConfig config;                                 ///< With the widths that were taken from the data.
    std::int64_t textTokens = 512;                      ///< T
    DinoStatistics dino;                                ///< Empty when DINO conditions are not normalised.
    nlohmann::json encoders = nlohmann::json::object(); ///< Fingerprints, as the shard set has them.
    Circumstances circumstances;
};

struct CheckpointTensors {
    TensorMap model, ema, optimiser; ///< `ema` is empty when none is kept.
    TensorMap projector = {};        ///< What is trained beside the model; empty without representation alignment.
};

/// Writes the folder runFolder/checkpoints/<name>, replacing one of the same step, and gives its path. Throws
/// StoreError; what was there before is then as it was.
std::filesystem::path writeCheckpoint(const std::filesystem::path& runFolder, const CheckpointState& state,
                                      const CheckpointTensors& tensors);
/// Throws DataError naming the file that is missing or broken.
CheckpointState readCheckpointState(const std::filesystem::path& checkpoint);
CheckpointTensors readCheckpointTensors(const std::filesystem::path& checkpoint);

} // namespace nanodit
