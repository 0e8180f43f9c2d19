#pragma once

#include "core/demo/scene.h"

namespace nanodit {

/// The picture of a scene in SceneStyle::Textured; see drawScene. Patterns, grain and gradients follow from
/// scene.grain.
Image drawTexturedScene(const Scene& scene);

} // namespace nanodit
