#pragma once

#include "core/geometry/bucket.h"

#include <QImage>
#include <QWidget>

#include <optional>
#include <set>
#include <vector>

namespace nanodit {

/// A picture under a grid of cells: shows a number of each cell as viridis over the picture without its colours, with a
/// legend, and lets cells be chosen by click or drag, or by the arrow keys, or painted over with a brush.
class AttentionMap : public QWidget {
    Q_OBJECT

public:
    /// What the left button does: chooses a cell or rectangle, marks one to be filled, or paints over cells.
    enum class Tool { Choose, Rectangle, Brush };

    explicit AttentionMap(const QString& name, QWidget* parent = nullptr);
    void setPicture(const QImage& picture);
    /// Forgets values and choice when the grid changes.
    void setGrid(GridSize grid);
    GridSize grid() const { return grid_; }
    /// One number a cell, shares of 1; empty shows the picture as it is.
    void setValues(std::vector<float> values);
    const std::vector<float>& values() const { return values_; }
    void setChosen(std::set<std::int64_t> cells);
    const std::set<std::int64_t>& chosen() const { return chosen_; }
    void setEmptyText(const QString& text);
    /// What the last colour stands for; 0: the largest value. For maps that are to be compared.
    void setLargest(double largest);
    double largest() const;                       ///< What the last colour stands for now.
    void setQuantity(const QString& quantity);    ///< In the legend: "share of attention".
    void setOpacity(double opacity);              ///< Of the colours over the picture, 0 to 1.
    void setTool(Tool tool, int brushRadius = 0); ///< Radius in cells; 0 paints single cells.
    Tool tool() const { return tool_; }
    /// Cells that are erased are hatched, cells that come from elsewhere are framed.
    void setMarks(std::set<std::int64_t> erased, std::set<std::int64_t> pasted);
    const std::set<std::int64_t>& erased() const { return erased_; }
    const std::set<std::int64_t>& pasted() const { return pasted_; }
    /// Where a cell is drawn.
    QRectF cellRect(std::int64_t cell) const;

    QSize sizeHint() const override { return {320, 360}; }
    QSize minimumSizeHint() const override { return {160, 180}; }

Q_SIGNALS:
    /// A click, a finished drag or an arrow key.
    void cellsChosen(const std::set<std::int64_t>& cells);
    /// The mouse is over another cell; -1 when it left.
    void cellHovered(std::int64_t cell);
    /// A finished drag with the tool Rectangle or a finished stroke with the Brush.
    void cellsPainted(const std::set<std::int64_t>& cells);

protected:
    void paintEvent(QPaintEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;
    void leaveEvent(QEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;

private:
    QRectF pictureRect() const;
    std::optional<GridCell> cellUnder(QPointF point) const;
    std::set<std::int64_t> between(GridCell a, GridCell b) const;
    void extendStroke(GridCell to);
    void paintHeat(QPainter& painter, const QRectF& target) const;
    void paintMarks(QPainter& painter) const;
    void paintLegend(QPainter& painter) const;
    QString hoveredText() const;
    QString cellText(std::int64_t cell) const;
    void tellChosen(); ///< To a screen reader.
    void outline(QPainter& painter, const std::set<std::int64_t>& cells, const QColor& colour,
                 Qt::PenStyle style) const;

    QImage picture_, grey_;
    GridSize grid_;
    std::vector<float> values_;
    double fixedLargest_ = 0, opacity_ = 0.75;
    std::set<std::int64_t> chosen_, erased_, pasted_, stroke_;
    Tool tool_ = Tool::Choose;
    int brushRadius_ = 0;
    std::optional<GridCell> pressed_, last_;
    std::int64_t hovered_ = -1;
    QString emptyText_, quantity_;
};

} // namespace nanodit
