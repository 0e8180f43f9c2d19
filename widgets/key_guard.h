#pragma once

#include <QObject>

namespace nanodit {

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
