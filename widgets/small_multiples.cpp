#include "widgets/small_multiples.h"

#include "widgets/colours.h"
#include "widgets/heat_colours.h"

#include <QHelpEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QToolTip>

#include <algorithm>

namespace nanodit {

namespace {
constexpr double multiplesMargin = 8, multiplesGap = 4, numberWidth = 24, numberHeight = 18, legendWidth = 152;
} // namespace

SmallMultiples::SmallMultiples(QWidget* parent)
    : QWidget(parent)
{
    setAccessibleName(tr("Every block and head"));
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Expanding);
}

void SmallMultiples::setMaps(std::int64_t blocks, std::int64_t heads, GridSize grid, const std::vector<float>& values)
{
    blocks_ = blocks;
    heads_ = heads;
    grid_ = grid;
    maps_.clear();
    largest_.clear();
    const auto cells = grid.count();
    for (std::int64_t map = 0; map < blocks * heads; ++map) {
        const auto* const from = values.data() + map * cells;
        const float largest = std::max(1e-12F, *std::max_element(from, from + cells));
        QImage image(static_cast<int>(grid.cols), static_cast<int>(grid.rows), QImage::Format_RGB32);
        for (std::int64_t i = 0; i < cells; ++i)
            image.setPixel(static_cast<int>(i % grid.cols), static_cast<int>(i / grid.cols),
                           heatColour(from[i] / largest));
        maps_.push_back(std::move(image));
        largest_.push_back(largest);
    }
    update();
}

void SmallMultiples::clear(const QString& why)
{
    maps_.clear();
    why_ = why;
    update();
}

void SmallMultiples::setChosen(std::optional<std::int64_t> block, std::optional<std::int64_t> head)
{
    block_ = block;
    head_ = head;
    update();
}

QSizeF SmallMultiples::cellSize() const
{
    const auto rows = static_cast<double>(blocks_), cols = static_cast<double>(heads_);
    const QSizeF room((width() - 2 * multiplesMargin - numberWidth - legendWidth - cols * multiplesGap) / cols,
                      (height() - 2 * multiplesMargin - numberHeight - rows * multiplesGap) / rows);
    return QSizeF(static_cast<double>(grid_.cols), static_cast<double>(grid_.rows))
        .scaled(room.expandedTo({4, 4}), Qt::KeepAspectRatio);
}

QRectF SmallMultiples::mapRect(std::int64_t block, std::int64_t head) const
{
    const auto size = cellSize();
    return {QPointF(multiplesMargin + numberWidth + static_cast<double>(head) * (size.width() + multiplesGap),
                    multiplesMargin + numberHeight + static_cast<double>(block) * (size.height() + multiplesGap)),
            size};
}

QRectF SmallMultiples::blockRect(std::int64_t block) const
{
    const auto map = mapRect(block, 0);
    return {multiplesMargin, map.top(), numberWidth, map.height()};
}

QRectF SmallMultiples::headRect(std::int64_t head) const
{
    const auto map = mapRect(0, head);
    return {map.left(), multiplesMargin, map.width(), numberHeight};
}

void SmallMultiples::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    const auto& colours = themeColours();
    painter.setPen(colours.secondary);
    if (maps_.empty()) {
        painter.drawText(rect().adjusted(24, 8, -24, -8), Qt::AlignCenter | Qt::TextWordWrap, why_);
        return;
    }
    auto font = painter.font();
    font.setPointSizeF(9);
    painter.setFont(font);
    for (std::int64_t head = 0; head < heads_; ++head) {
        painter.setPen(head == head_ ? colours.text : colours.secondary);
        painter.drawText(headRect(head), Qt::AlignCenter, QString::number(head));
    }
    for (std::int64_t block = 0; block < blocks_; ++block) {
        painter.setPen(block == block_ ? colours.text : colours.secondary);
        painter.drawText(blockRect(block), Qt::AlignCenter, QString::number(block));
        for (std::int64_t head = 0; head < heads_; ++head) {
            const auto box = mapRect(block, head);
            painter.drawImage(box, maps_[static_cast<std::size_t>(block * heads_ + head)]);
            const bool counts = (!block_ || *block_ == block) && (!head_ || *head_ == head);
            if (counts && (block_ || head_)) {
                painter.setPen(QPen(colours.accent, 2));
                painter.setBrush(Qt::NoBrush);
                painter.drawRect(box.adjusted(-1, -1, 1, 1));
            }
        }
    }
    const auto right = mapRect(0, heads_ - 1).right() + 2 * multiplesGap;
    const QRectF legend(right, multiplesMargin + numberHeight, std::min(legendWidth, width() - right - multiplesMargin),
                        64);
    const QRectF bar(legend.left(), legend.top(), legend.width(), 8);
    QLinearGradient gradient(bar.topLeft(), bar.topRight());
    for (int i = 0; i <= 15; ++i)
        gradient.setColorAt(i / 15.0, QColor(heatColour(i / 15.0)));
    painter.fillRect(bar, gradient);
    painter.setPen(colours.secondary);
    painter.drawText(QRectF(bar.left(), bar.bottom() + multiplesGap, bar.width(),
                            height() - bar.bottom() - multiplesGap - multiplesMargin),
                     Qt::AlignLeft | Qt::AlignTop | Qt::TextWordWrap,
                     tr("0 to each map's largest share\n\nrows: blocks\ncolumns: heads"));
}

void SmallMultiples::choose(std::optional<std::int64_t> block, std::optional<std::int64_t> head)
{
    if (block == block_ && head == head_)
        block = head = std::nullopt;
    setChosen(block, head);
    Q_EMIT chosen(block, head);
}

void SmallMultiples::mousePressEvent(QMouseEvent* event)
{
    if (maps_.empty() || event->button() != Qt::LeftButton)
        return QWidget::mousePressEvent(event);
    for (std::int64_t head = 0; head < heads_; ++head) {
        if (headRect(head).contains(event->position()))
            return choose({}, head);
    }
    for (std::int64_t block = 0; block < blocks_; ++block) {
        if (blockRect(block).contains(event->position()))
            return choose(block, {});
        for (std::int64_t head = 0; head < heads_; ++head) {
            if (mapRect(block, head).contains(event->position()))
                return choose(block, head);
        }
    }
}

bool SmallMultiples::event(QEvent* event)
{
    if (event->type() != QEvent::ToolTip || maps_.empty())
        return QWidget::event(event);
    const auto* const help = static_cast<QHelpEvent*>(event);
    for (std::int64_t block = 0; block < blocks_; ++block) {
        for (std::int64_t head = 0; head < heads_; ++head) {
            if (!mapRect(block, head).contains(help->pos()))
                continue;
            const double largest = largest_[static_cast<std::size_t>(block * heads_ + head)];
            QToolTip::showText(
                help->globalPos(),
                tr("block %1, head %2: largest share %3 %").arg(block).arg(head).arg(100 * largest, 0, 'g', 3));
            return true;
        }
    }
    QToolTip::hideText();
    return true;
}

} // namespace nanodit
