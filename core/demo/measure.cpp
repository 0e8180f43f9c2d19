#include "core/demo/measure.h"

#include "core/demo/patch_labels.h"
#include "core/demo/scene_edit.h"
#include "core/demo/scene_set.h"
#include "core/encoders/autoencoder_kl.h"
#include "core/encoders/dino.h"
#include "core/encoders/t5.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/grad_mode.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

namespace nanodit {

namespace {

/// Of a patch: of one that is less covered, which class covers most of it is a matter of a few pixels.
constexpr double mostlyCovered = 0.75;

/// Patch features and what their patches show, scene after scene.
struct LabelledPatches {
    at::Tensor features;                                 ///< [patches, D]
    at::Tensor labels;                                   ///< [patches] class that covers most of the patch.
    at::Tensor covered;                                  ///< [patches] how much of the patch that class covers.
    std::vector<std::pair<ImageSize, at::Tensor>> grids; ///< Bucket and features [N, D] per scene.
};

LabelledPatches labelledPatches(const DinoEncoder& encoder, const SceneSet& scenes, const JobContext& context)
{
    LabelledPatches result;
    std::vector<at::Tensor> features, labels, covered;
    const auto patch = encoder.config().patchSize;
    for (std::int64_t i = 0; i < scenes.size() && !context.shouldStop(); ++i) {
        const auto& scene = scenes.scene(i);
        const auto image = makeBucketImage(drawScene(scene), scene.bucket);
        const auto pixels = dinoPixels(image, dinoInputSize(scene.bucket, patch), encoder.normalisation());
        features.push_back(encoder.encode(pixels).patches.squeeze(0));
        const auto shares = classShares(classMap(scene).unsqueeze(0), patch);
        labels.push_back(shares.argmax(-1).flatten());
        covered.push_back(shares.amax(-1).flatten());
        result.grids.emplace_back(scene.bucket, features.back());
    }
    result.features = at::cat(features);
    result.labels = at::cat(labels);
    result.covered = at::cat(covered);
    return result;
}

/// Between-position variance over all variance, within each bucket, weighed by patches.
double positionShare(const std::vector<std::pair<ImageSize, at::Tensor>>& grids)
{
    std::map<ImageSize, std::vector<at::Tensor>> byBucket;
    for (const auto& [bucket, features] : grids)
        byBucket[bucket].push_back(features);
    double explained = 0, all = 0;
    for (const auto& [bucket, members] : byBucket) {
        const auto features = at::stack(members); // [scenes, N, D]
        const auto scenes = static_cast<double>(members.size());
        const double total = (features - features.flatten(0, 1).mean(0)).square().sum().item<double>();
        const double within = (features - features.mean(0, true)).square().sum().item<double>();
        // Means over few scenes differ by chance alone: that share of the variance within is taken off.
        const double chance = scenes > 1 ? within / (scenes - 1) : 0;
        explained += std::max(0.0, total - within - chance);
        all += total;
    }
    return all > 0 ? explained / all : 0;
}

at::Tensor captionMean(const T5Encoder& encoder, const std::string& caption)
{
    return encoder.encodeCaption(caption, demoTextTokens).mean(0);
}

/// The text with one whole word (or name of a place) replaced, at its first occurrence; empty where it does not occur.
std::string replaced(const std::string& text, const std::string& word, const std::string& by)
{
    const auto at = findWords(text, word);
    return at == std::string::npos ? std::string() : text.substr(0, at) + by + text.substr(at + word.size());
}

/// Captions that differ from a scene's in one word: a colour, a shape, a side, the background.
std::vector<std::string> oneWordVariants(const Scene& scene, CounterRandom& random)
{
    std::vector<std::string> variants;
    const auto add = [&](const std::string& word, const std::string& by) {
        if (word != by) {
            if (auto text = replaced(scene.caption, word, by); !text.empty())
                variants.push_back(std::move(text));
        }
    };
    for (const auto& thing : scene.things) {
        add(colourNames[static_cast<std::size_t>(thing.colour)],
            colourNames[static_cast<std::size_t>(random.below(8))]);
        add(shapeNames[static_cast<std::size_t>(thing.shape)], shapeNames[static_cast<std::size_t>(random.below(6))]);
    }
    add("left", "right");
    add("right", "left");
    add("top", "bottom");
    add("bottom", "top");
    add(tintNames[static_cast<std::size_t>(scene.tint)], tintNames[static_cast<std::size_t>(random.below(5))]);
    add(textureNames[static_cast<std::size_t>(scene.texture)], textureNames[static_cast<std::size_t>(random.below(4))]);
    return variants;
}

/// The first two things' colours swapped wherever the caption names them: the same words in another order.
std::string withSwappedColours(const Scene& scene)
{
    const std::string first = colourNames[static_cast<std::size_t>(scene.things[0].colour)];
    const std::string second = colourNames[static_cast<std::size_t>(scene.things[1].colour)];
    auto text = scene.caption;
    const auto replaceAll = [&text](const std::string& word, const std::string& by) {
        for (auto next = replaced(text, word, by); !next.empty(); next = replaced(text, word, by))
            text = next;
    };
    replaceAll(first, "#");
    replaceAll(second, first);
    replaceAll("#", second);
    return text;
}

// Each fills its part of the figures, and returns early when the job should stop.

void measureAutoencoder(const AutoencoderKl& autoencoder, const SceneSet& scenes, const JobContext& context,
                        DemoFigures& figures)
{
    const at::NoGradGuard noGrad;
    ProgressMeter meter(context, Stage::MeasuringAutoencoder, scenes.size(), Unit::Scenes);
    double sum = 0;
    figures.psnrLowest = std::numeric_limits<double>::infinity();
    for (std::int64_t i = 0; i < scenes.size() && !context.shouldStop(); ++i) {
        const auto picture = scenes.picture(i);
        const auto again = autoencoder.decode(autoencoder.encode(picture).mean).clamp(-1, 1);
        const double psnr = -10 * std::log10((again - picture).square().mean().item<double>() / 4);
        sum += psnr;
        figures.psnrLowest = std::min(figures.psnrLowest, psnr);
        meter.advance();
    }
    figures.psnrMean = sum / static_cast<double>(scenes.size());
}

/// Nearest by cosine among the patches of `reference`'s scenes. A patch's label is what covers most of it.
void measureDino(const DinoEncoder& encoder, const SceneSet& scenes, const SceneSet& reference,
                 const JobContext& context, DemoFigures& figures)
{
    const at::NoGradGuard noGrad;
    const auto unit = [](const at::Tensor& features) { return features / features.norm(2, 1, true); };
    const auto asked = labelledPatches(encoder, scenes, context);
    const auto known = labelledPatches(encoder, reference, context);
    if (context.shouldStop())
        return;
    const auto nearest = at::matmul(unit(asked.features), unit(known.features).t()).argmax(1);
    const auto right = known.labels.index_select(0, nearest).eq(asked.labels).to(at::kDouble);
    const auto thing = asked.labels.ne(backgroundClass);
    figures.patchAccuracy = right.mean().item<double>();
    figures.thingPatchAccuracy = right.masked_select(thing).mean().item<double>();
    const auto filled = thing.logical_and(asked.covered.ge(mostlyCovered));
    figures.filledPatchAccuracy = right.masked_select(filled).mean().item<double>();
    figures.positionShare = positionShare(asked.grids);
}

/// Distances are Euclidean, between means over a caption's tokens.
void measureText(const T5Encoder& encoder, const SceneSet& scenes, const JobContext& context, DemoFigures& figures)
{
    const at::NoGradGuard noGrad;
    std::vector<at::Tensor> means;
    for (std::int64_t i = 0; i < scenes.size() && !context.shouldStop(); ++i) {
        const auto& caption = scenes.scene(i).caption;
        means.push_back(captionMean(encoder, caption));
        const auto tokens = static_cast<std::int64_t>(encoder.tokenizer().encode(caption).size());
        figures.longestCaption = std::max(figures.longestCaption, tokens);
    }
    double apart = 0;
    for (std::size_t i = 0; i + 1 < means.size(); ++i)
        apart += (means[i] - means[i + 1]).norm().item<double>() / static_cast<double>(means.size() - 1);

    std::vector<double> oneWord;
    figures.swapSmallest = std::numeric_limits<double>::infinity();
    for (std::int64_t i = 0; i < scenes.size() && !context.shouldStop(); ++i) {
        const auto& own = means[static_cast<std::size_t>(i)];
        const auto distance = [&](const std::string& caption) {
            return (captionMean(encoder, caption) - own).norm().item<double>() / apart;
        };
        CounterRandom random(17, static_cast<std::uint64_t>(i));
        for (const auto& variant : oneWordVariants(scenes.scene(i), random))
            oneWord.push_back(distance(variant));
        figures.swapSmallest = std::min(figures.swapSmallest, distance(withSwappedColours(scenes.scene(i))));
    }
    if (oneWord.empty())
        return;
    std::sort(oneWord.begin(), oneWord.end());
    figures.oneWordSmallest = oneWord.front();
    figures.oneWordMedian = oneWord[oneWord.size() / 2];
}

} // namespace

std::optional<DemoFigures> measureDemoEncoders(const std::filesystem::path& folder, const SceneKind& kind,
                                               std::uint64_t seed, std::int64_t scenes, const JobContext& context)
{
    // Before the scenes, which take long to draw: a folder may be missing.
    const auto autoencoder = AutoencoderKl::load(folder / "vae");
    const auto dino = DinoEncoder::load(folder / "dinov3-demo");
    const auto text = T5Encoder::load(folder / "t5-demo");
    const SceneSet validation(kind, seed, scenes, "val", context);
    const SceneSet training(kind, seed, 2 * scenes, "train", context);
    DemoFigures figures;
    if (!context.shouldStop())
        measureAutoencoder(autoencoder, validation, context, figures);
    if (!context.shouldStop())
        measureDino(*dino, validation, training, context, figures);
    if (!context.shouldStop())
        measureText(*text, validation, context, figures);
    return context.shouldStop() ? std::nullopt : std::optional(figures);
}

} // namespace nanodit
