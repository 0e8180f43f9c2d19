#pragma once

#include "core/geometry/bucket.h"
#include "core/io/array.h"

#include <nlohmann/json.hpp>

#include <string>

namespace nanodit {

/// All that training needs of one picture. C channels, H W pixels of the bucket, N patches, L text tokens.
struct ShardSample {
    std::string id; ///< Without dots and slashes: it names the entries of the shard.
    ImageSize bucket;
    GridSize patchGrid;                             ///< rows * cols == N
    nlohmann::json info = nlohmann::json::object(); ///< Further keys of {id}.json: "caption", "split", "certificate"...
    Array cls;                                      ///< [dino width]
    Array patches;                                  ///< [N, dino width]
    Array latent;                                   ///< [C, H/8, W/8]
    Array text;                                     ///< [L, text width], valid tokens only
    Array lossMask = {}; ///< [H/8, W/8], weights of the loss, 0 to 1; no shape: all count alike.
};

} // namespace nanodit
