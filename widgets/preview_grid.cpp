#include "widgets/preview_grid.h"

#include "widgets/colours.h"
#include "widgets/picture.h"
#include "widgets/text.h"

#include <QHelpEvent>
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
    const auto content =
        QSize(last.right(), last.bottom()) + QSize(horizontalScrollBar()->value() + previewGap, verticalScrollBar()->value());
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
    const int x = column == 0 ? 0 : side + referenceGap + (column - 1) * (side + previewGap) - horizontalScrollBar()->value();
    return {x, stepHeight + row * (side + previewGap) - verticalScrollBar()->value(), side, side};
}

void PreviewGrid::paintEvent(QPaintEvent*)
{
    QPainter painter(viewport());
    painter.setRenderHints(QPainter::Antialiasing | QPainter::SmoothPixmapTransform);
    const auto& colours = themeColours();
    auto smaller = font();
    smaller.setPointSizeF(9);
    painter.setFont(smaller);
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
}

void PreviewGrid::resizeEvent(QResizeEvent*)
{
    layOut();
}

PreviewGrid::Cell PreviewGrid::cellAt(QPoint point) const
{
    for (std::size_t i = 0; i < rows_.size(); ++i) {
        const auto& row = rows_[i];
        if (cellRect(static_cast<int>(i), 0).contains(point))
            return {.row = &row, .column = -1, .caption = tr("%1 · reference\n%2").arg(row.record, row.caption)};
        for (const auto& [column, unused] : row.pictures) {
            if (!cellRect(static_cast<int>(i), columns_.at(column)).contains(point))
                continue;
            QStringList parts = {row.record, header(column)};
            if (!row.label.isEmpty())
                parts << row.label;
            return {.row = &row,
                    .column = column,
                    .caption = parts.join(QStringLiteral(" · ")) + QLatin1Char('\n') + row.caption};
        }
    }
    return {};
}

void PreviewGrid::mouseDoubleClickEvent(QMouseEvent* event)
{
    if (const auto cell = cellAt(event->pos()); cell.row != nullptr)
        Q_EMIT pictureChosen(cell.row->record, cell.column, cell.caption, cell.row->group);
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
