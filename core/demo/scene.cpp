#include "core/demo/scene.h"

#include "core/demo/caption.h"
#include "core/demo/counter_random.h"
#include "core/io/json_fault.h"
#include "core/runtime/error.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <utility>

namespace nanodit {

namespace {

constexpr std::int64_t validationEvery = 10;

/// A unit vector at a random angle within +- `halfTurn` quarters, by the rational parametrisation of the circle: no
/// library's sine is asked, so every platform draws the same.
std::array<double, 2> unitVector(double tangentOfHalfAngle)
{
    const double t = tangentOfHalfAngle;
    return {(1 - t * t) / (1 + t * t), 2 * t / (1 + t * t)};
}

double largestTilt(ThingShape shape)
{
    switch (shape) {
    case ThingShape::Circle:
    case ThingShape::Ring:
        return 0;
    case ThingShape::Square:
    case ThingShape::Cross:
        return 0.14; // about 16 degrees
    case ThingShape::Triangle:
        return 0.12;
    case ThingShape::Star:
        return 0.15;
    }
    return 0;
}

/// Centres stay where neither the picture's edge nor the crop to the bucket reaches them.
bool placeThings(Scene& scene, CounterRandom& random, std::int64_t count)
{
    const double shorter = static_cast<double>(std::min(scene.picture.width, scene.picture.height));
    const double width = static_cast<double>(scene.picture.width) / shorter;
    const double height = static_cast<double>(scene.picture.height) / shorter;
    const auto seen = bucketCrop(scene.picture, scene.bucket);
    const double cutX = seen.left / shorter;
    const double cutY = seen.top / shorter;
    for (auto& thing : scene.things) {
        const double largest = count >= 5 ? 0.30 : count == 4 ? 0.33 : 0.38;
        thing.size = random.uniform(0.20, largest);
        const double margin = 0.5 * thing.size + 0.015;
        bool placed = false;
        for (int attempt = 0; attempt < 60 && !placed; ++attempt) {
            const double x = random.uniform(cutX + margin, width - cutX - margin);
            const double y = random.uniform(cutY + margin, height - cutY - margin);
            placed = true;
            for (const auto& other : scene.things) {
                if (&other == &thing)
                    break;
                const double dx = x - other.x * width;
                const double dy = y - other.y * height;
                const double apart = 0.5 * (thing.size + other.size) * 0.96;
                placed = placed && dx * dx + dy * dy > apart * apart;
            }
            thing.x = x / width;
            thing.y = y / height;
        }
        if (!placed)
            return false;
    }
    return true;
}

int placeAt(double x, double y)
{
    const auto third = [](double at) { return std::clamp(static_cast<int>(at * 3), 0, 2); };
    return 3 * third(y) + third(x);
}

template<std::size_t N>
std::size_t indexOf(const std::array<const char*, N>& names, const std::string& name, const std::string& source)
{
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end())
        throw DataError(source + " does not describe a demo scene: it names \"" + name + "\", which is not among \"" +
                        names.front() + "\" ... \"" + names.back() + "\"");
    return static_cast<std::size_t>(found - names.begin());
}

} // namespace

Rgb colourRgb(ThingColour colour)
{
    static constexpr std::array<Rgb, 8> colours = {{{212, 40, 38},
                                                    {242, 136, 28},
                                                    {246, 214, 44},
                                                    {52, 158, 64},
                                                    {52, 200, 206},
                                                    {44, 82, 204},
                                                    {130, 56, 172},
                                                    {242, 112, 176}}};
    return colours[static_cast<std::size_t>(colour)];
}

Rgb tintRgb(BackgroundTint tint)
{
    static constexpr std::array<Rgb, 5> tints = {
        {{230, 229, 226}, {154, 155, 158}, {208, 192, 164}, {92, 101, 114}, {48, 48, 54}}};
    return tints[static_cast<std::size_t>(tint)];
}

void checkSceneKind(const SceneKind& kind)
{
    if (kind.side < sceneSideStep || kind.side > largestSceneSide || kind.side % sceneSideStep != 0)
        throw UsageError("scenes of " + std::to_string(kind.side) +
                         " pixels were requested, but their side must be a " + "multiple of " +
                         std::to_string(sceneSideStep) + " up to " + std::to_string(largestSceneSide));
}

std::array<ImageSize, 3> sceneBuckets(const SceneKind& kind)
{
    const auto longer = kind.side / 4 * 5, shorter = kind.side / 8 * 7;
    return {{{kind.side, kind.side}, {longer, shorter}, {shorter, longer}}};
}

std::string placeName(double x, double y)
{
    static constexpr std::array<const char*, 9> places = {"at the top left",    "at the top",    "at the top right",
                                                          "on the left",        "in the middle", "on the right",
                                                          "at the bottom left", "at the bottom", "at the bottom right"};
    return places[static_cast<std::size_t>(placeAt(x, y))];
}

int placeOf(const SceneThing& thing)
{
    return placeAt(thing.x, thing.y);
}

