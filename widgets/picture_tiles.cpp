#include "widgets/picture_tiles.h"

#include "widgets/accessible_role.h"
#include "widgets/colours.h"
#include "widgets/text.h"

#include <QHelpEvent>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QToolTip>

#include <algorithm>

namespace nanodit {

namespace {
constexpr double tileGap = 12, tileLabelHeight = 20, tileMargin = 16;
constexpr double largestTileScale = 4; ///< Beyond it a picture of the demo's size would be nothing but squares.
} // namespace

PictureTiles::PictureTiles(QWidget* parent)
    : QWidget(parent)
{
    setAccessibleRole(this, QAccessible::Canvas);
    setFocusPolicy(Qt::StrongFocus);
    setAccessibleName(tr("Pictures"));
}

void PictureTiles::begin(const QStringList& labels, QSize picture)
{
    labels_ = labels;
    picture_ = picture.isEmpty() ? QSize(1, 1) : picture;
    pictures_.assign(static_cast<std::size_t>(labels.size()), {});
    choose(0);
    layOut();
}

void PictureTiles::setPicture(int index, const QImage& picture)
{
    if (index < 0 || index >= count())
        return;
    pictures_[static_cast<std::size_t>(index)] = picture;
    update();
}

void PictureTiles::layOut()
{
    // The number of columns that leaves the pictures largest.
    scale_ = 0;
    columns_ = 1;
    for (int columns = 1; columns <= count(); ++columns) {
        const int rows = (count() + columns - 1) / columns;
        const double wide = (width() - 2 * tileMargin - (columns - 1) * tileGap) / columns;
        const double high = (height() - 2 * tileMargin - (rows - 1) * tileGap) / rows - tileLabelHeight;
        const double scale = std::min({wide / picture_.width(), high / picture_.height(), largestTileScale});
        if (scale > scale_) {
            scale_ = scale;
            columns_ = columns;
        }
    }
    scale_ = std::max(scale_, 0.01);
    update();
}

QRectF PictureTiles::tileRect(int index) const
{
    const int rows = (count() + columns_ - 1) / columns_;
    const QSizeF tile = QSizeF(picture_) * scale_;
    const double wide = columns_ * tile.width() + (columns_ - 1) * tileGap;
    const double high = rows * (tile.height() + tileLabelHeight) + (rows - 1) * tileGap;
    const QPointF first((width() - wide) / 2, (height() - high) / 2);
    const int row = index / columns_, column = index % columns_;
    return {first + QPointF(column * (tile.width() + tileGap), row * (tile.height() + tileLabelHeight + tileGap)),
            tile};
}

void PictureTiles::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    const auto& colours = themeColours();
    painter.fillRect(rect(), colours.dark ? colours.window.darker(112) : colours.raised);
    for (int i = 0; i < count(); ++i) {
        const auto tile = tileRect(i);
        if (picture(i).isNull()) {
            painter.fillRect(tile, colours.panel);
        } else {
            painter.setRenderHint(QPainter::SmoothPixmapTransform, scale_ < largestTileScale);
            painter.drawImage(tile, picture(i));
        }
        painter.setPen(colours.secondary);
        painter.drawText(QRectF(tile.left(), tile.bottom(), tile.width(), tileLabelHeight), Qt::AlignCenter,
                         painter.fontMetrics().elidedText(labels_[i], Qt::ElideMiddle, static_cast<int>(tile.width())));
        if (hasFocus() && i == chosen_) {
            painter.setPen(QPen(colours.accent, 2));
            painter.drawRect(tile.adjusted(-2, -2, 2, 2));
        }
    }
}

bool PictureTiles::event(QEvent* event)
{
    if (event->type() != QEvent::ToolTip)
        return QWidget::event(event);
    const auto* const help = static_cast<QHelpEvent*>(event);
    QString label;
    for (int i = 0; i < count(); ++i) {
        if (tileRect(i).adjusted(0, 0, 0, tileLabelHeight).contains(help->pos()))
            label = labels_[i];
    }
    QToolTip::showText(help->globalPos(), toolTipOf(label), this);
    return true;
}

void PictureTiles::resizeEvent(QResizeEvent*)
{
    layOut();
}

void PictureTiles::choose(int index)
{
    chosen_ = index;
    setAccessibleDescription(labels_.value(index));
    update();
}

void PictureTiles::open(int index)
{
    choose(index);
    if (!picture(index).isNull())
        Q_EMIT opened(index);
}

void PictureTiles::mousePressEvent(QMouseEvent* event)
{
    if (event->button() != Qt::LeftButton)
        return QWidget::mousePressEvent(event);
    for (int i = 0; i < count(); ++i) {
        if (tileRect(i).contains(event->position()))
            return open(i);
    }
}

void PictureTiles::keyPressEvent(QKeyEvent* event)
{
    int next = chosen_;
    switch (event->key()) {
    case Qt::Key_Left:
        next -= 1;
        break;
    case Qt::Key_Right:
        next += 1;
        break;
    case Qt::Key_Up:
        next -= columns_;
        break;
    case Qt::Key_Down:
        next += columns_;
        break;
    case Qt::Key_Return:
    case Qt::Key_Enter:
        if (count() > 0)
            open(chosen_);
        return;
    default:
        return QWidget::keyPressEvent(event);
    }
    if (next >= 0 && next < count())
        choose(next);
}

} // namespace nanodit
