#pragma once

#include "core/dataset/bucket.h"

#include <QImage>
#include <QWidget>

#include <optional>
#include <set>
#include <vector>

namespace nanodit {

/// A picture under a grid of cells: shows a number of each cell as viridis over the picture without its colours, with a
/// legend, and lets cells be chosen by click or drag, or by the arrow keys.
class AttentionMap : public QWidget {
    Q_OBJECT

public:
    explicit AttentionMap(const QString& name, QWidget* parent = nullptr);
    void setPicture(const QImage& picture);
    /// Forgets values and choice when the grid changes.
    void setGrid(GridSize grid);
    /// One number a cell, shares of 1; empty shows the picture as it is.
    void setValues(std::vector<float> values);
    const std::vector<float>& values() const { return values_; }
    void setChosen(std::set<std::int64_t> cells);
    const std::set<std::int64_t>& chosen() const { return chosen_; }
    void setEmptyText(const QString& text);
    /// Where a cell is drawn.
    QRectF cellRect(std::int64_t cell) const;

    QSize sizeHint() const override { return {320, 360}; }
    QSize minimumSizeHint() const override { return {160, 180}; }

Q_SIGNALS:
    /// A click, a finished drag or an arrow key.
    void cellsChosen(const std::set<std::int64_t>& cells);
    /// The mouse is over another cell; -1 when it left.
    void cellHovered(std::int64_t cell);

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
    void paintHeat(QPainter& painter, const QRectF& target) const;
    void paintLegend(QPainter& painter) const;

    QImage picture_, grey_;
    GridSize grid_;
    std::vector<float> values_;
    std::set<std::int64_t> chosen_;
    std::optional<GridCell> pressed_;
    std::int64_t hovered_ = -1;
    QString emptyText_;
};

} // namespace nanodit
