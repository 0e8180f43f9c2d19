#pragma once

#include "core/config/field.h"

namespace nanodit {

enum class PatchPosition { None, Sincos, Rope };
enum class PatchPrior { None, Learned };
enum class Gate { None, AdalnZero };

/// The shape of a NanoDiT. Also what is written into a checkpoint's state.json.
struct ModelConfig {
    std::int64_t hiddenSize = 768; ///< D
    std::int64_t depth = 12;
    std::int64_t numHeads = 12;
    double mlpRatio = 4.0;
    std::int64_t latentChannels = 16;
    std::int64_t patchSize = 2;      ///< Latent pixels a token covers along each side (patchify).
    std::int64_t textDim = 4096;     ///< Width of the T5 encoder; taken from the data when training.
    std::int64_t dinoDim = 1024;     ///< Width of the DINO encoder; taken from the data when training.
    std::int64_t frequencyDim = 256; ///< Sinusoids of the timestep embedding.
    bool useDinoPatches = true;
    PatchPosition patchPosition = PatchPosition::None;
    PatchPrior patchPrior = PatchPrior::None;
    double priorWidest = 10,
           priorNarrowest = 1; ///< Radii of the first and the last head of a new model, latent tokens.
    Gate gate = Gate::None;
    bool qkNorm = false;
    std::int64_t internalHead = 0; ///< Blocks before a second head that predicts the velocity, too; 0: none.

    void visit(FieldVisitor& visitor);
    /// Rules across fields (heads divide the width...), as dotted keys below `prefix`.
    std::vector<ConfigIssue> validate(const std::string& prefix = "model") const;
};

} // namespace nanodit
