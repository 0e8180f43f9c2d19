#include "widgets/desktop_notice.h"

#include <QCoreApplication>
#include <QDBusConnection>
#include <QDBusMessage>
#include <QStringList>
#include <QVariantMap>

namespace nanodit {

void showDesktopNotice(const QString& title, const QString& text)
{
    auto bus = QDBusConnection::sessionBus();
    if (!bus.isConnected())
        return;
    auto call = QDBusMessage::createMethodCall(
        QStringLiteral("org.freedesktop.Notifications"), QStringLiteral("/org/freedesktop/Notifications"),
        QStringLiteral("org.freedesktop.Notifications"), QStringLiteral("Notify"));
    constexpr int asTheServiceLikes = -1;
    // The service reads the text as markup.
    call << QCoreApplication::applicationName() << 0U << QStringLiteral("nanodit-workbench") << title
         << text.toHtmlEscaped() << QStringList() << QVariantMap() << asTheServiceLikes;
    bus.send(call);
}

} // namespace nanodit
