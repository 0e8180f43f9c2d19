#include "widgets/editable_table.h"

#include "widgets/fitted_header.h"

namespace nanodit {

EditableTable::EditableTable(QWidget* parent)
    : QTableView(parent)
{
    auto* const header = new FittedHeader(this);
    header->setSectionsClickable(true);
    setHorizontalHeader(header);
}

void EditableTable::finishEditing()
{
    auto* const cell = isEditing() ? indexWidget(currentIndex()) : nullptr;
    if (cell == nullptr)
        return;
    commitData(cell); // not by taking the focus: the list of a cell, which is a window of its own, may have it
    closeEditor(cell, QAbstractItemDelegate::NoHint);
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
