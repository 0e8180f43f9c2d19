#include "core/demo/patch_labels.h"
#include "core/demo/train_encoders.h"
#include "core/demo/train_loop.h"
#include "core/runtime/generator.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cstdio>

namespace nanodit {

namespace {

constexpr std::int64_t quartersPerPatch = 4;
constexpr std::int64_t tints = static_cast<std::int64_t>(tintNames.size());
constexpr std::int64_t textures = static_cast<std::int64_t>(textureNames.size());
/// A patch token is asked for colour and shape in each quarter.
constexpr std::int64_t quarterAnswers = sceneColours + sceneShapes;
/// A CLS token is asked which (colour, shape) things there are, and the background's tint and texture.
constexpr std::int64_t clsAnswers = backgroundClass + tints + textures;
constexpr const char* patchHead = "head.patch";
constexpr const char* clsHead = "head.cls";

void addHead(TensorMap& weights, const std::string& name, std::int64_t outputs, std::int64_t width,
             at::Generator& generator)
{
    weights[name + ".weight"] = at::empty({outputs, width}).normal_(0, 0.02, generator);
    weights[name + ".bias"] = at::zeros({outputs});
}

/// What the heads should answer for scenes, in the order of the set.
struct Answers {
    std::vector<at::Tensor> classMaps; ///< [H, W] bytes
    at::Tensor present;                ///< [scenes, 48]
    at::Tensor tint, texture;          ///< [scenes]

