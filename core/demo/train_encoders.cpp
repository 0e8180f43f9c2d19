#include "core/demo/train_encoders.h"

#include "core/demo/measure.h"
#include "core/demo/train_encoders_job.h"
#include "core/io/atomic_file.h"
#include "core/runtime/error.h"
#include "core/runtime/job.h"

#include <cstdio>

namespace nanodit {

namespace fs = std::filesystem;

namespace {

template<typename... Values>
std::string formatted(const char* format, Values... values)
{
    char text[600];
    std::snprintf(text, sizeof text, format, values...);
    return text;
}

/// The options of other scenes than the plain ones of 128 pixels, with a blank before each.
std::string kindOptions(const SceneKind& kind)
{
    if (kind == SceneKind{})
        return {};
    return std::string(" --style ") + sceneStyleNames[static_cast<std::size_t>(kind.style)] + " --side " +
           std::to_string(kind.side);
}

/// The folder of work in progress: each kind has its own, so that no training goes on with other scenes.
std::string partialName(const SceneKind& kind)
{
    if (kind == SceneKind{})
        return "partial";
    return std::string("partial-") + sceneStyleNames[static_cast<std::size_t>(kind.style)] + "-" +
           std::to_string(kind.side);
}

/// What every model card begins and ends with.
std::string modelCard(const std::string& title, const std::string& whatItIs, const std::string& training,
                      const std::string& figures, const TrainEncodersRequest& request)
{
    return "# " + title + "\n\n" + whatItIs + "\n\n" + training + "\n\n" + figures +
           "\n\nMade by NanoDiT Workbench with\n\n    nanodit demo train-encoders DIR --seed " +
           std::to_string(request.seed) + " --scenes " + std::to_string(request.scenes) + kindOptions(request.kind) +
           "\n\nfrom pictures and captions that the program draws itself; no other data. Apache-2.0.\n";
}

std::string autoencoderCard(const DemoFigures& figures, const TrainEncodersRequest& request)
{
    const AutoencoderRecipe recipe;
    return modelCard(
        "Demo autoencoder",
        "A small AutoencoderKL (8 pixels a latent pixel, 16 channels) in the layout of diffusers, for the demo scenes\n"
        "only. It is not Stability AI's or Black Forest Labs' autoencoder and knows no photographs.",
        formatted("Training: %lld steps on %lld crops of %lld x %lld pixels, then %lld on %lld whole pictures, AdamW "
                  "%g falling by a\n"
                  "cosine; loss |e| + %g e^2 + %g KL. Weights are stored in float16.",
                  static_cast<long long>(recipe.cropSteps), static_cast<long long>(recipe.cropBatch),
                  static_cast<long long>(recipe.cropSide), static_cast<long long>(recipe.cropSide),
                  static_cast<long long>(recipe.pictureSteps), static_cast<long long>(recipe.pictureBatch), recipe.lr,
                  recipe.squaredWeight, recipe.klWeight),
        formatted("PSNR of reconstructed validation scenes: %.2f dB on average, %.2f dB at worst.", figures.psnrMean,
                  figures.psnrLowest),
        request);
}

std::string dinoCard(const DemoFigures& figures, const TrainEncodersRequest& request)
{
    const DinoRecipe recipe;
    return modelCard(
        "Demo vision transformer",
        "A small vision transformer (patches of 16 pixels, width 96, 4 layers, 4 registers) in the layout of DINOv3, "
        "for the\n"
        "demo scenes only. It is not Meta's DINOv3: it was trained with labels, on scenes whose truth is known.",
        formatted("Training: %lld steps on %lld pictures, AdamW %g falling by a cosine. Linear heads, discarded "
                  "afterwards, had to predict\n"
                  "from a patch token what each quarter of the patch shows (one of 48 colours x shapes, or "
                  "background), and from CLS\n"
                  "what the picture holds.",
                  static_cast<long long>(recipe.steps), static_cast<long long>(recipe.batch), recipe.lr),
        formatted(
            "Nearest-neighbour accuracy of patch labels between validation and training scenes: %.1f %% of all "
            "patches, %.1f %% of\n"
            "those that show a thing, %.1f %% of those that one covers to three quarters. Position explains %.1f %% of "
            "the\npatch features' variance.",
            100 * figures.patchAccuracy, 100 * figures.thingPatchAccuracy, 100 * figures.filledPatchAccuracy,
            100 * figures.positionShare),
        request);
}

std::string textCard(const DemoFigures& figures, const TrainEncodersRequest& request)
{
    const TextRecipe recipe;
    return modelCard(
        "Demo text encoder",
        "A small encoder (width 96, 3 layers) with its own SentencePiece model, in the layout of T5 v1.1, for the "
        "demo's captions\n"
        "only. It is not Google's T5.",
        formatted("Training: %lld steps on %lld captions, AdamW %g falling by a cosine. From every token, linear "
                  "heads that were\n"
                  "discarded afterwards had to predict what the caption says of the thing that its word is about "
                  "(colour, shape, "
                  "place, size) or of the\n"
                  "background (tint, texture, light), and captions with %.0f %% of their tokens hidden had to be "
                  "completed.",
                  static_cast<long long>(recipe.steps), static_cast<long long>(recipe.batch), recipe.lr,
                  100 * recipe.hiddenShare),
        formatted("Distance of captions that differ in one word, as a share of that of two captions at random: median "
                  "%.2f, smallest "
                  "%.2f;\n"
                  "where two things swap their colours, smallest %.2f. The longest caption has %lld tokens.",
                  figures.oneWordMedian, figures.oneWordSmallest, figures.swapSmallest,
                  static_cast<long long>(figures.longestCaption)),
        request);
}

/// Trains what is not there yet. Work in progress lies in `folder`/partial.
class EncoderTraining {
public:
    explicit EncoderTraining(TrainEncodersRequest request)
        : request_(std::move(request))
        , partial_(request_.folder / partialName(request_.kind))
    {
    }

