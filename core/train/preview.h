#pragma once

#include "core/config/train_config.h"
#include "core/config/workspace_config.h"
#include "core/dataset/dino_statistics.h"
#include "core/dataset/shard_set.h"
#include "core/encoders/autoencoder_kl.h"
#include "core/model/nanodit.h"
#include "core/runtime/job.h"
#include "core/train/train_job.h"

#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace nanodit {

/// What becomes of previews whose files are there.
enum class PreviewsThere { PaintAgain, Keep };

/// A preview that another painted: of a record, by its place in the set.
struct PaintedPreview {
    std::int64_t record = 0;
    PreviewKind kind = PreviewKind::Usual;
    Image picture;
};

/// Paints the same few records of the validation split again and again while a model trains, from the same noise, so
/// that the pictures of a run can be compared.
class PreviewPainter {
public:
    /// Takes the set "val" beside the training set, or the training set itself where there is none.
    PreviewPainter(Workspace workspace, const TrainConfig& config, std::int64_t textTokens, DinoStatistics statistics,
                   std::shared_ptr<const ShardSet> trainingSet, const Compute& compute);

    /// Writes runFolder/samples/step-XXXXXXXX-ID.png for each record and hands the pictures on: what `model` paints;
    /// what `raw` paints, until its pictures agree with those (previews.raw_until), null: there is no other; and for
    /// the first previews.conditions records what `model` paints under parts of the conditions. Those that are kept are
    /// not handed on. A record that cannot be read is left out, with a warning. False when stopped.
    bool paint(const NanoDiT& model, const NanoDiT* raw, std::int64_t step, const std::filesystem::path& runFolder,
               const JobContext& context, const std::function<void(const PreviewPicture&)>& onPreview,
               PreviewsThere there = PreviewsThere::PaintAgain);
    /// Every `ranks`th of the pictures that paint() makes, from the `rank`th on. Fewer when stopped.
    std::vector<PaintedPreview> paintShare(const NanoDiT& model, const NanoDiT* raw, std::int64_t rank,
                                           std::int64_t ranks, const JobContext& context);
    /// The next paint() takes these instead of painting them.
    void take(std::vector<PaintedPreview> painted);
    /// Whether raw weights are to paint beside the average.
    bool paintsRaw() const { return config_.ema.enabled && config_.previews.rawUntil > 0 && !agrees_; }
    /// Of the last step's pictures: the mean absolute difference of the pixels that raw and averaged weights painted,
    /// as a share of their range. Empty where raw ones painted none.
    std::optional<double> rawDifference() const { return rawDifference_; }
    /// Raw and averaged pictures have agreed: raw ones are painted no more.
    bool agrees() const { return agrees_; }
    /// The pictures of an earlier step of this run had this difference (rawDifference()).
    void recall(double difference) { agrees_ = agrees_ || difference < config_.previews.rawUntil; }

private:
    std::int64_t recordCount() const;
    std::vector<PreviewKind> kindsOf(std::int64_t index, bool withRaw);
    std::optional<Image> paintOne(const NanoDiT& model, std::int64_t index, PreviewKind kind,
                                  const JobContext& context);
    bool canBePainted(std::int64_t index, PreviewKind kind);

    Workspace workspace_;
    TrainConfig config_;
    std::int64_t textTokens_;
    DinoStatistics statistics_;
    std::shared_ptr<const ShardSet> set_;
    Compute compute_;
    std::shared_ptr<const AutoencoderKl> autoencoder_;
    std::map<std::pair<std::int64_t, PreviewKind>, Image> taken_;
    std::optional<double> rawDifference_;
    bool agrees_ = false;
};

/// The shard set "val" of the workspace; null where there is none, or an empty one.
std::shared_ptr<const ShardSet> validationShards(const Workspace& workspace);

/// Copies of a stored sample's conditions as the model takes them: [1, ...], float32 on the CPU, DINO standardised
/// unless `statistics` is empty.
Conditions conditionsOf(const ShardSample& sample, const DinoStatistics& statistics, std::int64_t textTokens);

} // namespace nanodit
