#include "widgets/thumbnail_grid.h"

#include "widgets/colours.h"
#include "widgets/icons.h"
#include "widgets/theme.h"

#include <QPainter>
#include <QPainterPath>
#include <QScrollBar>
#include <QStyledItemDelegate>

#include <algorithm>

namespace nanodit {

namespace {

constexpr int thumbnailPadding = 8;
constexpr int pictureHeight = 88;
constexpr int thumbnailMarkSide = 8, smallMarkSide = 6;
constexpr int besideBadge = 8; ///< Free between the bucket's name and the marks.
constexpr int textHeight = 16;
constexpr double excludedOpacity = 0.35;
const QSize tile{ThumbnailGrid::pictureSide + 2 * thumbnailPadding,
                 pictureHeight + 2 * textHeight + 2 * thumbnailPadding + 4};

class ThumbnailDelegate : public QStyledItemDelegate {
public:
    using QStyledItemDelegate::QStyledItemDelegate;

    QSize sizeHint(const QStyleOptionViewItem& option, const QModelIndex&) const override
    {
        const auto* const view = qobject_cast<const QListView*>(option.widget);
        return view != nullptr && view->gridSize().isValid() ? view->gridSize() : tile;
    }

    void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override
    {
        const auto item = index.data(ThumbnailGrid::ItemRole).value<ThumbnailItem>();
        const auto& colours = themeColours();
        painter->save();
        painter->setRenderHints(QPainter::Antialiasing | QPainter::SmoothPixmapTransform);

        const QRectF frame = QRectF(option.rect).adjusted(2, 2, -2, -2);
        const bool selected = option.state.testFlag(QStyle::State_Selected);
        const bool focused = selected && option.state.testFlag(QStyle::State_HasFocus);
        if (selected || option.state.testFlag(QStyle::State_MouseOver)) {
            painter->setPen(selected ? QPen(colours.accent, focused ? 2 : 1) : QPen(Qt::NoPen));
            painter->setBrush(colours.raised);
            painter->drawRoundedRect(frame.adjusted(1, 1, -1, -1), 6, 6);
        }
        const QRectF room(frame.left() + thumbnailPadding - 2, frame.top() + thumbnailPadding - 2,
                          frame.width() - 2 * thumbnailPadding + 4, pictureHeight);
        paintThumbnail(*painter, room, index.data(ThumbnailGrid::PictureRole).value<QImage>(),
                       item.excluded ? excludedOpacity : 1);
        paintBadge(*painter, room, item, colours);

        auto font = smallFont(option.font);
        font.setStrikeOut(item.excluded);
        painter->setFont(font);
        const QFontMetricsF metrics(font);
        const QRectF caption(room.left(), room.bottom() + 4, room.width(), textHeight);
        painter->setPen(item.excluded ? colours.secondary : colours.text);
        painter->drawText(
            caption, Qt::AlignVCenter | Qt::AlignLeft,
            metrics.elidedText(item.caption.isEmpty() ? item.id : item.caption, Qt::ElideRight, caption.width()));
        font.setStrikeOut(false);
        painter->setFont(font);
        const QRectF below = caption.translated(0, textHeight);
        painter->setPen(colours.secondary);
        painter->drawText(below, Qt::AlignVCenter | Qt::AlignLeft, item.badge);
        const double beside = below.width() - metrics.horizontalAdvance(item.badge) - besideBadge;
        const bool fits = stateMarksWidth(thumbnailMarkSide) <= beside;
        paintStateMarks(*painter, below, item.marks, fits ? thumbnailMarkSide : smallMarkSide, colours);
        painter->restore();
    }

private:
    static void paintBadge(QPainter& painter, const QRectF& room, const ThumbnailItem& item, const Colours& colours)
    {
        if (item.problem.isEmpty())
            return;
        const QRectF badge(room.right() - 20, room.top() + 2, 18, 18);
        painter.setPen(Qt::NoPen);
        painter.setBrush(colours.panel);
        painter.drawRoundedRect(badge, 4, 4);
        icon(QStringLiteral("warning"), Hue::Vermillion).paint(&painter, badge.adjusted(2, 2, -2, -2).toRect());
    }
};

} // namespace

void paintThumbnail(QPainter& painter, const QRectF& room, const QImage& picture, double opacity)
{
    if (picture.isNull()) {
        painter.setPen(Qt::NoPen);
        painter.setBrush(themeColours().raised);
        painter.drawRoundedRect(room, 4, 4);
        return;
    }
    QRectF target({}, QSizeF(picture.size()).scaled(room.size(), Qt::KeepAspectRatio));
    target.moveCenter(room.center());
    QPainterPath corners;
    corners.addRoundedRect(target, 4, 4);
    painter.save();
    painter.setOpacity(opacity);
    painter.setClipPath(corners);
    painter.drawImage(target, picture);
    painter.restore();
}

ThumbnailGrid::ThumbnailGrid(QWidget* parent)
    : QListView(parent)
{
    setObjectName(QStringLiteral("thumbnailGrid"));
    setAccessibleName(tr("Records"));
    // A wrapping list of equal tiles: the icon mode would keep a tree of all of them.
    setViewMode(QListView::ListMode);
    setFlow(QListView::LeftToRight);
    setWrapping(true);
    setResizeMode(QListView::Adjust);
    setUniformItemSizes(true);
    setSelectionMode(QAbstractItemView::ExtendedSelection);
    setSelectionBehavior(QAbstractItemView::SelectRows);
    setVerticalScrollMode(QAbstractItemView::ScrollPerPixel);
    setVerticalScrollBarPolicy(Qt::ScrollBarAlwaysOn);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    setMouseTracking(true);
    setProperty("bare", true);
    setItemDelegate(new ThumbnailDelegate(this));
    setGridSize(tile);
    verticalScrollBar()->setSingleStep(24);
}

QRegion ThumbnailGrid::visualRegionForSelection(const QItemSelection& selection) const
{
    return selection.isEmpty() ? QRegion() : QRegion(viewport()->rect());
}

void ThumbnailGrid::resizeEvent(QResizeEvent* event)
{
    // Tiles share the row's width, so that no ragged gap is left at the right.
    const int width = viewport()->width() - 2;
    const QSize shared(width / std::max(1, width / tile.width()), tile.height());
    if (shared != gridSize())
        setGridSize(shared);
    QListView::resizeEvent(event);
}

} // namespace nanodit
