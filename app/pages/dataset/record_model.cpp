#include "app/pages/dataset/record_model.h"

#include "app/wording.h"
#include "widgets/thumbnail_grid.h"

#include <algorithm>
#include <utility>

namespace nanodit {

namespace {

QString marksText(const RecordInfo& record)
{
    QStringList marks;
    for (std::size_t i = 0; i < markNames.size(); ++i)
        marks << QStringLiteral("%1 %2").arg(QLatin1String(markNames[i]), markStateName(markOf(record.arrays[i])));
    return marks.join(QStringLiteral(" · "));
}

QString toolTip(const RecordInfo& record)
{
    auto text =
        QStringLiteral("<b>%1</b> · %2<br>%3<br>%4")
            .arg(QString::fromStdString(record.id).toHtmlEscaped(), QString::fromStdString(bucketName(record.bucket)),
                 QString::fromStdString(record.caption).toHtmlEscaped(), marksText(record));
    if (const auto remark = remarkOf(record); !remark.isEmpty())
        text += QStringLiteral("<br>%1").arg(remark.toHtmlEscaped());
    return text;
}

} // namespace

WorthValue RecordWorth::of(const std::optional<ConditionWorth>& worth)
{
    if (!worth || worth->pictures.empty())
        return nullptr;
    auto records = std::make_shared<RecordWorth>();
    records->model =
        RecordModel::tr("%1, step %2").arg(QString::fromStdString(worth->run), QString::number(worth->step));
    for (const auto& picture : worth->pictures)
        records->pictures.emplace(picture.id, picture);
    return records;
}

const PictureWorth* RecordWorth::find(const std::string& id) const
{
    const auto found = pictures.find(id);
    return found == pictures.end() ? nullptr : &found->second;
}

std::optional<double> worthIn(RecordModel::Column column, const PictureWorth* worth)
{
    if (worth == nullptr)
        return std::nullopt;
    switch (column) {
    case RecordModel::LossColumn:
        return worth->loss;
    case RecordModel::CaptionGainColumn:
        return worth->captionGain();
    case RecordModel::PatchGainColumn:
        return worth->patchGain();
    default:
        return std::nullopt;
    }
}

RecordModel::RecordModel(QObject* parent)
    : QAbstractTableModel(parent)
    , arranged_{.all = std::make_shared<const std::vector<RecordInfo>>(), .shown = {}, .rows = {}}
{
}

void RecordModel::show(ArrangedRecords arranged)
{
    findOutdated(*arranged.all);
    const auto sameId = [&](std::uint32_t place) { return (*arranged_.all)[place].id == (*arranged.all)[place].id; };
    const bool sameRows = arranged.shown == arranged_.shown && arranged.all->size() == arranged_.all->size() &&
                          (arranged.all == arranged_.all || std::ranges::all_of(arranged.shown, sameId));
    if (sameRows) {
        arranged_ = std::move(arranged);
        if (const int rows = rowCount(); rows > 0)
            Q_EMIT dataChanged(index(0, 0), index(rows - 1, columns - 1));
        return;
    }
    beginResetModel();
    arranged_ = std::move(arranged);
    endResetModel();
}

/// Thumbnails of pictures that were edited or cropped anew: they stay until the new ones are made.
void RecordModel::findOutdated(const std::vector<RecordInfo>& records)
{
    if (&records == arranged_.all.get())
        return;
    const auto find = [](const std::vector<RecordInfo>& all, const std::string& id) {
        const auto found = std::ranges::lower_bound(all, id, {}, &RecordInfo::id);
        return found == all.end() || found->id != id ? nullptr : &*found;
    };
    const auto kept = thumbnails_.keys();
    for (const auto& id : kept) {
        const auto name = id.toStdString();
        const auto *const before = find(*arranged_.all, name), *const now = find(records, name);
        if (before != nullptr && now != nullptr &&
            (before->image != now->image || before->original != now->original || before->bucket != now->bucket ||
             before->changes != now->changes))
            outdated_.insert(id);
    }
}

const RecordInfo* RecordModel::record(int row) const
{
    if (row < 0 || row >= rowCount())
        return nullptr;
    return &(*arranged_.all)[arranged_.shown[static_cast<std::size_t>(row)]];
}

int RecordModel::rowOf(const QString& id) const
{
    return rowOf(id.toStdString(), 0);
}

int RecordModel::rowOf(const std::string& id, std::size_t likelyPlace) const
{
    const auto& all = *arranged_.all;
    if (likelyPlace < all.size() && all[likelyPlace].id == id)
        return arranged_.rows[likelyPlace];
    const auto found = std::ranges::lower_bound(all, id, {}, &RecordInfo::id);
    return found == all.end() || found->id != id ? -1 : arranged_.rows[static_cast<std::size_t>(found - all.begin())];
}

bool RecordModel::hasTags() const
{
    return std::ranges::any_of(arranged_.shown,
                               [this](std::uint32_t place) { return !(*arranged_.all)[place].tags.empty(); });
}

bool RecordModel::hasRemarks() const
{
    return std::ranges::any_of(arranged_.shown, [this](std::uint32_t place) {
        const auto& record = (*arranged_.all)[place]; // as remarkOf says it, without the words
        return !record.excluded.empty() || !record.problem.empty() ||
               std::ranges::any_of(record.changes, [](const auto& changes) { return !changes.empty(); });
    });
}

void RecordModel::setThumbnail(const QString& id, const QImage& thumbnail)
{
    asked_.remove(id);
    thumbnails_.insert(id, new QImage(thumbnail));
    if (const int row = rowOf(id); row >= 0)
        Q_EMIT dataChanged(index(row, IdColumn), index(row, IdColumn), {ThumbnailGrid::PictureRole});
}

void RecordModel::forgetThumbnails()
{
    thumbnails_.clear();
    asked_.clear();
    outdated_.clear();
}

int RecordModel::rowCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : static_cast<int>(arranged_.shown.size());
}