Scene makeScene(std::uint64_t seed, std::int64_t index, const SceneKind& kind)
{
    checkSceneKind(kind);
    CounterRandom random(seed, static_cast<std::uint64_t>(index));
    Scene scene;
    char name[32];
    std::snprintf(name, sizeof name, "scene-%06lld", static_cast<long long>(index));
    scene.id = name;
    scene.split = index % validationEvery == validationEvery - 1 ? "val" : "train";
    scene.style = kind.style;
    const auto buckets = sceneBuckets(kind);
    scene.bucket = buckets[static_cast<std::size_t>(random.below(static_cast<std::int64_t>(buckets.size())))];
    const double scale = random.uniform(1.0, 1.4);
    const double stretch = random.uniform(0.93, 1.07);
    scene.picture.width = static_cast<std::int64_t>(static_cast<double>(scene.bucket.width) * scale * stretch + 0.5);
    scene.picture.height = static_cast<std::int64_t>(static_cast<double>(scene.bucket.height) * scale / stretch + 0.5);
    scene.tint = static_cast<BackgroundTint>(random.below(static_cast<std::int64_t>(tintNames.size())));
    scene.texture = static_cast<BackgroundTexture>(random.below(static_cast<std::int64_t>(textureNames.size())));
    const auto lightTurn = unitVector(random.uniform(-0.45, 0.45));
    scene.light = {lightTurn[1], -lightTurn[0]};
    scene.grain = random.bits();

    const std::int64_t count = 2 + random.below(4);
    for (bool placed = false; !placed;) {
        scene.things.assign(static_cast<std::size_t>(count), {});
        std::array<std::size_t, colourNames.size()> order{};
        for (std::size_t i = 0; i < order.size(); ++i) {
            order[i] = i;
            std::swap(order[i], order[static_cast<std::size_t>(random.below(static_cast<std::int64_t>(i) + 1))]);
        }
        for (std::size_t i = 0; i < scene.things.size(); ++i) {
            auto& thing = scene.things[i];
            thing.colour = static_cast<ThingColour>(order[i]);
            thing.shape = static_cast<ThingShape>(random.below(static_cast<std::int64_t>(shapeNames.size())));
            const double tilt = largestTilt(thing.shape);
            thing.turn = unitVector(random.uniform(-tilt, tilt));
        }
        placed = placeThings(scene, random, count);
    }
    scene.caption = captionText(describe(scene, random));
    return scene;
}

std::array<double, 2> centreInBucket(const SceneThing& thing, ImageSize picture, ImageSize bucket)
{
    const auto seen = bucketCrop(picture, bucket);
    return {(thing.x * static_cast<double>(picture.width) - seen.left) / (seen.right - seen.left),
            (thing.y * static_cast<double>(picture.height) - seen.top) / (seen.bottom - seen.top)};
}

nlohmann::json truthOf(const Scene& scene)
{
    auto things = nlohmann::json::array();
    for (const auto& thing : scene.things)
        things.push_back({{"colour", colourNames[static_cast<std::size_t>(thing.colour)]},
                          {"shape", shapeNames[static_cast<std::size_t>(thing.shape)]},
                          {"centre", {thing.x, thing.y}},
                          {"size", thing.size},
                          {"turn", thing.turn}});
    nlohmann::json truth = {{"format", 1},
                            {"id", scene.id},
                            {"split", scene.split},
                            {"caption", scene.caption},
                            {"picture", bucketName(scene.picture)},
                            {"bucket", bucketName(scene.bucket)},
                            {"background",
                             {{"tint", tintNames[static_cast<std::size_t>(scene.tint)]},
                              {"texture", textureNames[static_cast<std::size_t>(scene.texture)]},
                              {"grain", scene.grain}}},
                            {"light", scene.light},
                            {"things", std::move(things)}};
    if (scene.style != SceneStyle::Plain)
        truth["style"] = sceneStyleNames[static_cast<std::size_t>(scene.style)];
    return truth;
}

Scene sceneFromTruth(const nlohmann::json& truth, const std::string& source)
{
    try {
        Scene scene;
        scene.id = truth.at("id");
        scene.split = truth.at("split");
        scene.caption = truth.at("caption");
        scene.picture = bucketFromName(truth.at("picture"));
        scene.bucket = bucketFromName(truth.at("bucket"));
        scene.style = static_cast<SceneStyle>(indexOf(sceneStyleNames, truth.value("style", "plain"), source));
        const auto& background = truth.at("background");
        scene.tint = static_cast<BackgroundTint>(indexOf(tintNames, background.at("tint"), source));
        scene.texture = static_cast<BackgroundTexture>(indexOf(textureNames, background.at("texture"), source));
        scene.grain = background.at("grain");
        scene.light = truth.at("light");
        for (const auto& item : truth.at("things")) {
            SceneThing thing;
            thing.colour = static_cast<ThingColour>(indexOf(colourNames, item.at("colour"), source));
            thing.shape = static_cast<ThingShape>(indexOf(shapeNames, item.at("shape"), source));
            thing.x = item.at("centre").at(0);
            thing.y = item.at("centre").at(1);
            thing.size = item.at("size");
            thing.turn = item.at("turn");
            scene.things.push_back(thing);
        }
        return scene;
    } catch (const nlohmann::json::exception& error) {
        throw DataError(source + " does not describe a demo scene (" + jsonFault(error) + ")", remedy::CreateDemo{});
    }
}

} // namespace nanodit
