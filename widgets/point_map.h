#pragma once

#include "widgets/colours.h"

#include <QAbstractItemView>
#include <QPolygonF>

#include <functional>
#include <optional>
#include <utility>
#include <vector>

namespace nanodit {

/// The rows of a model as points in the unit square. The left button draws a lasso whose points become the selection
/// (added to it with Ctrl or Shift), or picks one point; the wheel zooms about the pointer, the middle button moves the
/// map, a double click shows all of it. Shares model and selection with other views.
class PointMap : public QAbstractItemView {
    Q_OBJECT

public:
    struct Point {
        QPointF place; ///< In the unit square, y downwards.
        Hue hue = Hue::Blue;
        bool faint = false;
    };
    /// Of a row; empty for rows that are not on the map.
    using PointOf = std::function<std::optional<Point>(int row)>;

    explicit PointMap(QWidget* parent = nullptr);
    void setPoints(PointOf pointOf);
    /// Reads the points of all rows anew.
    void refresh();
    /// Is shown instead of points; empty shows them.
    void setMessage(const QString& message);
    /// Of a colour: "train".
    void setLegend(std::vector<std::pair<Hue, QString>> legend);
    int pointsShown() const;
    /// Of a place on the map, in the viewport.
    QPointF toViewport(QPointF place) const;

    QRect visualRect(const QModelIndex& index) const override;
    void scrollTo(const QModelIndex& index, ScrollHint hint = EnsureVisible) override;
    QModelIndex indexAt(const QPoint& point) const override;
    void setModel(QAbstractItemModel* model) override;

protected:
    QModelIndex moveCursor(CursorAction action, Qt::KeyboardModifiers modifiers) override;
    int horizontalOffset() const override { return 0; }
    int verticalOffset() const override { return 0; }
    bool isIndexHidden(const QModelIndex& index) const override;
    void setSelection(const QRect& rect, QItemSelectionModel::SelectionFlags command) override;
    QRegion visualRegionForSelection(const QItemSelection& selection) const override;
    void selectionChanged(const QItemSelection& selected, const QItemSelection& deselected) override;
    void paintEvent(QPaintEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;
    void mouseDoubleClickEvent(QMouseEvent* event) override;
    void wheelEvent(QWheelEvent* event) override;
    void leaveEvent(QEvent* event) override;

private:
    QPointF toMap(QPointF viewport) const;
    void select(const std::vector<int>& rows, Qt::KeyboardModifiers modifiers);
    void paintPoints(QPainter& painter) const;
    void paintHovered(QPainter& painter) const;
    void paintLegend(QPainter& painter) const;

    PointOf pointOf_;
    std::vector<std::optional<Point>> points_; ///< By row.
    QString message_;
    std::vector<std::pair<Hue, QString>> legend_;
    double zoom_ = 1;
    QPointF centre_{0.5, 0.5}; ///< Of what is shown, on the map.
    QPolygonF lasso_;          ///< In the viewport, while it is drawn.
    std::optional<QPointF> movedFrom_;
    int hovered_ = -1;
};

} // namespace nanodit
