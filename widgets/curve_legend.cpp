#include "widgets/curve_legend.h"

#include "widgets/text.h"
#include "widgets/theme.h"

#include <QPainter>

#include <algorithm>

namespace nanodit {

namespace {
constexpr int strokeLength = 14;
constexpr int entryGap = 6;
constexpr int between = 14;
constexpr int mostRows = 3;

void paintEntry(QPainter& painter, const CurveLegend::Entry& entry, const QRect& box)
{
    const auto& colours = themeColours();
    const int left = box.left(), middle = box.center().y() + 1;
    auto colour = colours.hue(entry.hue);
    if (entry.filled) {
        colour.setAlphaF(0.5F);
        painter.fillRect(QRect(left, middle - 4, strokeLength, 8), colour);
    } else {
        painter.setPen(QPen(colour, 2, entry.pen));
        painter.drawLine(QPointF(left, middle), QPointF(left + strokeLength, middle));
    }
    painter.setPen(colours.secondary);
    painter.drawText(box.adjusted(strokeLength + entryGap, 0, 0, 0), Qt::AlignVCenter | Qt::AlignLeft, entry.name);
}

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
    setToolTip(names.size() > 1 ? toolTipOf(names.join(QLatin1Char('\n'))) : QString());
    setAccessibleName(tr("Lines: %1").arg(names.join(QStringLiteral(", "))));
    updateGeometry();
    update();
}

int CurveLegend::widthOf(const Entry& entry) const
{
    return strokeLength + entryGap + fontMetrics().horizontalAdvance(entry.name);
}

void CurveLegend::setRowsFor(int width)
{
    int rows = 1, left = 0;
    for (const auto& entry : entries_) {
        if (left > 0 && left + widthOf(entry) > width) {
            ++rows;
            left = 0;
        }
        left += widthOf(entry) + between;
    }
    rows_ = std::min(rows, mostRows);
    setFixedHeight(rows_ * sizeHint().height());
    update();
}

QSize CurveLegend::sizeHint() const
{
    int width = 0;
    for (const auto& entry : entries_)
        width += widthOf(entry) + between;
    return {width, fontMetrics().height() + 2};
}

void CurveLegend::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    painter.setFont(font());
    if (rows_ > 1)
        paintRows(painter);
    else
        paint(painter, rect());
}

void CurveLegend::paintRows(QPainter& painter) const
{
    painter.setRenderHint(QPainter::Antialiasing);
    const int high = height() / rows_;
    int left = 0, row = 0;
    for (std::size_t i = 0; i < entries_.size(); ++i) {
        const int needed = widthOf(entries_[i]);
        if (left > 0 && left + needed > width()) {
            if (row + 1 == rows_) {
                painter.setPen(themeColours().secondary);
                return painter.drawText(QRect(left, row * high, width() - left, high), Qt::AlignVCenter | Qt::AlignLeft,
                                        tr("+%1").arg(entries_.size() - i));
            }
            ++row;
            left = 0;
        }
        paintEntry(painter, entries_[i], QRect(left, row * high, needed, high));
        left += needed + between;
    }
}

void CurveLegend::paint(QPainter& painter, const QRect& room) const
{
    painter.setRenderHint(QPainter::Antialiasing);
    const auto& colours = themeColours();
    const auto metrics = painter.fontMetrics();
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
        paintEntry(painter, entry, QRect(left, room.top(), right - left, room.height()));
        right = left - between;
    }
}

} // namespace nanodit
