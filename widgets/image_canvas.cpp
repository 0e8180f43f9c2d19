#include "widgets/image_canvas.h"

#include "widgets/accessible_role.h"
#include "widgets/colours.h"
#include "widgets/layers.h"

#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QWheelEvent>

#include <algorithm>
#include <cmath>

namespace nanodit {

namespace {
constexpr double fitMargin = 16;
constexpr double scaleMargin = 12;
constexpr double clickSlack = 4; ///< View pixels that the mouse may move in a click.
constexpr double smallestScale = 0.02;
constexpr double largestScale = 64;
constexpr QPointF nowhere(-1, -1);
} // namespace

QRectF CanvasTransform::viewFromPicture(const QRectF& box) const
{
    return {viewFromPicture(box.topLeft()), box.size() * scale_};
}

void CanvasTransform::fit(const QRectF& picture, QSizeF view, double margin)
{
    if (picture.isEmpty())
        return;
    const auto room = QSizeF(std::max(1.0, view.width() - 2 * margin), std::max(1.0, view.height() - 2 * margin));
    scale_ = std::clamp(std::min(room.width() / picture.width(), room.height() / picture.height()), smallestScale,
                        largestScale);
    offset_ = QPointF(view.width() / 2, view.height() / 2) - picture.center() * scale_;
}

void CanvasTransform::zoomAround(QPointF viewPoint, double factor)
{
    const auto fixed = pictureFromView(viewPoint);
    scale_ = std::clamp(scale_ * factor, smallestScale, largestScale);
    offset_ = viewPoint - fixed * scale_;
}

ImageCanvas::ImageCanvas(QWidget* parent)
    : QWidget(parent)
{
    setAccessibleRole(this, QAccessible::Canvas);
    setMouseTracking(true);
    setFocusPolicy(Qt::StrongFocus);
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Expanding);
    setAccessibleName(tr("Picture"));
    setCursor(Qt::CrossCursor);
}

void ImageCanvas::setLayers(std::vector<std::shared_ptr<CanvasLayer>> layers, const QRectF& extent)
{
    layers_ = std::move(layers);
    if (extent != extent_) {
        extent_ = extent;
        fit();
    }
    update();
}

void ImageCanvas::setEmptyText(const QString& text)
{
    emptyText_ = text;
    update();
}

void ImageCanvas::fit()
{
    transform_.fit(extent_, size(), fitMargin);
    fitted_ = true;
    changed();
}

void ImageCanvas::zoom(double factor)
{
    transform_.zoomAround(QRectF(rect()).center(), factor);
    fitted_ = false;
    changed();
}

void ImageCanvas::showSamePart(const ImageCanvas& other)
{
    if (other.fitted_) {
        transform_.fit(extent_, size(), fitMargin);
        fitted_ = true;
        return update();
    }
    const auto point = other.transform_.pictureFromView(QRectF(other.rect()).center());
    transform_ = other.transform_;
    transform_.pan(QRectF(rect()).center() - transform_.viewFromPicture(point));
    fitted_ = false;
    update();
}

void ImageCanvas::changed()
{
    update();
    Q_EMIT viewChanged();
}

void ImageCanvas::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    const auto& colours = themeColours();
    painter.fillRect(rect(), colours.dark ? colours.window.darker(112) : colours.raised);
    if (layers_.empty()) {
        painter.setPen(colours.secondary);
        painter.drawText(rect().adjusted(24, 24, -24, -24), Qt::AlignCenter | Qt::TextWordWrap, emptyText_);
    }
    paintLayers(painter);
    if (hasFocus()) {
        painter.setPen(QPen(colours.accent, 1));
        painter.drawRect(rect().adjusted(0, 0, -1, -1));
    }
}

void ImageCanvas::paintLayers(QPainter& painter) const
{
    // Pictures below the topmost layer of numbers lose their colours; its scale is drawn in the corner.
    const auto isShown = [](const auto& layer) { return layer->visible() && layer->opacity() > 0; };
    const auto muting = std::find_if(layers_.rbegin(), layers_.rend(),
                                     [&](const auto& layer) { return isShown(layer) && layer->mutesColours(); });
    const auto mutedEnd = muting == layers_.rend() ? layers_.begin() : muting.base() - 1;
    for (auto layer = layers_.begin(); layer != layers_.end(); ++layer) {
        if (!isShown(*layer))
            continue;
        painter.save();
        painter.setOpacity((*layer)->opacity());
        if (layer < mutedEnd)
            (*layer)->paintMuted(painter, transform_);
        else
            (*layer)->paint(painter, transform_);
        painter.restore();
    }
    for (const auto& layer : layers_) {
        if (isShown(layer))
            layer->paintName(painter, transform_);
    }
    const auto scale = muting == layers_.rend() ? std::nullopt : (*muting)->scale();
    const QPointF corner(scaleMargin, height() - scaleMargin);
    if (scale && !heatScaleBox(painter.font(), corner, *scale).contains(mouse_)) // what lies under it can be seen
        paintHeatScale(painter, corner, *scale);
}

void ImageCanvas::resizeEvent(QResizeEvent*)
{
    if (fitted_)
        fit();
}

void ImageCanvas::wheelEvent(QWheelEvent* event)
{
    if (layers_.empty() || event->angleDelta().y() == 0)
        return;
    transform_.zoomAround(event->position(), std::pow(1.2, event->angleDelta().y() / 120.0));
    fitted_ = false;
    changed();
    Q_EMIT hovered(transform_.pictureFromView(event->position()));
}

void ImageCanvas::mousePressEvent(QMouseEvent* event)
{
    if (event->button() != Qt::LeftButton && event->button() != Qt::MiddleButton)
        return;
    dragging_ = true;
    dragFrom_ = pressedAt_ = event->position();
    setCursor(Qt::ClosedHandCursor);
}

void ImageCanvas::mouseMoveEvent(QMouseEvent* event)
{
    if (dragging_) {
        transform_.pan(event->position() - dragFrom_);
        dragFrom_ = event->position();
        fitted_ = false;
        changed();
    }
    mouse_ = event->position();
    if (!layers_.empty())
        Q_EMIT hovered(transform_.pictureFromView(event->position()));
}

void ImageCanvas::mouseReleaseEvent(QMouseEvent* event)
{
    const bool moved = (event->position() - pressedAt_).manhattanLength() > clickSlack;
    if (dragging_ && event->button() == Qt::LeftButton && !moved && !layers_.empty())
        Q_EMIT clicked(transform_.pictureFromView(event->position()));
    dragging_ = false;
    setCursor(Qt::CrossCursor);
}

void ImageCanvas::mouseDoubleClickEvent(QMouseEvent*)
{
    fit();
}

void ImageCanvas::leaveEvent(QEvent*)
{
    mouse_ = nowhere;
    update();
    Q_EMIT hoverLeft();
}

void ImageCanvas::keyPressEvent(QKeyEvent* event)
{
    switch (event->key()) {
    case Qt::Key_F:
        return fit();
    case Qt::Key_Plus:
    case Qt::Key_Equal:
        return zoom(1.25);
    case Qt::Key_Minus:
        return zoom(0.8);
    default:
        QWidget::keyPressEvent(event);
    }
}

} // namespace nanodit
