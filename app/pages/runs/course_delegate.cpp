#include "app/pages/runs/course_delegate.h"

#include "app/pages/runs/run_model.h"
#include "widgets/colours.h"

#include <QPainter>

#include <algorithm>

namespace nanodit {

void CourseDelegate::paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const
{
    QStyledItemDelegate::paint(painter, option, index);
    const auto points = index.data(RunModel::PointsRole).value<QPolygonF>();
    if (points.size() < 2)
        return;
    const auto box = points.boundingRect();
    const QRectF room = QRectF(option.rect).adjusted(8, 5, -8, -5);
    const double height = std::max(box.height(), 1e-12), width = std::max(box.width(), 1e-12);
    QPolygonF line;
    for (const auto& point : points)
        line << QPointF(room.left() + (point.x() - box.left()) / width * room.width(),
                        room.bottom() - (point.y() - box.top()) / height * room.height());
    painter->save();
    painter->setRenderHint(QPainter::Antialiasing);
    painter->setPen(QPen(themeColours().hue(static_cast<Hue>(index.data(RunModel::HueRole).toInt())), 1.5));
    painter->drawPolyline(line);
    painter->restore();
}

} // namespace nanodit
