#pragma once

#include "core/config/train_config.h"
#include "core/config/workspace_config.h"
#include "core/dataset/dino_statistics.h"
#include "core/dataset/shard_set.h"
#include "core/encoders/autoencoder_kl.h"
#include "core/model/nanodit.h"
#include "core/runtime/job.h"
#include "core/train/train_job.h"

#include <memory>
#include <optional>

namespace nanodit {

/// Paints the same few records of the validation split again and again while a model trains, from the same noise, so
/// that the pictures of a run can be compared.
class PreviewPainter {
public:
    /// Takes the set "val" beside the training set, or the training set itself where there is none.
    PreviewPainter(Workspace workspace, const TrainConfig& config, std::int64_t textTokens, DinoStatistics statistics,
                   std::shared_ptr<const ShardSet> trainingSet, const Compute& compute);

    /// Writes runFolder/samples/step-XXXXXXXX-ID.png for each record and hands the pictures on. False when stopped.
    bool paint(const NanoDiT& model, std::int64_t step, const std::filesystem::path& runFolder,
               const JobContext& context, const std::function<void(const PreviewPicture&)>& onPreview);

private:
    std::optional<PreviewPicture> paintOne(const NanoDiT& model, std::int64_t index, const JobContext& context);

    Workspace workspace_;
    TrainConfig config_;
    std::int64_t textTokens_;
    DinoStatistics statistics_;
    std::shared_ptr<const ShardSet> set_;
    Compute compute_;
    std::optional<AutoencoderKl> autoencoder_;
};

/// A stored sample's conditions as the model takes them: [1, ...], float32 on the CPU, DINO standardised unless
/// `statistics` is empty.
Conditions conditionsOf(const ShardSample& sample, const DinoStatistics& statistics, std::int64_t textTokens);

} // namespace nanodit
