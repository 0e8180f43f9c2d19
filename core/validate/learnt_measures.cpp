#include "core/validate/learnt_measures.h"

#include "core/io/image.h"
#include "core/io/presence.h"
#include "core/preprocess/workspace_state.h"
#include "core/runs/checkpoint.h"
#include "core/runs/checkpoint_weights.h"
#include "core/runtime/error.h"
#include "core/runtime/number_text.h"
#include "core/sample/shared_models.h"
#include "core/train/measure_worth.h"
#include "core/train/preview.h"
#include "core/validate/nearest_training.h"

#include <ATen/ATen.h>

#include <map>

namespace nanodit {

namespace fs = std::filesystem;

namespace {

std::vector<ValidationPicture*> picturesOf(ValidationReport& report, ValidationTask task)
{
    std::vector<ValidationPicture*> pictures;
    for (auto& picture : report.pictures) {
        if (picture.task == task)
            pictures.push_back(&picture);
    }
    return pictures;
}

/// Those of the workspace's records that have these ids. Looking them up one by one would look at the encoders each
/// time.
std::map<std::string, RecordInfo> recordsNamed(const std::vector<std::string>& ids, const Workspace& workspace)
{
    std::map<std::string, RecordInfo> records;
    for (const auto& record : findRecords(workspace, ids, Look::Catalog))
        records.emplace(record.id, record);
    return records;
}

} // namespace

bool addConditionWorth(ValidationReport& report, const Workspace& workspace, const fs::path& checkpoint,
                       const Compute& compute, const JobContext& context)
{
    const auto pictures = picturesOf(report, ValidationTask::Reconstruction);
    if (pictures.empty())
        return true;
    const auto shards = validationShards(workspace);
    if (!shards) {
        report.notes.push_back("What conditions are worth to the loss was not measured: the workspace has no shard set "
                               "\"val\".");
        return true;
    }
    const auto opened = openModel(checkpoint, compute.device);
    const auto& state = opened->state;
    const WorthMeter meter(opened->model, state.dino, state.textTokens, state.config.seed, compute);
    std::size_t missing = 0, unusable = 0;
    std::string reason;
    for (auto* const picture : pictures) {
        if (context.shouldStop())
            return false;
        const auto place = shards->find(picture->record);
        if (!place) {
            ++missing;
            continue;
        }
        try {
            const auto worth = meter.measure(shards->read(*place));
            picture->values["fixed_loss"] = worth.loss;
            picture->values["caption_gain"] = worth.captionGain();
            picture->values["dino_gain"] = worth.dinoGain();
            picture->values["patch_gain"] = worth.patchGain();
        } catch (const DataError& error) { // a damaged sample, or one of another encoder
            if (unusable++ == 0)
                reason = error.what();
        }
    }
    if (unusable > 0)
        report.notes.push_back("What conditions are worth to the loss could not be measured on " +
                               counted(static_cast<std::int64_t>(unusable), "record") + ", the first because " +
                               reason + ".");
    if (missing > 0)
        report.notes.push_back("What conditions are worth to the loss was measured on " +
                               std::to_string(pictures.size() - missing - unusable) + " of " +
                               std::to_string(pictures.size()) +
                               " records: the others are not in the shard set \"val\", which was packed without them.");
    return true;
}

bool addNearestTraining(ValidationReport& report, const Workspace& workspace, const fs::path& checkpoint,
                        Measures& measures, const std::vector<at::Tensor>& painted, const JobContext& context)
{
    const auto pictures = picturesOf(report, ValidationTask::TextOnly);
    const auto set = readCheckpointState(checkpointFolder(checkpoint)).config.data.shards;
    const auto folder = workspace.shardsFolder() / set;
    if (pictures.empty())
        return true;
    if (!isPresent(folder)) {
        report.notes.push_back("Whether pictures are copies of training pictures was not checked: the shard set \"" +
                               set + "\", which the model was trained on, is not in " +
                               workspace.shardsFolder().string() + ".");
        return true;
    }
    std::vector<std::string> ids;
    for (const auto* const picture : pictures)
        ids.push_back(picture->record);
    const auto originals = recordsNamed(ids, workspace);
    auto queries = painted;
    for (const auto& id : ids) {
        const auto original = originals.find(id);
        queries.push_back(original != originals.end() ? measures.originalCls(original->second)
                                                      : painted.front()); // its number is left out below
    }
    std::optional<std::vector<NearestPicture>> nearest;
    try {
        nearest = nearestTrainingPictures(*ShardSet::open(folder), at::stack(queries), context);
    } catch (const DataError& error) { // of another encoder: all else of the report is of use
        report.notes.push_back(
            "Whether pictures are copies of training pictures was not checked: " + std::string(error.what()) + ".");
        return true;
    }
    if (!nearest)
        return !context.shouldStop();
    std::vector<std::string> nearestIds;
    for (const auto& one : *nearest)
        nearestIds.push_back(one.id);
    const auto records = recordsNamed(nearestIds, workspace);
    for (std::size_t i = 0; i < pictures.size(); ++i) {
        auto& picture = *pictures[i];
        picture.nearest = (*nearest)[i].id;
        picture.values["nearest_training"] = (*nearest)[i].similarity;
        if (originals.contains(picture.record))
            picture.values["nearest_training_original"] = (*nearest)[pictures.size() + i].similarity;
        const auto record = records.find(picture.nearest);
        if (record == records.end() || !isPresent(record->second.image))
            continue; // shards outlive records
        fs::create_directories(report.folder / "nearest");
        try {
            writePng(report.folder / nearestFile(picture), loadBucketImage(record->second));
        } catch (const DataError&) { // it was damaged since it was packed: its name is told all the same
        }
    }
    return true;
}

} // namespace nanodit
