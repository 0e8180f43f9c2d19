#pragma once

#include "widgets/heat_colours.h"
#include "widgets/layers.h"

#include <vector>

namespace nanodit {

/// One colour per cell of a grid over a picture, cells as plain squares. What lies below is shown without its colours,
/// so that only the cells' are seen.
class CellLayer : public CanvasLayer {
public:
    /// `cells`: one pixel a cell; transparent ones let the picture through.
    CellLayer(QString name, QString legend, QImage cells, const QRectF& box);
    void setCells(QImage cells) { cells_ = std::move(cells); }
    void paint(QPainter& painter, const CanvasTransform& transform) const override;
    bool mutesColours() const override { return true; }

private:
    QImage cells_;
    QRectF box_;
};

/// One number per cell, as a colour of the heat scale.
class HeatLayer : public CellLayer {
public:
    HeatLayer(QString name, QString legend, GridSize grid, const QRectF& box);
    /// Row by row, as many as the grid has cells.
    void setValues(const std::vector<float>& values, HeatScale scale);
    std::optional<HeatScale> scale() const override { return scale_; }
    /// Of the cell under a picture point; empty outside.
    std::optional<float> valueAt(QPointF point) const;

private:
    GridSize grid_;
    QRectF box_;
    std::vector<float> values_;
    std::optional<HeatScale> scale_;
};

/// The smallest and the largest value, those of the outermost `share` at either end left out.
std::pair<double, double> rangeOf(std::vector<float> values, double share = 0);

} // namespace nanodit
