#include "widgets/heat_colours.h"

#include <QFontMetricsF>
#include <QPainter>

#include <algorithm>
#include <array>
#include <cmath>

namespace nanodit {

namespace {

/// Viridis at 0, 1/15 ... 1.
constexpr std::array<QRgb, 16> stops = {0xff440154, 0xff481a6c, 0xff472f7d, 0xff414487, 0xff39568c, 0xff31688e,
                                        0xff2a788e, 0xff23888e, 0xff1f988b, 0xff22a884, 0xff35b779, 0xff54c568,
                                        0xff7ad151, 0xffa5db36, 0xffd2e21b, 0xfffde725};

constexpr double barWidth = 132, barHeight = 8, plateMargin = 8, gap = 4;

int between(int a, int b, double share)
{
    return static_cast<int>(std::lround(a + (b - a) * share));
}

} // namespace

QRgb heatColour(double t)
{
    if (std::isnan(t))
        return qRgba(0, 0, 0, 0);
    const double place = std::clamp(t, 0.0, 1.0) * (stops.size() - 1);
    const auto first = std::min(static_cast<std::size_t>(place), stops.size() - 2);
    const double share = place - static_cast<double>(first);
    const auto a = stops[first], b = stops[first + 1];
    return qRgb(between(qRed(a), qRed(b), share), between(qGreen(a), qGreen(b), share),
                between(qBlue(a), qBlue(b), share));
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

void paintHeatScale(QPainter& painter, QPointF corner, const HeatScale& scale)
{
    auto font = painter.font();
    font.setPointSizeF(9);
    const QFontMetricsF metrics(font);
    const double line = metrics.height();
    const double ends = metrics.horizontalAdvance(scale.lowText()) + metrics.horizontalAdvance(scale.highText()) + 16;
    const double width = std::max({barWidth, ends, metrics.horizontalAdvance(scale.quantity)});
    const double height = line + gap + barHeight + gap + line;
    const QRectF plate(corner.x(), corner.y() - height - 2 * plateMargin, width + 2 * plateMargin,
                       height + 2 * plateMargin);
    const QRectF inside = plate.adjusted(plateMargin, plateMargin, -plateMargin, -plateMargin);

    painter.save();
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setFont(font);
    painter.setPen(Qt::NoPen);
    painter.setBrush(QColor(20, 22, 26, 215));
    painter.drawRoundedRect(plate, 4, 4);
    painter.setPen(QColor(0xe6, 0xe8, 0xeb));
    painter.drawText(QRectF(inside.topLeft(), QSizeF(width, line)), Qt::AlignLeft | Qt::AlignVCenter, scale.quantity);
    const QRectF bar(inside.left(), inside.top() + line + gap, width, barHeight);
    QLinearGradient gradient(bar.topLeft(), bar.topRight());
    for (std::size_t i = 0; i < stops.size(); ++i)
        gradient.setColorAt(static_cast<double>(i) / (stops.size() - 1), QColor(stops[i]));
    painter.fillRect(bar, gradient);
    const QRectF numbers(inside.left(), bar.bottom() + gap, width, line);
    painter.drawText(numbers, Qt::AlignLeft | Qt::AlignVCenter, scale.lowText());
    painter.drawText(numbers, Qt::AlignRight | Qt::AlignVCenter, scale.highText());
    painter.restore();
}

} // namespace nanodit
