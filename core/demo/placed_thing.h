#pragma once

#include "core/demo/scene.h"

#include <cmath>
#include <vector>

namespace nanodit {

/// A point of a picture in pixels, or of a thing in units of its radius; y down.
struct ScenePoint {
    double x = 0, y = 0;
};
inline double lengthOf(ScenePoint p)
{
    return std::sqrt(p.x * p.x + p.y * p.y);
}

/// A thing in pixels of the picture.
struct PlacedThing {
    SceneThing thing;
    ScenePoint centre;
    double radius = 1; ///< Of the circle around it.
    Rgb colour{};      ///< Before light and shadow.

    PlacedThing(const SceneThing& from, ImageSize picture);
    /// Relative to the centre, in units of the radius; not turned.
    ScenePoint relative(ScenePoint pixel) const
    {
        return {.x = (pixel.x - centre.x) / radius, .y = (pixel.y - centre.y) / radius};
    }
    /// Signed distance of the outline in radii, negative inside.
    double distance(ScenePoint relative) const;
};

std::vector<PlacedThing> placedThings(const Scene& scene);

} // namespace nanodit
