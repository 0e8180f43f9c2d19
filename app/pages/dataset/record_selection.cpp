#include "app/pages/dataset/record_selection.h"

#include "app/pages/dataset/record_model.h"

#include <QItemSelectionModel>

#include <algorithm>
#include <vector>

namespace nanodit {

namespace {

constexpr qsizetype mostKeptSelected = 20000; ///< Beyond, a selection does not survive another filter.

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

QStringList RecordSelection::ids() const
{
    std::vector<int> rows;
    for (const auto& range : chosen_->selection()) {
        for (int row = range.top(); row <= range.bottom(); ++row)
            rows.push_back(row);
    }
    std::ranges::sort(rows);
    rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
    QStringList ids;
    for (const int row : rows)
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

void RecordSelection::keep()
{
    kept_.clear();
    if (const auto rows = count(); rows > 1 && rows <= mostKeptSelected)
        kept_ = ids();
    arranging_ = true;
}

void RecordSelection::restore()
{
    const int row = model_->rowOf(current_);
    QItemSelection selection;
    std::vector<int> rows;
    for (const auto& id : kept_) {
        if (const int kept = model_->rowOf(id); kept >= 0)
            rows.push_back(kept);
    }
    if (rows.empty() && row >= 0)
        rows.push_back(row);
    std::ranges::sort(rows);
    for (std::size_t first = 0; first < rows.size();) {
        auto last = first;
        while (last + 1 < rows.size() && rows[last + 1] == rows[last] + 1)
            ++last;
        selection.append({model_->index(rows[first], 0), model_->index(rows[last], RecordModel::columns - 1)});
        first = last + 1;
    }
    if (chosen_->selection() != selection)
        chosen_->select(selection, QItemSelectionModel::ClearAndSelect);
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
    kept_.clear();
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
