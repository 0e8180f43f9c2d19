#include "widgets/grid_correspondence.h"

#include <cmath>

namespace nanodit {

namespace {

QString rangeText(std::int64_t first, std::int64_t last)
{
    return first == last ? QString::number(first) : QStringLiteral("%1-%2").arg(first).arg(last);
}

QString pixelText(double value)
{
    return QString::number(value, 'f', std::abs(value - std::round(value)) < 0.005 ? 0 : 1);
}

} // namespace

GridPair gridPair(ImageSize bucket, std::int64_t patchSize)
{
    return {.bucket = bucket, .patches = dinoGrid(bucket, patchSize), .latentTokens = latentTokenGrid(bucket)};
}

std::optional<Correspondence> correspondenceAt(const GridPair& grids, double x, double y)
{
    const auto& bucket = grids.bucket;
    if (!(x >= 0 && y >= 0 && x < static_cast<double>(bucket.width) && y < static_cast<double>(bucket.height)))
        return std::nullopt;
    const auto patch = cellAt(bucket, grids.patches, x, y);
    const auto box = cellBox(bucket, grids.patches, patch);
    return Correspondence{.x = static_cast<std::int64_t>(x),
                          .y = static_cast<std::int64_t>(y),
                          .patch = patch,
                          .box = box,
                          .latentTokens = cellsUnder(bucket, grids.latentTokens, box)};
}

QString describe(const Correspondence& at)
{
    const auto& [first, last] = at.latentTokens;
    return QStringLiteral("pixel %1,%2 · patch r%3 c%4 · latent tokens r%5 c%6 · box %7-%8, %9-%10 px")
        .arg(QString::number(at.x), QString::number(at.y), QString::number(at.patch.row), QString::number(at.patch.col),
             rangeText(first.row, last.row), rangeText(first.col, last.col), pixelText(at.box.left),
             pixelText(at.box.right), pixelText(at.box.top))
        .arg(pixelText(at.box.bottom));
}

} // namespace nanodit
