#pragma once

#include "core/encoders/dino.h"
#include "core/validate/lpips.h"
#include "core/validate/patch_metrics.h"
#include "core/validate/plan.h"
#include "core/validate/truth_measure.h"

namespace nanodit {

/// A picture and what the DINO encoder says of it; tensors on the CPU, for there may be hundreds.
struct SeenPicture {
    Image picture;
    at::Tensor cls;     ///< [D]
    at::Tensor patches; ///< [N, D]
    GridSize grid;
};

/// Compares painted pictures with originals, on the device of `compute` and always in float32: a yardstick is the same
/// whatever it measures. One thread at a time.
class Measures {
public:
    /// `lpips`: empty when there are no weights.
    Measures(const Workspace& workspace, std::optional<Lpips> lpips, TruthMeasure truth, const Compute& compute);

    SeenPicture see(Image picture) const;
    /// The record's bucket image, seen once and kept.
    const SeenPicture& original(const RecordInfo& record);

    /// All metrics of validationMetrics() that say something of this picture. `unchanged`: the picture of
    /// PlannedPicture::unchanged, where there is one. `others`: records whose originals a text's picture is told from.
    std::map<std::string, double> measure(const PlannedPicture& planned, const SeenPicture& painted,
                                          const SeenPicture* unchanged, const std::vector<RecordInfo>& others);

private:
    double patchDistance(const SeenPicture& a, const SeenPicture& b) const;
    PatchCorrespondence correspondence(const SeenPicture& a, const SeenPicture& b) const;
    void compareWithOriginal(const SeenPicture& painted, const SeenPicture& original,
                             std::map<std::string, double>& values) const;
    double textMatch(const SeenPicture& painted, const RecordInfo& own, const std::vector<RecordInfo>& others);

    Workspace workspace_;
    Compute compute_;
    std::shared_ptr<const DinoEncoder> dino_;
    std::optional<Lpips> lpips_;
    TruthMeasure truth_;
    std::map<std::string, SeenPicture> originals_;
};

} // namespace nanodit
