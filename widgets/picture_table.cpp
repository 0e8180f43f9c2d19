#include "widgets/picture_table.h"

#include "widgets/accessible_role.h"
#include "widgets/colours.h"
#include "widgets/text.h"
#include "widgets/theme.h"

#include <QContextMenuEvent>
#include <QHelpEvent>
#include <QKeyEvent>
#include <QPainter>
#include <QPainterPath>
#include <QScrollBar>
#include <QToolTip>

#include <algorithm>

namespace nanodit {

namespace {

constexpr int cellSpace = 8, tableHeaderHeight = 24, textWidth = 208;
constexpr int smallestSide = 88, largestSide = 288;

/// A picture within its square, at its own shape.
QRectF within(const QRectF& square, QSizeF picture)
{
    const auto size = picture.scaled(square.size(), Qt::KeepAspectRatio);
    return {square.topLeft() + QPointF((square.width() - size.width()) / 2, (square.height() - size.height()) / 2),
            size};
}

} // namespace

PictureTable::PictureTable(QWidget* parent)
    : QAbstractScrollArea(parent)
{
    setFrameShape(QFrame::NoFrame);
    setAccessibleRole(this, QAccessible::Canvas);
    setFocusPolicy(Qt::StrongFocus);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    setAccessibleName(tr("Pictures"));
    viewport()->setAutoFillBackground(false);
}

void PictureTable::setColumns(const QStringList& titles)
{
    if (titles.size() != columns_.size()) {
        pictures_.clear();
        asked_.clear();
    }
    columns_ = titles;
    layOut();
}

void PictureTable::setRows(std::vector<Row> rows)
{
    rows_ = std::move(rows);
    QSet<QString> keys;
    for (const auto& row : rows_)
        keys.insert(row.key);
    for (const auto& key : pictures_.keys()) {
        if (!keys.contains(key))
            pictures_.remove(key);
    }
    asked_.clear();
    current_ = rows_.empty() ? -1 : 0;
    tellCurrent();
    verticalScrollBar()->setValue(0);
    layOut();
}

void PictureTable::setPictures(const QString& key, const std::vector<QImage>& pictures)
{
    pictures_.insert(key, new std::vector<QImage>(pictures));
    asked_.remove(key);
    viewport()->update();
}

void PictureTable::setEmptyText(const QString& text)
{
    emptyText_ = text;
    viewport()->update();
}

void PictureTable::setCurrentRow(int row)
{
    if (rows_.empty())
        return;
    current_ = std::clamp(row, 0, static_cast<int>(rows_.size()) - 1);
    tellCurrent();
    auto* const bar = verticalScrollBar();
    const int top = current_ * rowHeight(), room = viewport()->height() - tableHeaderHeight;
    if (top < bar->value())
        bar->setValue(top);
    else if (top + rowHeight() > bar->value() + room)
        bar->setValue(top + rowHeight() - room);
    viewport()->update();
}

void PictureTable::tellCurrent()
{
    QStringList said;
    if (current_ >= 0) {
        const auto& row = rows_[static_cast<std::size_t>(current_)];
        said << row.title << row.facts << row.value;
        said.removeAll(QString());
    }
    setAccessibleDescription(said.join(QLatin1Char('\n')));
}

int PictureTable::side() const
{
    const int columns = std::max(1, static_cast<int>(columns_.size()));
    return std::clamp((viewport()->width() - textWidth - cellSpace * (columns + 2)) / columns, smallestSide,
                      largestSide);
}

int PictureTable::rowHeight() const
{
    return side() + 2 * cellSpace;
}

QRect PictureTable::cellRect(int row, int column) const
{
    const int top = tableHeaderHeight + row * rowHeight() - verticalScrollBar()->value() + cellSpace;
    return {textWidth + cellSpace + column * (side() + cellSpace), top, side(), side()};
}

int PictureTable::rowAt(QPoint point) const
{
    if (point.y() < tableHeaderHeight)
        return -1;
    const int row = (point.y() - tableHeaderHeight + verticalScrollBar()->value()) / rowHeight();
    return row < static_cast<int>(rows_.size()) ? row : -1;
}

/// The title of a column over the pictures; beside them what is said of the row.
QString PictureTable::helpAt(QPoint point) const
{
    if (point.y() < tableHeaderHeight) {
        for (int column = 0; column < columns_.size(); ++column) {
            const auto place = cellRect(0, column);
            if (point.x() >= place.left() && point.x() <= place.right())
                return columns_[column];
        }
        return {};
    }
    const int row = point.x() < textWidth ? rowAt(point) : -1;
    if (row < 0)
        return {};
    const auto& shown = rows_[static_cast<std::size_t>(row)];
    QStringList lines = {shown.title, shown.facts, shown.value};
    lines.removeAll(QString());
    return lines.join(QLatin1Char('\n'));
}

bool PictureTable::viewportEvent(QEvent* event)
{
    if (event->type() != QEvent::ToolTip)
        return QAbstractScrollArea::viewportEvent(event);
    const auto* const help = static_cast<QHelpEvent*>(event);
    QToolTip::showText(help->globalPos(), toolTipOf(helpAt(help->pos())), viewport());
    return true;
}

void PictureTable::layOut()
{
    const int content = static_cast<int>(rows_.size()) * rowHeight();
    const int room = viewport()->height() - tableHeaderHeight;
    verticalScrollBar()->setRange(0, std::max(0, content - room));
    verticalScrollBar()->setPageStep(std::max(1, room));
    verticalScrollBar()->setSingleStep(std::max(1, rowHeight() / 4));
    viewport()->update();
}

void PictureTable::paintHeader(QPainter& painter) const
{
    const auto& colours = themeColours();
    const auto small = smallFont(font());
    painter.setFont(small);
    painter.setPen(colours.secondary);
    for (int column = 0; column < columns_.size(); ++column) {
        const QRect place(cellRect(0, column).left(), 0, side(), tableHeaderHeight);
        painter.drawText(place, Qt::AlignLeft | Qt::AlignVCenter,
                         QFontMetrics(small).elidedText(columns_[column], Qt::ElideRight, side()));
    }
}

void PictureTable::paintRow(QPainter& painter, int row, int top) const
{
    const auto& colours = themeColours();
    const auto& shown = rows_[static_cast<std::size_t>(row)];
    if (row == current_ && hasFocus()) {
        QPainterPath frame;
        frame.addRoundedRect(QRectF(0.5, top + 0.5, viewport()->width() - 1, rowHeight() - 1), 6, 6);
        painter.fillPath(frame, colours.raised);
    }
    const auto small = smallFont(font());
    // Caption, then facts, from the top; the number that rows are sorted by at the bottom, over all of its lines.
    const QRect text(cellSpace, top + cellSpace, textWidth - 2 * cellSpace, side());
    const QFontMetrics smallMetrics(small);
    const auto lines = Qt::TextWordWrap | Qt::AlignLeft;
    const int valueHeight = smallMetrics.boundingRect(text, lines, shown.value).height();
    const int factsHeight = smallMetrics.boundingRect(text, lines, shown.facts).height();
    painter.setFont(font());
    painter.setPen(colours.text);
    const QRect title = text.adjusted(0, 0, 0, -(valueHeight + factsHeight + cellSpace));
    painter.save();
    painter.setClipRect(title);
    QRect used;
    painter.drawText(title, static_cast<int>(lines | Qt::AlignTop), shown.title, &used);
    painter.restore();
    const int factsTop = std::min(used.bottom() + 4, title.bottom());
    painter.setFont(small);
    painter.setPen(colours.secondary);
    painter.drawText(QRect(text.left(), factsTop, text.width(), factsHeight), static_cast<int>(lines | Qt::AlignTop),
                     shown.facts);
    painter.setPen(colours.text);
    painter.drawText(text, static_cast<int>(lines | Qt::AlignBottom), shown.value);

    const auto* const pictures = pictures_.object(shown.key);
    for (int column = 0; column < columns_.size(); ++column) {
        const QRectF cell(textWidth + cellSpace + column * (side() + cellSpace), top + cellSpace, side(), side());
        const auto index = static_cast<std::size_t>(column);
        if (pictures == nullptr) {
            painter.fillRect(cell, colours.raised); // its place, while it is being read
        } else if (index < pictures->size() && !(*pictures)[index].isNull()) {
            const auto& picture = (*pictures)[index];
            painter.setRenderHint(QPainter::SmoothPixmapTransform);
            painter.drawImage(within(cell, picture.size()), picture);
        } else {
            painter.setPen(colours.secondary);
            painter.drawText(cell, Qt::AlignCenter, QStringLiteral("\u2013"));
        }
    }
}

void PictureTable::paintEvent(QPaintEvent*)
{
    QPainter painter(viewport());
    if (rows_.empty()) {
        painter.setPen(themeColours().secondary);
        painter.drawText(viewport()->rect(), Qt::AlignCenter | Qt::TextWordWrap, emptyText_);
        return;
    }
    paintHeader(painter);
    painter.setClipRect(0, tableHeaderHeight, viewport()->width(), viewport()->height() - tableHeaderHeight);
    const int scrolled = verticalScrollBar()->value();
    const int last = std::min(static_cast<int>(rows_.size()) - 1,
                              (scrolled + viewport()->height() - tableHeaderHeight) / rowHeight());
    for (int row = scrolled / rowHeight(); row <= last; ++row) {
        paintRow(painter, row, tableHeaderHeight + row * rowHeight() - scrolled);
        const auto& key = rows_[static_cast<std::size_t>(row)].key;
        if (!pictures_.contains(key) && !asked_.contains(key)) {
            asked_.insert(key);
            Q_EMIT picturesWanted(key);
        }
    }
}

int PictureTable::rowsWithin(int height) const
{
    return std::clamp((height - tableHeaderHeight) / rowHeight(), 0,
                      std::min(static_cast<int>(rows_.size()), static_cast<int>(pictures_.maxCost())));
}

QImage PictureTable::sheet(int rows) const
{
    rows = std::min(rows, static_cast<int>(rows_.size()));
    const int width = textWidth + cellSpace + static_cast<int>(columns_.size()) * (side() + cellSpace);
    QImage image(width, tableHeaderHeight + rows * rowHeight(), QImage::Format_RGB32);
    image.fill(themeColours().window);
    QPainter painter(&image);
    paintHeader(painter);
    for (int row = 0; row < rows; ++row)
        paintRow(painter, row, tableHeaderHeight + row * rowHeight());
    return image;
}

void PictureTable::resizeEvent(QResizeEvent*)
{
    layOut();
}

void PictureTable::mousePressEvent(QMouseEvent* event)
{
    pressed_ = rowAt(event->position().toPoint());
    if (pressed_ >= 0)
        setCurrentRow(pressed_);
}

void PictureTable::mouseReleaseEvent(QMouseEvent* event)
{
    const int row = rowAt(event->position().toPoint());
    if (event->button() == Qt::LeftButton && row >= 0 && row == pressed_)
        Q_EMIT rowOpened(row);
    pressed_ = -1;
}

void PictureTable::keyPressEvent(QKeyEvent* event)
{
    switch (event->key()) {
    case Qt::Key_Up:
        setCurrentRow(current_ - 1);
        break;
    case Qt::Key_Down:
        setCurrentRow(current_ + 1);
        break;
    case Qt::Key_Home:
        setCurrentRow(0);
        break;
    case Qt::Key_End:
        setCurrentRow(static_cast<int>(rows_.size()) - 1);
        break;
    case Qt::Key_Return:
    case Qt::Key_Enter:
        if (current_ >= 0)
            Q_EMIT rowOpened(current_);
        break;
    default:
        QAbstractScrollArea::keyPressEvent(event);
    }
}

void PictureTable::contextMenuEvent(QContextMenuEvent* event)
{
    const int row = event->reason() == QContextMenuEvent::Keyboard ? current_ : rowAt(event->pos());
    if (row < 0)
        return;
    setCurrentRow(row);
    Q_EMIT menuWanted(row, event->globalPos());
}

} // namespace nanodit
