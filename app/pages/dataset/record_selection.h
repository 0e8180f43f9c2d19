#pragma once

#include <QModelIndex>
#include <QObject>
#include <QStringList>

class QItemSelectionModel;

namespace nanodit {

class RecordModel;

/// Which records are selected, and which of these is shown: the current one. Rows come and go as the list is arranged
/// anew; a selection of several survives that as far as its records stay in the list.
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
    void agree(); ///< Makes the current record one of the selected ones.

    RecordModel* model_;
    QItemSelectionModel* chosen_;
    QString current_;
    QStringList kept_; ///< Selected ids while rows are rearranged.
    bool arranging_ = false;
};

} // namespace nanodit
