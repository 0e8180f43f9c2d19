#pragma once

#include <array>
#include <cstdint>

namespace nanodit {

/// What the surfaces of a scene look like. Which things there are, where, and the words for them do not depend on it.
enum class SceneStyle {
    Plain,    ///< Things of one colour each on a background with a faint pattern.
    Textured, ///< Rounded things of patterned stuff with broad shadows, on a rough ground with gradients and grain.
};
inline constexpr std::array<const char*, 2> sceneStyleNames = {"plain", "textured"};

/// How scenes are drawn.
struct SceneKind {
    SceneStyle style = SceneStyle::Plain;
    /// Pixels along each side of the square bucket, a multiple of sceneSideStep; the others are 5/4 x 7/8 of it.
    std::int64_t side = 128;
    bool operator==(const SceneKind&) const = default;
};

/// So that patches of 16 pixels and latent tokens fit into every bucket.
inline constexpr std::int64_t sceneSideStep = 128;
inline constexpr std::int64_t largestSceneSide = 512;

/// Throws UsageError for a side that is no multiple of sceneSideStep up to largestSceneSide.
void checkSceneKind(const SceneKind& kind);

} // namespace nanodit
