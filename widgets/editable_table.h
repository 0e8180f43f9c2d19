#pragma once

#include <QTableView>

namespace nanodit {

/// A table whose cells are edited in place. New rows would close the cell that is open, with what is written in it:
/// whoever fills the table waits while it is.
class EditableTable : public QTableView {
    Q_OBJECT

public:
    explicit EditableTable(QWidget* parent = nullptr);
    bool isEditing() const { return state() == EditingState; }
    /// Closes the cell that is open; what is written in it counts.
    void finishEditing();

Q_SIGNALS:
    /// No cell is open any more. Told in the next turn of the event loop, when Qt has done with the cell.
    void editingEnded();

protected:
    void closeEditor(QWidget* editor, QAbstractItemDelegate::EndEditHint hint) override;
};

} // namespace nanodit
