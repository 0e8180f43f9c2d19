#include "core/encoders/encoder_info.h"

#include "core/encoders/autoencoder_kl.h"
#include "core/encoders/dino.h"
#include "core/runtime/error.h"

namespace nanodit {

DinoEncoderInfo dinoEncoderInfo(const Workspace& workspace)
{
    if (workspace.config.dinoEncoder.empty())
        throw DataError((workspace.root / "workspace.yaml").string() +
                        " names no DINO encoder: set encoders.dino to the folder of one");
    const auto config = DinoConfig::load(workspace.path(workspace.config.dinoEncoder));
    return {.kind = config.kind, .patchSize = config.patchSize, .width = config.width, .registers = config.registers};
}

std::int64_t autoencoderFactor(const Workspace& workspace)
{
    const auto& folder = workspace.config.vae;
    return (folder.empty() ? AutoencoderConfig{} : AutoencoderConfig::load(workspace.path(folder))).factor();
}

} // namespace nanodit
