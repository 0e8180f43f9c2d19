#include "widgets/attention_map.h"

#include "widgets/accessible_role.h"
#include "widgets/colours.h"
#include "widgets/heat_colours.h"
#include "widgets/theme.h"

#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>

#include <algorithm>
#include <utility>

namespace nanodit {

namespace {
constexpr double attentionMargin = 8, legendHeight = 32, attentionBarHeight = 8;
constexpr int hatchSpacing = 6;
} // namespace

AttentionMap::AttentionMap(const QString& name, QWidget* parent)
    : QWidget(parent)
    , quantity_(tr("share of attention"))
{
    setAccessibleRole(this, QAccessible::Canvas);
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
    erased_.clear();
    pasted_.clear();
    stroke_.clear();
    pressed_.reset();
    hovered_ = -1;
    tellChosen();
    update();
}

void AttentionMap::setValues(std::vector<float> values)
{
    values_ = std::move(values);
    tellChosen();
    update();
}

void AttentionMap::setChosen(std::set<std::int64_t> cells)
{
    chosen_ = std::move(cells);
    tellChosen();
    update();
}

void AttentionMap::setEmptyText(const QString& text)
{
    emptyText_ = text;
    update();
}

void AttentionMap::setLargest(double largest)
{
    fixedLargest_ = largest;
    update();
}

double AttentionMap::largest() const
{
    if (fixedLargest_ > 0)
        return fixedLargest_;
    return values_.empty() ? 0 : *std::max_element(values_.begin(), values_.end());
}

void AttentionMap::setQuantity(const QString& quantity)
{
    quantity_ = quantity;
    update();
}

void AttentionMap::setOpacity(double opacity)
{
    opacity_ = opacity;
    update();
}

void AttentionMap::setTool(Tool tool, int brushRadius)
{
    tool_ = tool;
    brushRadius_ = brushRadius;
    pressed_.reset();
    stroke_.clear();
    update();
}

void AttentionMap::setMarks(std::set<std::int64_t> erased, std::set<std::int64_t> pasted)
{
    erased_ = std::move(erased);
    pasted_ = std::move(pasted);
    update();
}

QRectF AttentionMap::pictureRect() const
{
    const QRectF room(attentionMargin, attentionMargin, width() - 2 * attentionMargin,
                      height() - 2 * attentionMargin - legendHeight);
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
        paintMarks(painter);
    }
    if (hasFocus()) {
        painter.setBrush(Qt::NoBrush);
        painter.setPen(QPen(colours.accent, 1));
        painter.drawRect(rect().adjusted(0, 0, -1, -1));
    }
}

void AttentionMap::paintHeat(QPainter& painter, const QRectF& target) const
{
    const double last = std::max(1e-12, largest());
    QImage cells(static_cast<int>(grid_.cols), static_cast<int>(grid_.rows), QImage::Format_RGB32);
    for (std::int64_t i = 0; i < grid_.count(); ++i)
        cells.setPixel(static_cast<int>(i % grid_.cols), static_cast<int>(i / grid_.cols),
                       heatColour(values_[static_cast<std::size_t>(i)] / last));
    painter.save();
    painter.setRenderHint(QPainter::SmoothPixmapTransform, false);
    painter.setOpacity(opacity_);
    painter.drawImage(target, cells);
    painter.restore();
}

void AttentionMap::outline(QPainter& painter, const std::set<std::int64_t>& cells, const QColor& colour,
                           Qt::PenStyle style) const
{
    // Sides between two of the cells are left out: a region has one outline.
    QVector<QLineF> lines;
    const auto holds = [&cells, this](std::int64_t row, std::int64_t col) {
        return row >= 0 && col >= 0 && row < grid_.rows && col < grid_.cols && cells.contains(row * grid_.cols + col);
    };
    for (const auto cell : cells) {
        const auto row = cell / grid_.cols, col = cell % grid_.cols;
        const auto box = cellRect(cell);
        if (!holds(row - 1, col))
            lines << QLineF(box.topLeft(), box.topRight());
        if (!holds(row + 1, col))
            lines << QLineF(box.bottomLeft(), box.bottomRight());
        if (!holds(row, col - 1))
            lines << QLineF(box.topLeft(), box.bottomLeft());
        if (!holds(row, col + 1))
            lines << QLineF(box.topRight(), box.bottomRight());
    }
    painter.setPen(QPen(QColor(0, 0, 0, 160), 4));
    painter.drawLines(lines);
    painter.setPen(QPen(colour, 2, style));
    painter.drawLines(lines);
}

void AttentionMap::paintMarks(QPainter& painter) const
{
    const auto hatch = [&](const std::set<std::int64_t>& cells) {
        for (const auto cell : cells) {
            const auto box = cellRect(cell);
            painter.fillRect(box, QColor(20, 22, 26, 190));
            painter.setPen(QPen(QColor(230, 232, 235, 120), 1));
            painter.save();
            painter.setClipRect(box);
            const auto first = static_cast<int>(box.left() - box.height()) / hatchSpacing * hatchSpacing;
            for (double x = first; x < box.right(); x += hatchSpacing)
                painter.drawLine(QPointF(x, box.bottom()), QPointF(x + box.height(), box.top()));
            painter.restore();
        }
    };
    hatch(erased_);
    if (tool_ == Tool::Brush)
        hatch(stroke_);
    outline(painter, pasted_, darkColours().sky, Qt::DashLine);
    outline(painter, tool_ == Tool::Rectangle ? stroke_ : chosen_, darkColours().green, Qt::SolidLine);
}

