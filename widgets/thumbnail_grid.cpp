#include "widgets/thumbnail_grid.h"

#include "widgets/colours.h"
#include "widgets/icons.h"
#include "widgets/thumbnail_model.h"

#include <QPainter>
#include <QPainterPath>
#include <QScrollBar>
#include <QStyledItemDelegate>

namespace nanodit {

namespace {

constexpr int padding = 8;
constexpr int pictureHeight = 88;
constexpr int markSide = 8;
constexpr int textHeight = 16;
const QSize tile{ThumbnailGrid::pictureSide + 2 * padding, pictureHeight + 2 * textHeight + 2 * padding + 4};

class ThumbnailDelegate : public QStyledItemDelegate {
public:
    using QStyledItemDelegate::QStyledItemDelegate;

    QSize sizeHint(const QStyleOptionViewItem& option, const QModelIndex&) const override
    {
        // Tiles share the row's width, so that no ragged gap is left at the right.
        const auto* const view = qobject_cast<const QListView*>(option.widget);
        const int width = view != nullptr ? view->viewport()->width() - 2 : tile.width();
        const int columns = std::max(1, width / tile.width());
        return {width / columns, tile.height()};
    }

    void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override
    {
        const auto item = index.data(ThumbnailModel::MarksRole).value<ThumbnailItem>();
        const auto& colours = themeColours();
        painter->save();
        painter->setRenderHints(QPainter::Antialiasing | QPainter::SmoothPixmapTransform);

        const QRectF frame = QRectF(option.rect).adjusted(2, 2, -2, -2);
        const bool selected = option.state.testFlag(QStyle::State_Selected);
        if (selected || option.state.testFlag(QStyle::State_MouseOver)) {
            painter->setPen(selected ? QPen(colours.accent, 2) : QPen(Qt::NoPen));
            painter->setBrush(colours.raised);
            painter->drawRoundedRect(frame.adjusted(1, 1, -1, -1), 6, 6);
        }
        const QRectF room(frame.left() + padding - 2, frame.top() + padding - 2, frame.width() - 2 * padding + 4,
                          pictureHeight);
        paintPicture(*painter, room, index.data(ThumbnailModel::ThumbnailRole).value<QImage>(), colours);
        paintBadges(*painter, room, item, colours);

        auto font = option.font;
        font.setPointSizeF(9);
        painter->setFont(font);
        const QFontMetricsF metrics(font);
        const QRectF caption(room.left(), room.bottom() + 4, room.width(), textHeight);
        painter->setPen(colours.text);
        painter->drawText(
            caption, Qt::AlignVCenter | Qt::AlignLeft,
            metrics.elidedText(item.caption.isEmpty() ? item.id : item.caption, Qt::ElideRight, caption.width()));
        const QRectF below = caption.translated(0, textHeight);
        painter->setPen(colours.secondary);
        painter->drawText(below, Qt::AlignVCenter | Qt::AlignLeft, item.badge);
        for (std::size_t i = 0; i < item.marks.size(); ++i) {
            const auto fromRight = static_cast<double>(item.marks.size() - i) * (markSide + 4) - 4;
            const QRectF mark(below.right() - fromRight, below.center().y() - markSide / 2.0, markSide, markSide);
            paintStateMark(*painter, mark, item.marks[i], colours);
        }
        painter->restore();
    }

private:
    static void paintPicture(QPainter& painter, const QRectF& room, const QImage& picture, const Colours& colours)
    {
        if (picture.isNull()) {
            painter.setPen(Qt::NoPen);
            painter.setBrush(colours.raised);
            painter.drawRoundedRect(room, 4, 4);
            return;
        }
        QRectF target({}, QSizeF(picture.size()).scaled(room.size(), Qt::KeepAspectRatio));
        target.moveCenter(room.center());
        QPainterPath corners;
        corners.addRoundedRect(target, 4, 4);
        painter.save();
        painter.setClipPath(corners);
        painter.drawImage(target, picture);
        painter.restore();
    }

    static void paintBadges(QPainter& painter, const QRectF& room, const ThumbnailItem& item, const Colours& colours)
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

ThumbnailGrid::ThumbnailGrid(QWidget* parent)
    : QListView(parent)
{
    setObjectName(QStringLiteral("thumbnailGrid"));
    setAccessibleName(tr("Records"));
    setViewMode(QListView::IconMode);
    setResizeMode(QListView::Adjust);
    setMovement(QListView::Static);
    setUniformItemSizes(true);
    setSelectionMode(QAbstractItemView::SingleSelection);
    setVerticalScrollMode(QAbstractItemView::ScrollPerPixel);
    setVerticalScrollBarPolicy(Qt::ScrollBarAlwaysOn);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    setMouseTracking(true);
    setProperty("bare", true);
    setItemDelegate(new ThumbnailDelegate(this));
    verticalScrollBar()->setSingleStep(24);
}

void ThumbnailGrid::currentChanged(const QModelIndex& current, const QModelIndex& previous)
{
    QListView::currentChanged(current, previous);
    if (current.isValid())
        Q_EMIT recordChosen(current.data(ThumbnailModel::IdRole).toString());
}

void ThumbnailGrid::resizeEvent(QResizeEvent* event)
{
    QListView::resizeEvent(event);
    scheduleDelayedItemsLayout();
}

} // namespace nanodit
