#include "widgets/matrix_view.h"

#include "widgets/theme.h"

#include <QMetaMethod>
#include <QMouseEvent>
#include <QPainter>

#include <algorithm>
#include <cmath>

namespace nanodit {

namespace {

constexpr double matrixGap = 4, markSide = 8, matrixBarHeight = 8;
constexpr double leastAxisWidth = 46, leastLine = 16, leastTitleHeight = 22;

/// Of ticks, names and numbers; larger fonts and finer screens need more pixels.
double lineHeight(const QFont& font)
{
    return std::max(leastLine, std::ceil(QFontMetricsF(smallFont(font)).height()));
}

double titleHeight(const QFont& font)
{
    return std::max(leastTitleHeight, std::ceil(QFontMetricsF(font).height()) + matrixGap);
}

/// The rows' name, and ticks such as "0.85".
double rowAxisWidth(const QFont& font)
{
    const auto ticks = QFontMetricsF(smallFont(font)).horizontalAdvance(QStringLiteral("0.85"));
    return std::max(leastAxisWidth, lineHeight(font) + std::ceil(ticks) + matrixGap);
}

QString tick(const QStringList& ticks, std::int64_t index)
{
    return index < ticks.size() ? ticks[static_cast<int>(index)] : QString::number(index);
}

} // namespace

MatrixView::MatrixView(const QString& title, QWidget* parent)
    : ChoosableCells(parent)
    , title_(title)
{
    setAccessibleName(title);
    setMouseTracking(true);
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Expanding);
}

void MatrixView::setHue(Hue hue)
{
    hue_ = hue;
    update();
}

void MatrixView::setMatrix(GridSize size, std::vector<float> values, const HeatScale& scale)
{
    size_ = size;
    values_ = std::move(values);
    scale_ = scale;
    hovered_.reset();
    image_ = QImage(static_cast<int>(size.cols), static_cast<int>(size.rows), QImage::Format_ARGB32);
    for (std::int64_t i = 0; i < size.count(); ++i)
        image_.setPixel(static_cast<int>(i % size.cols), static_cast<int>(i / size.cols),
                        heatColour(scale.position(values_[static_cast<std::size_t>(i)])));
    update();
}

void MatrixView::clear()
{
    values_.clear();
    size_ = {};
    image_ = {};
    update();
}

void MatrixView::setAxes(const QString& rows, const QString& columns, const QStringList& rowTicks,
                         const QStringList& columnTicks)
{
    rowName_ = rows;
    columnName_ = columns;
    rowTicks_ = rowTicks;
    columnTicks_ = columnTicks;
    update();
}

void MatrixView::setDiagonal(bool shown)
{
    diagonal_ = shown;
    update();
}

void MatrixView::setChosen(std::optional<std::int64_t> row, std::optional<std::int64_t> column)
{
    row_ = row;
    column_ = column;
    update();
}

QRectF MatrixView::matrixRect() const
{
    // Title above; below: ticks, the axis' name, the colour bar and its numbers.
    const double left = rowAxisWidth(font()), top = titleHeight(font());
    return {left, top, std::max(8.0, width() - left - matrixGap),
            std::max(8.0, height() - top - 3 * lineHeight(font()) - matrixBarHeight - matrixGap)};
}

QRectF MatrixView::cellRect(std::int64_t row, std::int64_t column) const
{
    const auto area = matrixRect();
    const double w = area.width() / static_cast<double>(size_.cols),
                 h = area.height() / static_cast<double>(size_.rows);
    return {area.left() + static_cast<double>(column) * w, area.top() + static_cast<double>(row) * h, w, h};
}

QRectF MatrixView::cellBox(int cell) const
{
    const auto [row, column] = placeOf(cell);
    return cellRect(row, column);
}

QString MatrixView::cellName(int cell) const
{
    const auto [row, column] = placeOf(cell);
    const auto part = [](const QString& axis, const QString& at) {
        return axis.isEmpty() ? at : QStringLiteral("%1 %2").arg(axis, at);
    };
    return tr("%1, %2").arg(part(rowName_, tick(rowTicks_, row)), part(columnName_, tick(columnTicks_, column)));
}

