#pragma once

#include "core/config/workspace_config.h"
#include "core/dataset/dino_statistics.h"
#include "core/dataset/shard_set.h"
#include "core/io/event_file.h"
#include "core/runs/metrics_file.h"
#include "core/runtime/compute.h"
#include "core/runtime/job.h"
#include "core/train/preview.h"
#include "core/train/train_job.h"
#include "core/train/trainer.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

namespace nanodit {

/// What a training shows of itself between two steps: previews, and what conditions are worth. It changes nothing of
/// the training, and what cannot be shown is a warning: it must not end a run.
class SelfReport {
public:
    /// The request, the files and the folder must outlive this.
    SelfReport(const TrainRequest& request, std::shared_ptr<const ShardSet> trainingSet, DinoStatistics statistics,
               const Compute& compute, std::filesystem::path runFolder, MetricsFile& metrics, EventFile& events);

    void paintPreviews(const Trainer& trainer, const JobContext& context,
                       PreviewsThere there = PreviewsThere::PaintAgain);
    /// The same by all ranks, each of which calls it or PreviewHelp::paint() at once; what another could not paint is
    /// painted here.
    void paintPreviewsTogether(const Trainer& trainer, const JobContext& context);
    /// Of the averaged weights, which sampling uses.
    void measureConditionWorth(const Trainer& trainer, const JobContext& context);
    bool hasConditionWorth(std::int64_t step) const { return has(step, "worth/"); }

private:
    /// Whether something was measured at a step whose key begins so.
    bool has(std::int64_t step, const std::string& begin) const;
    void makePainter(const Trainer& trainer);
    void write(std::int64_t step, const EventFile::Scalars& values);

    const TrainRequest& request_;
    std::shared_ptr<const ShardSet> set_;
    DinoStatistics statistics_;
    Compute compute_;
    std::filesystem::path runFolder_;
    MetricsFile& metrics_;
    EventFile& events_;
    std::unique_ptr<PreviewPainter> painter_;
};

} // namespace nanodit
