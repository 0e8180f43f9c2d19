#include "core/demo/placed_thing.h"

#include <algorithm>
#include <array>

namespace nanodit {

namespace {

double boxDistance(ScenePoint p, double halfWidth, double halfHeight)
{
    const double dx = std::abs(p.x) - halfWidth;
    const double dy = std::abs(p.y) - halfHeight;
    return lengthOf({std::max(dx, 0.0), std::max(dy, 0.0)}) + std::min(std::max(dx, dy), 0.0);
}

/// Five points on the unit circle, five between them; y down, the first point up.
constexpr std::array<std::array<double, 2>, 10> starCorners = {{{0.0, -1.0},
                                                                {0.2645, -0.3641},
                                                                {0.951057, -0.309017},
                                                                {0.428, 0.1391},
                                                                {0.587785, 0.809017},
                                                                {0.0, 0.45},
                                                                {-0.587785, 0.809017},
                                                                {-0.428, 0.1391},
                                                                {-0.951057, -0.309017},
                                                                {-0.2645, -0.3641}}};

double starDistance(ScenePoint p)
{
    double nearest = 1e9;
    bool inside = false;
    for (std::size_t i = 0, j = starCorners.size() - 1; i < starCorners.size(); j = i++) {
        const auto& a = starCorners[i];
        const auto& b = starCorners[j];
        const ScenePoint edge = {b[0] - a[0], b[1] - a[1]};
        const ScenePoint from = {p.x - a[0], p.y - a[1]};
        const double along =
            std::clamp((from.x * edge.x + from.y * edge.y) / (edge.x * edge.x + edge.y * edge.y), 0.0, 1.0);
        nearest = std::min(nearest, lengthOf({from.x - edge.x * along, from.y - edge.y * along}));
        if ((a[1] > p.y) != (b[1] > p.y) && p.x < edge.x * (p.y - a[1]) / edge.y + a[0])
            inside = !inside;
    }
    return inside ? -nearest : nearest;
}

/// Signed distance to the outline, negative inside, in units of the circle around the thing (radius 1).
double outlineDistance(ThingShape shape, ScenePoint p)
{
    switch (shape) {
    case ThingShape::Circle:
        return lengthOf(p) - 0.94;
    case ThingShape::Square:
        return boxDistance(p, 0.74, 0.74) - 0.04;
    case ThingShape::Triangle: {
        constexpr double sine60 = 0.8660254037844386;
        const ScenePoint q = {std::abs(p.x), p.y};
        return std::max(q.y, q.x * sine60 - q.y * 0.5) - 0.52;
    }
    case ThingShape::Star:
        return starDistance(p);
    case ThingShape::Ring:
        return std::abs(lengthOf(p) - 0.68) - 0.27;
    case ThingShape::Cross:
        return std::min(boxDistance(p, 0.95, 0.32), boxDistance(p, 0.32, 0.95));
    }
    return 1e9;
}

} // namespace

PlacedThing::PlacedThing(const SceneThing& from, ImageSize picture)
    : thing(from)
    , centre{.x = from.x * static_cast<double>(picture.width), .y = from.y * static_cast<double>(picture.height)}
    , radius(0.5 * from.size * static_cast<double>(std::min(picture.width, picture.height)))
    , colour(colourRgb(from.colour))
{
}

double PlacedThing::distance(ScenePoint relative) const
{
    const auto [c, s] = thing.turn;
    return outlineDistance(thing.shape, {c * relative.x + s * relative.y, c * relative.y - s * relative.x});
}

std::vector<PlacedThing> placedThings(const Scene& scene)
{
    std::vector<PlacedThing> things;
    for (const auto& thing : scene.things)
        things.emplace_back(thing, scene.picture);
    return things;
}

} // namespace nanodit