QString MatrixView::cellValue(int cell) const
{
    return QStringLiteral("%1 %2").arg(
        QString::number(values_[static_cast<std::size_t>(cell)], 'f', scale_.decimals + 1), scale_.quantity);
}

bool MatrixView::isCellChosen(int cell) const
{
    const auto [row, column] = placeOf(cell);
    return (row_ || column_) && (!row_ || *row_ == row) && (!column_ || *column_ == column);
}

bool MatrixView::canChoose() const
{
    return isSignalConnected(QMetaMethod::fromSignal(&MatrixView::cellClicked));
}

void MatrixView::chooseCell(int cell)
{
    const auto [row, column] = placeOf(cell);
    Q_EMIT cellClicked(row, column);
}

int MatrixView::cellBeside(int cell, int key) const
{
    return besideInGrid(cell, key, static_cast<int>(size_.cols), cellCount());
}

std::optional<GridCell> MatrixView::readCell() const
{
    if (hovered_ || !hasFocus() || currentCell() < 0)
        return hovered_;
    return placeOf(currentCell());
}

std::optional<GridCell> MatrixView::cellUnder(QPointF point) const
{
    const auto area = matrixRect();
    if (values_.empty() || !area.contains(point))
        return std::nullopt;
    const auto along = [](double share, std::int64_t cells) {
        return std::clamp<std::int64_t>(static_cast<std::int64_t>(share * static_cast<double>(cells)), 0, cells - 1);
    };
    return GridCell{along((point.y() - area.top()) / area.height(), size_.rows),
                    along((point.x() - area.left()) / area.width(), size_.cols)};
}

void MatrixView::paintCells(QPainter& painter)
{
    const auto& colours = themeColours();
    const double title = titleHeight(font()) - matrixGap;
    double left = 0;
    if (hue_) {
        painter.fillRect(QRectF(0, (title - markSide) / 2, markSide, markSide), colours.hue(*hue_));
        left = markSide + matrixGap;
    }
    painter.setPen(colours.text);
    painter.drawText(QRectF(left, 0, width() - left, title), Qt::AlignLeft | Qt::AlignVCenter, title_);
    const auto area = matrixRect();
    if (values_.empty()) {
        painter.fillRect(area, colours.raised);
        return;
    }
    painter.setRenderHint(QPainter::SmoothPixmapTransform, false);
    painter.drawImage(area, image_);
    painter.setFont(smallFont(painter.font()));
    paintAxes(painter, area);
    paintChosen(painter, area);
    paintLegend(painter, area);
}

void MatrixView::paintAxes(QPainter& painter, const QRectF& area) const
{
    painter.setPen(themeColours().secondary);
    const QFontMetricsF metrics(painter.font());
    const double line = lineHeight(font());
    // The rows' name lies up the left edge; its ticks are the first and the last that have room.
    painter.save();
    painter.translate(0, area.bottom());
    painter.rotate(-90);
    painter.drawText(QRectF(0, 0, area.height(), line), Qt::AlignCenter,
                     metrics.elidedText(rowName_, Qt::ElideRight, area.height()));
    painter.restore();
    const auto rowStep = std::max<std::int64_t>(
        1, static_cast<std::int64_t>(std::ceil(line * static_cast<double>(size_.rows) / area.height())));
    for (std::int64_t row = 0; row < size_.rows; row += rowStep) {
        const auto cell = cellRect(row, 0);
        painter.drawText(QRectF(line, cell.center().y() - line / 2, area.left() - line - matrixGap, line),
                         Qt::AlignRight | Qt::AlignVCenter, tick(rowTicks_, row));
    }
    const auto widthOf = [&](std::int64_t column) { return metrics.horizontalAdvance(tick(columnTicks_, column)); };
    const double cellWidth = area.width() / static_cast<double>(size_.cols);
    const auto fits = [&](std::int64_t step) { // every step-th tick, beside its neighbours
        for (std::int64_t column = 0; column + step < size_.cols; column += step) {
            if ((widthOf(column) + widthOf(column + step)) / 2 + 2 * matrixGap > static_cast<double>(step) * cellWidth)
                return false;
        }
        return true;
    };
    std::int64_t columnStep = 1;
    while (!fits(columnStep))
        ++columnStep;
    for (std::int64_t column = 0; column < size_.cols; column += columnStep) {
        const auto middle = cellRect(0, column).center().x();
        const double half = widthOf(column) / 2 + matrixGap;
        painter.drawText(QRectF(middle - half, area.bottom(), 2 * half, line), Qt::AlignCenter,
                         tick(columnTicks_, column));
    }
    painter.drawText(QRectF(area.left(), area.bottom() + line, area.width(), line), Qt::AlignCenter, columnName_);
}

