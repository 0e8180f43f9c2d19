#include "widgets/wheel_guard.h"

#include <QAbstractSpinBox>
#include <QComboBox>
#include <QDial>
#include <QEvent>
#include <QSlider>

namespace nanodit {

bool WheelGuard::eventFilter(QObject* watched, QEvent* event)
{
    if (event->type() != QEvent::Wheel)
        return false;
    const auto* const widget = qobject_cast<QWidget*>(watched);
    const bool isChoice = qobject_cast<QComboBox*>(watched) != nullptr;
    const bool isNumber = qobject_cast<QAbstractSpinBox*>(watched) != nullptr ||
                          qobject_cast<QSlider*>(watched) != nullptr || qobject_cast<QDial*>(watched) != nullptr;
    if (!isChoice && (!isNumber || widget->hasFocus()))
        return false;
    event->ignore(); // whatever it stands in scrolls
    return true;
}

} // namespace nanodit
