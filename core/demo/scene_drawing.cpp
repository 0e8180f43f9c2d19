#include "core/demo/counter_random.h"
#include "core/demo/scene.h"

#include <algorithm>
#include <cmath>

namespace nanodit {

namespace {

struct Point {
    double x = 0, y = 0;
};

double length(Point p)
{
    return std::sqrt(p.x * p.x + p.y * p.y);
}

/// 0 below `low`, 1 above `high`, smooth between.
double smoothStep(double low, double high, double value)
{
    const double t = std::clamp((value - low) / (high - low), 0.0, 1.0);
    return t * t * (3 - 2 * t);
}

double boxDistance(Point p, double halfWidth, double halfHeight)
{
    const double dx = std::abs(p.x) - halfWidth;
    const double dy = std::abs(p.y) - halfHeight;
    return length({std::max(dx, 0.0), std::max(dy, 0.0)}) + std::min(std::max(dx, dy), 0.0);
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

double starDistance(Point p)
{
    double nearest = 1e9;
    bool inside = false;
    for (std::size_t i = 0, j = starCorners.size() - 1; i < starCorners.size(); j = i++) {
        const auto& a = starCorners[i];
        const auto& b = starCorners[j];
        const Point edge = {b[0] - a[0], b[1] - a[1]};
        const Point from = {p.x - a[0], p.y - a[1]};
        const double along =
            std::clamp((from.x * edge.x + from.y * edge.y) / (edge.x * edge.x + edge.y * edge.y), 0.0, 1.0);
        nearest = std::min(nearest, length({from.x - edge.x * along, from.y - edge.y * along}));
        if ((a[1] > p.y) != (b[1] > p.y) && p.x < edge.x * (p.y - a[1]) / edge.y + a[0])
            inside = !inside;
    }
    return inside ? -nearest : nearest;
}

/// Signed distance to the outline, negative inside, in units of the circle around the thing (radius 1).
double outlineDistance(ThingShape shape, Point p)
{
    switch (shape) {
    case ThingShape::Circle:
        return length(p) - 0.94;
    case ThingShape::Square:
        return boxDistance(p, 0.74, 0.74) - 0.04;
    case ThingShape::Triangle: {
        constexpr double sine60 = 0.8660254037844386;
        const Point q = {std::abs(p.x), p.y};
        return std::max(q.y, q.x * sine60 - q.y * 0.5) - 0.52;
    }
    case ThingShape::Star:
        return starDistance(p);
    case ThingShape::Ring:
        return std::abs(length(p) - 0.68) - 0.27;
    case ThingShape::Cross:
        return std::min(boxDistance(p, 0.95, 0.32), boxDistance(p, 0.32, 0.95));
    }
    return 1e9;
}

/// A thing in pixels of the picture.
struct PlacedThing {
    SceneThing thing;
    Point centre;
    double radius = 1;
    Rgb colour{};

    PlacedThing(const SceneThing& from, ImageSize picture)
        : thing(from)
        , centre{from.x * static_cast<double>(picture.width), from.y * static_cast<double>(picture.height)}
        , radius(0.5 * from.size * static_cast<double>(std::min(picture.width, picture.height)))
        , colour(colourRgb(from.colour))
    {
    }
    /// Relative to the centre, in units of the radius; not turned.
    Point relative(Point pixel) const { return {(pixel.x - centre.x) / radius, (pixel.y - centre.y) / radius}; }
    /// Signed distance in radii.
    double distance(Point relative) const
    {
        const auto [c, s] = thing.turn;
        return outlineDistance(thing.shape, {c * relative.x + s * relative.y, c * relative.y - s * relative.x});
    }
};

std::vector<PlacedThing> placedThings(const Scene& scene)
{
    std::vector<PlacedThing> things;
    for (const auto& thing : scene.things)
        things.emplace_back(thing, scene.picture);
    return things;
}

/// [-1, 1] on an integer lattice, smooth between.
class ValueNoise {
public:
    explicit ValueNoise(std::uint64_t seed)
        : seed_(seed)
    {
    }
    double at(double x, double y) const
    {
        const double cellX = std::floor(x), cellY = std::floor(y);
        const double u = smoothStep(0, 1, x - cellX), v = smoothStep(0, 1, y - cellY);
        const auto i = static_cast<std::int64_t>(cellX), j = static_cast<std::int64_t>(cellY);
        const double top = lattice(i, j) * (1 - u) + lattice(i + 1, j) * u;
        const double bottom = lattice(i, j + 1) * (1 - u) + lattice(i + 1, j + 1) * u;
        return top * (1 - v) + bottom * v;
    }

private:
    double lattice(std::int64_t i, std::int64_t j) const
    {
        const auto key = static_cast<std::uint64_t>(i) * 0x8CB92BA72F3D8DD7u + static_cast<std::uint64_t>(j);
        return CounterRandom(seed_, key).uniform(-1, 1);
    }
    std::uint64_t seed_;
};

/// Period 1, from -1 to 1, flat at both: soft-edged stripes.
double softWave(double phase)
{
    const double t = phase - std::floor(phase);
    const double triangle = t < 0.5 ? 4 * t - 1 : 3 - 4 * t;
    return 2 * smoothStep(-0.6, 0.6, triangle) - 1;
}

class Background {
public:
    explicit Background(const Scene& scene)
        : texture_(scene.texture)
        , noise_(scene.grain)
        , light_(scene.light)
        , shorter_(static_cast<double>(std::min(scene.picture.width, scene.picture.height)))
    {
        static constexpr std::array<Rgb, 5> tints = {
            {{230, 229, 226}, {154, 155, 158}, {208, 192, 164}, {92, 101, 114}, {48, 48, 54}}};
        base_ = tints[static_cast<std::size_t>(scene.tint)];
        CounterRandom random(scene.grain, 1);
        const double t = random.uniform(-1, 1);
        direction_ = {(1 - t * t) / (1 + t * t), 2 * t / (1 + t * t)};
        period_ = random.uniform(0.16, 0.30);
        offset_ = random.uniform();
        amplitude_ = random.uniform(7, 12);
        slope_ = random.uniform(8, 22);
        width_ = static_cast<double>(scene.picture.width) / shorter_;
        height_ = static_cast<double>(scene.picture.height) / shorter_;
    }

    Rgb at(Point pixel) const
    {
        const double x = pixel.x / shorter_, y = pixel.y / shorter_;
        const double along = direction_[0] * x + direction_[1] * y;
        const double across = direction_[0] * y - direction_[1] * x;
        double shade = slope_ * (light_[0] * (x - 0.5 * width_) + light_[1] * (y - 0.5 * height_));
        switch (texture_) {
        case BackgroundTexture::Plain:
            break;
        case BackgroundTexture::Cloudy:
            shade += amplitude_ * (1.2 * noise_.at(x * 4, y * 4) + 0.5 * noise_.at(x * 9 + 31, y * 9 + 17));
            break;
        case BackgroundTexture::Striped:
            shade += amplitude_ * softWave(along / period_ + offset_);
            break;
        case BackgroundTexture::Checked:
            shade += amplitude_ * softWave(along / period_ + offset_) * softWave(across / period_ + offset_);
            break;
        }
        return {base_[0] + shade, base_[1] + shade, base_[2] + shade};
    }

private:
    BackgroundTexture texture_;
    ValueNoise noise_;
    std::array<double, 2> light_;
    double shorter_;
    Rgb base_{};
    std::array<double, 2> direction_{};
    double period_ = 1, offset_ = 0, amplitude_ = 0, slope_ = 0, width_ = 1, height_ = 1;
};

/// Brighter towards the light, with a soft highlight.
Rgb litColour(const PlacedThing& thing, Point relative, const std::array<double, 2>& light)
{
    const double towards = relative.x * light[0] + relative.y * light[1];
    const double shade = 1 + 0.16 * towards;
    const double gleam =
        26 * (1 - smoothStep(0.0, 0.7, length({relative.x - 0.4 * light[0], relative.y - 0.4 * light[1]})));
    return {thing.colour[0] * shade + gleam, thing.colour[1] * shade + gleam, thing.colour[2] * shade + gleam};
}

/// How much of the background's light a thing takes away, 0 ... 1: soft, cast away from the light.
double shadowOf(const PlacedThing& thing, Point pixel, const std::array<double, 2>& light)
{
    const auto p = thing.relative(pixel);
    const Point cast = {p.x + 0.22 * light[0], p.y + 0.22 * light[1]};
    if (length(cast) > 1.5)
        return 0;
    return 0.34 * (1 - smoothStep(-0.18, 0.3, thing.distance(cast)));
}

Rgb seenAt(const Background& background, const std::vector<PlacedThing>& things, Point pixel, double sampleSize,
           const std::array<double, 2>& light)
{
    Rgb colour = background.at(pixel);
    double lit = 1;
    for (const auto& thing : things)
        lit *= 1 - shadowOf(thing, pixel, light);
    for (auto& channel : colour)
        channel *= lit;
    for (const auto& thing : things) {
        const auto p = thing.relative(pixel);
        if (length(p) > 1.3)
            continue;
        const double coverage = std::clamp(0.5 - thing.distance(p) * thing.radius / sampleSize, 0.0, 1.0);
        if (coverage == 0)
            continue;
        const auto own = litColour(thing, p, light);
        for (std::size_t c = 0; c < 3; ++c)
            colour[c] += coverage * (own[c] - colour[c]);
    }
    return colour;
}

} // namespace

Image drawScene(const Scene& scene)
{
    const Background background(scene);
    const auto things = placedThings(scene);
    Image image{.size = scene.picture, .rgb = {}};
    image.rgb.resize(static_cast<std::size_t>(3 * scene.picture.width * scene.picture.height));
    for (std::int64_t y = 0; y < scene.picture.height; ++y) {
        for (std::int64_t x = 0; x < scene.picture.width; ++x) {
            Rgb sum{};
            for (int sample = 0; sample < 4; ++sample) {
                const Point at = {static_cast<double>(x) + 0.25 + 0.5 * (sample % 2),
                                  static_cast<double>(y) + 0.25 + 0.5 * (sample / 2)};
                const auto colour = seenAt(background, things, at, 0.75, scene.light);
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

int thingAt(const Scene& scene, double x, double y)
{
    const Point pixel = {x * static_cast<double>(scene.picture.width), y * static_cast<double>(scene.picture.height)};
    int found = -1;
    for (std::size_t i = 0; i < scene.things.size(); ++i) {
        const PlacedThing thing(scene.things[i], scene.picture);
        if (thing.distance(thing.relative(pixel)) <= 0)
            found = static_cast<int>(i);
    }
    return found;
}

} // namespace nanodit
