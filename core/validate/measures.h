#pragma once

#include "core/encoders/dino.h"
#include "core/sample/recent.h"
#include "core/validate/lpips.h"
#include "core/validate/patch_metrics.h"
#include "core/validate/plan.h"
#include "core/validate/truth_measure.h"

namespace nanodit {

/// A picture and what the DINO encoder says of it; tensors on the CPU, some 20 MB for 1024 x 1024 pixels.
struct SeenPicture {
    Image picture;
    at::Tensor cls;     ///< [D], in memory of its own: it may outlive the patches.
    at::Tensor patches; ///< [N, D]
    GridSize grid;
};

/// How many of them are kept because they may be needed again; there may be hundreds.
inline constexpr std::size_t seenPicturesKept = 32;

/// Compares painted pictures with originals, on the device of `compute`, always in float32 so that results compare. One
/// thread at a time.
class Measures {
public:
    /// `lpips`: empty when there are no weights.
    Measures(const Workspace& workspace, std::optional<Lpips> lpips, TruthMeasure truth, const Compute& compute);

    SeenPicture see(Image picture) const;
    /// The record's bucket image. Valid until as many others were asked for as are kept.
    const SeenPicture& original(const RecordInfo& record);
    /// Its CLS alone, [D], which is kept of every record.
    at::Tensor originalCls(const RecordInfo& record);

    /// All metrics of validationMetrics() that say something of this picture. `unchanged`: the picture of
    /// PlannedPicture::unchanged, where there is one. `others`: records whose originals are compared with a text's
    /// picture.
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
    Recent<SeenPicture> originals_{seenPicturesKept}; ///< By the record's id, as is what follows.
    std::map<std::string, at::Tensor> originalCls_;
};

} // namespace nanodit
