#pragma once

#include "core/geometry/bucket.h"
#include "widgets/image_canvas.h"

#include <QImage>

#include <cstdint>
#include <memory>
#include <vector>

namespace nanodit {

class MaskLayer;

/// A picture over whose cells a region is painted: the left button adds what the brush touches, the right button (or
/// the left one while erasing) takes away, the middle button pans. Arrows move a cursor and Space turns its cell.
class MaskCanvas : public ImageCanvas {
    Q_OBJECT

public:
    explicit MaskCanvas(QWidget* parent = nullptr);

    /// `outside`: cells that are not of the region, row by row.
    void begin(const QImage& picture, ImageSize size, GridSize grid, const std::vector<std::int64_t>& outside);
    std::vector<std::int64_t> outside() const;
    /// Cells that a stroke touches along each side: 1, 3, 5...
    void setBrush(int cells) { brush_ = cells; }
    void setErasing(bool erasing) { erasing_ = erasing; }
    void fill(bool inside); ///< All cells.
    void invert();
    QRectF cellRect(std::int64_t cell) const; ///< In the view.

Q_SIGNALS:
    /// Once a stroke has ended.
    void regionChanged();

protected:
    void mousePressEvent(QMouseEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;
    void mouseDoubleClickEvent(QMouseEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void focusInEvent(QFocusEvent* event) override;
    void focusOutEvent(QFocusEvent* event) override;

private:
    void touch(QPointF view);
    void changed();

    ImageSize size_;
    GridSize grid_;
    std::vector<bool> inside_;
    std::shared_ptr<MaskLayer> layer_;
    int brush_ = 1;
    bool erasing_ = false;
    bool painting_ = false, adding_ = true;
    GridCell cursor_;
};

} // namespace nanodit
