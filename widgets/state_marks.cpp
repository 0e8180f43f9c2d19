#include "widgets/state_marks.h"

#include <QCoreApplication>
#include <QPainter>
#include <QPolygonF>

namespace nanodit {

namespace {
constexpr int betweenMarks = 4;
}

void paintStateMark(QPainter& painter, const QRectF& box, MarkState state, const Colours& colours)
{
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing);
    switch (state) {
    case MarkState::Missing:
        painter.setPen(QPen(colours.secondary, 1.25));
        painter.setBrush(Qt::NoBrush);
        painter.drawEllipse(box.adjusted(1, 1, -1, -1));
        break;
    case MarkState::Whole:
        painter.setPen(Qt::NoPen);
        painter.setBrush(colours.green);
        painter.drawEllipse(box.adjusted(0.5, 0.5, -0.5, -0.5));
        break;
    case MarkState::Stale:
        painter.setPen(Qt::NoPen);
        painter.setBrush(colours.yellow);
        painter.drawPolygon(QPolygonF({QPointF(box.center().x(), box.top()), box.bottomRight(), box.bottomLeft()}));
        break;
    case MarkState::Wrong: {
        const auto cross = box.adjusted(1, 1, -1, -1);
        painter.setPen(QPen(colours.vermillion, 2, Qt::SolidLine, Qt::RoundCap));
        painter.drawLine(cross.topLeft(), cross.bottomRight());
        painter.drawLine(cross.topRight(), cross.bottomLeft());
        break;
    }
    }
    painter.restore();
}

int stateMarksWidth(int side)
{
    return static_cast<int>(markNames.size()) * (side + betweenMarks) - betweenMarks;
}

void paintStateMarks(QPainter& painter, const QRectF& box, const std::array<MarkState, 4>& marks, int side,
                     const Colours& colours)
{
    for (std::size_t i = 0; i < marks.size(); ++i) {
        const auto fromRight = static_cast<double>(marks.size() - i) * (side + betweenMarks) - betweenMarks;
        paintStateMark(painter, {box.right() - fromRight, box.center().y() - side / 2.0, double(side), double(side)},
                       marks[i], colours);
    }
}

QString markStateName(MarkState state)
{
    switch (state) {
    case MarkState::Whole:
        return QCoreApplication::translate("nanodit", "valid");
    case MarkState::Stale:
        return QCoreApplication::translate("nanodit", "stale");
    case MarkState::Wrong:
        return QCoreApplication::translate("nanodit", "invalid");
    case MarkState::Missing:
        break;
    }
    return QCoreApplication::translate("nanodit", "missing");
}

} // namespace nanodit
