#pragma once

#include "core/front/data.h"
#include "core/io/image.h"
#include "widgets/grid_correspondence.h"

#include <QImage>
#include <QString>

#include <memory>
#include <optional>

namespace nanodit {

/// What the page knows of one record's picture. Filled in piece by piece: what is null or empty is not there yet, or,
/// where a problem says why, cannot be had.
struct RecordView {
    RecordInfo record;
    GridPair grids;
    bool hasPatchGrid = false; ///< The workspace names a DINO encoder.

    QImage original, bucket;
    std::shared_ptr<const Image> bucketImage;
    std::optional<ScalarGrid> lossMask; ///< Weights of latent pixels, 0 to 1, where the picture has a mask.
    QString maskProblem;
    QString pictureProblem;

    std::shared_ptr<const UnitFeatures> unit; ///< Of the patches, with or without what depends on their place.
    std::optional<ScalarGrid> clsCosines;
    ScalarGrid norms;
    std::int64_t outliers = 0; ///< Patches whose norm stands out.
    std::optional<PatchColours> colours;
    std::array<double, 3> colourShares{}; ///< Of variance, by red, green, blue.
    QString featureProblem;

    std::shared_ptr<const Reconstruction> reconstruction;
    QImage reconstructed;
    QString reconstructionProblem;
};

} // namespace nanodit
