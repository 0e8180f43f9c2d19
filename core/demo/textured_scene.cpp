#include "core/demo/textured_scene.h"

#include "core/demo/counter_random.h"
#include "core/demo/placed_thing.h"
#include "core/demo/value_noise.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace nanodit {

namespace {

/// Streams of CounterRandom beside those of the plain style.
constexpr std::uint64_t groundStream = 2;
constexpr std::uint64_t stuffStream = 16; ///< The first thing's; each has its own.

/// A unit vector in a half plane, by the rational parametrisation of the circle.
std::array<double, 2> randomDirection(CounterRandom& random)
{
    const double t = random.uniform(-1, 1);
    return {(1 - t * t) / (1 + t * t), 2 * t / (1 + t * t)};
}

/// Four octaves, about -1 to 1.
double roughness(const ValueNoise& noise, double x, double y)
{
    return 0.55 * noise.at(x, y) + 0.27 * noise.at(2.1 * x + 19, 2.1 * y + 3) +
           0.16 * noise.at(4.3 * x + 5, 4.3 * y + 29) + 0.1 * noise.at(8.9 * x + 37, 8.9 * y + 11);
}

/// The ground: brighter towards the light, warmer here than there, darker at the corners, with the pattern that the
/// caption names, bent and uneven, and grain as of a film.
class Ground {
public:
    explicit Ground(const Scene& scene)
        : texture_(scene.texture)
        , noise_(scene.grain)
        , light_(scene.light)
        , base_(tintRgb(scene.tint))
        , shorter_(static_cast<double>(std::min(scene.picture.width, scene.picture.height)))
        , width_(static_cast<double>(scene.picture.width) / shorter_)
        , height_(static_cast<double>(scene.picture.height) / shorter_)
    {
        CounterRandom random(scene.grain, groundStream);
        direction_ = randomDirection(random);
        period_ = random.uniform(0.12, 0.26);
        offset_ = random.uniform();
        amplitude_ = random.uniform(0.06, 0.12);
        slope_ = random.uniform(0.1, 0.24);
        warmth_ = random.uniform(-5, 5);
    }

    Rgb at(ScenePoint pixel) const
    {
        const double x = pixel.x / shorter_, y = pixel.y / shorter_;
        const double u = x - 0.5 * width_, v = y - 0.5 * height_;
        const double towards = slope_ * (light_[0] * u + light_[1] * v);
        const double grain = 0.025 * noise_.at(x * 120 + 71, y * 120 + 53);
        const double corners = 1 - 0.28 * (u * u + v * v);
        const double brightness = (1 + towards + amplitude_ * pattern(x, y) + grain) * corners;
        const double warm = warmth_ * noise_.at(x * 1.5 + 3, y * 1.5 + 67);
        return {base_[0] * brightness + warm, base_[1] * brightness, base_[2] * brightness - warm};
    }

private:
    double pattern(double x, double y) const
    {
        const double rough = roughness(noise_, x * 5, y * 5);
        const double bentX = x + 0.05 * noise_.at(x * 3 + 7, y * 3 + 11);
        const double bentY = y + 0.05 * noise_.at(x * 3 + 41, y * 3 + 5);
        const double along = (direction_[0] * bentX + direction_[1] * bentY) / period_ + offset_;
        const double across = (direction_[0] * bentY - direction_[1] * bentX) / period_ + offset_;
        switch (texture_) {
        case BackgroundTexture::Plain:
            return 0.35 * rough;
        case BackgroundTexture::Cloudy:
            return 1.2 * noise_.at(x * 2.5 + 13, y * 2.5 + 17) + rough;
        case BackgroundTexture::Striped:
            return softWave(along) * (0.8 + 0.2 * noise_.at(x * 4, y * 4)) + 0.4 * rough;
        case BackgroundTexture::Checked:
            return softWave(along) * softWave(across) + 0.4 * rough;
        }
        return 0;
    }

    BackgroundTexture texture_;
    ValueNoise noise_;
    std::array<double, 2> light_;
    Rgb base_;
    double shorter_, width_, height_;
    std::array<double, 2> direction_{};
    double period_ = 1, offset_ = 0, amplitude_ = 0, slope_ = 0, warmth_ = 0;
};

/// What a thing is made of: a pattern of brighter and darker places, which leave its hue.
class Stuff {
public:
    Stuff(std::uint64_t grain, std::size_t thing)
        : noise_(splitMixed(grain + stuffStream + thing))
    {
        CounterRandom random(grain, stuffStream + thing);
        kind_ = static_cast<Kind>(random.below(kinds));
        direction_ = randomDirection(random);
        period_ = random.uniform(0.28, 0.5);
    }

