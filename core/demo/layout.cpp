#include "core/demo/layout.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <optional>
#include <tuple>
#include <utility>

namespace nanodit {

namespace {

constexpr double leastSaturation = 0.36;
constexpr double leastChroma = 45;  // of 255
constexpr double leastArea = 0.006; // of the picture
constexpr int noColour = -1;
constexpr auto colours = static_cast<int>(colourNames.size());

struct HueSaturation {
    double hue = 0; ///< Degrees.
    double saturation = 0;
    double chroma = 0;
};

HueSaturation hueOf(const Rgb& rgb)
{
    const auto [low, high] = std::minmax({rgb[0], rgb[1], rgb[2]});
    const double chroma = high - low;
    if (chroma <= 0)
        return {};
    double sector = 0;
    if (high == rgb[0])
        sector = (rgb[1] - rgb[2]) / chroma;
    else if (high == rgb[1])
        sector = 2 + (rgb[2] - rgb[0]) / chroma;
    else
        sector = 4 + (rgb[0] - rgb[1]) / chroma;
    return {.hue = 60 * (sector < 0 ? sector + 6 : sector), .saturation = chroma / high, .chroma = chroma};
}

/// The colour of a pixel, or noColour where it is too grey for one.
int colourOf(const std::uint8_t* pixel)
{
    static const auto hues = [] {
        std::array<double, colourNames.size()> values{};
        for (std::size_t i = 0; i < values.size(); ++i)
            values[i] = hueOf(colourRgb(static_cast<ThingColour>(i))).hue;
        return values;
    }();
    const auto seen =
        hueOf({static_cast<double>(pixel[0]), static_cast<double>(pixel[1]), static_cast<double>(pixel[2])});
    if (seen.saturation < leastSaturation || seen.chroma < leastChroma)
        return noColour;
    int nearest = 0;
    double smallest = 360;
    for (int i = 0; i < colours; ++i) {
        const double apart = std::abs(seen.hue - hues[static_cast<std::size_t>(i)]);
        const double distance = std::min(apart, 360 - apart);
        if (distance < smallest) {
            smallest = distance;
            nearest = i;
        }
    }
    return nearest;
}

/// Pixels of one colour that touch along their sides.
struct Region {
    int colour = noColour;
    std::vector<std::int64_t> pixels; ///< y * width + x
};

/// The largest region of each colour.
std::vector<Region> largestRegions(const Image& picture)
{
    const auto width = picture.size.width, height = picture.size.height;
    std::vector<int> colour(static_cast<std::size_t>(width * height));
    for (std::int64_t i = 0; i < width * height; ++i)
        colour[static_cast<std::size_t>(i)] = colourOf(picture.rgb.data() + 3 * i);
    std::vector<Region> largest(colourNames.size());
    for (std::int64_t start = 0; start < width * height; ++start) {
        const int wanted = colour[static_cast<std::size_t>(start)];
        if (wanted == noColour)
            continue;
        Region region{.colour = wanted, .pixels = {start}};
        colour[static_cast<std::size_t>(start)] = noColour;
        for (std::size_t next = 0; next < region.pixels.size(); ++next) {
            const auto at = region.pixels[next];
            const auto x = at % width;
            const std::array<std::int64_t, 4> beside = {x > 0 ? at - 1 : -1, x + 1 < width ? at + 1 : -1, at - width,
                                                        at + width};
            for (const auto neighbour : beside) {
                if (neighbour < 0 || neighbour >= width * height ||
                    colour[static_cast<std::size_t>(neighbour)] != wanted)
                    continue;
                colour[static_cast<std::size_t>(neighbour)] = noColour;
                region.pixels.push_back(neighbour);
            }
        }
        auto& kept = largest[static_cast<std::size_t>(wanted)];
        if (region.pixels.size() > kept.pixels.size())
            kept = std::move(region);
    }
    return largest;
}

/// A scene of one thing, to ask what its outline covers.
Scene outlineScene(ThingShape shape, ImageSize size, double x, double y, double diameter, double tilt)
{
    Scene scene;
    scene.picture = scene.bucket = size;
    SceneThing thing;
    thing.shape = shape;
    thing.x = x;
    thing.y = y;
    thing.size = diameter / static_cast<double>(std::min(size.width, size.height));
    thing.turn = {(1 - tilt * tilt) / (1 + tilt * tilt), 2 * tilt / (1 + tilt * tilt)};
    scene.things = {thing};
    return scene;
}

/// Area of each shape's outline, in squares of the radius of the circle around it.
const std::array<double, shapeNames.size()>& outlineAreas()
{
    static const auto areas = [] {
        std::array<double, shapeNames.size()> values{};
        constexpr std::int64_t side = 240;
        for (std::size_t s = 0; s < values.size(); ++s) {
            const auto scene = outlineScene(static_cast<ThingShape>(s), {side, side}, 0.5, 0.5, side / 1.5, 0);
            std::int64_t inside = 0;
            for (std::int64_t i = 0; i < side * side; ++i)
                inside += thingAt(scene, (static_cast<double>(i % side) + 0.5) / side,
                                  (static_cast<double>(i / side) + 0.5) / side) >= 0;
            values[s] = static_cast<double>(inside) / ((side / 3.0) * (side / 3.0));
        }
        return values;
    }();
    return areas;
}

/// Intersection over union of a region with an outline.
double overlapWith(const Region& region, const Scene& outline)
{
    const auto width = outline.picture.width, height = outline.picture.height;
    const auto inside = [&](std::int64_t x, std::int64_t y) {
        return thingAt(outline, (static_cast<double>(x) + 0.5) / static_cast<double>(width),
                       (static_cast<double>(y) + 0.5) / static_cast<double>(height)) >= 0;
    };
    std::int64_t both = 0;
    for (const auto pixel : region.pixels)
        both += inside(pixel % width, pixel / width);
    const auto& thing = outline.things.front();
    const double reach = 0.7 * thing.size * static_cast<double>(std::min(width, height));
    const auto from = [&](double centre, std::int64_t side) {
        return std::max<std::int64_t>(0, static_cast<std::int64_t>(centre * static_cast<double>(side) - reach));
    };
    const auto to = [&](double centre, std::int64_t side) {
        return std::min(side, static_cast<std::int64_t>(centre * static_cast<double>(side) + reach) + 1);
    };
    std::int64_t covered = 0;
    for (std::int64_t y = from(thing.y, height); y < to(thing.y, height); ++y) {
        for (std::int64_t x = from(thing.x, width); x < to(thing.x, width); ++x)
            covered += inside(x, y);
    }
    return static_cast<double>(both) /
           static_cast<double>(static_cast<std::int64_t>(region.pixels.size()) + covered - both);
}

FoundThing describe(const Region& region, ImageSize size)
{
    const auto count = static_cast<double>(region.pixels.size());
    double x = 0, y = 0;
    for (const auto pixel : region.pixels) {
        x += static_cast<double>(pixel % size.width) + 0.5;
        y += static_cast<double>(pixel / size.width) + 0.5;
    }
    FoundThing found;
    found.colour = static_cast<ThingColour>(region.colour);
    found.x = x / count / static_cast<double>(size.width);
    found.y = y / count / static_cast<double>(size.height);
    found.area = count / static_cast<double>(size.width * size.height);
    for (std::size_t s = 0; s < shapeNames.size(); ++s) {
        const double diameter = 2 * std::sqrt(count / outlineAreas()[s]);
        for (const double tilt : {-0.1, 0.0, 0.1}) {
            const auto shape = static_cast<ThingShape>(s);
            const double overlap = overlapWith(region, outlineScene(shape, size, found.x, found.y, diameter, tilt));
            if (overlap > found.overlap) {
                found.overlap = overlap;
                found.shape = shape;
            }
        }
    }
    return found;
}

/// The length of a step, given in fractions of the sides, in fractions of the diagonal.
double inDiagonals(double stepX, double stepY, ImageSize picture)
{
    const auto width = static_cast<double>(picture.width), height = static_cast<double>(picture.height);
    const double dx = stepX * width, dy = stepY * height;
    return std::sqrt(dx * dx + dy * dy) / std::sqrt(width * width + height * height);
}

/// In fractions of the diagonal.
double distanceBetween(const Scene& truth, const SceneThing& thing, const FoundThing& found, ImageSize picture)
{
    const auto [x, y] = centreInBucket(thing, truth.picture, truth.bucket);
    return inDiagonals(found.x - x, found.y - y, picture);
}

/// In fractions of the diagonal; 0 inside.
double distanceToRegion(const PlaceRegion& region, const FoundThing& found, ImageSize picture)
{
    const double dx = std::max({region.left - found.x, 0.0, found.x - region.right});
    const double dy = std::max({region.top - found.y, 0.0, found.y - region.bottom});
    return inDiagonals(dx, dy, picture);
}

/// Mean over `things`, of which `missing` count as the penalty.
double meanWithMissing(double distance, std::int64_t missing, std::int64_t things)
{
    if (things == 0)
        return std::numeric_limits<double>::quiet_NaN();
    return (distance + LayoutScore::missingPenalty * static_cast<double>(missing)) / static_cast<double>(things);
}

} // namespace

std::vector<FoundThing> findThings(const Image& picture)
{
    constexpr double leastOverlap = 0.35; // thin seams between things, long smears
    std::vector<FoundThing> things;
    for (const auto& region : largestRegions(picture)) {
        if (static_cast<double>(region.pixels.size()) <
            leastArea * static_cast<double>(picture.size.width * picture.size.height))
            continue;
        const auto found = describe(region, picture.size);
        if (found.overlap >= leastOverlap)
            things.push_back(found);
    }
    return things;
}

double LayoutScore::error() const
{
    return meanWithMissing(distance, missing, things);
}

double LayoutScore::regionError() const
{
    return meanWithMissing(regionDistance, missing, things);
}

LayoutScore& LayoutScore::operator+=(const LayoutScore& other)
{
    pictures += other.pictures;
    things += other.things;
    missing += other.missing;
    spurious += other.spurious;
    rightShape += other.rightShape;
    inRegion += other.inRegion;
    distance += other.distance;
    regionDistance += other.regionDistance;
    return *this;
}

PlaceRegion namedRegion(const Scene& scene, const SceneThing& thing)
{
    const int place = placeOf(thing);
    const auto corner = [&scene](int column, int row) {
        SceneThing at;
        at.x = column / 3.0;
        at.y = row / 3.0;
        return centreInBucket(at, scene.picture, scene.bucket);
    };
    const auto from = corner(place % 3, place / 3), to = corner(place % 3 + 1, place / 3 + 1);
    return {.left = from[0], .top = from[1], .right = to[0], .bottom = to[1]};
}

LayoutScore scoreLayout(const Scene& truth, const Image& picture)
{
    LayoutScore score{.pictures = 1};
    const auto found = findThings(picture);
    for (const auto& thing : truth.things) {
        ++score.things;
        const auto match =
            std::find_if(found.begin(), found.end(), [&](const auto& f) { return f.colour == thing.colour; });
        if (match == found.end()) {
            ++score.missing;
            continue;
        }
        const double outside = distanceToRegion(namedRegion(truth, thing), *match, picture.size);
        score.distance += distanceBetween(truth, thing, *match, picture.size);
        score.regionDistance += outside;
        score.inRegion += outside == 0;
        score.rightShape += match->shape == thing.shape;
    }
    for (const auto& f : found) {
        score.spurious += std::none_of(truth.things.begin(), truth.things.end(),
                                       [&](const auto& thing) { return thing.colour == f.colour; });
    }
    return score;
}

double placeError(const Scene& truth, const Image& picture)
{
    const auto found = findThings(picture);
    std::vector<std::tuple<double, std::size_t, std::size_t>> pairs; // distance, place, thing
    for (std::size_t place = 0; place < truth.things.size(); ++place) {
        for (std::size_t thing = 0; thing < found.size(); ++thing)
            pairs.emplace_back(distanceBetween(truth, truth.things[place], found[thing], picture.size), place, thing);
    }
    std::sort(pairs.begin(), pairs.end());
    std::vector<bool> filled(truth.things.size()), taken(found.size());
    double sum = 0;
    std::size_t matched = 0;
    for (const auto& [distance, place, thing] : pairs) {
        if (filled[place] || taken[thing])
            continue;
        filled[place] = taken[thing] = true;
        sum += std::min(distance, LayoutScore::missingPenalty);
        ++matched;
    }
    sum += LayoutScore::missingPenalty * static_cast<double>(truth.things.size() - matched);
    return sum / static_cast<double>(truth.things.size());
}

std::optional<FoundThing> foundAt(const Scene& truth, const SceneThing& thing, ThingColour colour, const Image& picture,
                                  double tolerance)
{
    const auto found = findThings(picture);
    const auto match = std::find_if(found.begin(), found.end(), [&](const FoundThing& candidate) {
        return candidate.colour == colour && distanceBetween(truth, thing, candidate, picture.size) <= tolerance;
    });
    return match == found.end() ? std::nullopt : std::optional(*match);
}

bool standsAt(const Scene& truth, const SceneThing& thing, ThingColour colour, const Image& picture, double tolerance)
{
    return foundAt(truth, thing, colour, picture, tolerance).has_value();
}

} // namespace nanodit
