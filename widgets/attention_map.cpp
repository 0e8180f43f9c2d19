#include "widgets/attention_map.h"

#include "core/io/viridis.h"
#include "widgets/colours.h"

#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>

#include <algorithm>

namespace nanodit {

namespace {
constexpr double margin = 8, legendHeight = 32, barHeight = 8;
constexpr double heatOpacity = 0.75;
} // namespace

AttentionMap::AttentionMap(const QString& name, QWidget* parent)
    : QWidget(parent)
{
    setAccessibleName(name);
    setMouseTracking(true);
    setFocusPolicy(Qt::StrongFocus);
    setCursor(Qt::CrossCursor);
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Expanding);
}

void AttentionMap::setPicture(const QImage& picture)
{
    picture_ = picture;
    grey_ = picture.convertToFormat(QImage::Format_Grayscale8);
    update();
}

void AttentionMap::setGrid(GridSize grid)
{
    if (grid == grid_)
        return;
    grid_ = grid;
    values_.clear();
    chosen_.clear();
    update();
}

void AttentionMap::setValues(std::vector<float> values)
{
    values_ = std::move(values);
    update();
}

void AttentionMap::setChosen(std::set<std::int64_t> cells)
{
    chosen_ = std::move(cells);
    update();
}

void AttentionMap::setEmptyText(const QString& text)
{
    emptyText_ = text;
    update();
}

QRectF AttentionMap::pictureRect() const
{
    const QRectF room(margin, margin, width() - 2 * margin, height() - 2 * margin - legendHeight);
    const QSizeF size = picture_.isNull() ? QSizeF(static_cast<double>(grid_.cols), static_cast<double>(grid_.rows))
                                          : QSizeF(picture_.size());
    QRectF target(QPointF(0, 0), size.scaled(room.size(), Qt::KeepAspectRatio));
    target.moveCenter(room.center());
    return target;
}

QRectF AttentionMap::cellRect(std::int64_t cell) const
{
    const auto target = pictureRect();
    const double w = target.width() / static_cast<double>(grid_.cols);
    const double h = target.height() / static_cast<double>(grid_.rows);
    return {target.left() + static_cast<double>(cell % grid_.cols) * w,
            target.top() + static_cast<double>(cell / grid_.cols) * h, w, h};
}

std::optional<GridCell> AttentionMap::cellUnder(QPointF point) const
{
    const auto target = pictureRect();
    if (grid_.count() == 0 || !target.contains(point))
        return std::nullopt;
    const auto along = [](double share, std::int64_t cells) {
        return std::clamp<std::int64_t>(static_cast<std::int64_t>(share * static_cast<double>(cells)), 0, cells - 1);
    };
    return GridCell{along((point.y() - target.top()) / target.height(), grid_.rows),
                    along((point.x() - target.left()) / target.width(), grid_.cols)};
}

std::set<std::int64_t> AttentionMap::between(GridCell a, GridCell b) const
{
    std::set<std::int64_t> cells;
    for (auto row = std::min(a.row, b.row); row <= std::max(a.row, b.row); ++row) {
        for (auto col = std::min(a.col, b.col); col <= std::max(a.col, b.col); ++col)
            cells.insert(row * grid_.cols + col);
    }
    return cells;
}

void AttentionMap::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    const auto& colours = themeColours();
    painter.fillRect(rect(), colours.dark ? colours.window.darker(112) : colours.raised);
    if (grid_.count() == 0) {
        painter.setPen(colours.secondary);
        painter.drawText(rect().adjusted(24, 24, -24, -24), Qt::AlignCenter | Qt::TextWordWrap, emptyText_);
    } else {
        const auto target = pictureRect();
        const bool heat = static_cast<std::int64_t>(values_.size()) == grid_.count();
        painter.setRenderHint(QPainter::SmoothPixmapTransform);
        painter.drawImage(target, heat ? grey_ : picture_);
        if (heat) {
            paintHeat(painter, target);
            paintLegend(painter);
        }
        for (const auto cell : chosen_) {
            const auto box = cellRect(cell);
            painter.setBrush(Qt::NoBrush);
            painter.setPen(QPen(QColor(0, 0, 0, 160), 4));
            painter.drawRect(box);
            painter.setPen(QPen(darkColours().green, 2));
            painter.drawRect(box);
        }
    }
    if (hasFocus()) {
        painter.setBrush(Qt::NoBrush);
        painter.setPen(QPen(colours.accent, 1));
        painter.drawRect(rect().adjusted(0, 0, -1, -1));
    }
}

