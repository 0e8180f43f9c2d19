#include "core/config/model_config.h"
#include "core/config/train_config.h"
#include "core/experiment/experiment.h"
#include "core/experiment/misaligned_data.h"
#include "core/runtime/error.h"

#include <algorithm>

namespace nanodit {

const std::vector<ExperimentArm>& patchesVsClsArms()
{
    static const std::vector<ExperimentArm> arms = {
        {.name = "cls", .label = "CLS only", .what = "Text and the DINO CLS token; no patches."},
        {.name = "patches",
         .label = "patches",
         .what = "Text, CLS and every DINO patch token, as the encoder gives them."},
        {.name = "patches-sincos",
         .label = "patches, sincos position",
         .what = "The same, with the 2-D position of the latent grid added to each patch."},
        {.name = "misaligned",
         .label = "misaligned patches",
         .what =
             "As with sincos position, but CLS and patches come from the centre crop of older pipelines (the middle "
             "7/8 of the shorter side, a square), resized to the bucket: as many patches, in the wrong places. In "
             "training and in validation."},
        {.name = "patches-sincos-drop20",
         .label = "sincos, 20 % DINO drop",
         .what = "As with sincos position, with DINO dropped in 20 % of the samples instead of 30 %."}};
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
    config.model.useDinoPatches = name != "cls";
    config.model.patchPosition = name == "cls" || name == "patches" ? PatchPosition::None : PatchPosition::Sincos;
    // The founding plan's shares; the other one that it names in one place for DINO is an arm of its own.
    config.conditions = {.dropBoth = 0.10, .dropDino = name == "patches-sincos-drop20" ? 0.20 : 0.30, .dropText = 0.05};
    if (name == "misaligned")
        config.data.shards = misalignedSetName(config.data.shards);
    config.previews.every = 0;
    config.saving.keep = 1;
    return config;
}

} // namespace nanodit
