#include "widgets/cell_layers.h"

#include "widgets/image_canvas.h"

#include <algorithm>
#include <cmath>

namespace nanodit {

CellLayer::CellLayer(QString name, QString legend, QImage cells, const QRectF& box)
    : CanvasLayer(std::move(name), std::move(legend))
    , cells_(std::move(cells))
    , box_(box)
{
}

void CellLayer::paint(QPainter& painter, const CanvasTransform& transform) const
{
    painter.setRenderHint(QPainter::SmoothPixmapTransform, false);
    painter.drawImage(transform.viewFromPicture(box_), cells_);
}

HeatLayer::HeatLayer(QString name, QString legend, GridSize grid, const QRectF& box)
    : CellLayer(std::move(name), std::move(legend), {}, box)
    , grid_(grid)
    , box_(box)
{
}

void HeatLayer::setValues(const std::vector<float>& values, HeatScale scale)
{
    values_ = values;
    QImage cells(static_cast<int>(grid_.cols), static_cast<int>(grid_.rows), QImage::Format_ARGB32);
    std::size_t i = 0;
    for (int row = 0; row < cells.height(); ++row) {
        auto* const line = reinterpret_cast<QRgb*>(cells.scanLine(row));
        for (int col = 0; col < cells.width(); ++col, ++i)
            line[col] = heatColour(scale.position(static_cast<double>(values_[i])));
    }
    setCells(std::move(cells));
    scale_ = std::move(scale);
}

std::optional<float> HeatLayer::valueAt(QPointF point) const
{
    if (values_.empty() || !box_.contains(point))
        return std::nullopt;
    const auto index = [](double offset, double side, std::int64_t cells) {
        return std::clamp<std::int64_t>(static_cast<std::int64_t>(offset / side * static_cast<double>(cells)), 0,
                                        cells - 1);
    };
    const auto row = index(point.y() - box_.top(), box_.height(), grid_.rows);
    const auto col = index(point.x() - box_.left(), box_.width(), grid_.cols);
    return values_[static_cast<std::size_t>(row * grid_.cols + col)];
}

std::pair<double, double> rangeOf(std::vector<float> values, double share)
{
    std::erase_if(values, [](float value) { return !std::isfinite(value); });
    if (values.empty())
        return {0, 0};
    const auto left = static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size() - 1));
    std::nth_element(values.begin(), values.begin() + left, values.end());
    const double low = values[static_cast<std::size_t>(left)];
    std::nth_element(values.begin(), values.end() - 1 - left, values.end());
    return {low, static_cast<double>(*(values.end() - 1 - left))};
}

} // namespace nanodit
