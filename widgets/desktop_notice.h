#pragma once

#include <QString>

namespace nanodit {

/// Shows a notice outside of the window, through the desktop's notification service (org.freedesktop.Notifications).
/// Where there is none, nothing happens. Returns at once.
void showDesktopNotice(const QString& title, const QString& text);

} // namespace nanodit