int RecordModel::columnCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : columns;
}

QVariant RecordModel::data(const QModelIndex& index, int role) const
{
    const auto* const record = index.isValid() ? this->record(index.row()) : nullptr;
    if (record == nullptr)
        return {};
    switch (role) {
    case Qt::DisplayRole:
    case Qt::EditRole:
        return text(*record, index.column());
    case Qt::AccessibleTextRole:
        return index.column() == IdColumn
                   ? QStringLiteral("%1, %2, %3")
                         .arg(QString::fromStdString(record->id), QString::fromStdString(bucketName(record->bucket)),
                              QString::fromStdString(record->caption))
                   : text(*record, index.column());
    case Qt::ToolTipRole:
        return toolTip(*record);
    case ThumbnailGrid::ItemRole:
        return QVariant::fromValue(itemOf(*record));
    case ThumbnailGrid::PictureRole:
        return picture(*record);
    default:
        return {};
    }
}

QVariant RecordModel::text(const RecordInfo& record, int column) const
{
    switch (column) {
    case IdColumn:
        return QString::fromStdString(record.id);
    case CaptionColumn:
        return QString::fromStdString(record.caption);
    case BucketColumn:
        return QString::fromStdString(bucketName(record.bucket));
    case SplitColumn:
        return QString::fromStdString(record.split);
    case TagsColumn:
        return tagsText(record.tags);
    case OriginalColumn:
        return record.original.width > 0 ? pixelSizeText(record.original) : QString(); // of one that cannot be read
    case ArraysColumn:
        return marksText(record);
    case RemarkColumn:
        return remarkOf(record);
    case LossColumn:
    case CaptionGainColumn:
    case PatchGainColumn: {
        const auto number =
            worthIn(static_cast<Column>(column), arranged_.worth ? arranged_.worth->find(record.id) : nullptr);
        return number ? QString::number(*number, 'f', 4) : QString();
    }
    default:
        return {};
    }
}

QVariant RecordModel::picture(const RecordInfo& record) const
{
    const auto id = QString::fromStdString(record.id);
    const auto* const thumbnail = thumbnails_.object(id);
    if ((thumbnail == nullptr || outdated_.remove(id)) && !asked_.contains(id)) {
        asked_.insert(id);
        Q_EMIT thumbnailWanted(id);
    }
    return thumbnail != nullptr ? QVariant(*thumbnail) : QVariant();
}

