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

inline constexpr std::int64_t sceneColours = 9; ///< 0 ... 7 and the background.
inline constexpr std::int64_t sceneShapes = 7;  ///< 0 ... 5 and the background.
/// Shares of classes [..., 49] summed up to those of colours [..., 9] and of shapes [..., 7].
at::Tensor colourShares(const at::Tensor& shares);
at::Tensor shapeShares(const at::Tensor& shares);

/// Shares of the classes in each cell of `side` x `side` pixels. maps [B, H, W] bytes -> [B, H / side, W / side,
/// classes].
at::Tensor classShares(const at::Tensor& maps, std::int64_t side);

} // namespace nanodit
