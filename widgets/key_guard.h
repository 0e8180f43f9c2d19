#pragma once

#include <QObject>

class QKeyEvent;

namespace nanodit {

/// Whether it presses what has the focus: Enter, that of the number pad, or Space, without Shift, Ctrl and the like.
bool isPressingKey(const QKeyEvent& key);

/// Installed on the application: Space presses the button, ticks the box or opens the list that has the focus, whatever
/// command has Space as its key.
class KeyGuard : public QObject {
    Q_OBJECT

public:
    using QObject::QObject;

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;
};

} // namespace nanodit
