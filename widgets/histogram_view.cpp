#include "widgets/histogram_view.h"

#include "widgets/theme.h"

#include <QPainter>

#include <algorithm>

namespace nanodit {

namespace {

void paintBar(QPainter& painter, const QRectF& bar, const HistogramView::Series& series)
{
    const auto colour = themeColours().hue(series.hue);
    if (!series.hollow)
        return painter.fillRect(bar, colour);
    painter.setPen(QPen(colour, 1.5));
    painter.setBrush(Qt::NoBrush);
    painter.drawRect(bar.adjusted(0.75, 0.75, -0.75, -0.75));
}

} // namespace

HistogramView::HistogramView(QWidget* parent)
    : QWidget(parent)
{
    setAccessibleName(tr("Histogram"));
}

void HistogramView::setSeries(double low, double high, const QString& quantity, std::vector<Series> series)
{
    std::size_t first = series.empty() ? 0 : series.front().counts.size(), last = 0;
    for (const auto& s : series) {
        for (std::size_t i = 0; i < s.counts.size(); ++i) {
            if (s.counts[i] > 0) {
                first = std::min(first, i);
                last = std::max(last, i);
            }
        }
    }
    quantity_ = quantity;
    series_ = std::move(series);
    if (series_.empty() || first > last) {
        series_.clear();
        return update();
    }
    const double bin = (high - low) / static_cast<double>(series_.front().counts.size());
    low_ = low + static_cast<double>(first) * bin;
    high_ = low + static_cast<double>(last + 1) * bin;
    for (auto& s : series_)
        s.counts = {s.counts.begin() + static_cast<std::ptrdiff_t>(first),
                    s.counts.begin() + static_cast<std::ptrdiff_t>(last + 1)};
    update();
}

void HistogramView::paintEvent(QPaintEvent*)
{
    if (series_.empty())
        return;
    QPainter painter(this);
    const auto& colours = themeColours();
    const auto small = smallFont(font());
    painter.setFont(small);
    const QFontMetricsF metrics(small);
    const double line = metrics.height();
    const QRectF plot = QRectF(rect()).adjusted(0, line + 6, 0, -(line + 4));
    std::int64_t most = 1;
    for (const auto& s : series_)
        most = std::max(most, *std::max_element(s.counts.begin(), s.counts.end()));
    const double bin = plot.width() / static_cast<double>(series_.front().counts.size());
    const double bar = std::max(1.0, (bin - 2) / static_cast<double>(series_.size()));
    for (std::size_t s = 0; s < series_.size(); ++s) {
        for (std::size_t i = 0; i < series_[s].counts.size(); ++i) {
            const auto count = series_[s].counts[i];
            if (count == 0)
                continue;
            const double height = std::max(2.0, plot.height() * static_cast<double>(count) / static_cast<double>(most));
            paintBar(painter,
                     QRectF(plot.left() + static_cast<double>(i) * bin + 1 + static_cast<double>(s) * bar,
                            plot.bottom() - height, bar, height),
                     series_[s]);
        }
    }
    painter.setPen(QPen(colours.line, 1));
    painter.drawLine(plot.bottomLeft(), plot.bottomRight());
    double x = 0;
    for (const auto& s : series_) {
        paintBar(painter, QRectF(x, (line - 8) / 2, 8, 8), s);
        painter.setPen(colours.secondary);
        const double width = metrics.horizontalAdvance(s.name);
        painter.drawText(QRectF(x + 12, 0, width, line), Qt::AlignVCenter, s.name);
        x += width + 28;
    }
    painter.setPen(colours.secondary);
    const QRectF axis(0, plot.bottom() + 4, width(), line);
    painter.drawText(axis, Qt::AlignLeft, QString::number(low_, 'f', 2));
    painter.drawText(axis, Qt::AlignHCenter, quantity_);
    painter.drawText(axis, Qt::AlignRight, QString::number(high_, 'f', 2));
    painter.drawText(QRectF(0, 0, width(), line), Qt::AlignRight, tr("highest %1").arg(most));
}

} // namespace nanodit
