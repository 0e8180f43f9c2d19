#include "widgets/file_manager.h"

#include <QDBusConnection>
#include <QDBusConnectionInterface>
#include <QProcess>
#include <QStandardPaths>
#include <QTest>
#include <QUrl>

using namespace nanodit;

/// A file manager as desktops offer it on their bus.
class FileManager : public QObject {
    Q_OBJECT
    Q_CLASSINFO("D-Bus Interface", "org.freedesktop.FileManager1")

public:
    QStringList shown;

public Q_SLOTS:
    void ShowItems(const QStringList& addresses, const QString&) { shown << addresses; }
};

class TestFileManager : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        if (QStandardPaths::findExecutable("dbus-daemon").isEmpty())
            QSKIP("there is no dbus-daemon to make a bus of the test's own");
        daemon_.start("dbus-daemon", {"--session", "--nofork", "--print-address"});
        QVERIFY(daemon_.waitForReadyRead());
        qputenv("DBUS_SESSION_BUS_ADDRESS", daemon_.readLine().trimmed()); // before anything connects
        QVERIFY(QDBusConnection::sessionBus().isConnected());
    }

    void marksTheFileWhereADesktopCan()
    {
        FileManager manager;
        auto bus =
            QDBusConnection::connectToBus(QString::fromLocal8Bit(qgetenv("DBUS_SESSION_BUS_ADDRESS")), "manager");
        QVERIFY(bus.registerObject("/org/freedesktop/FileManager1", &manager, QDBusConnection::ExportAllSlots));
        QVERIFY(bus.registerService("org.freedesktop.FileManager1"));
        QVERIFY(showInFileManager("/pictures/a hill & more.png"));
        QTRY_COMPARE_WITH_TIMEOUT(manager.shown, QStringList("file:///pictures/a%20hill%20&%20more.png"), 60000);
        bus.unregisterService("org.freedesktop.FileManager1");
    }

    void cleanupTestCase()
    {
        QDBusConnection::disconnectFromBus("manager");
        daemon_.terminate();
        daemon_.waitForFinished();
    }

private:
    QProcess daemon_;
};

QTEST_GUILESS_MAIN(TestFileManager)
#include "tst_file_manager.moc"
