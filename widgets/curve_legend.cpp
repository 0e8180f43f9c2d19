#include "widgets/curve_legend.h"

#include <QPainter>

namespace nanodit {

namespace {
constexpr int strokeLength = 14;
constexpr int gap = 6;
constexpr int between = 14;
} // namespace

CurveLegend::CurveLegend(QWidget* parent)
    : QWidget(parent)
{
    auto smaller = font();
    smaller.setPointSizeF(9);
    setFont(smaller);
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
}

void CurveLegend::setEntries(std::vector<Entry> entries)
{
    entries_ = std::move(entries);
    updateGeometry();
    update();
}

void CurveLegend::setValues(const QStringList& values)
{
    for (std::size_t i = 0; i < entries_.size(); ++i)
        entries_[i].value = values.value(static_cast<qsizetype>(i));
    update();
}

QSize CurveLegend::sizeHint() const
{
    int width = 0;
    for (const auto& entry : entries_)
        width += strokeLength + gap + fontMetrics().horizontalAdvance(entry.name) + between;
    return {width, fontMetrics().height() + 2};
}

void CurveLegend::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const auto& colours = themeColours();
    // Laid out from the right, where plots keep their legends, whole entries only.
    int right = width();
    for (std::size_t i = entries_.size(); i-- > 0;) {
        const auto& entry = entries_[i];
        const auto text = entry.value.isEmpty() ? entry.name : entry.name + QLatin1Char(' ') + entry.value;
        const int textWidth = fontMetrics().horizontalAdvance(text);
        const int left = right - textWidth - gap - strokeLength;
        if (left < 0)
            break;
        const auto colour = colours.hue(entry.hue);
        if (entry.band) {
            auto fill = colour;
            fill.setAlphaF(0.25F);
            painter.fillRect(QRect(left, height() / 2 - 4, strokeLength, 8), fill);
        } else {
            painter.setPen(QPen(colour, 2));
            painter.drawLine(QPointF(left, height() / 2.0), QPointF(left + strokeLength, height() / 2.0));
        }
        painter.setPen(entry.value.isEmpty() ? colours.secondary : colours.text);
        painter.drawText(QRect(left + strokeLength + gap, 0, textWidth + 2, height()), Qt::AlignVCenter | Qt::AlignLeft,
                         text);
        right = left - between;
    }
}

} // namespace nanodit
