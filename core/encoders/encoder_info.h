#pragma once

#include "core/config/workspace_config.h"

#include <cstdint>
#include <string>

namespace nanodit {

/// What is known of an encoder from its config.json, without loading weights.
struct DinoEncoderInfo {
    std::string kind;            ///< "dinov3_vit", "dinov2"...
    std::int64_t patchSize = 16; ///< p, pixels
    std::int64_t width = 0;
    std::int64_t registers = 0;
};
DinoEncoderInfo dinoEncoderInfo(const Workspace& workspace);

/// Pixels per latent pixel along each side, of the workspace's autoencoder; of the usual one where it names none.
std::int64_t autoencoderFactor(const Workspace& workspace);

} // namespace nanodit
