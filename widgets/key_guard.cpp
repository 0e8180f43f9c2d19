#include "widgets/key_guard.h"

#include <QAbstractButton>
#include <QComboBox>
#include <QKeyEvent>

namespace nanodit {

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
