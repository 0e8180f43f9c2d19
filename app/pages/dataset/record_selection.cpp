#include "app/pages/dataset/record_selection.h"

#include "app/pages/dataset/record_model.h"

#include <QItemSelectionModel>

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace nanodit {

namespace {

/// A selection of more does not survive another filter or order: painting goes through them for every record.
constexpr qsizetype mostRanges = 20000;

/// Of whole rows; empty where they would be too many.
QItemSelection rangesOf(std::vector<int> rows, const RecordModel& model)
{
    std::ranges::sort(rows);
    QItemSelection ranges;
    for (std::size_t first = 0; first < rows.size();) {
        if (ranges.size() == mostRanges)
            return {};
        auto last = first;
        while (last + 1 < rows.size() && rows[last + 1] == rows[last] + 1)
            ++last;
        ranges.append({model.index(rows[first], 0), model.index(rows[last], RecordModel::columns - 1)});
        first = last + 1;
    }
    return ranges;
}

} // namespace

RecordSelection::RecordSelection(RecordModel* model, QItemSelectionModel* chosen, QObject* parent)
    : QObject(parent)
    , model_(model)
    , chosen_(chosen)
{
    connect(chosen_, &QItemSelectionModel::currentRowChanged, this, [this] {
        if (!arranging_)
            agree();
    });
    connect(chosen_, &QItemSelectionModel::selectionChanged, this, [this] {
        if (arranging_)
            return;
        agree();
        Q_EMIT changed();
    });
}

std::vector<int> RecordSelection::selectedRows() const
{
    std::vector<int> rows;
    for (const auto& range : chosen_->selection()) {
        for (int row = range.top(); row <= range.bottom(); ++row)
            rows.push_back(row);
    }
    std::ranges::sort(rows);
    rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
    return rows;
}

QStringList RecordSelection::ids() const
{
    QStringList ids;
    for (const int row : selectedRows())
        ids << QString::fromStdString(model_->record(row)->id);
    if (ids.isEmpty() && !current_.isEmpty())
        ids << current_;
    return ids;
}

qsizetype RecordSelection::count() const
{
    qsizetype rows = 0;
    for (const auto& range : chosen_->selection())
        rows += range.height();
    return rows;
}

bool RecordSelection::select(const QStringList& ids)
{
    std::vector<int> rows;
    for (const auto& id : ids) {
        if (const int row = model_->rowOf(id); row >= 0)
            rows.push_back(row);
    }
    const auto selection = rangesOf(std::move(rows), *model_);
    if (selection.isEmpty())
        return false;
    chosen_->select(selection, QItemSelectionModel::ClearAndSelect);
    return true;
}

void RecordSelection::keep()
{
    const auto& arranged = model_->arranged();
    keptOf_ = arranged.all;
    kept_.clear();
    for (const int row : selectedRows())
        kept_.push_back(arranged.shown[static_cast<std::size_t>(row)]);
    arranging_ = true;
}

void RecordSelection::restore()
{
    const int row = model_->rowOf(current_);
    if (!chosen_->hasSelection()) { // else the rows are the same
        std::vector<int> rows;
        for (const auto place : kept_) {
            if (const int kept = model_->rowOf((*keptOf_)[place].id, place); kept >= 0)
                rows.push_back(kept);
        }
        auto selection = rangesOf(std::move(rows), *model_);
        if (selection.isEmpty() && row >= 0)
            selection = rangesOf({row}, *model_);
        chosen_->select(selection, QItemSelectionModel::ClearAndSelect);
    }
    keptOf_.reset();
    kept_.clear();
    if (row >= 0 && chosen_->currentIndex().row() != row) {
        chosen_->setCurrentIndex(model_->index(row, 0), QItemSelectionModel::NoUpdate);
        Q_EMIT moved(model_->index(row, 0));
    }
    arranging_ = false;
    agree();
    Q_EMIT changed();
}

void RecordSelection::agree()
{
    const auto isSelected = [this](int row) { return row >= 0 && chosen_->isSelected(model_->index(row, 0)); };
    if (!chosen_->hasSelection()) // the current one alone is edited
        return;
    int row = chosen_->currentIndex().row();
    if (!isSelected(row))
        row = model_->rowOf(current_);
    if (!isSelected(row))
        row = chosen_->selection().first().top();
    const auto id = QString::fromStdString(model_->record(row)->id);
    if (id == current_)
        return;
    current_ = id;
    Q_EMIT currentChosen(id);
}

void RecordSelection::forget()
{
    current_.clear();
    arranging_ = true;
    chosen_->clear();
    arranging_ = false;
}

void RecordSelection::setHidden(const QString& id)
{
    current_ = id;
    arranging_ = true;
    chosen_->clearSelection();
    arranging_ = false;
}

} // namespace nanodit
