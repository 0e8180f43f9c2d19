#pragma once

#include "core/demo/scene.h"

#include <ATen/core/Tensor.h>

namespace nanodit {

/// What a place of a scene shows: 0 ... 47 a thing (colour x shape), 48 the background.
inline constexpr std::int64_t sceneClasses = 49;
inline constexpr std::int64_t backgroundClass = 48;
std::int64_t classOf(const SceneThing& thing);

/// The class at every pixel of the bucket image: [H, W] bytes.
at::Tensor classMap(const Scene& scene);

/// Shares of the classes in each cell of `side` x `side` pixels. maps [B, H, W] bytes -> [B, H / side, W / side,
/// classes].
at::Tensor classShares(const at::Tensor& maps, std::int64_t side);

} // namespace nanodit
