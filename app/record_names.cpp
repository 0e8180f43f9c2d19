#include "app/record_names.h"

#include <QComboBox>
#include <QListView>

#include <algorithm>
#include <numeric>

namespace nanodit {

RecordNames::RecordNames(QObject* parent)
    : QAbstractListModel(parent)
    , records_(std::make_shared<const std::vector<RecordInfo>>())
{
}

void RecordNames::listIn(QComboBox& box)
{
    box.setModel(this);
    box.view()->setTextElideMode(Qt::ElideRight);
    if (auto* const list = qobject_cast<QListView*>(box.view()))
        list->setUniformItemSizes(true);
}

void RecordNames::setRecords(RecordsValue records)
{
    beginResetModel();
    records_ = std::move(records);
    order_.resize(records_->size());
    std::iota(order_.begin(), order_.end(), 0U);
    std::ranges::stable_partition(order_, [this](std::uint32_t place) { return (*records_)[place].split == "val"; });
    rows_.resize(order_.size());
    for (std::uint32_t row = 0; row < order_.size(); ++row)
        rows_[order_[row]] = row;
    endResetModel();
}

void RecordNames::setFirst(std::vector<Entry> entries)
{
    beginResetModel();
    first_ = std::move(entries);
    endResetModel();
}

int RecordNames::rowOf(const QString& id) const
{
    const auto name = id.toStdString();
    const auto found = std::ranges::lower_bound(*records_, name, {}, &RecordInfo::id);
    if (found == records_->end() || found->id != name)
        return -1;
    return static_cast<int>(first_.size() + rows_[static_cast<std::size_t>(found - records_->begin())]);
}

int RecordNames::rowCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : static_cast<int>(first_.size() + order_.size());
}

QVariant RecordNames::data(const QModelIndex& index, int role) const
{
    if (!index.isValid() || index.row() >= rowCount())
        return {};
    const auto row = static_cast<std::size_t>(index.row());
    if (row < first_.size()) {
        if (role == File)
            return first_[row].file;
        return role == Qt::DisplayRole || role == Qt::EditRole ? first_[row].text : QVariant();
    }
    const auto& record = (*records_)[order_[row - first_.size()]];
    if (role == Id)
        return QString::fromStdString(record.id);
    if (role != Qt::DisplayRole && role != Qt::EditRole)
        return {};
    const auto id = QString::fromStdString(record.id);
    return record.caption.empty() ? id : QStringLiteral("%1 · %2").arg(id, QString::fromStdString(record.caption));
}

} // namespace nanodit