    /// The share of light that comes back at a point in radii, near 1.
    double at(ScenePoint p) const
    {
        const double along = direction_[0] * p.x + direction_[1] * p.y;
        const double across = direction_[0] * p.y - direction_[1] * p.x;
        switch (kind_) {
        case Kind::Smooth:
            return 1 + 0.05 * noise_.at(p.x * 2, p.y * 2);
        case Kind::Speckled:
            return 1.03 - 0.15 * smoothStep(0.2, 0.55, noise_.at(p.x * 5, p.y * 5));
        case Kind::Grained:
            return 1 + 0.09 * softWave(along / period_ + 0.5 * noise_.at(p.x * 1.5, p.y * 1.5)) +
                   0.03 * noise_.at(p.x * 9, p.y * 9);
        case Kind::Woven:
            return 1 + 0.1 * softWave(along / period_) * softWave(across / period_);
        }
        return 1;
    }
    bool glossy() const { return kind_ == Kind::Smooth; }

private:
    enum class Kind { Smooth, Speckled, Grained, Woven };
    static constexpr std::int64_t kinds = 4;
    Kind kind_ = Kind::Smooth;
    ValueNoise noise_;
    std::array<double, 2> direction_{};
    double period_ = 1;
};

struct SolidThing {
    PlacedThing placed;
    Stuff stuff;
};

/// Rounded at its edge: brighter where the edge faces the light. No channel leaves its range, which would turn the hue.
Rgb surfaceColour(const SolidThing& solid, ScenePoint p, const std::array<double, 2>& light)
{
    constexpr double step = 0.03;
    const auto& thing = solid.placed;
    const double outwardsX = (thing.distance({p.x + step, p.y}) - thing.distance({p.x - step, p.y})) / (2 * step);
    const double outwardsY = (thing.distance({p.x, p.y + step}) - thing.distance({p.x, p.y - step})) / (2 * step);
    const double edge = smoothStep(-0.3, 0.0, thing.distance(p));
    const double lit =
        1 + 0.2 * edge * (outwardsX * light[0] + outwardsY * light[1]) + 0.08 * (p.x * light[0] + p.y * light[1]);
    const double brightest = std::max({thing.colour[0], thing.colour[1], thing.colour[2]});
    const double brightness = std::min(0.88 * lit * solid.stuff.at(p), 250 / brightest);
    const double gleam = (solid.stuff.glossy() ? 24 : 8) *
                         (1 - smoothStep(0.0, 0.5, lengthOf({p.x - 0.4 * light[0], p.y - 0.4 * light[1]})));
    return {thing.colour[0] * brightness + gleam, thing.colour[1] * brightness + gleam,
            thing.colour[2] * brightness + gleam};
}

/// How much of the ground's light a thing takes away, 0 ... 1: broad, and cast away from the light.
double broadShadow(const PlacedThing& thing, ScenePoint pixel, const std::array<double, 2>& light)
{
    const auto p = thing.relative(pixel);
    const ScenePoint cast = {p.x + 0.32 * light[0], p.y + 0.32 * light[1]};
    if (lengthOf(cast) > 1.7)
        return 0;
    return 0.42 * (1 - smoothStep(-0.22, 0.42, thing.distance(cast)));
}

} // namespace

Image drawTexturedScene(const Scene& scene)
{
    const Ground ground(scene);
    std::vector<SolidThing> things;
    for (const auto& placed : placedThings(scene))
        things.push_back({.placed = placed, .stuff = Stuff(scene.grain, things.size())});
    return supersampled(scene.picture, [&](ScenePoint middle) {
        // The ground has no edges: one sample a pixel will do.
        Rgb below = ground.at(middle);
        double lit = 1;
        for (const auto& thing : things)
            lit *= 1 - broadShadow(thing.placed, middle, scene.light);
        for (auto& channel : below)
            channel *= lit;
        return [&, below](ScenePoint at) {
            auto colour = below;
            for (const auto& thing : things)
                layOver(colour, thing.placed, at, [&](ScenePoint p) { return surfaceColour(thing, p, scene.light); });
            return colour;
        };
    });
}

} // namespace nanodit
