#include "widgets/preview_grid.h"

#include "widgets/accessible_role.h"
#include "widgets/colours.h"
#include "widgets/picture.h"
#include "widgets/text.h"
#include "widgets/theme.h"

#include <QHelpEvent>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QPainterPath>
#include <QScrollBar>
#include <QToolTip>

#include <algorithm>
#include <iterator>

namespace nanodit {

namespace {
constexpr int side = 96;
constexpr int previewGap = 8;
constexpr int stepHeight = 24;
constexpr int promptHeight = 18;
constexpr int referenceGap = 12; ///< Between the references and the first step.
} // namespace

PreviewGrid::PreviewGrid(QWidget* parent)
    : QAbstractScrollArea(parent)
{
    setFrameShape(QFrame::NoFrame);
    setAccessibleRole(this, QAccessible::Canvas);
    setFocusPolicy(Qt::StrongFocus);
    setAccessibleName(tr("Pictures generated during training"));
    viewport()->setMouseTracking(true);
    viewport()->setAutoFillBackground(false);
}

void PreviewGrid::add(qint64 step, const QString& record, const QString& caption, const QImage& picture,
                      const QImage& reference)
{
    add({.record = record,
         .group = 0,
         .label = {},
         .column = step,
         .caption = caption,
         .picture = picture,
         .reference = reference});
}

void PreviewGrid::add(const PreviewCell& cell)
{
    const auto isBefore = [&cell](const Row& row) { return row.record == cell.record && row.group <= cell.group; };
    auto row = std::find_if(rows_.rbegin(), rows_.rend(), isBefore).base(); // behind the last one that is
    if (row != rows_.begin() && std::prev(row)->record == cell.record && std::prev(row)->group == cell.group) {
        --row;
    } else {
        if (row == rows_.begin()) // before the record's other rows, or behind all
            row = std::find_if(rows_.begin(), rows_.end(), [&cell](const Row& r) { return r.record == cell.record; });
        row = rows_.insert(row, Row{.record = cell.record,
                                    .group = cell.group,
                                    .label = cell.label,
                                    .caption = cell.caption,
                                    .reference = reducedTo(cell.reference, keptSide),
                                    .pictures = {}});
    }
    row->pictures[cell.column] = reducedTo(cell.picture, keptSide);
    const bool atEnd = horizontalScrollBar()->value() == horizontalScrollBar()->maximum();
    columns_.try_emplace(cell.column, 0);
    int place = 0;
    for (auto& [shown, index] : columns_)
        index = ++place;
    layOut();
    if (atEnd) // keep following the newest, unless the user looks at older ones
        horizontalScrollBar()->setValue(horizontalScrollBar()->maximum());
    viewport()->update();
}

QString PreviewGrid::header(qint64 column) const
{
    return headers_ ? headers_(column) : tr("step %1").arg(column);
}

void PreviewGrid::clear()
{
    rows_.clear();
    columns_.clear();
    current_.reset();
    setAccessibleDescription({});
    layOut();
    viewport()->update();
}

qint64 PreviewGrid::bytes() const
{
    qint64 bytes = 0;
    for (const auto& row : rows_) {
        bytes += row.reference.sizeInBytes();
        for (const auto& [step, picture] : row.pictures)
            bytes += picture.sizeInBytes();
    }
    return bytes;
}

void PreviewGrid::layOut()
{
    const auto last = cellRect(static_cast<int>(rows_.size()) - 1, columns());
    const auto content = QSize(last.right(), last.bottom()) +
                         QSize(horizontalScrollBar()->value() + previewGap, verticalScrollBar()->value());
    horizontalScrollBar()->setRange(0, std::max(0, content.width() - viewport()->width()));
    horizontalScrollBar()->setPageStep(viewport()->width());
    horizontalScrollBar()->setSingleStep(side / 2);
    verticalScrollBar()->setRange(0, std::max(0, content.height() - viewport()->height()));
    verticalScrollBar()->setPageStep(viewport()->height());
    verticalScrollBar()->setSingleStep(side / 4);
}

QRect PreviewGrid::cellRect(int row, int column) const
{
    // References stay in place at the left while steps scroll by.
    const int x =
        column == 0 ? 0 : side + referenceGap + (column - 1) * (side + previewGap) - horizontalScrollBar()->value();
    return {x, stepHeight + row * (side + previewGap) - verticalScrollBar()->value(), side, side};
}

void PreviewGrid::paintEvent(QPaintEvent*)
{
    QPainter painter(viewport());
    painter.setRenderHints(QPainter::Antialiasing | QPainter::SmoothPixmapTransform);
    const auto& colours = themeColours();
    painter.setFont(smallFont(font()));
    const auto paintPicture = [&painter](const QRect& cell, const QImage& picture) {
        QRectF target({}, QSizeF(picture.size()).scaled(cell.size(), Qt::KeepAspectRatio));
        target.moveCenter(QRectF(cell).center());
        QPainterPath corners;
        corners.addRoundedRect(target, 4, 4);
        painter.save();
        painter.setClipPath(corners, Qt::IntersectClip);
        painter.drawImage(target, picture);
        painter.restore();
    };
    const auto paintHeader = [&](const QRect& cell, const QString& text) {
        painter.setPen(colours.secondary);
        painter.drawText(QRect(cell.x(), 0, cell.width(), stepHeight), Qt::AlignHCenter | Qt::AlignVCenter, text);
    };

    const int firstStep = side + referenceGap / 2;
    painter.save();
    painter.setClipRect(QRect(firstStep, 0, viewport()->width(), viewport()->height()));
    for (const auto& [step, column] : columns_)
        paintHeader(cellRect(0, column), header(step));
    painter.setClipRect(QRect(firstStep, stepHeight, viewport()->width(), viewport()->height()));
    for (const auto& [step, column] : columns_) {
        for (std::size_t row = 0; row < rows_.size(); ++row) {
            const auto found = rows_[row].pictures.find(step);
            const auto cell = cellRect(static_cast<int>(row), column);
            if (found != rows_[row].pictures.end() && cell.intersects(viewport()->rect()))
                paintPicture(cell, found->second);
        }
    }
    painter.restore();
    if (!rows_.empty())
        paintHeader(cellRect(0, 0), tr("reference"));
    painter.setClipRect(QRect(0, stepHeight, firstStep, viewport()->height()));
    for (std::size_t row = 0; row < rows_.size(); ++row) {
        const auto cell = cellRect(static_cast<int>(row), 0);
        paintPicture(cell, rows_[row].reference);
        if (rows_[row].label.isEmpty())
            continue;
        const QRect band(cell.left(), cell.bottom() - promptHeight + 1, cell.width(), promptHeight);
        painter.fillRect(band, colours.panel);
        painter.setPen(colours.text);
        painter.drawText(band, Qt::AlignCenter, rows_[row].label);
    }
    if (const int row = currentRow(); row >= 0 && hasFocus()) {
        const int left = current_->column < 0 ? 0 : firstStep;
        painter.setClipRect(QRect(left, stepHeight, viewport()->width(), viewport()->height()));
        painter.setPen(QPen(colours.accent, 2));
        painter.setBrush(Qt::NoBrush);
        painter.drawRoundedRect(cellRect(row, placeOf(current_->column)).adjusted(1, 1, -1, -1), 4, 4);
    }
}

void PreviewGrid::resizeEvent(QResizeEvent*)
{
    layOut();
}

PreviewGrid::Cell PreviewGrid::cellOf(const Row& row, qint64 column) const
{
    if (column < 0)
        return {.row = &row, .column = -1, .caption = tr("%1 · reference\n%2").arg(row.record, row.caption)};
    QStringList parts = {row.record, header(column)};
    if (!row.label.isEmpty())
        parts << row.label;
    return {
        .row = &row, .column = column, .caption = parts.join(QStringLiteral(" · ")) + QLatin1Char('\n') + row.caption};
}

PreviewGrid::Cell PreviewGrid::cellAt(QPoint point) const
{
    for (std::size_t i = 0; i < rows_.size(); ++i) {
        for (const auto column : columnsOf(rows_[i])) {
            if (cellRect(static_cast<int>(i), placeOf(column)).contains(point))
                return cellOf(rows_[i], column);
        }
    }
    return {};
}

std::vector<qint64> PreviewGrid::columnsOf(const Row& row)
{
    std::vector<qint64> columns = {-1};
    for (const auto& [column, picture] : row.pictures)
        columns.push_back(column);
    return columns;
}

int PreviewGrid::currentRow() const
{
    if (!current_)
        return -1;
    const auto isCurrent = [this](const Row& row) {
        return row.record == current_->record && row.group == current_->group;
    };
    const auto found = std::ranges::find_if(rows_, isCurrent);
    return found == rows_.end() ? -1 : static_cast<int>(found - rows_.begin());
}

void PreviewGrid::setCurrent(const Row& row, qint64 column)
{
    current_ = Place{.record = row.record, .group = row.group, .column = column};
    setAccessibleDescription(cellOf(row, column).caption);
    viewport()->update();
}

void PreviewGrid::takeUpCurrent()
{
    if (currentRow() >= 0 || rows_.empty())
        return;
    setCurrent(rows_.front(), columnsOf(rows_.front()).back());
    showCurrent();
}

/// Scrolls to it.
void PreviewGrid::showCurrent()
{
    const int row = currentRow();
    if (row < 0)
        return;
    const auto cell = cellRect(row, placeOf(current_->column));
    const auto scroll = [](QScrollBar& bar, int first, int last, int from, int to) {
        if (first < from)
            bar.setValue(bar.value() + first - from);
        else if (last > to)
            bar.setValue(bar.value() + last - to);
    };
    if (current_->column >= 0) // references stay in place
        scroll(*horizontalScrollBar(), cell.left(), cell.right(), side + referenceGap, viewport()->width());
    scroll(*verticalScrollBar(), cell.top(), cell.bottom(), stepHeight, viewport()->height());
}

bool PreviewGrid::moveCurrent(int columns, int rows)
{
    const int from = currentRow();
    if (from < 0)
        return false;
    const int to = std::clamp(from + rows, 0, static_cast<int>(rows_.size()) - 1);
    const auto& row = rows_[static_cast<std::size_t>(to)];
    const auto there = columnsOf(row);
    // The same column, or where the row lacks it the last one before.
    const auto same = std::ranges::upper_bound(there, current_->column) - there.begin() - 1;
    const auto place = std::clamp<std::ptrdiff_t>(same + columns, 0, std::ssize(there) - 1);
    const auto column = there[static_cast<std::size_t>(place)];
    if (to == from && column == current_->column)
        return false;
    setCurrent(row, column);
    showCurrent();
    return true;
}

void PreviewGrid::enlargeCurrent()
{
    const int at = currentRow();
    if (at < 0)
        return;
    const auto& row = rows_[static_cast<std::size_t>(at)];
    Q_EMIT pictureChosen(row.record, current_->column, cellOf(row, current_->column).caption, row.group);
}

void PreviewGrid::mousePressEvent(QMouseEvent* event)
{
    if (const auto cell = cellAt(event->pos()); cell.row != nullptr)
        setCurrent(*cell.row, cell.column);
}

void PreviewGrid::mouseDoubleClickEvent(QMouseEvent* event)
{
    const auto cell = cellAt(event->pos());
    if (cell.row == nullptr)
        return;
    setCurrent(*cell.row, cell.column);
    enlargeCurrent();
}

void PreviewGrid::keyPressEvent(QKeyEvent* event)
{
    const int whole = static_cast<int>(columns_.size()) + 1; // more than a row has
    takeUpCurrent();
    switch (event->key()) {
    case Qt::Key_Left:
        moveCurrent(-1, 0);
        break;
    case Qt::Key_Right:
        moveCurrent(1, 0);
        break;
    case Qt::Key_Up:
        moveCurrent(0, -1);
        break;
    case Qt::Key_Down:
        moveCurrent(0, 1);
        break;
    case Qt::Key_Home:
        moveCurrent(-whole, 0);
        break;
    case Qt::Key_End:
        moveCurrent(whole, 0);
        break;
    case Qt::Key_Return:
    case Qt::Key_Enter:
        enlargeCurrent();
        break;
    default:
        QAbstractScrollArea::keyPressEvent(event);
    }
}

void PreviewGrid::focusInEvent(QFocusEvent* event)
{
    QAbstractScrollArea::focusInEvent(event);
    if (event->reason() != Qt::MouseFocusReason) { // a click chooses by itself, and must not move what it meets
        takeUpCurrent();
        showCurrent();
    }
    viewport()->update();
}

void PreviewGrid::focusOutEvent(QFocusEvent* event)
{
    QAbstractScrollArea::focusOutEvent(event);
    viewport()->update();
}

bool PreviewGrid::viewportEvent(QEvent* event)
{
    if (event->type() != QEvent::ToolTip)
        return QAbstractScrollArea::viewportEvent(event);
    const auto* const help = static_cast<QHelpEvent*>(event);
    QToolTip::showText(help->globalPos(), toolTipOf(cellAt(help->pos()).caption), viewport());
    return true;
}

} // namespace nanodit
