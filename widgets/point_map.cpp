#include "widgets/point_map.h"

#include "widgets/accessible_role.h"
#include "widgets/thumbnail_grid.h"

#include <QMouseEvent>
#include <QPainter>
#include <QPainterPath>
#include <QWheelEvent>

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

namespace nanodit {

namespace {

constexpr double mapMargin = 24;                               ///< Around the unit square, px.
constexpr double radius = 3, selectedRadius = 4.5, reach = 10; ///< Of a point; how near it is picked, px.
constexpr double shortestLasso = 6;                            ///< Less is a click, px.
constexpr double mostZoom = 200;
constexpr int thumbnailSide = 112;
constexpr double faintOpacity = 0.3;

} // namespace

PointMap::PointMap(QWidget* parent)
    : QAbstractItemView(parent)
{
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    setVerticalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    setSelectionMode(ExtendedSelection);
    setSelectionBehavior(SelectRows);
    setFrameShape(NoFrame);
    setMouseTracking(true);
    viewport()->setMouseTracking(true);
    setAccessibleRole(this, QAccessible::Canvas); // Qt knows lists, tables and trees alone
    setAccessibleName(tr("Map of the records"));
}

void PointMap::setModel(QAbstractItemModel* model)
{
    if (this->model() != nullptr)
        disconnect(this->model(), nullptr, this, nullptr);
    QAbstractItemView::setModel(model);
    if (model == nullptr)
        return;
    connect(model, &QAbstractItemModel::modelReset, this, &PointMap::refresh);
    connect(model, &QAbstractItemModel::layoutChanged, this, &PointMap::refresh);
    connect(model, &QAbstractItemModel::dataChanged, this,
            [this](const QModelIndex&, const QModelIndex&, const QList<int>& roles) {
                if (roles != QList<int>{ThumbnailGrid::PictureRole}) // which the points do not show
                    refresh();
                else if (hovered_ >= 0)
                    viewport()->update();
            });
    connect(model, &QAbstractItemModel::rowsInserted, this, &PointMap::refresh);
    connect(model, &QAbstractItemModel::rowsRemoved, this, &PointMap::refresh);
}

void PointMap::setPoints(PointOf pointOf)
{
    pointOf_ = std::move(pointOf);
    refresh();
}

void PointMap::refresh()
{
    points_.clear();
    hovered_ = -1;
    const int rows = model() != nullptr && pointOf_ ? model()->rowCount() : 0;
    points_.reserve(static_cast<std::size_t>(rows));
    for (int row = 0; row < rows; ++row)
        points_.push_back(pointOf_(row));
    viewport()->update();
}

void PointMap::setMessage(const QString& message)
{
    message_ = message;
    viewport()->update();
}

void PointMap::setLegend(std::vector<std::pair<Hue, QString>> legend)
{
    legend_ = std::move(legend);
    viewport()->update();
}

int PointMap::pointsShown() const
{
    return static_cast<int>(std::ranges::count_if(points_, [](const auto& point) { return point.has_value(); }));
}

QPointF PointMap::toViewport(QPointF place) const
{
    const double side = zoom_ * std::max(1.0, std::min(viewport()->width(), viewport()->height()) - 2 * mapMargin);
    return QPointF(viewport()->width(), viewport()->height()) / 2 + (place - centre_) * side;
}

QPointF PointMap::toMap(QPointF point) const
{
    const double side = zoom_ * std::max(1.0, std::min(viewport()->width(), viewport()->height()) - 2 * mapMargin);
    return centre_ + (point - QPointF(viewport()->width(), viewport()->height()) / 2) / side;
}

QRect PointMap::visualRect(const QModelIndex& index) const
{
    const auto row = static_cast<std::size_t>(index.row());
    if (!index.isValid() || row >= points_.size() || !points_[row])
        return {};
    const auto centre = toViewport(points_[row]->place);
    return QRectF(centre.x() - reach, centre.y() - reach, 2 * reach, 2 * reach).toAlignedRect();
}

void PointMap::scrollTo(const QModelIndex& index, ScrollHint)
{
    const auto row = static_cast<std::size_t>(index.row());
    if (!index.isValid() || row >= points_.size() || !points_[row] ||
        viewport()->rect().contains(toViewport(points_[row]->place).toPoint()))
        return;
    centre_ = points_[row]->place;
    viewport()->update();
}

QModelIndex PointMap::indexAt(const QPoint& point) const
{
    int nearest = -1;
    double least = reach * reach;
    for (std::size_t row = 0; row < points_.size(); ++row) {
        if (!points_[row])
            continue;
        const auto away = toViewport(points_[row]->place) - point;
        const double square = QPointF::dotProduct(away, away);
        if (square <= least) {
            least = square;
            nearest = static_cast<int>(row);
        }
    }
    return nearest < 0 ? QModelIndex() : model()->index(nearest, 0);
}

QModelIndex PointMap::moveCursor(CursorAction action, Qt::KeyboardModifiers)
{
    const int rows = model() != nullptr ? model()->rowCount() : 0;
    const bool back = action == MoveLeft || action == MoveUp || action == MovePrevious || action == MovePageUp;
    const int step = back ? -1 : 1;
    int row = action == MoveHome ? -1 : action == MoveEnd ? rows : currentIndex().row();
    const int walk = action == MoveHome ? 1 : action == MoveEnd ? -1 : step;
    for (row += walk; row >= 0 && row < rows; row += walk) {
        if (const auto index = model()->index(row, 0); !isIndexHidden(index))
            return index;
    }
    return currentIndex();
}

bool PointMap::isIndexHidden(const QModelIndex& index) const
{
    const auto row = static_cast<std::size_t>(index.row());
    return row >= points_.size() || !points_[row];
}

void PointMap::setSelection(const QRect&, QItemSelectionModel::SelectionFlags)
{
    // Asked for by Shift and a key alone: there are no points between two on a map.
    selectionModel()->select(currentIndex(), QItemSelectionModel::Select | QItemSelectionModel::Rows);
}

QRegion PointMap::visualRegionForSelection(const QItemSelection&) const
{
    return viewport()->rect();
}

void PointMap::selectionChanged(const QItemSelection& selected, const QItemSelection& deselected)
{
    QAbstractItemView::selectionChanged(selected, deselected);
    viewport()->update();
}

void PointMap::select(const std::vector<int>& rows, Qt::KeyboardModifiers modifiers)
{
    QItemSelection selection;
    const int last = model()->columnCount() - 1;
    for (std::size_t first = 0; first < rows.size();) {
        auto end = first;
        while (end + 1 < rows.size() && rows[end + 1] == rows[end] + 1)
            ++end;
        selection.append({model()->index(rows[first], 0), model()->index(rows[end], last)});
        first = end + 1;
    }
    const bool adds = (modifiers & (Qt::ControlModifier | Qt::ShiftModifier)) != 0;
    selectionModel()->select(selection, adds ? QItemSelectionModel::Select : QItemSelectionModel::ClearAndSelect);
    if (!rows.empty() && !std::ranges::binary_search(rows, currentIndex().row()))
        selectionModel()->setCurrentIndex(model()->index(rows.front(), 0), QItemSelectionModel::NoUpdate);
}

void PointMap::mousePressEvent(QMouseEvent* event)
{
    if (event->button() == Qt::LeftButton) {
        lasso_ = QPolygonF();
        lasso_ << event->position();
    } else if (event->button() == Qt::MiddleButton) {
        movedFrom_ = event->position();
    } else if (const auto index = indexAt(event->position().toPoint());
               index.isValid() && !selectionModel()->isSelected(index)) {
        select({index.row()}, Qt::NoModifier); // the menu is then of this one
    }
    event->accept();
}

void PointMap::mouseMoveEvent(QMouseEvent* event)
{
    if (movedFrom_) {
        centre_ += toMap(*movedFrom_) - toMap(event->position());
        movedFrom_ = event->position();
    } else if (!lasso_.isEmpty()) {
        lasso_ << event->position();
    } else {
        const int row = indexAt(event->position().toPoint()).row();
        if (row == hovered_)
            return;
        hovered_ = row;
    }
    viewport()->update();
}

void PointMap::mouseReleaseEvent(QMouseEvent* event)
{
    movedFrom_.reset();
    if (event->button() != Qt::LeftButton || lasso_.isEmpty())
        return;
    const auto drawn = std::exchange(lasso_, {});
    const auto extent = drawn.boundingRect();
    if (std::max(extent.width(), extent.height()) < shortestLasso) {
        const auto index = indexAt(event->position().toPoint());
        if (index.isValid() && (event->modifiers() & Qt::ControlModifier) != 0)
            selectionModel()->select(index, QItemSelectionModel::Toggle | QItemSelectionModel::Rows);
        else if (index.isValid())
            select({index.row()}, event->modifiers());
    } else {
        std::vector<int> rows;
        for (std::size_t row = 0; row < points_.size(); ++row) {
            if (points_[row] && drawn.containsPoint(toViewport(points_[row]->place), Qt::OddEvenFill))
                rows.push_back(static_cast<int>(row));
        }
        select(rows, event->modifiers());
    }
    viewport()->update();
}

void PointMap::mouseDoubleClickEvent(QMouseEvent*)
{
    zoom_ = 1;
    centre_ = {0.5, 0.5};
    viewport()->update();
}

void PointMap::wheelEvent(QWheelEvent* event)
{
    const auto kept = toMap(event->position());
    zoom_ = std::clamp(zoom_ * std::pow(1.0015, event->angleDelta().y()), 1.0, mostZoom);
    centre_ += kept - toMap(event->position());
    if (zoom_ == 1)
        centre_ = {0.5, 0.5};
    event->accept();
    viewport()->update();
}

void PointMap::leaveEvent(QEvent* event)
{
    hovered_ = -1;
    viewport()->update();
    QAbstractItemView::leaveEvent(event);
}

void PointMap::paintEvent(QPaintEvent*)
{
    const auto& colours = themeColours();
    QPainter painter(viewport());
    painter.fillRect(viewport()->rect(), colours.window);
    painter.setRenderHint(QPainter::Antialiasing);
    if (!message_.isEmpty()) {
        painter.setPen(colours.secondary);
        painter.drawText(QRectF(viewport()->rect()).adjusted(mapMargin, mapMargin, -mapMargin, -mapMargin),
                         Qt::AlignCenter | Qt::TextWordWrap, message_);
        return;
    }
    paintPoints(painter);
    if (!lasso_.isEmpty()) {
        auto fill = colours.accent;
        fill.setAlphaF(0.12F);
        painter.setPen(QPen(colours.accent, 1.5));
        painter.setBrush(fill);
        painter.drawPolygon(lasso_);
    }
    paintLegend(painter);
    paintHovered(painter);
}

void PointMap::paintPoints(QPainter& painter) const
{
    const auto& colours = themeColours();
    const auto seen = QRectF(viewport()->rect()).adjusted(-radius, -radius, radius, radius);
    std::map<std::pair<Hue, bool>, std::vector<QPointF>> plain; // one colour after the other is fast
    std::vector<std::pair<Hue, QPointF>> chosen;
    for (std::size_t row = 0; row < points_.size(); ++row) {
        if (!points_[row])
            continue;
        const auto at = toViewport(points_[row]->place);
        if (!seen.contains(at))
            continue;
        if (selectionModel()->isRowSelected(static_cast<int>(row), {}))
            chosen.emplace_back(points_[row]->hue, at);
        else
            plain[{points_[row]->hue, points_[row]->faint}].push_back(at);
    }
    for (const auto& [look, places] : plain) {
        painter.setOpacity(look.second ? faintOpacity : 1);
        painter.setPen(QPen(colours.hue(look.first), 2 * radius, Qt::SolidLine, Qt::RoundCap));
        painter.drawPoints(places.data(), static_cast<int>(places.size()));
    }
    painter.setOpacity(1);
    for (const auto& [hue, at] : chosen) {
        painter.setPen(QPen(colours.text, 1.5));
        painter.setBrush(colours.hue(hue));
        painter.drawEllipse(at, selectedRadius, selectedRadius);
    }
}

void PointMap::paintHovered(QPainter& painter) const
{
    if (hovered_ < 0 || !lasso_.isEmpty())
        return;
    const auto index = model()->index(hovered_, 0);
    const auto& colours = themeColours();
    const auto at = toViewport(points_[static_cast<std::size_t>(hovered_)]->place);
    painter.setPen(QPen(colours.accent, 2));
    painter.setBrush(Qt::NoBrush);
    painter.drawEllipse(at, selectedRadius + 2, selectedRadius + 2);
    const double line = fontMetrics().height();
    QRectF box(at.x() + 14, at.y() + 14, thumbnailSide + 12, thumbnailSide + 16 + line);
    if (box.right() > viewport()->width())
        box.moveRight(at.x() - 14);
    if (box.bottom() > viewport()->height())
        box.moveBottom(at.y() - 14);
    painter.setPen(QPen(colours.line, 1));
    painter.setBrush(colours.raised);
    painter.drawRoundedRect(box, 6, 6);
    paintThumbnail(painter, {box.left() + 6, box.top() + 6, thumbnailSide, thumbnailSide},
                   index.data(ThumbnailGrid::PictureRole).value<QImage>());
    painter.setPen(colours.text);
    painter.drawText(QRectF(box.left() + 6, box.bottom() - line - 6, thumbnailSide, line), Qt::AlignLeft,
                     fontMetrics().elidedText(index.data(ThumbnailGrid::ItemRole).value<ThumbnailItem>().id,
                                              Qt::ElideMiddle, thumbnailSide));
}

void PointMap::paintLegend(QPainter& painter) const
{
    const auto& colours = themeColours();
    double x = 12;
    const double y = viewport()->height() - 14;
    for (const auto& [hue, text] : legend_) {
        painter.setPen(Qt::NoPen);
        painter.setBrush(colours.hue(hue));
        painter.drawEllipse(QPointF(x + 4, y), 4, 4);
        painter.setPen(colours.secondary);
        painter.drawText(QPointF(x + 12, y + fontMetrics().ascent() / 2.0 - 1), text);
        x += 24 + fontMetrics().horizontalAdvance(text);
    }
}

} // namespace nanodit
