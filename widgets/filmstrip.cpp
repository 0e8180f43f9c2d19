#include "widgets/filmstrip.h"

#include "widgets/colours.h"
#include "widgets/icons.h"
#include "widgets/picture.h"
#include "widgets/text.h"

#include <QPainter>
#include <QPainterPath>
#include <QStyledItemDelegate>

#include <algorithm>

namespace nanodit {

namespace {

class FrameDelegate : public QStyledItemDelegate {
public:
    using QStyledItemDelegate::QStyledItemDelegate;

    QSize sizeHint(const QStyleOptionViewItem&, const QModelIndex& index) const override
    {
        const auto picture = index.data(FilmModel::PictureRole).value<QImage>().size();
        const auto shown = picture.scaled(2 * Filmstrip::pictureSide, Filmstrip::pictureSide, Qt::KeepAspectRatio);
        return shown + QSize(12, 12);
    }

    void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override
    {
        const auto& colours = themeColours();
        painter->save();
        painter->setRenderHints(QPainter::Antialiasing | QPainter::SmoothPixmapTransform);
        // The view makes every item as high as itself: the picture keeps its own shape in the middle.
        const auto picture = index.data(FilmModel::PictureRole).value<QImage>();
        QRectF target(
            {}, QSizeF(picture.size()).scaled(2 * Filmstrip::pictureSide, Filmstrip::pictureSide, Qt::KeepAspectRatio));
        target.moveCenter(QRectF(option.rect).center());
        const QRectF frame = target.adjusted(-4, -4, 4, 4);
        if (option.state.testFlag(QStyle::State_Selected)) {
            painter->setPen(QPen(colours.accent, 2));
            painter->setBrush(Qt::NoBrush);
            painter->drawRoundedRect(frame, 6, 6);
        }
        QPainterPath corners;
        corners.addRoundedRect(target, 4, 4);
        painter->setClipPath(corners);
        painter->drawImage(target, picture);
        if (index.data(FilmModel::MarkedRole).toBool()) {
            const QRectF badge(target.right() - 20, target.top() + 2, 18, 18);
            painter->setPen(Qt::NoPen);
            painter->setBrush(QColor(0, 0, 0, 150));
            painter->drawRoundedRect(badge, 4, 4);
            icon(QStringLiteral("star-filled"), Hue::Yellow).paint(painter, badge.adjusted(2, 2, -2, -2).toRect());
        }
        painter->restore();
    }
};

} // namespace

void FilmModel::setFrames(std::vector<FilmFrame> frames)
{
    beginResetModel();
    frames_ = std::move(frames);
    endResetModel();
}

void FilmModel::insert(int row, FilmFrame frame)
{
    row = std::clamp(row, 0, static_cast<int>(frames_.size()));
    frame.picture = reducedTo(frame.picture, Filmstrip::keptSide);
    beginInsertRows({}, row, row);
    frames_.insert(frames_.begin() + row, std::move(frame));
    endInsertRows();
}

void FilmModel::remove(const QString& key)
{
    const int row = rowOf(key);
    if (row < 0)
        return;
    beginRemoveRows({}, row, row);
    frames_.erase(frames_.begin() + row);
    endRemoveRows();
}

void FilmModel::setMarked(const QString& key, bool marked)
{
    const int row = rowOf(key);
    if (row < 0 || frames_[static_cast<std::size_t>(row)].marked == marked)
        return;
    frames_[static_cast<std::size_t>(row)].marked = marked;
    Q_EMIT dataChanged(index(row), index(row), {MarkedRole});
}

int FilmModel::rowOf(const QString& key) const
{
    const auto found =
        std::find_if(frames_.begin(), frames_.end(), [&key](const FilmFrame& frame) { return frame.key == key; });
    return found == frames_.end() ? -1 : static_cast<int>(found - frames_.begin());
}

int FilmModel::rowCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : static_cast<int>(frames_.size());
}

QVariant FilmModel::data(const QModelIndex& index, int role) const
{
    if (!index.isValid() || index.row() >= rowCount())
        return {};
    const auto& frame = frames_[static_cast<std::size_t>(index.row())];
    switch (role) {
    case KeyRole:
        return frame.key;
    case PictureRole:
        return frame.picture;
    case MarkedRole:
        return frame.marked;
    case Qt::ToolTipRole:
        return toolTipOf(frame.caption);
    case Qt::AccessibleTextRole:
        return frame.caption;
    default:
        return {};
    }
}

Filmstrip::Filmstrip(QWidget* parent)
    : QListView(parent)
{
    setAccessibleName(tr("History"));
    setFlow(QListView::LeftToRight);
    setWrapping(false);
    setViewMode(QListView::ListMode);
    setMovement(QListView::Static);
    setHorizontalScrollMode(QAbstractItemView::ScrollPerPixel);
    setVerticalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    setSelectionMode(QAbstractItemView::SingleSelection);
    setProperty("bare", true);
    setItemDelegate(new FrameDelegate(this));
    setFixedHeight(pictureSide + 32);
}

void Filmstrip::paintEvent(QPaintEvent* event)
{
    QListView::paintEvent(event);
    if (model() != nullptr && model()->rowCount() > 0)
        return;
    QPainter painter(viewport());
    painter.setPen(themeColours().secondary);
    painter.drawText(viewport()->rect(), Qt::AlignCenter, emptyText_);
}

void Filmstrip::currentChanged(const QModelIndex& current, const QModelIndex& previous)
{
    QListView::currentChanged(current, previous);
    if (current.isValid())
        Q_EMIT frameChosen(current.data(FilmModel::KeyRole).toString());
}

} // namespace nanodit