void AttentionMap::paintHeat(QPainter& painter, const QRectF& target) const
{
    const double largest = std::max(1e-12F, *std::max_element(values_.begin(), values_.end()));
    QImage cells(static_cast<int>(grid_.cols), static_cast<int>(grid_.rows), QImage::Format_RGB32);
    for (std::int64_t i = 0; i < grid_.count(); ++i) {
        const auto [r, g, b] = viridis(values_[static_cast<std::size_t>(i)] / largest);
        cells.setPixel(static_cast<int>(i % grid_.cols), static_cast<int>(i / grid_.cols), qRgb(r, g, b));
    }
    painter.save();
    painter.setRenderHint(QPainter::SmoothPixmapTransform, false);
    painter.setOpacity(heatOpacity);
    painter.drawImage(target, cells);
    painter.restore();
}

void AttentionMap::paintLegend(QPainter& painter) const
{
    const double largest = *std::max_element(values_.begin(), values_.end());
    const QRectF bar(margin, height() - legendHeight, width() - 2 * margin, barHeight);
    QLinearGradient gradient(bar.topLeft(), bar.topRight());
    for (int i = 0; i <= 15; ++i) {
        const auto [r, g, b] = viridis(i / 15.0);
        gradient.setColorAt(i / 15.0, QColor(r, g, b));
    }
    painter.fillRect(bar, gradient);
    painter.setPen(themeColours().secondary);
    auto font = painter.font();
    font.setPointSizeF(9);
    painter.setFont(font);
    const QRectF line(bar.left(), bar.bottom(), bar.width(), height() - bar.bottom());
    painter.drawText(line, Qt::AlignLeft | Qt::AlignVCenter, QStringLiteral("0 %"));
    painter.drawText(line, Qt::AlignCenter, tr("share of attention"));
    painter.drawText(line, Qt::AlignRight | Qt::AlignVCenter, QStringLiteral("%1 %").arg(100 * largest, 0, 'g', 3));
}

void AttentionMap::mousePressEvent(QMouseEvent* event)
{
    if (event->button() != Qt::LeftButton)
        return;
    pressed_ = cellUnder(event->position());
    if (pressed_)
        setChosen({pressed_->row * grid_.cols + pressed_->col});
}

void AttentionMap::mouseMoveEvent(QMouseEvent* event)
{
    const auto cell = cellUnder(event->position());
    if (pressed_ && cell)
        setChosen(between(*pressed_, *cell));
    const auto number = cell ? cell->row * grid_.cols + cell->col : -1;
    if (number != hovered_) {
        hovered_ = number;
        Q_EMIT cellHovered(number);
    }
}

void AttentionMap::mouseReleaseEvent(QMouseEvent*)
{
    if (pressed_ && !chosen_.empty())
        Q_EMIT cellsChosen(chosen_);
    pressed_.reset();
}

void AttentionMap::leaveEvent(QEvent*)
{
    hovered_ = -1;
    Q_EMIT cellHovered(-1);
}

void AttentionMap::keyPressEvent(QKeyEvent* event)
{
    const std::int64_t rows = event->key() == Qt::Key_Down ? 1 : event->key() == Qt::Key_Up ? -1 : 0;
    const std::int64_t cols = event->key() == Qt::Key_Right ? 1 : event->key() == Qt::Key_Left ? -1 : 0;
    if (grid_.count() == 0 || (rows == 0 && cols == 0))
        return QWidget::keyPressEvent(event);
    const auto at = chosen_.empty() ? 0 : *chosen_.begin();
    const auto row = std::clamp<std::int64_t>(at / grid_.cols + rows, 0, grid_.rows - 1);
    const auto col = std::clamp<std::int64_t>(at % grid_.cols + cols, 0, grid_.cols - 1);
    setChosen({row * grid_.cols + col});
    Q_EMIT cellsChosen(chosen_);
}

} // namespace nanodit