    JobEnd run(const JobContext& context)
    {
        checkSceneKind(request_.kind);
        std::error_code error;
        fs::create_directories(partial_, error);
        if (error)
            throw StoreError("the folder " + partial_.string() + " could not be created: " + error.message());
        if (!trainText(context) || !trainPictureEncoders(context))
            return JobEnd::Cancelled;
        const auto figures = measureDemoEncoders(request_.folder, request_.kind, request_.seed, 60, context);
        if (!figures)
            return JobEnd::Cancelled;
        writeFileAtomically(request_.folder / "vae" / "README.md", autoencoderCard(*figures, request_));
        writeFileAtomically(request_.folder / "dinov3-demo" / "README.md", dinoCard(*figures, request_));
        writeFileAtomically(request_.folder / "t5-demo" / "README.md", textCard(*figures, request_));
        fs::remove_all(partial_);
        request_.finished(*figures);
        return JobEnd::Finished;
    }

private:
    bool trainText(const JobContext& context) const
    {
        const auto target = request_.folder / "t5-demo";
        if (fs::exists(target))
            return true;
        TextRecipe recipe;
        recipe.seed = request_.seed;
        const auto tokenizer = partial_ / "spiece.model";
        if (!fs::exists(tokenizer))
            trainDemoTokenizer(recipe, tokenizer);
        const auto weights = nanodit::trainText(recipe, tokenizer, partial_ / "t5.safetensors", context);
        if (weights)
            writeT5Folder(target, demoTextConfig(T5Tokenizer(tokenizer).size()), *weights, tokenizer);
        return weights.has_value();
    }

    bool trainPictureEncoders(const JobContext& context) const
    {
        const auto vae = request_.folder / "vae", dino = request_.folder / "dinov3-demo";
        if (fs::exists(vae) && fs::exists(dino))
            return true;
        const SceneSet scenes(request_.kind, request_.seed, request_.scenes, "train", context);
        if (!fs::exists(dino)) {
            DinoRecipe recipe;
            recipe.seed = request_.seed;
            const auto weights = trainDino(recipe, scenes, partial_ / "dino.safetensors", context);
            if (!weights)
                return false;
            writeDinoFolder(dino, demoDinoConfig(), *weights);
        }
        if (!fs::exists(vae)) {
            AutoencoderRecipe recipe;
            recipe.seed = request_.seed;
            const auto autoencoder = trainAutoencoder(recipe, scenes, partial_ / "vae.safetensors", context);
            if (!autoencoder)
                return false;
            autoencoder->save(vae, true);
        }
        return true;
    }

    TrainEncodersRequest request_;
    fs::path partial_;
};

} // namespace

std::unique_ptr<Job> makeTrainEncodersJob(TrainEncodersRequest request)
{
    return makeJob(
        [request = std::move(request)](const JobContext& context) { return EncoderTraining(request).run(context); });
}

std::unique_ptr<Job> makeMeasureEncodersJob(MeasureEncodersRequest request)
{
    return makeJob([request = std::move(request)](const JobContext& context) {
        const auto figures = measureDemoEncoders(request.folder, request.kind, request.seed, request.scenes, context);
        if (!figures)
            return JobEnd::Cancelled;
        request.finished(*figures);
        return JobEnd::Finished;
    });
}

} // namespace nanodit
