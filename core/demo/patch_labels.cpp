#include "core/demo/patch_labels.h"

#include <ATen/ATen.h>

#include <utility>

namespace nanodit {

std::int64_t classOf(const SceneThing& thing)
{
    return static_cast<std::int64_t>(thing.colour) * static_cast<std::int64_t>(shapeNames.size()) +
           static_cast<std::int64_t>(thing.shape);
}

at::Tensor classMap(const Scene& scene)
{
    const auto seen = bucketCrop(scene.picture, scene.bucket);
    auto map = at::empty({scene.bucket.height, scene.bucket.width}, at::kByte);
    auto* const classes = map.data_ptr<std::uint8_t>();
    const auto fraction = [](std::int64_t pixel, std::int64_t side, double first, double last, std::int64_t whole) {
        const double share = (static_cast<double>(pixel) + 0.5) / static_cast<double>(side);
        return (first + (last - first) * share) / static_cast<double>(whole);
    };
    for (std::int64_t y = 0; y < scene.bucket.height; ++y) {
        for (std::int64_t x = 0; x < scene.bucket.width; ++x) {
            const int thing =
                thingAt(scene, fraction(x, scene.bucket.width, seen.left, seen.right, scene.picture.width),
                        fraction(y, scene.bucket.height, seen.top, seen.bottom, scene.picture.height));
            const auto label = thing < 0 ? backgroundClass : classOf(scene.things[static_cast<std::size_t>(thing)]);
            classes[y * scene.bucket.width + x] = static_cast<std::uint8_t>(label);
        }
    }
    return map;
}

at::Tensor classShares(const at::Tensor& maps, std::int64_t side)
{
    const auto batch = maps.size(0), rows = maps.size(1) / side, cols = maps.size(2) / side;
    const auto cells = maps.reshape({batch, rows, side, cols, side})
                           .permute({0, 1, 3, 2, 4})
                           .reshape({batch, rows, cols, side * side});
    auto counts = at::zeros({batch, rows, cols, sceneClasses}, at::kFloat);
    counts.scatter_add_(-1, cells.to(at::kLong), at::ones({1}, at::kFloat).expand(cells.sizes()));
    return counts / static_cast<double>(side * side);
}

namespace {

/// Shares of things as [..., colours, shapes], and of the background [..., 1].
std::pair<at::Tensor, at::Tensor> thingsAndBackground(const at::Tensor& shares)
{
    const auto things = shares.narrow(-1, 0, backgroundClass).unflatten(-1, {sceneColours - 1, sceneShapes - 1});
    return {things, shares.narrow(-1, backgroundClass, 1)};
}

} // namespace

at::Tensor colourShares(const at::Tensor& shares)
{
    const auto [things, background] = thingsAndBackground(shares);
    return at::cat({things.sum(-1), background}, -1);
}

at::Tensor shapeShares(const at::Tensor& shares)
{
    const auto [things, background] = thingsAndBackground(shares);
    return at::cat({things.sum(-2), background}, -1);
}

} // namespace nanodit
