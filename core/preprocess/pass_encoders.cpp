#include "core/preprocess/pass_encoders.h"

#include "core/config/workspace_config.h"
#include "core/dataset/pass.h"
#include "core/encoders/autoencoder_kl.h"
#include "core/encoders/dino.h"
#include "core/encoders/fingerprint.h"
#include "core/encoders/t5.h"
#include "core/geometry/bucket.h"
#include "core/io/model_folder.h"
#include "core/io/presence.h"
#include "core/preprocess/memory_plan.h"
#include "core/preprocess/precision.h"
#include "core/preprocess/working_memory.h"
#include "core/runtime/compute_info.h"
#include "core/runtime/error.h"

#include <ATen/ATen.h>

#include <array>

namespace nanodit {

namespace fs = std::filesystem;

namespace {

std::string encoderFolderOf(const Workspace& workspace, Pass pass)
{
    const auto& config = workspace.config;
    return pass == Pass::T5 ? config.t5Encoder : pass == Pass::Vae ? config.vae : config.dinoEncoder;
}

std::string encoderKey(Pass pass)
{
    return pass == Pass::T5 ? "encoders.t5" : pass == Pass::Vae ? "encoders.vae" : "encoders.dino";
}

/// Reads everything of an encoder but the contents of its weights. Throws DataError for what cannot be used.
void expectWhole(Pass pass, const fs::path& folder)
{
    if (pass == Pass::T5) {
        T5Config::load(folder);
        T5Tokenizer::load(folder);
    } else if (pass == Pass::Vae) {
        AutoencoderConfig::load(folder);
    } else {
        DinoConfig::load(folder);
        ImageProcessor::load(folder).normalisation();
    }
    findModelFiles(folder);
}

std::string obstacleOf(const Workspace& workspace, Pass pass)
{
    const auto named = encoderFolderOf(workspace, pass);
    const auto yaml = (workspace.root / "workspace.yaml").string();
    if (named.empty())
        return "the pass " + passName(pass) + " has no encoder: set " + encoderKey(pass) + " in " + yaml +
               " to the folder of one (Hugging Face layout, with config.json and weights)";
    const auto folder = workspace.path(named);
    if (!isPresentFile(folder / "config.json"))
        return "the encoder of the pass " + passName(pass) + " is missing: " + folder.string() +
               " holds no config.json; " + adviceWithoutConfig(folder) + ", or correct " + encoderKey(pass) + " in " +
               yaml;
    try {
        expectWhole(pass, folder);
    } catch (const DataError& error) {
        return error.what();
    }
    return {};
}

/// What may well be wrong with an encoder that can be used; "" for most.
std::string remarkOf(const Workspace& workspace, Pass pass)
{
    const auto folder = workspace.path(encoderFolderOf(workspace, pass));
    if (pass != Pass::Vae || !obstacleOf(workspace, pass).empty() || !AutoencoderConfig::load(folder).scalingAssumed)
        return {};
    return (folder / "config.json").string() +
           " gives no scaling_factor: 0.18215 is taken, as diffusers does, which is "
           "right for the autoencoders of Stable Diffusion 1 and 2; write the "
           "model's own into the file if it is another";
}

/// By Pass. To know it, a tokenizer is read, of which T5's takes a while.
using UsableEncoders = std::array<bool, 3>;

UsableEncoders usableOf(const Workspace& workspace)
{
    UsableEncoders usable{};
    for (const auto pass : {Pass::T5, Pass::Vae, Pass::Dino})
        usable[static_cast<std::size_t>(pass)] = obstacleOf(workspace, pass).empty();
    return usable;
}

ArrayExpectations expectationsOf(const Workspace& workspace, const UsableEncoders& usable)
{
    ArrayExpectations expected{.textTokens = workspace.config.textTokens,
                               .textWidth = {},
                               .latentChannels = {},
                               .dinoWidth = {},
                               .patchSize = {}};
    const auto folderOf = [&](Pass pass) { return workspace.path(encoderFolderOf(workspace, pass)); };
    if (usable[static_cast<std::size_t>(Pass::T5)])
        expected.textWidth = T5Config::load(folderOf(Pass::T5)).width;
    if (usable[static_cast<std::size_t>(Pass::Vae)]) {
        const auto config = AutoencoderConfig::load(folderOf(Pass::Vae));
        expected.latentChannels = config.latentChannels;
        expected.latentFactor = config.factor();
    }
    if (usable[static_cast<std::size_t>(Pass::Dino)]) {
        const auto config = DinoConfig::load(folderOf(Pass::Dino));
        expected.dinoWidth = config.width;
        expected.patchSize = config.patchSize;
    }
    return expected;
}

/// On another device than the CPU, only what goes there and comes back takes memory that is accounted for.
std::function<std::int64_t(Pass, ImageSize, std::int64_t)> workingBytes(const Workspace& workspace,
                                                                        const UsableEncoders& usable, at::Device device)
{
    if (!device.is_cpu())
        return [](Pass pass, ImageSize bucket, std::int64_t records) {
            return pass == Pass::T5 ? 0 : records * 2 * 4 * imageBytes(bucket);
        };
    std::optional<T5Config> text;
    std::optional<AutoencoderConfig> vae;
    std::optional<DinoConfig> dino;
    const auto folderOf = [&](Pass pass) { return workspace.path(encoderFolderOf(workspace, pass)); };
    if (usable[static_cast<std::size_t>(Pass::T5)])
        text = T5Config::load(folderOf(Pass::T5));
    if (usable[static_cast<std::size_t>(Pass::Vae)])
        vae = AutoencoderConfig::load(folderOf(Pass::Vae));
    if (usable[static_cast<std::size_t>(Pass::Dino)])
        dino = DinoConfig::load(folderOf(Pass::Dino));
    return [=, tokens = workspace.config.textTokens](Pass pass, ImageSize bucket, std::int64_t records) {
        switch (pass) {
        case Pass::T5:
            return text ? workingBytesOf(*text, tokens, records) : 0;
        case Pass::Vae:
            return vae ? workingBytesOf(*vae, bucket, records) : 0;
        case Pass::Dino:
            return dino ? workingBytesOf(*dino, bucket, records) : 0;
        }
        return std::int64_t{0};
    };
}

TextEncoder textEncoder(const fs::path& folder, std::int64_t maxTokens, const EncoderOptions& options)
{
    const auto encoder = T5Encoder::load(folder, options);
    return [encoder, maxTokens](const std::vector<std::string>& captions, const JobContext& context) {
        return encoder->encodeCaptions(captions, maxTokens, [&context] { return context.shouldStop(); });
    };
}

LatentEncoder latentEncoder(const fs::path& folder, const EncoderOptions& options)
{
    const auto encoder = std::make_shared<const AutoencoderKl>(AutoencoderKl::load(folder, options));
    return [encoder, device = options.device](const std::vector<Image>& images, const JobContext& context) {
        std::vector<at::Tensor> pictures;
        for (const auto& image : images)
            pictures.push_back(tensorFromImage(image));
        // diffusers' VaeImageProcessor: [0, 1] to [-1, 1].
        const auto pixels = at::stack(pictures).to(device).to(at::kFloat).div(255).mul(2).sub(1); // [B, 3, H, W]
        const auto latent = encoder->encode(pixels, [&context] { return context.shouldStop(); });
        return latent ? encoder->modelLatent(latent->mean) : at::Tensor();
    };
}

PatchEncoder patchEncoder(const fs::path& folder, const EncoderOptions& options)
{
    const auto encoder = DinoEncoder::load(folder, options);
    return [encoder, device = options.device](const std::vector<Image>& images,
                                              const JobContext& context) -> PatchFeatures {
        std::vector<at::Tensor> pictures;
        for (const auto& image : images)
            pictures.push_back(
                dinoPixels(image, dinoInputSize(image.size, encoder->config().patchSize), encoder->normalisation()));
        const auto features =
            encoder->encode(at::cat(pictures).to(device), [&context] { return context.shouldStop(); });
        if (!features)
            return {};
        return {.cls = features->cls, .patches = features->patches};
    };
}

} // namespace

PassEncoders encodersOf(const Workspace& workspace, const Compute& compute)
{
    const auto device = compute.device;
    const auto folderOf = [workspace](Pass pass) { return workspace.path(encoderFolderOf(workspace, pass)); };
    const bool bf16 = productsInBf16(workspace);
    const EncoderOptions options{
        .device = device, .compute = at::kFloat, .products = bf16 ? at::kBFloat16 : at::kFloat};
    const auto usable = usableOf(workspace);
    PassEncoders encoders;
    encoders.expectations = expectationsOf(workspace, usable);
    encoders.expectations.bf16Products = bf16;
    encoders.device =
        (device.is_cpu() ? "" : device.str() + ", ") + computeInfo().description + (bf16 ? ", products in bf16" : "");
    encoders.obstacle = [workspace](Pass pass) { return obstacleOf(workspace, pass); };
    encoders.remark = [workspace](Pass pass) { return remarkOf(workspace, pass); };
    encoders.fingerprint = [workspace, folderOf](Pass pass, const JobContext& context) {
        if (const auto obstacle = obstacleOf(workspace, pass); !obstacle.empty())
            throw DataError(obstacle);
        return encoderFingerprint(folderOf(pass), workspace.root / "data" / "encoder_fingerprints.json", context);
    };
    encoders.loadText = [=, tokens = workspace.config.textTokens] {
        return textEncoder(folderOf(Pass::T5), tokens, options);
    };
    if (usable[static_cast<std::size_t>(Pass::T5)]) {
        const auto loadTokenizer = [=] {
            return std::make_shared<const T5Tokenizer>(T5Tokenizer::load(folderOf(Pass::T5)));
        };
        encoders.loadTokenCount = [=] {
            return [tokenizer = loadTokenizer()](const std::string& caption) {
                return static_cast<std::int64_t>(tokenizer->encode(caption).size());
            };
        };
        encoders.loadKnowsMostOf = [=] {
            return
                [tokenizer = loadTokenizer()](const std::string& caption) { return tokenizer->knowsMostOf(caption); };
        };
    }
    encoders.loadLatent = [=] { return latentEncoder(folderOf(Pass::Vae), options); };
    if (usable[static_cast<std::size_t>(Pass::Dino)])
        encoders.dinoRegisters = DinoConfig::load(folderOf(Pass::Dino)).registers;
    encoders.loadPatch = [=] { return patchEncoder(folderOf(Pass::Dino), options); };
    encoders.workingBytes = workingBytes(workspace, usable, device);
    if (!device.is_cpu()) {
        encoders.pixelsAtOnce = 4 * 1024 * 1024;
        encoders.captionsAtOnce = 32;
    }
    return encoders;
}

} // namespace nanodit