void MatrixView::paintChosen(QPainter& painter, const QRectF& area) const
{
    painter.setBrush(Qt::NoBrush);
    const auto mark = [&painter](const QRectF& box) {
        painter.setPen(QPen(QColor(0, 0, 0, 160), 3));
        painter.drawRect(box);
        painter.setPen(QPen(themeColours().accent, 1.5));
        painter.drawRect(box);
    };
    if (row_ && *row_ < size_.rows)
        mark({area.left(), cellRect(*row_, 0).top(), area.width(), cellRect(*row_, 0).height()});
    if (column_ && *column_ < size_.cols)
        mark({cellRect(0, *column_).left(), area.top(), cellRect(0, *column_).width(), area.height()});
    if (diagonal_) {
        painter.setPen(QPen(QColor(255, 255, 255, 170), 1, Qt::DashLine));
        painter.drawLine(area.topLeft(), area.bottomRight());
    }
}

QString MatrixView::legendText() const
{
    const auto read = readCell();
    if (!read)
        return scale_.quantity;
    const auto value = values_[static_cast<std::size_t>(read->row * size_.cols + read->col)];
    return QStringLiteral("%1 · %2: %3 %4")
        .arg(tick(rowTicks_, read->row), tick(columnTicks_, read->col),
             QString::number(value, 'f', scale_.decimals + 1), scale_.quantity);
}

void MatrixView::paintLegend(QPainter& painter, const QRectF& area) const
{
    const double line = lineHeight(font());
    const QRectF bar(area.left(), area.bottom() + 2 * line, area.width(), matrixBarHeight);
    QLinearGradient gradient(bar.topLeft(), bar.topRight());
    for (int i = 0; i <= 15; ++i)
        gradient.setColorAt(i / 15.0, QColor(heatColour(i / 15.0)));
    painter.fillRect(bar, gradient);
    painter.setPen(themeColours().secondary);
    const QRectF numbers(area.left(), bar.bottom(), area.width(), line);
    const QFontMetricsF metrics(painter.font());
    const double low = metrics.horizontalAdvance(scale_.lowText()) + 4,
                 high = metrics.horizontalAdvance(scale_.highText()) + 4;
    const auto text = legendText();
    if (readCell() && metrics.horizontalAdvance(text) > numbers.width() - low - high)
        return painter.drawText(numbers, Qt::AlignCenter, metrics.elidedText(text, Qt::ElideRight, numbers.width()));
    painter.drawText(numbers, Qt::AlignLeft | Qt::AlignVCenter, scale_.lowText());
    painter.drawText(numbers, Qt::AlignRight | Qt::AlignVCenter, scale_.highText());
    const auto between = numbers.adjusted(low, 0, -high, 0);
    painter.drawText(between, Qt::AlignCenter, metrics.elidedText(text, Qt::ElideRight, between.width()));
}

void MatrixView::mouseMoveEvent(QMouseEvent* event)
{
    const auto cell = cellUnder(event->position());
    if (cell == hovered_)
        return;
    hovered_ = cell;
    update();
}

void MatrixView::mousePressEvent(QMouseEvent* event)
{
    const auto cell = cellUnder(event->position());
    if (!cell || event->button() != Qt::LeftButton)
        return;
    setCurrentCell(static_cast<int>(cell->row * size_.cols + cell->col));
    Q_EMIT cellClicked(cell->row, cell->col);
}

void MatrixView::leaveEvent(QEvent*)
{
    hovered_.reset();
    update();
}

} // namespace nanodit
