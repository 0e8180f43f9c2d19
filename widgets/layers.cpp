#include "widgets/layers.h"

#include "widgets/image_canvas.h"

#include <algorithm>

namespace nanodit {

namespace {

constexpr double squarePixelsFrom = 8; ///< View pixels a picture pixel.
constexpr double smallestCell = 4;     ///< View pixels; below, lines would cover the picture.

// Layers lie on pictures, not on the window: the brighter set of colours reads well on both themes.
QColor onPicture(Hue hue)
{
    return darkColours().hue(hue);
}

/// In a format that Qt paints as it is; any other is converted again by every painting, pixel by pixel.
QImage forPainting(const QImage& picture)
{
    return picture.convertToFormat(picture.hasAlphaChannel() ? QImage::Format_ARGB32_Premultiplied
                                                             : QImage::Format_RGB32);
}

} // namespace

QRectF rectOf(const PixelBox& box)
{
    return {QPointF(box.left, box.top), QPointF(box.right, box.bottom)};
}

CanvasLayer::CanvasLayer(QString name, QString legend, std::optional<Hue> hue)
    : name_(std::move(name))
    , legend_(std::move(legend))
    , hue_(hue)
{
}

PictureLayer::PictureLayer(QString name, QString legend, QImage picture, const QRectF& box)
    : CanvasLayer(std::move(name), std::move(legend))
    , picture_(std::move(picture))
    , box_(box)
{
}

void PictureLayer::paint(QPainter& painter, const CanvasTransform& transform) const
{
    paint(painter, transform, picture_, scaled_);
}

void PictureLayer::paintMuted(QPainter& painter, const CanvasTransform& transform) const
{
    if (grey_.isNull())
        grey_ = picture_.convertToFormat(QImage::Format_Grayscale8);
    paint(painter, transform, grey_, scaledGrey_);
}

void PictureLayer::paint(QPainter& painter, const CanvasTransform& transform, const QImage& picture,
                         Scaled& scaled) const
{
    const auto target = transform.viewFromPicture(box_);
    const auto magnification = target.width() / std::max(1, picture.width());
    const double ratio = painter.device()->devicePixelRatioF();
    const bool enlarged = magnification * ratio >= 1; // then the painter scales: only what is in view is drawn
    const auto size = enlarged ? picture.size() : (target.size() * ratio).toSize().expandedTo({1, 1});
    if (scaled.size != size) {
        const auto reduced = enlarged ? picture : picture.scaled(size, Qt::IgnoreAspectRatio, Qt::SmoothTransformation);
        scaled = {.picture = forPainting(reduced), .size = size};
    }
    painter.setRenderHint(QPainter::SmoothPixmapTransform, enlarged && magnification < squarePixelsFrom);
    painter.drawImage(target, scaled.picture);
}

GridLayer::GridLayer(QString name, QString legend, Hue hue, ImageSize bucket, GridSize grid, Line line)
    : CanvasLayer(std::move(name), std::move(legend), hue)
    , bucket_(bucket)
    , grid_(grid)
    , line_(line)
{
}

void GridLayer::paint(QPainter& painter, const CanvasTransform& transform) const
{
    const auto width = static_cast<double>(bucket_.width);
    const auto height = static_cast<double>(bucket_.height);
    const auto cell = transform.viewFromPicture(rectOf(cellBox(bucket_, grid_, {})));
    if (std::min(cell.width(), cell.height()) < smallestCell)
        return;
    QVector<QLineF> lines;
    for (std::int64_t col = 0; col <= grid_.cols; ++col) {
        const double x = width * static_cast<double>(col) / static_cast<double>(grid_.cols);
        lines << QLineF(transform.viewFromPicture(QPointF(x, 0)), transform.viewFromPicture(QPointF(x, height)));
    }
    for (std::int64_t row = 0; row <= grid_.rows; ++row) {
        const double y = height * static_cast<double>(row) / static_cast<double>(grid_.rows);
        lines << QLineF(transform.viewFromPicture(QPointF(0, y)), transform.viewFromPicture(QPointF(width, y)));
    }
    if (line_ == Line::Solid) { // a dark casing keeps light lines visible on light pictures
        painter.setPen(QPen(QColor(0, 0, 0, 70), 2));
        painter.drawLines(lines);
    }
    QPen pen(onPicture(*hue()), 1);
    if (line_ == Line::Dashed)
        pen.setDashPattern({4, 4});
    painter.setPen(pen);
    painter.drawLines(lines);
}

CropLayer::CropLayer(QString name, QString legend, Hue hue, const QRectF& box, const QRectF& extent)
    : CanvasLayer(std::move(name), std::move(legend), hue)
    , box_(box)
    , extent_(extent)
{
}

void CropLayer::paint(QPainter& painter, const CanvasTransform& transform) const
{
    const auto inside = transform.viewFromPicture(box_);
    QPainterPath dimmed;
    dimmed.addRect(transform.viewFromPicture(extent_.united(box_)));
    QPainterPath seen;
    seen.addRect(inside);
    painter.fillPath(dimmed.subtracted(seen), QColor(0, 0, 0, 120));
    painter.setPen(QPen(onPicture(*hue()), 1.5));
    painter.setBrush(Qt::NoBrush);
    painter.drawRect(inside);
}

void CropLayer::paintName(QPainter& painter, const CanvasTransform& transform) const
{
    const auto inside = transform.viewFromPicture(box_);
    if (inside.contains(transform.viewFromPicture(extent_))) // nothing is cropped away
        return;
    const QFontMetricsF metrics(painter.font());
    const auto label = QRectF(inside.topLeft(), QSizeF(metrics.horizontalAdvance(name()) + 12, metrics.height() + 4));
    if (label.width() > inside.width())
        return;
    painter.fillRect(label, QColor(0, 0, 0, 170));
    painter.setPen(onPicture(*hue()));
    painter.drawText(label, Qt::AlignCenter, name());
}

void OutlineLayer::paint(QPainter& painter, const CanvasTransform& transform) const
{
    painter.setBrush(Qt::NoBrush);
    for (const auto& [box, hue, outset] : outlines_) {
        const auto view = transform.viewFromPicture(box).adjusted(-outset, -outset, outset, outset);
        painter.setPen(QPen(QColor(0, 0, 0, 160), 4));
        painter.drawRect(view);
        painter.setPen(QPen(onPicture(hue), 2));
        painter.drawRect(view);
    }
}

} // namespace nanodit
