#include "widgets/curve_legend.h"

#include "widgets/theme.h"

#include <QPainter>

namespace nanodit {

namespace {
constexpr int strokeLength = 14;
constexpr int entryGap = 6;
constexpr int between = 14;
} // namespace

CurveLegend::CurveLegend(QWidget* parent)
    : QWidget(parent)
{
    setFont(smallFont(font()));
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
}

void CurveLegend::setEntries(std::vector<Entry> entries)
{
    entries_ = std::move(entries);
    QStringList names;
    for (const auto& entry : entries_)
        names << entry.name;
    setToolTip(names.size() > 1 ? names.join(QLatin1Char('\n')) : QString());
    setAccessibleName(tr("Lines: %1").arg(names.join(QStringLiteral(", "))));
    updateGeometry();
    update();
}

QSize CurveLegend::sizeHint() const
{
    int width = 0;
    for (const auto& entry : entries_)
        width += strokeLength + entryGap + fontMetrics().horizontalAdvance(entry.name) + between;
    return {width, fontMetrics().height() + 2};
}

void CurveLegend::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    painter.setFont(font());
    paint(painter, rect());
}

void CurveLegend::paint(QPainter& painter, const QRect& room) const
{
    painter.setRenderHint(QPainter::Antialiasing);
    const auto& colours = themeColours();
    const auto metrics = painter.fontMetrics();
    const int middle = room.center().y() + 1;
    // Laid out from the right, where plots keep their legends; those that do not fit are counted.
    int right = room.right() + 1;
    for (std::size_t i = entries_.size(); i-- > 0;) {
        const auto& entry = entries_[i];
        const int left = right - metrics.horizontalAdvance(entry.name) - entryGap - strokeLength;
        if (left < room.left()) {
            const auto more = tr("+%1").arg(i + 1);
            painter.setPen(colours.secondary);
            if (right - metrics.horizontalAdvance(more) >= room.left())
                painter.drawText(QRect(room.left(), room.top(), right - room.left(), room.height()),
                                 Qt::AlignVCenter | Qt::AlignRight, more);
            break;
        }
        auto colour = colours.hue(entry.hue);
        if (entry.filled) {
            colour.setAlphaF(0.5F);
            painter.fillRect(QRect(left, middle - 4, strokeLength, 8), colour);
        } else {
            painter.setPen(QPen(colour, 2, entry.pen));
            painter.drawLine(QPointF(left, middle), QPointF(left + strokeLength, middle));
        }
        painter.setPen(colours.secondary);
        painter.drawText(QRect(left + strokeLength + entryGap, room.top(), right - left, room.height()),
                         Qt::AlignVCenter | Qt::AlignLeft, entry.name);
        right = left - between;
    }
}

} // namespace nanodit
