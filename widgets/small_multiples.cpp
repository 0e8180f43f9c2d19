#include "widgets/small_multiples.h"

#include "widgets/colours.h"
#include "widgets/heat_colours.h"
#include "widgets/theme.h"

#include <QHelpEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QToolTip>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

namespace nanodit {

namespace {
constexpr double multiplesMargin = 8, multiplesGap = 4, numberWidth = 24, numberHeight = 18, legendWidth = 152;
constexpr double leastMapSide = 24;

/// Colours of shares from 0 to 1: there can be a million cells, and a table is twenty times as fast as interpolation.
const std::array<QRgb, 256>& heatTable()
{
    static const auto table = [] {
        std::array<QRgb, 256> colours{};
        for (std::size_t i = 0; i < colours.size(); ++i)
            colours[i] = heatColour(static_cast<double>(i) / static_cast<double>(colours.size() - 1));
        return colours;
    }();
    return table;
}

QRgb tabledHeat(float share)
{
    if (std::isnan(share))
        return heatColour(std::numeric_limits<double>::quiet_NaN());
    return heatTable()[static_cast<std::size_t>(std::clamp(share, 0.0F, 1.0F) * 255.0F + 0.5F)];
}

} // namespace

SmallMultiples::SmallMultiples(QWidget* parent)
    : ChoosableCells(parent)
{
    setAccessibleName(tr("Every block and head"));
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Expanding);
}

void SmallMultiples::setMaps(std::int64_t blocks, std::int64_t heads, GridSize grid, std::vector<float> values)
{
    const bool others = blocks != blocks_ || heads != heads_ || isEmpty();
    const bool otherSizes = others || grid != grid_;
    if (others)
        setCurrentCell(static_cast<int>(heads + 2)); // the first map
    blocks_ = blocks;
    heads_ = heads;
    grid_ = grid;
    values_ = std::move(values);
    maps_.clear();
    if (otherSizes)
        updateGeometry();
    update();
}

float SmallMultiples::largestOf(std::int64_t block, std::int64_t head) const
{
    const auto cells = grid_.count();
    const auto* const from = values_.data() + (block * heads_ + head) * cells;
    return cells == 0 ? 0 : *std::max_element(from, from + cells);
}

void SmallMultiples::colourMaps()
{
    const auto cells = grid_.count();
    for (std::int64_t map = 0; map < blocks_ * heads_; ++map) {
        const auto* from = values_.data() + map * cells;
        const float largest = std::max(1e-12F, largestOf(map / heads_, map % heads_));
        QImage image(static_cast<int>(grid_.cols), static_cast<int>(grid_.rows), QImage::Format_RGB32);
        for (int row = 0; row < image.height(); ++row) {
            auto* const line = reinterpret_cast<QRgb*>(image.scanLine(row));
            for (int column = 0; column < image.width(); ++column)
                line[column] = tabledHeat(*from++ / largest);
        }
        maps_.push_back(std::move(image));
    }
}

void SmallMultiples::clear(const QString& why)
{
    values_.clear();
    maps_.clear();
    why_ = why;
    updateGeometry();
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
    return mapSizeWithin(room.expandedTo({4, 4}));
}

QSizeF SmallMultiples::mapSizeWithin(QSizeF room) const
{
    return QSizeF(static_cast<double>(grid_.cols), static_cast<double>(grid_.rows)).scaled(room, Qt::KeepAspectRatio);
}

QSize SmallMultiples::minimumSizeHint() const
{
    constexpr QSize least(160, 100);
    if (isEmpty())
        return least;
    const auto map = mapSizeWithin({leastMapSide, leastMapSide});
    const QSizeF all(2 * multiplesMargin + numberWidth + legendWidth +
                         static_cast<double>(heads_) * (map.width() + multiplesGap),
                     2 * multiplesMargin + numberHeight + static_cast<double>(blocks_) * (map.height() + multiplesGap));
    return QSize(static_cast<int>(std::ceil(all.width())), static_cast<int>(std::ceil(all.height()))).expandedTo(least);
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

std::pair<std::optional<std::int64_t>, std::optional<std::int64_t>> SmallMultiples::partOf(int cell) const
{
    const auto row = cell / (heads_ + 1), column = cell % (heads_ + 1);
    return {row > 0 ? std::optional(row - 1) : std::nullopt, column > 0 ? std::optional(column - 1) : std::nullopt};
}

int SmallMultiples::cellOf(std::optional<std::int64_t> block, std::optional<std::int64_t> head) const
{
    return static_cast<int>((block ? *block + 1 : 0) * (heads_ + 1) + (head ? *head + 1 : 0));
}

QRectF SmallMultiples::cellBox(int cell) const
{
    const auto [block, head] = partOf(cell);
    if (!block)
        return head ? headRect(*head) : QRectF();
    return head ? mapRect(*block, *head) : blockRect(*block);
}

QString SmallMultiples::cellName(int cell) const
{
    const auto [block, head] = partOf(cell);
    if (!block)
        return head ? tr("head %1, mean over blocks").arg(*head) : QString();
    return head ? tr("block %1, head %2").arg(*block).arg(*head) : tr("block %1, mean over heads").arg(*block);
}

QString SmallMultiples::cellValue(int cell) const
{
    const auto [block, head] = partOf(cell);
    if (!block || !head)
        return {};
    return tr("largest share %1 %").arg(100 * static_cast<double>(largestOf(*block, *head)), 0, 'g', 3);
}

bool SmallMultiples::isCellChosen(int cell) const
{
    return (block_ || head_) && cell == cellOf(block_, head_);
}

void SmallMultiples::chooseCell(int cell)
{
    const auto [block, head] = partOf(cell);
    choose(block, head);
}

int SmallMultiples::cellBeside(int cell, int key) const
{
    const int next = besideInGrid(cell, key, static_cast<int>(heads_ + 1), cellCount());
    if (next != 0)
        return next;
    return key == Qt::Key_Home ? 1 : cell; // nothing stands in the corner
}

void SmallMultiples::paintCells(QPainter& painter)
{
    const auto& colours = themeColours();
    painter.setPen(colours.secondary);
    if (isEmpty()) {
        painter.drawText(rect().adjusted(24, 8, -24, -8), Qt::AlignCenter | Qt::TextWordWrap, why_);
        return;
    }
    if (maps_.empty())
        colourMaps();
    painter.setFont(smallFont(painter.font()));
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
    setCurrentCell(cellOf(block, head));
    if (block == block_ && head == head_)
        block = head = std::nullopt;
    setChosen(block, head);
    Q_EMIT chosen(block, head);
}

void SmallMultiples::mousePressEvent(QMouseEvent* event)
{
    if (isEmpty() || event->button() != Qt::LeftButton)
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
    if (event->type() != QEvent::ToolTip || isEmpty())
        return ChoosableCells::event(event);
    const auto* const help = static_cast<QHelpEvent*>(event);
    for (std::int64_t block = 0; block < blocks_; ++block) {
        for (std::int64_t head = 0; head < heads_; ++head) {
            if (!mapRect(block, head).contains(help->pos()))
                continue;
            const int cell = cellOf(block, head);
            QToolTip::showText(help->globalPos(), QStringLiteral("%1: %2").arg(cellName(cell), cellValue(cell)));
            return true;
        }
    }
    QToolTip::hideText();
    return true;
}

} // namespace nanodit
