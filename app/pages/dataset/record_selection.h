#pragma once

#include "app/session.h"

#include <QModelIndex>
#include <QObject>
#include <QStringList>

#include <cstdint>
#include <vector>

class QItemSelectionModel;

namespace nanodit {

class RecordModel;

/// Which records are selected, and which of these is shown: the current one. Rows come and go as the list is arranged
/// anew; a selection survives that as far as its records stay in the list, unless it fell into too many pieces.
class RecordSelection : public QObject {
    Q_OBJECT

public:
    /// `chosen` is of the views that show `model`; both must outlive this.
    RecordSelection(RecordModel* model, QItemSelectionModel* chosen, QObject* parent);

    /// The record that is shown. It is one of the selected ones, or none is selected.
    const QString& current() const { return current_; }
    /// What is edited: those selected, or else the current one; by row.
    QStringList ids() const;
    qsizetype count() const; ///< Of selected rows.

    /// These alone, as far as they are in the list; false, and nothing is other, where none is.
    bool select(const QStringList& ids);
    /// Before and after rows are rearranged.
    void keep();
    void restore();
    /// Makes a record the current one that is not in the list: then no other is selected. Signals nothing.
    void setHidden(const QString& id);
    /// There is no current record, and none is selected. Signals nothing.
    void forget();

Q_SIGNALS:
    /// Another record is the current one.
    void currentChosen(const QString& id);
    void changed();
    /// The current record has moved to this place.
    void moved(const QModelIndex& place);

private:
    std::vector<int> selectedRows() const; ///< Ascending.
    void agree();                          ///< Makes the current record one of the selected ones.

    RecordModel* model_;
    QItemSelectionModel* chosen_;
    QString current_;
    // While rows are rearranged: the records as they were, and the places among them of those that are selected.
    RecordsValue keptOf_;
    std::vector<std::uint32_t> kept_;
    bool arranging_ = false;
};

} // namespace nanodit
