#pragma once

#include "core/demo/scene.h"

#include <algorithm>
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

/// Lays a thing over the colour of a point of the picture, as far as it covers the point. `colourAt`: its own colour,
/// by the point relative to its centre.
template<typename ColourAt>
void layOver(Rgb& colour, const PlacedThing& thing, ScenePoint pixel, const ColourAt& colourAt)
{
    constexpr double edge = 0.75; // pixels from nothing to all of it
    const auto p = thing.relative(pixel);
    if (lengthOf(p) > 1.3)
        return;
    const double coverage = std::clamp(0.5 - thing.distance(p) * thing.radius / edge, 0.0, 1.0);
    if (coverage == 0)
        return;
    const auto own = colourAt(p);
    for (std::size_t c = 0; c < 3; ++c)
        colour[c] += coverage * (own[c] - colour[c]);
}

/// Each pixel is the mean of 2 x 2 samples. `pixelAt` gives, by the middle of a pixel, what gives the colour of a
/// sample.
template<typename PixelAt>
Image supersampled(ImageSize size, const PixelAt& pixelAt)
{
    Image image{.size = size, .rgb = {}};
    image.rgb.resize(static_cast<std::size_t>(3 * size.width * size.height));
    for (std::int64_t y = 0; y < size.height; ++y) {
        for (std::int64_t x = 0; x < size.width; ++x) {
            const auto colourAt = pixelAt(ScenePoint{static_cast<double>(x) + 0.5, static_cast<double>(y) + 0.5});
            Rgb sum{};
            for (int sample = 0; sample < 4; ++sample) {
                const Rgb colour = colourAt(ScenePoint{static_cast<double>(x) + 0.25 + 0.5 * (sample % 2),
                                                       static_cast<double>(y) + 0.25 + 0.5 * (sample / 2)});
                for (std::size_t c = 0; c < 3; ++c)
                    sum[c] += std::clamp(colour[c], 0.0, 255.0);
            }
            auto* const pixel = image.at(x, y);
            for (std::size_t c = 0; c < 3; ++c)
                pixel[c] = static_cast<std::uint8_t>(sum[c] / 4 + 0.5);
        }
    }
    return image;
}

} // namespace nanodit
