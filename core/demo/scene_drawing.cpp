#include "core/demo/counter_random.h"
#include "core/demo/placed_thing.h"
#include "core/demo/scene.h"
#include "core/demo/textured_scene.h"
#include "core/demo/value_noise.h"

#include <algorithm>
#include <cmath>

namespace nanodit {

namespace {

class Background {
public:
    explicit Background(const Scene& scene)
        : texture_(scene.texture)
        , noise_(scene.grain)
        , light_(scene.light)
        , shorter_(static_cast<double>(std::min(scene.picture.width, scene.picture.height)))
    {
        base_ = tintRgb(scene.tint);
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

    Rgb at(ScenePoint pixel) const
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
Rgb litColour(const PlacedThing& thing, ScenePoint relative, const std::array<double, 2>& light)
{
    const double towards = relative.x * light[0] + relative.y * light[1];
    const double shade = 1 + 0.16 * towards;
    const double gleam =
        26 * (1 - smoothStep(0.0, 0.7, lengthOf({relative.x - 0.4 * light[0], relative.y - 0.4 * light[1]})));
    return {thing.colour[0] * shade + gleam, thing.colour[1] * shade + gleam, thing.colour[2] * shade + gleam};
}

/// How much of the background's light a thing takes away, 0 ... 1: soft, cast away from the light.
double shadowOf(const PlacedThing& thing, ScenePoint pixel, const std::array<double, 2>& light)
{
    const auto p = thing.relative(pixel);
    const ScenePoint cast = {p.x + 0.22 * light[0], p.y + 0.22 * light[1]};
    if (lengthOf(cast) > 1.5)
        return 0;
    return 0.34 * (1 - smoothStep(-0.18, 0.3, thing.distance(cast)));
}

Rgb seenAt(const Background& background, const std::vector<PlacedThing>& things, ScenePoint pixel,
           const std::array<double, 2>& light)
{
    Rgb colour = background.at(pixel);
    double lit = 1;
    for (const auto& thing : things)
        lit *= 1 - shadowOf(thing, pixel, light);
    for (auto& channel : colour)
        channel *= lit;
    for (const auto& thing : things)
        layOver(colour, thing, pixel, [&](ScenePoint p) { return litColour(thing, p, light); });
    return colour;
}

} // namespace

Image drawScene(const Scene& scene)
{
    if (scene.style == SceneStyle::Textured)
        return drawTexturedScene(scene);
    const Background background(scene);
    const auto things = placedThings(scene);
    return supersampled(scene.picture, [&](ScenePoint) {
        return [&](ScenePoint at) { return seenAt(background, things, at, scene.light); };
    });
}

Image thingMask(const Scene& scene)
{
    constexpr std::uint8_t around = 255, elsewhere = 90;
    const auto width = static_cast<double>(scene.picture.width), height = static_cast<double>(scene.picture.height);
    Image mask{.size = scene.picture, .rgb = {}};
    mask.rgb.assign(static_cast<std::size_t>(3 * scene.picture.width * scene.picture.height), elsewhere);
    for (std::int64_t y = 0; y < scene.picture.height; ++y) {
        for (std::int64_t x = 0; x < scene.picture.width; ++x) {
            const bool isNear = std::ranges::any_of(scene.things, [&](const SceneThing& thing) {
                const double right = static_cast<double>(x) - thing.x * width;
                const double down = static_cast<double>(y) - thing.y * height;
                const double reach = 0.6 * thing.size * std::min(width, height);
                return right * right + down * down < reach * reach;
            });
            if (isNear)
                std::fill_n(mask.at(x, y), 3, around);
        }
    }
    return mask;
}

int thingAt(const Scene& scene, double x, double y)
{
    const ScenePoint pixel = {x * static_cast<double>(scene.picture.width),
                              y * static_cast<double>(scene.picture.height)};
    int found = -1;
    for (std::size_t i = 0; i < scene.things.size(); ++i) {
        const PlacedThing thing(scene.things[i], scene.picture);
        if (thing.distance(thing.relative(pixel)) <= 0)
            found = static_cast<int>(i);
    }
    return found;
}

} // namespace nanodit
