#pragma once

#include "core/demo/scene_kind.h"
#include "core/io/image.h"

#include <nlohmann/json_fwd.hpp>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace nanodit {

/// Procedural scenes whose truth is known: a few coloured shapes, lit from one side, on a textured background.
/// Everything follows from (seed, index) by arithmetic that IEEE 754 rounds the same everywhere.

enum class ThingColour { Red, Orange, Yellow, Green, Cyan, Blue, Purple, Pink };
enum class ThingShape { Circle, Square, Triangle, Star, Ring, Cross };
enum class BackgroundTint { White, Grey, Sand, Slate, Dark };
enum class BackgroundTexture { Plain, Cloudy, Striped, Checked };

inline constexpr std::array<const char*, 8> colourNames = {"red",  "orange", "yellow", "green",
                                                           "cyan", "blue",   "purple", "pink"};
inline constexpr std::array<const char*, 6> shapeNames = {"circle", "square", "triangle", "star", "ring", "cross"};
inline constexpr std::array<const char*, 5> tintNames = {"white", "grey", "sand", "slate", "dark"};
inline constexpr std::array<const char*, 4> textureNames = {"plain", "cloudy", "striped", "checked"};

using Rgb = std::array<double, 3>; ///< 0 ... 255
Rgb colourRgb(ThingColour colour); ///< Before light and shadow.
Rgb tintRgb(BackgroundTint tint);  ///< Before light and shadow.

struct SceneThing {
    ThingColour colour = ThingColour::Red;
    ThingShape shape = ThingShape::Circle;
    double x = 0.5, y = 0.5;             ///< Centre, in fractions of the picture's width and height.
    double size = 0.3;                   ///< Diameter of the circle around it, in fractions of the shorter side.
    std::array<double, 2> turn = {1, 0}; ///< Cosine and sine of its tilt.
};

struct Scene {
    std::string id;    ///< "scene-000042"
    std::string split; ///< "train" or "val" (one in ten)
    ImageSize picture; ///< As drawn: larger than the bucket and not quite of its aspect ratio.
    ImageSize bucket;
    SceneStyle style = SceneStyle::Plain;
    BackgroundTint tint = BackgroundTint::Grey;
    BackgroundTexture texture = BackgroundTexture::Plain;
    std::array<double, 2> light = {0, -1}; ///< Unit vector towards the light, in the picture's plane (y down).
    std::uint64_t grain = 0;               ///< Seeds the texture.
    std::vector<SceneThing> things;        ///< No two of one colour; they hardly overlap.
    std::string caption;
};

/// Square, wide and tall: 128x128, 160x112, 112x160 for scenes of the plain kind.
std::array<ImageSize, 3> sceneBuckets(const SceneKind& kind = {});
/// Padded length of captions in tokens of the demo's text encoder; every caption fits.
inline constexpr std::int64_t demoTextTokens = 64;

Scene makeScene(std::uint64_t seed, std::int64_t index, const SceneKind& kind = {});
/// The picture, 2 x 2 supersampled with analytic edges.
Image drawScene(const Scene& scene);

/// A mask of the loss (core/dataset/loss_mask.h) by which things weigh more: white within 1.2 radii of a thing's
/// centre, elsewhere dark grey (90 of 255).
Image thingMask(const Scene& scene);

/// Index of the thing that is seen at a point (in fractions of the picture), -1 for the background.
int thingAt(const Scene& scene, double x, double y);

/// A thing's centre in the bucket image, in fractions of its sides: what is left after the crop of bucketCrop.
std::array<double, 2> centreInBucket(const SceneThing& thing, ImageSize picture, ImageSize bucket);

/// The nine places that captions name ("at the top left" ... "at the bottom right"), row-major.
std::string placeName(double x, double y);
/// Which of them holds a thing's centre: 0 the top left ... 8 the bottom right.
int placeOf(const SceneThing& thing);

/// What is stored beside a demo picture: per thing colour, shape, centre and size; and how to draw it again.
nlohmann::json truthOf(const Scene& scene);
/// Throws DataError naming `source` when it is no truth of ours. `caption`, `split` come back too.
Scene sceneFromTruth(const nlohmann::json& truth, const std::string& source);

} // namespace nanodit
