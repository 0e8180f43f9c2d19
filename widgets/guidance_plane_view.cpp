#include "widgets/guidance_plane_view.h"

#include "widgets/accessible_role.h"
#include "widgets/colours.h"

#include <QHelpEvent>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QToolTip>

#include <algorithm>
#include <cmath>

namespace nanodit {

namespace {

constexpr double leastPlaneLine = 20, cellGap = 2;

/// Of an axis' name, and of the numbers above the plane.
double planeLine(const QFont& font)
{
    return std::max(leastPlaneLine, std::ceil(QFontMetricsF(font).height()) + 2);
}

/// Left of the plane: the axis' name and numbers such as "12.5".
double planeLeft(const QFont& font)
{
    constexpr double besideNumbers = 10;
    return planeLine(font) + std::ceil(QFontMetricsF(font).horizontalAdvance(QStringLiteral("12.5"))) + besideNumbers;
}

/// Where a value lies among increasing or decreasing scales, as a position in cells; empty outside.
std::optional<double> positionAmong(const std::vector<double>& scales, double value)
{
    for (std::size_t i = 0; i < scales.size(); ++i) {
        if (std::abs(scales[i] - value) < 1e-9)
            return static_cast<double>(i);
        if (i + 1 < scales.size() && (scales[i] - value) * (scales[i + 1] - value) < 0)
            return static_cast<double>(i) + (value - scales[i]) / (scales[i + 1] - scales[i]);
    }
    return std::nullopt;
}

QString scaleText(double scale)
{
    return QString::number(scale, 'g', 3);
}

} // namespace

GuidancePlaneView::GuidancePlaneView(QWidget* parent)
    : QWidget(parent)
{
    setAccessibleRole(this, QAccessible::Canvas);
    setFocusPolicy(Qt::StrongFocus);
    setAccessibleName(tr("Guidance plane"));
}

void GuidancePlaneView::begin(std::vector<double> textScales, std::vector<double> dinoScales, QSize picture)
{
    textScales_ = std::move(textScales);
    dinoScales_ = std::move(dinoScales);
    picture_ = picture.isEmpty() ? QSize(1, 1) : picture;
    pictures_.assign(textScales_.size() * dinoScales_.size(), {});
    chosen_ = {0, 0};
    setAccessibleDescription(tr("Pictures over text guidance (rows) and DINO guidance (columns)"));
    update();
}

void GuidancePlaneView::setPicture(int row, int col, const QImage& picture)
{
    if (row < 0 || row >= rows() || col < 0 || col >= cols())
        return;
    pictures_[static_cast<std::size_t>(row * cols() + col)] = picture;
    update(cellRect(row, col).toAlignedRect());
}

void GuidancePlaneView::setPoint(double textScale, double dinoScale)
{
    point_ = {textScale, dinoScale};
    update();
}

const QImage& GuidancePlaneView::picture(int row, int col) const
{
    return pictures_[static_cast<std::size_t>(row * cols() + col)];
}

QRectF GuidancePlaneView::plane() const
{
    if (pictures_.empty())
        return {};
    const double left = planeLeft(font()), top = 2 * planeLine(font());
    const QRectF room = QRectF(rect()).adjusted(left, top, 0, 0);
    const double wide = cols() * picture_.width(), high = rows() * picture_.height();
    const double scale =
        std::max(0.01, std::min((room.width() - cellGap * cols()) / wide, (room.height() - cellGap * rows()) / high));
    const QSizeF size(wide * scale + cellGap * cols(), high * scale + cellGap * rows());
    return {room.topLeft() + QPointF(room.width() - size.width(), room.height() - size.height()) / 2, size};
}

QRectF GuidancePlaneView::cellRect(int row, int col) const
{
    const auto all = plane();
    const double width = all.width() / cols(), height = all.height() / rows();
    return {all.left() + col * width, all.top() + row * height, width - cellGap, height - cellGap};
}

std::optional<QPointF> GuidancePlaneView::pointAt() const
{
    if (!point_)
        return std::nullopt;
    const auto row = positionAmong(textScales_, point_->first), col = positionAmong(dinoScales_, point_->second);
    if (!row || !col)
        return std::nullopt;
    const auto all = plane();
    return QPointF(all.left() + (*col + 0.5) * all.width() / cols() - cellGap / 2,
                   all.top() + (*row + 0.5) * all.height() / rows() - cellGap / 2);
}

std::optional<QPoint> GuidancePlaneView::cellAt(const QPointF& point) const
{
    for (int row = 0; row < rows(); ++row) {
        for (int col = 0; col < cols(); ++col) {
            if (cellRect(row, col).contains(point))
                return QPoint(col, row);
        }
    }
    return std::nullopt;
}

QString GuidancePlaneView::cellText(QPoint cell) const
{
    return tr("text %1, DINO %2").arg(scaleText(textScale(cell.y())), scaleText(dinoScale(cell.x())));
}

void GuidancePlaneView::choose(QPoint cell)
{
    chosen_ = cell;
    setAccessibleDescription(cellText(cell));
    update();
}

void GuidancePlaneView::paintEvent(QPaintEvent*)
{
    if (pictures_.empty())
        return;
    QPainter painter(this);
    painter.setRenderHint(QPainter::SmoothPixmapTransform);
    painter.setRenderHint(QPainter::Antialiasing);
    const auto& colours = themeColours();
    const auto textInk = colours.hue(meaning::text), dinoInk = colours.hue(meaning::patches);
    const auto all = plane();
    const double line = planeLine(font()), left = planeLeft(font());

    painter.setPen(dinoInk);
    painter.drawText(QRectF(all.left(), all.top() - 2 * line, all.width(), line), Qt::AlignCenter, tr("DINO guidance"));
    for (int col = 0; col < cols(); ++col) {
        const auto cell = cellRect(0, col);
        painter.drawText(QRectF(cell.left(), all.top() - line, cell.width(), line), Qt::AlignCenter,
                         scaleText(dinoScale(col)));
    }
    painter.setPen(textInk);
    painter.save();
    painter.translate(all.left() - left, all.bottom());
    painter.rotate(-90);
    painter.drawText(QRectF(0, 0, all.height(), line), Qt::AlignCenter, tr("Text guidance"));
    painter.restore();
    for (int row = 0; row < rows(); ++row) {
        const auto cell = cellRect(row, 0);
        painter.drawText(QRectF(all.left() - left + line, cell.top(), left - line - 4, cell.height()),
                         Qt::AlignRight | Qt::AlignVCenter, scaleText(textScale(row)));
        for (int col = 0; col < cols(); ++col) {
            const auto where = cellRect(row, col);
            if (const auto& shown = picture(row, col); !shown.isNull())
                painter.drawImage(where, shown);
            else
                painter.fillRect(where, colours.raised);
        }
    }
    if (hasFocus()) {
        painter.setPen(QPen(colours.accent, 2));
        painter.setBrush(Qt::NoBrush);
        painter.drawRect(cellRect(chosen_.y(), chosen_.x()).adjusted(1, 1, -1, -1));
    }
    if (const auto mark = pointAt()) { // light on dark, so that it shows over any picture
        painter.setBrush(Qt::NoBrush);
        painter.setPen(QPen(QColor(0, 0, 0, 200), 4));
        painter.drawEllipse(*mark, 7, 7);
        painter.setPen(QPen(Qt::white, 2));
        painter.drawEllipse(*mark, 7, 7);
    }
}

void GuidancePlaneView::mousePressEvent(QMouseEvent* event)
{
    const auto cell = cellAt(event->position());
    if (!cell || event->button() != Qt::LeftButton)
        return QWidget::mousePressEvent(event);
    choose(*cell);
    if (!picture(cell->y(), cell->x()).isNull())
        Q_EMIT opened(cell->y(), cell->x());
}

void GuidancePlaneView::keyPressEvent(QKeyEvent* event)
{
    if (pictures_.empty())
        return QWidget::keyPressEvent(event);
    auto next = chosen_;
    switch (event->key()) {
    case Qt::Key_Left:
        next.rx() -= 1;
        break;
    case Qt::Key_Right:
        next.rx() += 1;
        break;
    case Qt::Key_Up:
        next.ry() -= 1;
        break;
    case Qt::Key_Down:
        next.ry() += 1;
        break;
    case Qt::Key_Return:
    case Qt::Key_Enter:
        if (!picture(chosen_.y(), chosen_.x()).isNull())
            Q_EMIT opened(chosen_.y(), chosen_.x());
        return;
    default:
        return QWidget::keyPressEvent(event);
    }
    choose({std::clamp(next.x(), 0, cols() - 1), std::clamp(next.y(), 0, rows() - 1)});
}

bool GuidancePlaneView::event(QEvent* event)
{
    if (event->type() == QEvent::ToolTip) {
        const auto* const help = static_cast<QHelpEvent*>(event);
        const auto cell = cellAt(help->pos());
        if (cell)
            QToolTip::showText(help->globalPos(), cellText(*cell), this);
        else
            QToolTip::hideText();
        return true;
    }
    return QWidget::event(event);
}

} // namespace nanodit
