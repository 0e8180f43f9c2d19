#include "widgets/file_manager.h"

#include <QCoreApplication>
#include <QDBusConnection>
#include <QDBusConnectionInterface>
#include <QDBusMessage>
#include <QDBusPendingCallWatcher>
#include <QDBusPendingReply>
#include <QDesktopServices>
#include <QFileInfo>
#include <QUrl>

namespace nanodit {

namespace {

const auto service = QStringLiteral("org.freedesktop.FileManager1");

bool openFolderOf(const QString& file)
{
    return QDesktopServices::openUrl(QUrl::fromLocalFile(QFileInfo(file).path()));
}

bool isOffered(const QDBusConnection& bus)
{
    auto* const daemon = bus.isConnected() ? bus.interface() : nullptr;
    if (daemon == nullptr)
        return false;
    return daemon->isServiceRegistered(service).value() || daemon->activatableServiceNames().value().contains(service);
}

} // namespace

bool showInFileManager(const QString& file)
{
    const auto bus = QDBusConnection::sessionBus();
    if (!isOffered(bus))
        return openFolderOf(file);
    auto call = QDBusMessage::createMethodCall(service, QStringLiteral("/org/freedesktop/FileManager1"), service,
                                               QStringLiteral("ShowItems"));
    const auto noStartupId = QString();
    call << QStringList{QUrl::fromLocalFile(file).toString(QUrl::FullyEncoded)} << noStartupId;
    auto* const watcher = new QDBusPendingCallWatcher(bus.asyncCall(call), QCoreApplication::instance());
    QObject::connect(watcher, &QDBusPendingCallWatcher::finished, watcher, [watcher, file] {
        if (const QDBusPendingReply<> reply = *watcher; reply.isError()) // it is there, but does not do it
            openFolderOf(file);
        watcher->deleteLater();
    });
    return true;
}

} // namespace nanodit
