#include "app/pages/loupe.h"

#include "app/background_queue.h"
#include "app/session.h"
#include "widgets/image_canvas.h"
#include "widgets/layer_list.h"
#include "widgets/layers.h"
#include "widgets/picture.h"
#include "widgets/theme.h"

#include <QLabel>
#include <QVBoxLayout>

namespace nanodit {

namespace {

/// Where the whole original lies in bucket pixels, given that the bucket shows `crop` of it.
QRectF originalInBucketPixels(const RecordInfo& record)
{
    const auto crop = bucketCrop(record.original, record.bucket);
    const double scale = static_cast<double>(record.bucket.width) / (crop.right - crop.left);
    return {-crop.left * scale, -crop.top * scale, static_cast<double>(record.original.width) * scale,
            static_cast<double>(record.original.height) * scale};
}

} // namespace

Loupe::Loupe(Session& session, QWidget* parent)
    : QWidget(parent)
    , session_(session)
    , canvas_(new ImageCanvas(this))
    , layerList_(new LayerList(canvas_))
    , readout_(new QLabel(this))
    , outlines_(std::make_shared<OutlineLayer>())
{
    canvas_->setObjectName(QStringLiteral("loupeCanvas"));
    canvas_->setEmptyText(tr("Choose a picture at the left"));
    readout_->setObjectName(QStringLiteral("readout"));
    auto small = readout_->font();
    small.setPointSizeF(9);
    readout_->setFont(tabularFont(small));
    readout_->setWordWrap(true);
    readout_->setFixedHeight(2 * QFontMetrics(small).lineSpacing() + 12); // whether one line or two: nothing jumps
    readout_->setContentsMargins(12, 6, 12, 6);
    readout_->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Fixed);
    setRole(readout_, "secondary");
    auto* const column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    column->addWidget(canvas_, 1);
    column->addWidget(readout_);
    switches_ = {
        {tr("Old centre crop"), {false, 1.0}}, {tr("Latent tokens"), {false, 1.0}}, {tr("DINO patches"), {true, 0.6}}};
    connect(canvas_, &ImageCanvas::hovered, this, &Loupe::pointAt);
    connect(canvas_, &ImageCanvas::hoverLeft, this, [this] { pointAt({-1e9, -1e9}); });
    connect(layerList_, &LayerList::layerSwitched, this, [this](const QString& name, bool visible, double opacity) {
        switches_[name] = {visible, opacity};
    });
    pointAt({-1e9, -1e9});
}

void Loupe::clear()
{
    wanted_.clear();
    grids_.reset();
    canvas_->clear();
    layerList_->refresh();
    pointAt({-1e9, -1e9});
}

void Loupe::showRecord(const RecordInfo& record)
{
    wanted_ = record.id;
    session_.background().ask(
        this,
        [record] {
            const auto original = loadOriginal(record);
            return Pictures{.original = qImageFromImage(original),
                            .bucket = qImageFromImage(makeBucketImage(original, record.bucket))};
        },
        [this, record](const Pictures& pictures) {
            if (record.id == wanted_) // else the user is further already
                showPictures(record, pictures);
        },
        [this, id = record.id](const QString& message) {
            if (id != wanted_)
                return;
            clear();
            canvas_->setEmptyText(message);
        });
}

void Loupe::showPictures(const RecordInfo& record, const Pictures& pictures)
{
    const QRectF bucket(0, 0, static_cast<double>(record.bucket.width), static_cast<double>(record.bucket.height));
    const auto whole = originalInBucketPixels(record);
    std::vector<std::shared_ptr<CanvasLayer>> layers;
    layers.push_back(std::make_shared<PictureLayer>(
        tr("Original"), tr("%1 × %2 px, as stored").arg(record.original.width).arg(record.original.height),
        pictures.original, whole));
    layers.push_back(
        std::make_shared<PictureLayer>(tr("Bucket image"), tr("what VAE and DINO see"), pictures.bucket, bucket));
    layers.push_back(std::make_shared<CropLayer>(tr("Bucket crop"), tr("the part of the original that is used"),
                                                 Hue::Blue, bucket, whole));
    layers.push_back(std::make_shared<CropLayer>(tr("Old centre crop"), tr("what a 224 px centre crop would have seen"),
                                                 Hue::Vermillion, rectOf(oldCentreCrop(record.bucket)), bucket));
    grids_.reset();
    const auto& encoder = session_.dinoEncoder();
    const auto pair = gridPair(record.bucket, encoder ? encoder->patchSize : 16);
    layers.push_back(std::make_shared<GridLayer>(
        tr("Latent tokens"), tr("%1 × %2 of 16 px").arg(pair.latentTokens.cols).arg(pair.latentTokens.rows),
        meaning::latentTokens, record.bucket, pair.latentTokens, GridLayer::Line::Dashed));
    if (encoder) {
        layers.insert(layers.end() - 1, std::make_shared<GridLayer>(tr("DINO patches"),
                                                                    tr("%1 × %2, each %3 px of what the encoder sees")
                                                                        .arg(pair.patches.cols)
                                                                        .arg(pair.patches.rows)
                                                                        .arg(encoder->patchSize),
                                                                    meaning::patches, record.bucket, pair.patches,
                                                                    GridLayer::Line::Solid));
        grids_ = pair;
    }
    for (const auto& layer : layers) {
        if (const auto found = switches_.find(layer->name()); found != switches_.end()) {
            layer->setVisible(found->second.visible);
            layer->setOpacity(found->second.opacity);
        }
    }
    layers.push_back(outlines_);
    outlines_->setOutlines({});
    canvas_->setLayers(std::move(layers), whole.united(bucket));
    layerList_->refresh();
}

void Loupe::pointAt(QPointF point)
{
    const auto at = grids_ ? correspondenceAt(*grids_, point.x(), point.y()) : std::nullopt;
    if (!at) {
        outlines_->setOutlines({});
        readout_->setText(grids_ ? tr("move the mouse over the picture: pixel, patch, latent tokens, box")
                                 : QString(QLatin1Char(' ')));
        canvas_->update();
        return;
    }
    const auto& [first, last] = at->latentTokens;
    const auto tokens = rectOf(cellBox(grids_->bucket, grids_->latentTokens, first))
                            .united(rectOf(cellBox(grids_->bucket, grids_->latentTokens, last)));
    outlines_->setOutlines({{tokens, meaning::latentTokens, 3}, {rectOf(at->box), meaning::patches}});
    readout_->setText(describe(*at));
    canvas_->update();
}

} // namespace nanodit
