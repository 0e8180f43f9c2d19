#pragma once

#include <QLineEdit>
#include <QStyledItemDelegate>

namespace nanodit {

/// Cells of text that are edited in place. What somebody has begun to write stays while the model tells of changes; Qt
/// would put the model's text over it.
class TextDelegate : public QStyledItemDelegate {
public:
    using QStyledItemDelegate::QStyledItemDelegate;

    void setEditorData(QWidget* editor, const QModelIndex& index) const override
    {
        const auto* const field = qobject_cast<const QLineEdit*>(editor);
        if (field == nullptr || !field->isModified())
            QStyledItemDelegate::setEditorData(editor, index);
    }
};

} // namespace nanodit
