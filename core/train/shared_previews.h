#pragma once

#include "core/train/preview.h"
#include "core/train/trainer.h"

#include <memory>
#include <vector>

namespace nanodit {

/// Paints this rank's part of a step's previews, and gives rank 0 all of them, the others nothing. Every rank calls it
/// at once. `painter`: null where this rank cannot paint; without rank 0's nobody does. What a rank could not paint is
/// missing.
std::vector<PaintedPreview> paintTogether(PreviewPainter* painter, const Trainer& trainer, const JobContext& context);

/// The part of a rank that has no run folder, at each step whose previews all ranks paint.
class PreviewHelp {
public:
    /// As those of a PreviewPainter, which is made when it is first needed.
    PreviewHelp(Workspace workspace, DinoStatistics statistics, std::shared_ptr<const ShardSet> trainingSet,
                const Compute& compute);
    void paint(const Trainer& trainer, const JobContext& context);

private:
    Workspace workspace_;
    DinoStatistics statistics_;
    std::shared_ptr<const ShardSet> set_;
    Compute compute_;
    std::unique_ptr<PreviewPainter> painter_;
};

} // namespace nanodit