    explicit Answers(const SceneSet& scenes)
        : present(at::zeros({scenes.size(), backgroundClass}))
        , tint(at::zeros({scenes.size()}, at::kLong))
        , texture(at::zeros({scenes.size()}, at::kLong))
    {
        for (std::int64_t i = 0; i < scenes.size(); ++i) {
            const auto& scene = scenes.scene(i);
            classMaps.push_back(classMap(scene));
            for (const auto& thing : scene.things)
                present[i][classOf(thing)] = 1;
            tint[i] = static_cast<std::int64_t>(scene.tint);
            texture[i] = static_cast<std::int64_t>(scene.texture);
        }
    }
};

/// A batch whose pictures are cut at a random offset, so that a thing meets the patch grid everywhere; some brighter or
/// darker, some noisy.
struct Batch {
    at::Tensor pixels; ///< [B, 3, H, W], normalised.
    at::Tensor shares; ///< [B, 2 rows, 2 cols, classes] of the quarters of patches.
    std::vector<std::int64_t> indices;
};

Batch drawBatch(const SceneSet& scenes, const Answers& answers, const DinoConfig& config, std::int64_t count,
                StepRandom& random)
{
    auto& numbers = random.numbers;
    Batch batch;
    batch.indices = scenes.randomOfOneBucket(numbers, count);
    const bool whole = numbers.uniform() < 0.4;
    const auto patch = config.patchSize;
    std::vector<at::Tensor> pictures, maps;
    for (const auto index : batch.indices) {
        auto picture = scenes.pixels(index);
        auto map = answers.classMaps[static_cast<std::size_t>(index)];
        if (!whole) {
            const auto top = numbers.below(patch + 1), left = numbers.below(patch + 1);
            picture =
                picture.slice(1, top, top + picture.size(1) - patch).slice(2, left, left + picture.size(2) - patch);
            map = map.slice(0, top, top + map.size(0) - patch).slice(1, left, left + map.size(1) - patch);
        }
        auto values = picture.to(at::kFloat) / 255;
        values = (values - 0.5) * numbers.uniform(0.9, 1.1) + 0.5 + numbers.uniform(-0.04, 0.04);
        pictures.push_back(values + numbers.uniform(0, 0.03) * at::randn(values.sizes(), random.noise));
        maps.push_back(map);
    }
    const ImageNormalisation normalisation;
    const auto perChannel = [](const std::array<double, 3>& values) {
        return at::tensor(at::ArrayRef<double>(values)).to(at::kFloat).reshape({1, 3, 1, 1});
    };
    batch.pixels = (at::stack(pictures).clamp(0, 1) - perChannel(normalisation.mean)) / perChannel(normalisation.std);
    batch.shares = classShares(at::stack(maps), patch / 2);
    return batch;
}

/// [B, rows, cols, 4 * answers] of patches to [B, 2 rows, 2 cols, answers] of their quarters.
at::Tensor quarterLogits(const at::Tensor& patchLogits)
{
    const auto batch = patchLogits.size(0), rows = patchLogits.size(1), cols = patchLogits.size(2);
    return patchLogits.reshape({batch, rows, cols, 2, 2, quarterAnswers})
        .permute({0, 1, 3, 2, 4, 5})
        .reshape({batch, 2 * rows, 2 * cols, quarterAnswers});
}

/// Cross entropy against shares, where cells that hold a thing weigh more: most of a picture is background.
at::Tensor cellLoss(const at::Tensor& logits, const at::Tensor& shares)
{
    const auto weight = 1 + 3 * (1 - shares.select(-1, shares.size(-1) - 1));
    return -(weight * (shares * logits.log_softmax(-1)).sum(-1)).sum() / weight.sum();
}

} // namespace

DinoConfig demoDinoConfig()
{
    DinoConfig config;
    config.patchSize = 16;
    config.width = 96;
    config.layers = 4;
    config.heads = 4;
    config.mlpWidth = 384;
    config.registers = 4;
    config.imageSize = 128;
    return config;
}

std::optional<TensorMap> trainDino(const DinoRecipe& recipe, const SceneSet& scenes,
                                   const std::filesystem::path& partial, const JobContext& context)
{
    const auto config = demoDinoConfig();
    auto initial = DinoEncoder::initialWeights(config, recipe.seed);
    auto generator = seededGenerator(recipe.seed);
    addHead(initial, patchHead, quartersPerPatch * quarterAnswers, config.width, generator);
    addHead(initial, clsHead, clsAnswers, config.width, generator);
    const auto parameters = trainableParameters(initial);
    TensorMap weights;
    for (const auto& parameter : parameters)
        weights.emplace(parameter.name, parameter.value);
    const auto linear = [&weights](const at::Tensor& x, const std::string& head) {
        return at::linear(x, weights.at(head + ".weight"), weights.at(head + ".bias"));
    };
    const DinoEncoder encoder(config, weights, {}, "the new encoder");
    const Answers answers(scenes);

    const auto lossOf = [&](std::int64_t step, StepRandom& random) {
        const auto batch = drawBatch(scenes, answers, config, recipe.batch, random);
        const auto features = encoder.encode(batch.pixels);
        const auto [rows, cols] = std::pair(features.grid.rows, features.grid.cols);
        const auto logits = quarterLogits(linear(features.patches, patchHead).reshape({recipe.batch, rows, cols, -1}));
        const auto parts = logits.split_with_sizes({sceneColours, sceneShapes}, -1);
        const auto patchLoss =
            cellLoss(parts[0], colourShares(batch.shares)) + cellLoss(parts[1], shapeShares(batch.shares));

        const auto chosen = at::tensor(batch.indices, at::kLong);
        const auto cls = linear(features.cls, clsHead).split_with_sizes({backgroundClass, tints, textures}, 1);
        const auto clsLoss =
            10 * at::binary_cross_entropy_with_logits(cls[0], answers.present.index_select(0, chosen)) +
            at::cross_entropy_loss(cls[1], answers.tint.index_select(0, chosen)) +
            at::cross_entropy_loss(cls[2], answers.texture.index_select(0, chosen));
        if ((step + 1) % 250 == 0) {
            char line[100];
            std::snprintf(line, sizeof line, "dino step %lld: patch loss %.4f, CLS loss %.3f",
                          static_cast<long long>(step + 1), patchLoss.item<double>(), clsLoss.item<double>());
            context.info(line);
        }
        return patchLoss + 0.2 * clsLoss;
    };
    const TrainLoopPlan plan{.what = "vision transformer",
                             .pass = Pass::Dino,
                             .seed = recipe.seed,
                             .steps = recipe.steps,
                             .lr = recipe.lr,
                             .warmupSteps = recipe.warmupSteps,
                             .weightDecay = 0.02,
                             .clip = 1.0,
                             .partial = partial};
    if (!runTrainLoop(plan, parameters, lossOf, context))
        return std::nullopt;
    auto trained = stateOf(parameters);
    for (const auto* head : {patchHead, clsHead}) {
        trained.erase(std::string(head) + ".weight");
        trained.erase(std::string(head) + ".bias");
    }
    return trained;
}

} // namespace nanodit
