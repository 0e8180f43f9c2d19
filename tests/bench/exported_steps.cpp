#include "tests/bench/exported_steps.h"

#include "core/config/json.h"
#include "core/dataset/loader.h"
#include "core/io/atomic_file.h"
#include "core/io/tensor.h"
#include "core/runtime/error.h"
#include "core/train/optimiser.h"
#include "core/train/trainer.h"

#include <ATen/ATen.h>
#include <nlohmann/json.hpp>

#include <string>
#include <utility>
#include <vector>

namespace nanodit::bench {

namespace {

void expectComparable(const TrainConfig& config, const ShardSet& set)
{
    const auto& model = config.model;
    const std::vector<std::pair<bool, std::string>> lacking = {
        {model.patchPosition == PatchPosition::Rope, "model.patch_position rope"},
        {model.patchPrior != PatchPrior::None, "model.patch_prior"},
        {model.internalHead > 0, "model.internal_head"},
        {config.repa.enabled(), "repa.weight"},
        {config.conditions.patchDropout > 0, "conditions.patch_dropout"},
        {config.optimiser.name != "adamw", "another optimiser.name than adamw"},
        {config.precision != Precision::Float32, "another precision than float32"},
        {!config.warmStart.checkpoint.empty(), "warm_start.checkpoint"},
        {set.masked() > 0, "loss masks"},
    };
    for (const auto& [isAsked, what] : lacking) {
        if (isAsked)
            throw UsageError("the reference in plain PyTorch does not have " + what);
    }
}

at::Tensor flagsOf(const std::vector<bool>& values)
{
    const auto flags = at::zeros({static_cast<std::int64_t>(values.size())}, at::kByte);
    for (std::size_t i = 0; i < values.size(); ++i)
        flags.data_ptr<std::uint8_t>()[i] = values[i] ? 1 : 0;
    return flags;
}

TensorMap tensorsOf(const MicroBatchTrace& trace)
{
    const auto& batch = trace.batch;
    const auto drops = trace.draws.asDrops();
    return {
        {"latent", batch.latent},
        {"noise", trace.draws.noise},
        {"t", trace.draws.t},
        {"text", batch.text},
        {"text_mask", batch.textMask.to(at::kByte)},
        {"cls", batch.cls},
        {"patches", batch.patches},
        {"patch_grid", at::tensor(std::vector<std::int64_t>{batch.patchGrid.rows, batch.patchGrid.cols}, at::kLong)},
        {"drop_text", flagsOf(drops.text)},
        {"drop_dino", flagsOf(drops.dino)}};
}

std::vector<std::string> decaying(const Parameters& parameters, Decayed decayed)
{
    std::vector<std::string> names;
    for (const auto& parameter : parameters) {
        if (decayed == Decayed::Everything || isWeightMatrix(parameter))
            names.push_back(parameter.name);
    }
    return names;
}

LoaderOptions loaderOptions(const TrainConfig& config)
{
    LoaderOptions options;
    options.batchSize = config.data.batchSize;
    options.seed = static_cast<std::uint64_t>(config.seed);
    options.normaliseDino = config.data.normaliseDino;
    options.prefetch = config.data.prefetch;
    return options;
}

} // namespace

void exportSteps(const std::shared_ptr<const ShardSet>& set, TrainConfig config, std::int64_t textTokens,
                 std::int64_t steps, const std::filesystem::path& folder)
{
    expectComparable(config, *set);
    config.model.textDim = set->textWidth();
    config.model.dinoDim = set->dinoWidth();
    config.model.latentChannels = set->latentChannels();
    config.metrics.attentionEvery = 0;
    throwIfAny(config.validate(), "the training configuration");
    std::filesystem::create_directories(folder);
    Trainer trainer(config, textTokens);
    writeTensors(folder / "weights.safetensors", trainer.tensors().model);
    Loader loader(set, loaderOptions(config));
    auto made = nlohmann::ordered_json::array();
    for (std::int64_t step = 1; step <= steps; ++step) {
        std::int64_t micro = 0;
        const auto keep = [&](const MicroBatchTrace& trace) {
            const auto name = std::to_string(step) + "-" + std::to_string(micro++) + ".safetensors";
            writeTensors(folder / name, tensorsOf(trace));
        };
        const auto metrics = trainer.step([&loader] { return loader.next(); }, {}, keep);
        made.push_back({{"loss", metrics->loss}, {"lr", metrics->lr}, {"gradient_norm", metrics->gradNorm}});
    }
    writeTensors(folder / "after.safetensors", trainer.tensors().model);
    nlohmann::ordered_json json;
    json["config"] = writeJson([&config](FieldVisitor& visitor) { config.visit(visitor); });
    json["text_tokens"] = textTokens;
    json["decaying"] = decaying(trainer.parameters(), config.optimiser.decayed);
    json["steps"] = std::move(made);
    writeFileAtomically(folder / "training.json", json.dump(1) + "\n");
}

} // namespace nanodit::bench
