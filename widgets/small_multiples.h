#pragma once

#include "core/geometry/bucket.h"

#include <QImage>
#include <QWidget>

#include <optional>
#include <vector>

namespace nanodit {

/// A small heat map for each block (row) and head (column), each from 0 to its own largest value. A click on one
/// chooses it; on a block's or a head's number, the mean over its row or column; on what is chosen, the mean over all.
class SmallMultiples : public QWidget {
    Q_OBJECT

public:
    explicit SmallMultiples(QWidget* parent = nullptr);
    /// values: [blocks, heads, cells of the grid], shares of 1.
    void setMaps(std::int64_t blocks, std::int64_t heads, GridSize grid, const std::vector<float>& values);
    void clear(const QString& why); ///< Shows the sentence instead.
    /// Empty ones: the mean over all.
    void setChosen(std::optional<std::int64_t> block, std::optional<std::int64_t> head);
    bool isEmpty() const { return maps_.empty(); }
    QRectF mapRect(std::int64_t block, std::int64_t head) const;
    QRectF blockRect(std::int64_t block) const; ///< Of its number.
    QRectF headRect(std::int64_t head) const;

    QSize sizeHint() const override { return {480, 220}; }
    QSize minimumSizeHint() const override { return {160, 100}; }

Q_SIGNALS:
    void chosen(std::optional<std::int64_t> block, std::optional<std::int64_t> head);

protected:
    void paintEvent(QPaintEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    bool event(QEvent* event) override;

private:
    QSizeF cellSize() const;
    void choose(std::optional<std::int64_t> block, std::optional<std::int64_t> head);

    std::int64_t blocks_ = 0, heads_ = 0;
    GridSize grid_;
    std::vector<QImage> maps_; ///< [blocks, heads]
    std::vector<float> largest_;
    std::optional<std::int64_t> block_, head_;
    QString why_;
};

} // namespace nanodit
