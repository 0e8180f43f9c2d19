#pragma once

#include "core/geometry/bucket.h"

#include <QString>

#include <optional>

namespace nanodit {

/// The two grids over one bucket image: what the ViT sees as patches, and the diffusion transformer's latent tokens.
struct GridPair {
    ImageSize bucket;
    GridSize patches;
    GridSize latentTokens;
};
GridPair gridPair(ImageSize bucket, std::int64_t patchSize);

/// What lies under one pixel of a bucket image: the patch, its box in bucket pixels, the latent tokens that the box
/// covers.
struct Correspondence {
    std::int64_t x = 0, y = 0;
    GridCell patch;
    PixelBox box;
    CellRange latentTokens;
};
/// Empty outside the picture.
std::optional<Correspondence> correspondenceAt(const GridPair& grids, double x, double y);

/// "pixel 412,233 · patch r14 c25 · latent tokens r14 c25 · box 400-416, 224-240 px"
QString describe(const Correspondence& correspondence);

} // namespace nanodit
