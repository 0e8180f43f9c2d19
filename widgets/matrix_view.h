#pragma once

#include "core/geometry/bucket.h"
#include "widgets/choosable_cells.h"
#include "widgets/colours.h"
#include "widgets/heat_colours.h"

#include <QImage>
#include <QStringList>

#include <optional>
#include <vector>

namespace nanodit {

/// A matrix as colours, with both axes named, a colour bar with its range and unit, and the number under the mouse, or
/// where the keys are. Where a click on a cell leads nowhere, the keys read it, too.
class MatrixView : public ChoosableCells {
    Q_OBJECT

public:
    explicit MatrixView(const QString& title, QWidget* parent = nullptr);
    /// The colour that stands for what it shows, as a mark before the title.
    void setHue(Hue hue);
    /// Row-major; `scale` says what the colours stand for and the unit.
    void setMatrix(GridSize size, std::vector<float> values, const HeatScale& scale);
    void clear();
    /// Names, and what stands at the ticks, by row and column; without ticks, numbers from 0.
    void setAxes(const QString& rows, const QString& columns, const QStringList& rowTicks = {},
                 const QStringList& columnTicks = {});
    /// A dashed line from corner to corner: where an aligned model's masses lie.
    void setDiagonal(bool shown);
    void setChosen(std::optional<std::int64_t> row, std::optional<std::int64_t> column);
    const std::vector<float>& values() const { return values_; }
    GridSize matrixSize() const { return size_; }
    QRectF cellRect(std::int64_t row, std::int64_t column) const;

    int cellCount() const override { return values_.empty() ? 0 : static_cast<int>(size_.count()); }
    QRectF cellBox(int cell) const override;
    QString cellName(int cell) const override; ///< "block 3, head 1"
    QString cellValue(int cell) const override;
    bool isCellChosen(int cell) const override;
    bool canChoose() const override;
    void chooseCell(int cell) override;

    QSize sizeHint() const override { return {240, 220}; }
    QSize minimumSizeHint() const override { return {120, 110}; }

Q_SIGNALS:
    void cellClicked(std::int64_t row, std::int64_t column);

protected:
    void paintCells(QPainter& painter) override;
    int cellBeside(int cell, int key) const override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void leaveEvent(QEvent* event) override;

private:
    QRectF matrixRect() const;
    std::optional<GridCell> cellUnder(QPointF point) const;
    void paintAxes(QPainter& painter, const QRectF& area) const;
    void paintChosen(QPainter& painter, const QRectF& area) const;
    void paintLegend(QPainter& painter, const QRectF& area) const;
    GridCell placeOf(int cell) const { return {cell / size_.cols, cell % size_.cols}; }
    std::optional<GridCell> readCell() const; ///< Whose number the legend tells.
    QString legendText() const;

    QString title_, rowName_, columnName_;
    QStringList rowTicks_, columnTicks_;
    std::optional<Hue> hue_;
    GridSize size_;
    std::vector<float> values_;
    HeatScale scale_;
    QImage image_;
    bool diagonal_ = false;
    std::optional<std::int64_t> row_, column_;
    std::optional<GridCell> hovered_;
};

} // namespace nanodit
