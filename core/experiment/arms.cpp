#include "core/config/model_config.h"
#include "core/config/train_config.h"
#include "core/experiment/experiment.h"
#include "core/experiment/misaligned_data.h"
#include "core/runtime/error.h"

#include <algorithm>

namespace nanodit {

namespace {

/// Of the samples of the arm with holes that keep DINO.
constexpr double shareWithHoles = 0.5;

} // namespace

const std::vector<ExperimentArm>& patchesVsClsArms()
{
    static const std::vector<ExperimentArm> arms = {
        {.name = "cls", .label = "CLS only", .what = "Text and the DINO CLS token; no patches."},
        {.name = "patches-sincos",
         .label = "patches, sincos",
         .what = "Text, CLS and every DINO patch token, with the 2-D position of the latent grid added to each patch."},
        {.name = "patches-prior",
         .label = "patches, prior",
         .what = "The same patches without a position, but each head favours the patches near a latent token, as "
                 "strongly as it learns."},
        {.name = "patches-rope",
         .label = "patches, rope",
         .what = "The same patches; queries and patch keys are rotated by their positions."},
        {.name = "patches-rope-prior",
         .label = "patches, rope and prior",
         .what = "Both: rotated by position, and favouring what is near."},
        {.name = "patches-rope-prior-holes",
         .label = "rope, prior and holes",
         .what = "As with rope and prior, but in half of the samples a random part of the patches is left out of the "
                 "context (conditions.patch_dropout)."},
        {.name = "misaligned",
         .label = "misaligned, rope and prior",
         .what = "As with rope and prior, but CLS and patches come from the centre crop of older pipelines (the middle "
                 "7/8 of the shorter side, a square), resized to the bucket: as many patches, in the wrong places. In "
                 "training and in validation."}};
    return arms;
}

const ExperimentArm& experimentArm(const std::string& name)
{
    std::string known;
    for (const auto& arm : patchesVsClsArms()) {
        if (arm.name == name)
            return arm;
        known += (known.empty() ? "" : ", ") + arm.name;
    }
    throw UsageError("there is no arm \"" + name + "\"; there are " + known);
}

TrainConfig armConfig(const std::string& arm, std::int64_t seed, TrainConfig config)
{
    const auto& name = experimentArm(arm).name;
    config.seed = seed;
    const bool holes = name == "patches-rope-prior-holes";
    const bool both = name == "patches-rope-prior" || name == "misaligned" || holes;
    const bool rope = name == "patches-rope" || both, prior = name == "patches-prior" || both;
    config.model.useDinoPatches = name != "cls";
    config.model.patchPosition = rope                       ? PatchPosition::Rope
                                 : name == "patches-sincos" ? PatchPosition::Sincos
                                                            : PatchPosition::None;
    config.model.patchPrior = prior ? PatchPrior::Learned : PatchPrior::None;
    config.conditions = {.dropBoth = 0.10, // the founding plan's shares
                         .dropDino = 0.30,
                         .dropText = 0.05,
                         .patchDropout = holes ? shareWithHoles : config.conditions.patchDropout};
    if (name == "misaligned")
        config.data.shards = misalignedSetName(config.data.shards);
    config.previews.every = 0;
    config.saving.keep = 1;
    return config;
}

} // namespace nanodit
