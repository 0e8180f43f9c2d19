#include "app/record_tiles.h"

#include "app/record_item.h"
#include "app/thumbnails.h"
#include "widgets/text.h"
#include "widgets/thumbnail_grid.h"

#include <algorithm>

namespace nanodit {

RecordTiles::RecordTiles(QObject* parent)
    : QAbstractListModel(parent)
    , records_(std::make_shared<const std::vector<RecordInfo>>())
    , thumbnails_(new Thumbnails(Thumbnails::tileSide, this))
{
    connect(thumbnails_, &Thumbnails::made, this, &RecordTiles::replace);
    connect(thumbnails_, &Thumbnails::dropped, this, [this](const QString& id) { made_.remove(id); });
}

void RecordTiles::show(RecordsValue records, std::vector<std::uint32_t> shown)
{
    beginResetModel();
    if (records != records_) { // a record may show another picture now
        thumbnails_->forget();
        made_.clear();
    }
    records_ = std::move(records);
    shown_ = std::move(shown);
    endResetModel();
}

QString RecordTiles::id(int row) const
{
    if (row < 0 || row >= rowCount())
        return {};
    return QString::fromStdString((*records_)[shown_[static_cast<std::size_t>(row)]].id);
}

int RecordTiles::rowOf(const QString& id) const
{
    const auto name = id.toStdString();
    const auto found = std::ranges::find(
        shown_, name, [this](std::uint32_t place) -> const std::string& { return (*records_)[place].id; });
    return found == shown_.end() ? -1 : static_cast<int>(found - shown_.begin());
}

bool RecordTiles::idle() const
{
    return thumbnails_->idle();
}

int RecordTiles::rowCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : static_cast<int>(shown_.size());
}

QVariant RecordTiles::data(const QModelIndex& index, int role) const
{
    if (!index.isValid() || index.row() >= rowCount())
        return {};
    const auto& record = (*records_)[shown_[static_cast<std::size_t>(index.row())]];
    switch (role) {
    case ThumbnailGrid::ItemRole:
        return QVariant::fromValue(itemOf(record));
    case ThumbnailGrid::PictureRole: {
        const auto id = QString::fromStdString(record.id);
        if (const auto* const made = made_.object(id))
            return *made;
        made_.insert(id, new QImage); // asked for once
        thumbnails_->want(record);
        return QImage();
    }
    case Qt::ToolTipRole:
        return toolTipOf(QString::fromStdString(record.id + " · " + record.caption));
    case Qt::AccessibleTextRole:
        return QString::fromStdString(record.caption.empty() ? record.id : record.id + ", " + record.caption);
    default:
        return {};
    }
}

void RecordTiles::replace(const QString& id, const QImage& thumbnail)
{
    made_.insert(id, new QImage(thumbnail));
    if (const int row = rowOf(id); row >= 0)
        Q_EMIT dataChanged(index(row), index(row), {ThumbnailGrid::PictureRole});
}

} // namespace nanodit
