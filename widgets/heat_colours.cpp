#include "widgets/heat_colours.h"

#include "core/io/viridis.h"
#include "widgets/theme.h"

#include <QFontMetricsF>
#include <QPainter>

#include <algorithm>
#include <cmath>

namespace nanodit {

namespace {

constexpr double heatBarWidth = 132, heatBarHeight = 8, plateMargin = 8, barGap = 4;
constexpr int gradientSteps = 16;

} // namespace

QRgb heatColour(double t)
{
    if (std::isnan(t))
        return qRgba(0, 0, 0, 0);
    const auto [red, green, blue] = viridis(t);
    return qRgb(red, green, blue);
}

double HeatScale::position(double value) const
{
    return high > low ? (value - low) / (high - low) : std::isnan(value) ? value : 0.0;
}

QString HeatScale::lowText() const
{
    return (lowIsBelow ? QStringLiteral("≤ ") : QString()) + QString::number(low, 'f', decimals);
}

QString HeatScale::highText() const
{
    return (highIsAbove ? QStringLiteral("≥ ") : QString()) + QString::number(high, 'f', decimals);
}

QRectF heatScaleBox(const QFont& font, QPointF corner, const HeatScale& scale)
{
    const QFontMetricsF metrics(smallFont(font));
    const double ends = metrics.horizontalAdvance(scale.lowText()) + metrics.horizontalAdvance(scale.highText()) + 16;
    const double width = std::max({heatBarWidth, ends, metrics.horizontalAdvance(scale.quantity)});
    const double height = metrics.height() + barGap + heatBarHeight + barGap + metrics.height();
    return {corner.x(), corner.y() - height - 2 * plateMargin, width + 2 * plateMargin, height + 2 * plateMargin};
}

void paintHeatScale(QPainter& painter, QPointF corner, const HeatScale& scale)
{
    const auto font = smallFont(painter.font());
    const double line = QFontMetricsF(font).height();
    const auto plate = heatScaleBox(painter.font(), corner, scale);
    const auto inside = plate.adjusted(plateMargin, plateMargin, -plateMargin, -plateMargin);
    const double width = inside.width();

    painter.save();
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setFont(font);
    painter.setPen(Qt::NoPen);
    painter.setBrush(QColor(20, 22, 26, 215));
    painter.drawRoundedRect(plate, 4, 4);
    painter.setPen(QColor(0xe6, 0xe8, 0xeb));
    painter.drawText(QRectF(inside.topLeft(), QSizeF(width, line)), Qt::AlignLeft | Qt::AlignVCenter, scale.quantity);
    const QRectF bar(inside.left(), inside.top() + line + barGap, width, heatBarHeight);
    QLinearGradient gradient(bar.topLeft(), bar.topRight());
    for (int i = 0; i <= gradientSteps; ++i)
        gradient.setColorAt(static_cast<double>(i) / gradientSteps,
                            QColor(heatColour(static_cast<double>(i) / gradientSteps)));
    painter.fillRect(bar, gradient);
    const QRectF numbers(inside.left(), bar.bottom() + barGap, width, line);
    painter.drawText(numbers, Qt::AlignLeft | Qt::AlignVCenter, scale.lowText());
    painter.drawText(numbers, Qt::AlignRight | Qt::AlignVCenter, scale.highText());
    painter.restore();
}

} // namespace nanodit
