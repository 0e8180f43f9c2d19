#include "core/demo/scene_set.h"

#include "core/encoders/image_processor.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <utility>

namespace nanodit {

SceneSet::SceneSet(const SceneKind& kind, std::uint64_t seed, std::int64_t count, const std::string& split,
                   const JobContext& context)
    : buckets_(sceneBuckets(kind))
{
    ProgressMeter meter(context, Stage::DrawingScenes, count, Unit::Scenes);
    for (std::int64_t index = 0; size() < count && !context.shouldStop(); ++index) {
        auto scene = makeScene(seed, index, kind);
        if (scene.split != split)
            continue;
        byBucket_[bucketIndex(scene.bucket)].push_back(size());
        pixels_.push_back(tensorFromImage(makeBucketImage(drawScene(scene), scene.bucket)));
        scenes_.push_back(std::move(scene));
        meter.advance();
    }
}

std::size_t SceneSet::bucketIndex(ImageSize bucket) const
{
    return static_cast<std::size_t>(std::ranges::find(buckets_, bucket) - buckets_.begin());
}

at::Tensor SceneSet::picture(std::int64_t i) const
{
    return unitFromBytes(pixels(i)).unsqueeze(0);
}

at::Tensor SceneSet::randomCrops(CounterRandom& random, std::int64_t count, std::int64_t side) const
{
    std::vector<at::Tensor> crops;
    for (std::int64_t i = 0; i < count; ++i) {
        const auto& whole = pixels(random.below(size()));
        const auto top = random.below(whole.size(1) - side + 1);
        const auto left = random.below(whole.size(2) - side + 1);
        crops.push_back(whole.slice(1, top, top + side).slice(2, left, left + side));
    }
    return unitFromBytes(at::stack(crops));
}

std::vector<std::int64_t> SceneSet::randomOfOneBucket(CounterRandom& random, std::int64_t count) const
{
    const auto& members = byBucket_[bucketIndex(scene(random.below(size())).bucket)];
    std::vector<std::int64_t> indices;
    for (std::int64_t i = 0; i < count; ++i)
        indices.push_back(members[static_cast<std::size_t>(random.below(static_cast<std::int64_t>(members.size())))]);
    return indices;
}

at::Tensor SceneSet::pictures(const std::vector<std::int64_t>& indices) const
{
    std::vector<at::Tensor> chosen;
    for (const auto index : indices)
        chosen.push_back(pixels(index));
    return unitFromBytes(at::stack(chosen));
}

} // namespace nanodit