QString AttentionMap::hoveredText() const
{
    return hovered_ < 0 || hovered_ >= static_cast<std::int64_t>(values_.size()) ? quantity_ : cellText(hovered_);
}

QString AttentionMap::cellText(std::int64_t cell) const
{
    const auto place = tr("row %1, column %2").arg(cell / grid_.cols).arg(cell % grid_.cols);
    if (cell >= static_cast<std::int64_t>(values_.size()))
        return place;
    return tr("%1: %2 %")
        .arg(place)
        .arg(100.0 * static_cast<double>(values_[static_cast<std::size_t>(cell)]), 0, 'g', 3);
}

void AttentionMap::tellChosen()
{
    const bool areThere = !chosen_.empty() && *chosen_.rbegin() < grid_.count(); // there may be no grid yet
    const auto text = !areThere             ? QString()
                      : chosen_.size() == 1 ? cellText(*chosen_.begin())
                                            : tr("%1 cells are selected").arg(chosen_.size());
    if (text != accessibleDescription()) // a screen reader reads each one
        setAccessibleDescription(text);
}

void AttentionMap::paintLegend(QPainter& painter) const
{
    const QRectF bar(attentionMargin, height() - legendHeight, width() - 2 * attentionMargin, attentionBarHeight);
    QLinearGradient gradient(bar.topLeft(), bar.topRight());
    for (int i = 0; i <= 15; ++i)
        gradient.setColorAt(i / 15.0, QColor(heatColour(i / 15.0)));
    painter.fillRect(bar, gradient);
    painter.setPen(themeColours().secondary);
    painter.setFont(smallFont(painter.font()));
    const QRectF line(bar.left(), bar.bottom(), bar.width(), height() - bar.bottom());
    painter.drawText(line, Qt::AlignLeft | Qt::AlignVCenter, QStringLiteral("0 %"));
    painter.drawText(line, Qt::AlignCenter, hoveredText());
    painter.drawText(line, Qt::AlignRight | Qt::AlignVCenter, QStringLiteral("%1 %").arg(100 * largest(), 0, 'g', 3));
}

void AttentionMap::extendStroke(GridCell to)
{
    const auto add = [this](std::int64_t row, std::int64_t col) {
        for (auto r = row - brushRadius_; r <= row + brushRadius_; ++r) {
            for (auto c = col - brushRadius_; c <= col + brushRadius_; ++c) {
                const bool round = (r - row) * (r - row) + (c - col) * (c - col) <= brushRadius_ * brushRadius_;
                if (round && r >= 0 && c >= 0 && r < grid_.rows && c < grid_.cols)
                    stroke_.insert(r * grid_.cols + c);
            }
        }
    };
    // Every cell on the way, however fast the mouse went.
    const auto from = last_.value_or(to);
    const auto steps = std::max<std::int64_t>({1, std::abs(to.row - from.row), std::abs(to.col - from.col)});
    for (std::int64_t i = 0; i <= steps; ++i)
        add(from.row + (to.row - from.row) * i / steps, from.col + (to.col - from.col) * i / steps);
    last_ = to;
    update();
}

void AttentionMap::mousePressEvent(QMouseEvent* event)
{
    if (event->button() != Qt::LeftButton)
        return;
    pressed_ = cellUnder(event->position());
    if (!pressed_)
        return;
    last_.reset();
    stroke_.clear();
    if (tool_ == Tool::Brush)
        return extendStroke(*pressed_);
    auto cell = std::set<std::int64_t>{pressed_->row * grid_.cols + pressed_->col};
    if (tool_ == Tool::Rectangle)
        stroke_ = std::move(cell);
    else
        setChosen(std::move(cell));
    update();
}

void AttentionMap::mouseMoveEvent(QMouseEvent* event)
{
    const auto cell = cellUnder(event->position());
    if (pressed_ && cell) {
        if (tool_ == Tool::Brush)
            extendStroke(*cell);
        else if (tool_ == Tool::Rectangle)
            stroke_ = between(*pressed_, *cell);
        else
            setChosen(between(*pressed_, *cell));
    }
    const auto number = cell ? cell->row * grid_.cols + cell->col : -1;
    if (number != hovered_) {
        hovered_ = number;
        update();
        Q_EMIT cellHovered(number);
    }
}

void AttentionMap::mouseReleaseEvent(QMouseEvent* event)
{
    if (event->button() != Qt::LeftButton || !pressed_)
        return;
    pressed_.reset();
    if (tool_ == Tool::Choose) {
        Q_EMIT cellsChosen(chosen_);
    } else {
        const auto painted = std::exchange(stroke_, {});
        update();
        Q_EMIT cellsPainted(painted);
    }
}

void AttentionMap::leaveEvent(QEvent*)
{
    hovered_ = -1;
    update();
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
