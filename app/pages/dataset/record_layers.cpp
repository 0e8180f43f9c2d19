#include "app/pages/dataset/record_layers.h"

#include "app/wording.h"
#include "widgets/cell_layers.h"
#include "widgets/layers.h"

#include <algorithm>
#include <utility>

namespace nanodit {

namespace {

constexpr double outermost = 0.001; ///< Of an error map's pixels, left out of its scale.

QRectF bucketRect(const RecordView& view)
{
    return {0, 0, static_cast<double>(view.record.bucket.width), static_cast<double>(view.record.bucket.height)};
}

/// Where the whole original lies in bucket pixels, given that the bucket shows the crop of it.
QRectF originalInBucketPixels(const RecordInfo& record)
{
    const auto crop = bucketCrop(record.original, record.bucket);
    const double scale = static_cast<double>(record.bucket.width) / (crop.right - crop.left);
    return {-crop.left * scale, -crop.top * scale, static_cast<double>(record.original.width) * scale,
            static_cast<double>(record.original.height) * scale};
}

QImage cellsOf(const PatchColours& colours)
{
    QImage cells(static_cast<int>(colours.grid.cols), static_cast<int>(colours.grid.rows), QImage::Format_ARGB32);
    std::size_t i = 0;
    for (int row = 0; row < cells.height(); ++row) {
        auto* const line = reinterpret_cast<QRgb*>(cells.scanLine(row));
        for (int col = 0; col < cells.width(); ++col, ++i)
            line[col] = colours.foreground[i] ? qRgb(colours.rgb[3 * i], colours.rgb[3 * i + 1], colours.rgb[3 * i + 2])
                                              : qRgba(0, 0, 0, 0);
    }
    return cells;
}

/// "error, levels of 255" and 3.2 as "error 3.2 levels of 255".
QString valueText(const HeatScale& scale, double value)
{
    const auto unit = scale.quantity.indexOf(QLatin1String(", "));
    const auto number = QString::number(value, 'f', std::max(1, scale.decimals));
    return unit < 0 ? QStringLiteral("%1 %2").arg(scale.quantity, number)
                    : QStringLiteral("%1 %2 %3").arg(scale.quantity.left(unit), number, scale.quantity.mid(unit + 2));
}

HeatScale cosineScale(double low, double high, const QString& quantity)
{
    return {.low = low, .high = high, .quantity = quantity, .decimals = 2};
}

} // namespace

QString lensName(Lens lens)
{
    switch (lens) {
    case Lens::Picture:
        return RecordLayers::tr("Picture");
    case Lens::Colours:
        return RecordLayers::tr("PCA colours");
    case Lens::Similarity:
        return RecordLayers::tr("Similarity");
    case Lens::Cls:
        return RecordLayers::tr("CLS cosine");
    case Lens::Norms:
        return RecordLayers::tr("Patch norms");
    case Lens::Reconstruction:
        return RecordLayers::tr("Reconstruction");
    case Lens::Error:
        break;
    }
    return RecordLayers::tr("Reconstruction error");
}

RecordLayers::RecordLayers()
    : outlines_(std::make_shared<OutlineLayer>())
{
    switches_ = {{tr("Old centre crop"), {false, 1.0}},
                 {tr("Latent tokens"), {false, 1.0}},
                 {tr("DINO patches"), {true, 0.6}},
                 {tr("Loss mask"), {true, 0.5}}};
    for (const auto lens : lenses) {
        if (lens != Lens::Picture)
            switches_[lensName(lens)] = {
                .visible = false,
                .opacity = lens == Lens::Similarity || lens == Lens::Cls || lens == Lens::Norms ? 0.75 : 1.0};
    }
}

QRectF RecordLayers::extentOf(const RecordView& view)
{
    return originalInBucketPixels(view.record).united(bucketRect(view));
}

std::vector<std::shared_ptr<CanvasLayer>> RecordLayers::make(const RecordView& view)
{
    layers_.clear();
    byLens_.clear();
    similarity_.reset();
    mask_.reset();
    const auto bucket = bucketRect(view);
    const auto whole = originalInBucketPixels(view.record);
    addPictures(view, bucket, whole);
    addFeatures(view, bucket);
    addGeometry(view, bucket, whole);
    applySwitches();
    outlines_->setOutlines({});
    layers_.push_back(outlines_);
    return layers_;
}

void RecordLayers::addPictures(const RecordView& view, const QRectF& bucket, const QRectF& whole)
{
    const auto& record = view.record;
    layers_.push_back(std::make_shared<PictureLayer>(
        tr("Original"), tr("%1, as stored").arg(pixelSizeText(record.original)), view.original, whole));
    layers_.push_back(
        std::make_shared<PictureLayer>(tr("Bucket image"), tr("what VAE and DINO see"), view.bucket, bucket));
    if (view.lossMask) {
        mask_ = std::make_shared<HeatLayer>(tr("Loss mask"), tr("how much each latent pixel counts in training"),
                                            view.lossMask->grid, bucket);
        mask_->setValues(view.lossMask->values,
                         {.low = 0, .high = 1, .quantity = tr("weight in the loss"), .decimals = 2});
        layers_.push_back(mask_);
    }
    if (view.reconstruction) {
        const auto& [picture, error, psnr] = *view.reconstruction;
        byLens_[Lens::Reconstruction] = std::make_shared<PictureLayer>(
            lensName(Lens::Reconstruction), tr("decoded from the stored latent: %1 dB PSNR").arg(psnr, 0, 'f', 1),
            view.reconstructed, bucket);
        const double high = std::max(1.0, rangeOf(error.values, outermost).second);
        const auto map = std::make_shared<HeatLayer>(lensName(Lens::Error), tr("mean over R, G, B of the difference"),
                                                     error.grid, bucket);
        map->setValues(
            error.values,
            {.low = 0, .high = high, .quantity = tr("error, levels of 255"), .decimals = 0, .highIsAbove = true});
        byLens_[Lens::Error] = map;
        layers_.push_back(byLens_[Lens::Reconstruction]);
        layers_.push_back(map);
    }
}

void RecordLayers::addFeatures(const RecordView& view, const QRectF& bucket)
{
    const auto grid = view.grids.patches;
    const auto heat = [&](Lens lens, const QString& legend, const ScalarGrid& values, HeatScale scale) {
        const auto layer = std::make_shared<HeatLayer>(lensName(lens), legend, grid, bucket);
        layer->setValues(values.values, std::move(scale));
        layers_.push_back(layer);
        byLens_[lens] = layer;
    };
    if (view.unit && !view.norms.values.empty()) {
        const auto [low, high] = rangeOf(view.norms.values);
        heat(Lens::Norms,
             view.outliers > 0 ? tr("length of the features; outliers: %1").arg(view.outliers)
                               : tr("length of the features; no outliers"),
             view.norms, {.low = low, .high = high, .quantity = tr("length of the patch's features"), .decimals = 1});
    }
    if (view.clsCosines) {
        const auto [low, high] = rangeOf(view.clsCosines->values);
        heat(Lens::Cls, tr("how similar each patch is to the whole picture"), *view.clsCosines,
             cosineScale(low, high, tr("cosine to CLS")));
    }
    if (view.colours) {
        byLens_[Lens::Colours] = std::make_shared<CellLayer>(lensName(Lens::Colours),
                                                             tr("red, green, blue: %1, %2, %3 % of variance")
                                                                 .arg(100 * view.colourShares[0], 0, 'f', 0)
                                                                 .arg(100 * view.colourShares[1], 0, 'f', 0)
                                                                 .arg(100 * view.colourShares[2], 0, 'f', 0),
                                                             cellsOf(*view.colours), bucket);
        layers_.push_back(byLens_[Lens::Colours]);
    }
    if (view.unit) {
        similarity_ = std::make_shared<HeatLayer>(lensName(Lens::Similarity),
                                                  tr("to the patch under the pointer; click to lock it"), grid, bucket);
        if (similarityOf_ == view.record.id && lastSimilarity_.size() == static_cast<std::size_t>(grid.count()))
            similarity_->setValues(lastSimilarity_,
                                   {.low = 0, .high = 1, .quantity = tr("cosine"), .lowIsBelow = true});
        layers_.push_back(similarity_);
        byLens_[Lens::Similarity] = similarity_;
    }
}

void RecordLayers::addGeometry(const RecordView& view, const QRectF& bucket, const QRectF& whole)
{
    const auto& [size, patches, tokens] = view.grids;
    layers_.push_back(std::make_shared<CropLayer>(tr("Bucket crop"), tr("the part of the original that is used"),
                                                  Hue::Blue, bucket, whole));
    layers_.push_back(std::make_shared<CropLayer>(tr("Old centre crop"),
                                                  tr("what a 224 px centre crop would have seen"), Hue::Vermillion,
                                                  rectOf(oldCentreCrop(size)), bucket));
    if (view.hasPatchGrid)
        layers_.push_back(std::make_shared<GridLayer>(
            tr("DINO patches"), tr("%1 × %2 in the bucket image").arg(patches.cols).arg(patches.rows), meaning::patches,
            size, patches, GridLayer::Line::Solid));
    layers_.push_back(std::make_shared<GridLayer>(tr("Latent tokens"),
                                                  tr("%1 × %2 of 16 px").arg(tokens.cols).arg(tokens.rows),
                                                  meaning::latentTokens, size, tokens, GridLayer::Line::Dashed));
}

void RecordLayers::applySwitches()
{
    for (const auto& layer : layers_) {
        if (const auto found = switches_.find(layer->name()); found != switches_.end()) {
            layer->setVisible(found->second.visible);
            layer->setOpacity(found->second.opacity);
        }
    }
}

void RecordLayers::setLens(Lens lens)
{
    lens_ = lens;
    for (const auto other : lenses) {
        if (other != Lens::Picture)
            switches_[lensName(other)].visible = other == lens;
    }
    applySwitches();
}

void RecordLayers::keepSwitch(const QString& name, bool visible, double opacity)
{
    switches_[name] = {.visible = visible, .opacity = opacity};
}

void RecordLayers::showSimilarity(const RecordView& view, std::span<const float> direction)
{
    if (!similarity_ || !view.unit || static_cast<std::int64_t>(direction.size()) != view.unit->width())
        return;
    lastSimilarity_ = view.unit->cosines(direction).values;
    similarityOf_ = view.record.id;
    similarity_->setValues(lastSimilarity_, {.low = 0, .high = 1, .quantity = tr("cosine"), .lowIsBelow = true});
}

QString RecordLayers::valueAt(QPointF point) const
{
    QStringList values;
    for (const auto& [lens, layer] : byLens_) {
        const auto* const heat = dynamic_cast<const HeatLayer*>(layer.get());
        if (heat == nullptr || !heat->visible() || !heat->scale())
            continue;
        if (const auto value = heat->valueAt(point))
            values << valueText(*heat->scale(), static_cast<double>(*value));
    }
    if (mask_ && mask_->visible()) {
        if (const auto weight = mask_->valueAt(point))
            values << valueText(*mask_->scale(), static_cast<double>(*weight));
    }
    return values.join(QStringLiteral(" · "));
}

QString RecordLayers::obstacle(const RecordView& view, bool fitting) const
{
    if (!view.pictureProblem.isEmpty())
        return view.pictureProblem;
    if (lens_ == Lens::Picture || byLens_.count(lens_) != 0)
        return {};
    if (lens_ == Lens::Reconstruction || lens_ == Lens::Error)
        return view.reconstructionProblem.isEmpty() ? tr("Decoding the latent…") : view.reconstructionProblem;
    if (!view.hasPatchGrid)
        return tr("No DINO encoder is set. Choose one in the workspace settings (Ctrl+,).");
    if (!view.featureProblem.isEmpty())
        return view.featureProblem;
    if (!view.unit)
        return tr("Reading the patches…");
    if (lens_ == Lens::Cls)
        return tr("No CLS token. Run the DINOv3 pass.");
    return fitting ? tr("Fitting colours…")
                   : tr("Colours are not fitted: press Fit again; records with valid patches are needed.");
}

} // namespace nanodit
