#include "widgets/editable_table.h"

#include <QApplication>

namespace nanodit {

void EditableTable::finishEditing()
{
    if (isAncestorOf(QApplication::focusWidget()))
        setFocus();
}

void EditableTable::closeEditor(QWidget* editor, QAbstractItemDelegate::EndEditHint hint)
{
    QTableView::closeEditor(editor, hint);
    QMetaObject::invokeMethod(
        this,
        [this] {
            if (!isEditing()) // Tab opens the next cell
                Q_EMIT editingEnded();
        },
        Qt::QueuedConnection);
}

} // namespace nanodit
