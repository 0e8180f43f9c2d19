#include "widgets/mask_canvas.h"

#include "widgets/colours.h"
#include "widgets/layers.h"

#include <QKeyEvent>
#include <QMouseEvent>

#include <algorithm>

namespace nanodit {

/// Cells outside the region are dimmed; the cursor's cell is outlined while the canvas has the focus.
class MaskLayer : public CanvasLayer {
public:
    MaskLayer(ImageSize size, GridSize grid)
        : CanvasLayer({}, {})
        , size_(size)
        , grid_(grid)
    {
    }
    void set(const std::vector<bool>& inside, std::optional<GridCell> cursor)
    {
        inside_ = inside;
        cursor_ = cursor;
    }
    void paint(QPainter& painter, const CanvasTransform& transform) const override
    {
        for (std::int64_t cell = 0; cell < grid_.count(); ++cell) {
            if (!inside_[static_cast<std::size_t>(cell)])
                painter.fillRect(box(transform, {.row = cell / grid_.cols, .col = cell % grid_.cols}),
                                 QColor(0, 0, 0, 170));
        }
        if (!cursor_)
            return;
        painter.setBrush(Qt::NoBrush);
        painter.setPen(QPen(themeColours().accent, 2));
        painter.drawRect(box(transform, *cursor_));
    }

private:
    QRectF box(const CanvasTransform& transform, GridCell cell) const
    {
        return transform.viewFromPicture(rectOf(cellBox(size_, grid_, cell)));
    }

    ImageSize size_;
    GridSize grid_;
    std::vector<bool> inside_;
    std::optional<GridCell> cursor_;
};

MaskCanvas::MaskCanvas(QWidget* parent)
    : ImageCanvas(parent)
{
    setAccessibleName(tr("Region of the reference"));
    setAccessibleDescription(tr("Arrows move over the patches, Space adds or removes one"));
    setContextMenuPolicy(Qt::PreventContextMenu);
}

void MaskCanvas::begin(const QImage& picture, ImageSize size, GridSize grid, const std::vector<std::int64_t>& outside)
{
    size_ = size;
    grid_ = grid;
    cursor_ = {};
    inside_.assign(static_cast<std::size_t>(grid.count()), true);
    for (const auto cell : outside) {
        if (cell >= 0 && cell < grid.count())
            inside_[static_cast<std::size_t>(cell)] = false;
    }
    layer_ = std::make_shared<MaskLayer>(size, grid);
    const QRectF extent(0, 0, static_cast<double>(size.width), static_cast<double>(size.height));
    setLayers({std::make_shared<PictureLayer>(QString(), QString(), picture, extent),
               std::make_shared<GridLayer>(QString(), QString(), meaning::patches, size, grid, GridLayer::Line::Solid),
               layer_},
              extent);
    changed();
}

std::vector<std::int64_t> MaskCanvas::outside() const
{
    std::vector<std::int64_t> cells;
    for (std::size_t i = 0; i < inside_.size(); ++i) {
        if (!inside_[i])
            cells.push_back(static_cast<std::int64_t>(i));
    }
    return cells;
}

void MaskCanvas::fill(bool inside)
{
    inside_.assign(inside_.size(), inside);
    changed();
    Q_EMIT regionChanged();
}

void MaskCanvas::invert()
{
    inside_.flip();
    changed();
    Q_EMIT regionChanged();
}

QRectF MaskCanvas::cellRect(std::int64_t cell) const
{
    return transform().viewFromPicture(
        rectOf(cellBox(size_, grid_, {.row = cell / grid_.cols, .col = cell % grid_.cols})));
}

void MaskCanvas::changed()
{
    if (!layer_)
        return;
    layer_->set(inside_, hasFocus() ? std::optional(cursor_) : std::nullopt);
    update();
}

void MaskCanvas::touch(QPointF view)
{
    const auto point = transform().pictureFromView(view);
    if (inside_.empty() ||
        !QRectF(0, 0, static_cast<double>(size_.width), static_cast<double>(size_.height)).contains(point))
        return;
    cursor_ = cellAt(size_, grid_, point.x(), point.y());
    const std::int64_t reach = (brush_ - 1) / 2;
    for (auto row = std::max<std::int64_t>(0, cursor_.row - reach);
         row <= std::min(grid_.rows - 1, cursor_.row + reach); ++row) {
        for (auto col = std::max<std::int64_t>(0, cursor_.col - reach);
             col <= std::min(grid_.cols - 1, cursor_.col + reach); ++col)
            inside_[static_cast<std::size_t>(row * grid_.cols + col)] = adding_;
    }
    changed();
}

void MaskCanvas::mousePressEvent(QMouseEvent* event)
{
    if (event->button() == Qt::MiddleButton)
        return ImageCanvas::mousePressEvent(event);
    if (event->button() != Qt::LeftButton && event->button() != Qt::RightButton)
        return;
    painting_ = true;
    adding_ = event->button() == Qt::LeftButton && !erasing_;
    touch(event->position());
}

void MaskCanvas::mouseMoveEvent(QMouseEvent* event)
{
    if (painting_)
        touch(event->position());
    else
        ImageCanvas::mouseMoveEvent(event);
}

void MaskCanvas::mouseReleaseEvent(QMouseEvent* event)
{
    if (!painting_)
        return ImageCanvas::mouseReleaseEvent(event);
    painting_ = false;
    Q_EMIT regionChanged();
}

void MaskCanvas::mouseDoubleClickEvent(QMouseEvent* event)
{
    mousePressEvent(event); // a second stroke at once, not a wish to see the picture whole
}

void MaskCanvas::keyPressEvent(QKeyEvent* event)
{
    if (inside_.empty())
        return ImageCanvas::keyPressEvent(event);
    auto next = cursor_;
    switch (event->key()) {
    case Qt::Key_Left:
        --next.col;
        break;
    case Qt::Key_Right:
        ++next.col;
        break;
    case Qt::Key_Up:
        --next.row;
        break;
    case Qt::Key_Down:
        ++next.row;
        break;
    case Qt::Key_Space: {
        const auto cell = static_cast<std::size_t>(cursor_.row * grid_.cols + cursor_.col);
        inside_[cell] = !inside_[cell];
        changed();
        Q_EMIT regionChanged();
        return;
    }
    default:
        return ImageCanvas::keyPressEvent(event);
    }
    if (next.row >= 0 && next.row < grid_.rows && next.col >= 0 && next.col < grid_.cols)
        cursor_ = next;
    changed();
}

void MaskCanvas::focusInEvent(QFocusEvent* event)
{
    ImageCanvas::focusInEvent(event);
    changed(); // the cursor shows
}

void MaskCanvas::focusOutEvent(QFocusEvent* event)
{
    ImageCanvas::focusOutEvent(event);
    changed();
}

} // namespace nanodit
