#pragma once

#include <QObject>

namespace nanodit {

/// Lets the wheel scroll the form under the mouse instead of changing what stands there: a closed list of choices never
/// takes it, a number or a slider only with the focus. To be installed on the application.
class WheelGuard : public QObject {
    Q_OBJECT

public:
    using QObject::QObject;

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;
};

} // namespace nanodit
