#pragma once

#include "core/geometry/bucket.h"
#include "widgets/choosable_cells.h"

#include <QImage>

#include <optional>
#include <utility>
#include <vector>

namespace nanodit {

/// A small heat map for each block (row) and head (column), each from 0 to its own largest value. A click on one
/// chooses it; on a block's or a head's number, the mean over its row or column; on what is chosen, the mean over all.
/// With the keyboard the arrows go from one to another, over the numbers as well, and Enter or Space does what a click
/// does.
class SmallMultiples : public ChoosableCells {
    Q_OBJECT

public:
    explicit SmallMultiples(QWidget* parent = nullptr);
    /// values: [blocks, heads, cells of the grid], shares of 1. Coloured when they are painted: nothing is done for a
    /// view that is not on the screen.
    void setMaps(std::int64_t blocks, std::int64_t heads, GridSize grid, std::vector<float> values);
    void clear(const QString& why); ///< Shows the sentence instead.
    /// Empty ones: the mean over all.
    void setChosen(std::optional<std::int64_t> block, std::optional<std::int64_t> head);
    bool isEmpty() const { return values_.empty(); }
    QRectF mapRect(std::int64_t block, std::int64_t head) const;
    QRectF blockRect(std::int64_t block) const; ///< Of its number.
    QRectF headRect(std::int64_t head) const;

    /// The numbers of heads and, before each row, of blocks are cells, too; the corner where they meet is none.
    int cellCount() const override { return isEmpty() ? 0 : static_cast<int>((blocks_ + 1) * (heads_ + 1)); }
    QRectF cellBox(int cell) const override;
    QString cellName(int cell) const override;
    QString cellValue(int cell) const override;
    bool isCellChosen(int cell) const override;
    void chooseCell(int cell) override;

    QSize sizeHint() const override { return {480, 220}; }
    /// Maps of at least 24 pixels: where there is less room, it wants to be scrolled.
    QSize minimumSizeHint() const override;

Q_SIGNALS:
    void chosen(std::optional<std::int64_t> block, std::optional<std::int64_t> head);

protected:
    void paintCells(QPainter& painter) override;
    int cellBeside(int cell, int key) const override;
    void mousePressEvent(QMouseEvent* event) override;
    bool event(QEvent* event) override;

private:
    /// Of a cell; empty for a number's row or column.
    std::pair<std::optional<std::int64_t>, std::optional<std::int64_t>> partOf(int cell) const;
    int cellOf(std::optional<std::int64_t> block, std::optional<std::int64_t> head) const;
    float largestOf(std::int64_t block, std::int64_t head) const;
    void colourMaps();
    QSizeF cellSize() const;
    QSizeF mapSizeWithin(QSizeF room) const; ///< In the proportions of the grid.
    void choose(std::optional<std::int64_t> block, std::optional<std::int64_t> head);

    std::int64_t blocks_ = 0, heads_ = 0;
    GridSize grid_;
    std::vector<float> values_;
    std::vector<QImage> maps_; ///< [blocks, heads]; empty until values are painted.
    std::optional<std::int64_t> block_, head_;
    QString why_;
};

} // namespace nanodit
