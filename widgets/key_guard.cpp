#include "widgets/key_guard.h"

#include <QAbstractButton>
#include <QComboBox>
#include <QKeyEvent>

namespace nanodit {

bool isPressingKey(const QKeyEvent& key)
{
    const bool plain = (key.modifiers() & ~Qt::KeypadModifier) == Qt::NoModifier;
    return plain && (key.key() == Qt::Key_Return || key.key() == Qt::Key_Enter || key.key() == Qt::Key_Space);
}

bool KeyGuard::eventFilter(QObject* watched, QEvent* event)
{
    if (event->type() != QEvent::ShortcutOverride || static_cast<QKeyEvent*>(event)->key() != Qt::Key_Space ||
        static_cast<QKeyEvent*>(event)->modifiers() != Qt::NoModifier)
        return false;
    if (qobject_cast<QAbstractButton*>(watched) == nullptr && qobject_cast<QComboBox*>(watched) == nullptr)
        return false;
    event->accept(); // the press comes as a key
    return true;
}

} // namespace nanodit