QVariant RecordModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation == Qt::Horizontal && role == Qt::ToolTipRole && arranged_.worth) {
        const auto of = [this](const QString& what) { return what.arg(arranged_.worth->model); };
        switch (section) {
        case LossColumn:
            return of(tr("Loss of %1 on this picture, at fixed times and noises"));
        case CaptionGainColumn:
            return of(
                tr("How much the loss of %1 grows without the caption; low: the caption may not fit the picture"));
        case PatchGainColumn:
            return of(tr("How much the loss of %1 grows without the patches; low: the patches may be misaligned"));
        default:
            return {};
        }
    }
    if (orientation != Qt::Horizontal || role != Qt::DisplayRole)
        return {};
    const std::array<QString, columns> names = {tr("Record"), tr("Caption"),      tr("Bucket"),    tr("Split"),
                                                tr("Tags"),   tr("Original"),     tr("Arrays"),    tr("Remark"),
                                                tr("Loss"),   tr("Caption gain"), tr("Patch gain")};
    return section >= 0 && section < columns ? names[static_cast<std::size_t>(section)] : QVariant();
}

Qt::ItemFlags RecordModel::flags(const QModelIndex& index) const
{
    auto flags = QAbstractTableModel::flags(index) | Qt::ItemNeverHasChildren;
    if (index.column() == CaptionColumn || index.column() == SplitColumn || index.column() == TagsColumn)
        flags |= Qt::ItemIsEditable;
    return index.isValid() ? flags : Qt::NoItemFlags;
}

bool RecordModel::setData(const QModelIndex& index, const QVariant& value, int role)
{
    const auto* const record = index.isValid() ? this->record(index.row()) : nullptr;
    if (record == nullptr || role != Qt::EditRole || value.toString() == text(*record, index.column()).toString())
        return false;
    const auto id = QString::fromStdString(record->id);
    if (index.column() == CaptionColumn)
        Q_EMIT captionEdited(id, value.toString());
    else if (index.column() == SplitColumn)
        Q_EMIT splitEdited(id, value.toString());
    else if (index.column() == TagsColumn)
        Q_EMIT tagsEdited(id, tagsFromText(value.toString()));
    return false; // shown when it is in the catalog
}

QString tagsText(const std::vector<std::string>& tags)
{
    QStringList names;
    for (const auto& tag : tags)
        names << QString::fromStdString(tag);
    return names.join(QStringLiteral(", "));
}

QStringList tagsFromText(const QString& text)
{
    QStringList tags;
    for (const auto& part : text.split(QLatin1Char(','))) {
        if (const auto tag = part.simplified(); !tag.isEmpty() && !tags.contains(tag))
            tags << tag;
    }
    return tags;
}

QString inputText(ArrayInput input)
{
    switch (input) {
    case ArrayInput::Picture:
        return RecordModel::tr("the picture");
    case ArrayInput::Caption:
        return RecordModel::tr("the caption");
    case ArrayInput::Bucket:
        return RecordModel::tr("the bucket");
    case ArrayInput::PassSettings:
        return RecordModel::tr("the pass's settings");
    case ArrayInput::Encoder:
        break;
    }
    return RecordModel::tr("the encoder");
}

QString reasonsText(const std::vector<InputChange>& changes)
{
    QStringList reasons;
    for (const auto& change : changes)
        reasons << QString::fromStdString(inWords(change));
    return reasons.join(RecordModel::tr(" and "));
}

QString remarkOf(const RecordInfo& record)
{
    if (!record.excluded.empty())
        return RecordModel::tr("excluded: %1").arg(QString::fromStdString(record.excluded));
    QStringList stale;
    for (std::size_t i = 0; i < record.changes.size(); ++i) {
        if (!record.changes[i].empty())
            stale << RecordModel::tr("%1 stale: %2").arg(QLatin1String(markNames[i]), reasonsText(record.changes[i]));
    }
    if (!stale.isEmpty())
        return stale.join(QStringLiteral("; "));
    return QString::fromStdString(record.problem);
}

} // namespace nanodit
