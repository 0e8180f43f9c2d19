#include "app/application.h"
#include "app/crash_report.h"
#include "app/end_signals.h"
#include "core/io/atomic_file.h"
#include "core/runtime/error.h"
#include "tests/support/test_data.h"

#include <QDoubleSpinBox>
#include <QLocale>
#include <QProcess>
#include <QPushButton>
#include <QSignalSpy>
#include <QTest>
#include <QTimer>

#include <clocale>
#include <csignal>
#include <cstring>

using namespace nanodit;

namespace {

/// What this program does when it is started to die.
void die(const char* how, const char* folder)
{
    keepCrashReports(folder, "doomed 1.0");
    if (std::strcmp(how, "throw") == 0)
        [] { throw std::runtime_error("nobody catches this"); }();
    std::raise(SIGSEGV);
}

} // namespace

/// What happens to the program as a whole.
class TestApplication : public QObject {
    Q_OBJECT

private Q_SLOTS:
    /// This program was started under a German locale: see main().
    void numbersAreThoseOfItsFilesWhateverTheDesktopsLanguage()
    {
        QCOMPARE(QLocale::system().language(), QLocale::German);
        QCOMPARE(QLocale().toString(12345), QStringLiteral("12,345"));
        QDoubleSpinBox box;
        box.setValue(0.5);
        QCOMPARE(box.text(), QStringLiteral("0.50"));
        QCOMPARE(QString::fromLatin1(std::localeconv()->decimal_point), QStringLiteral("."));
    }

    void whatASlotThrowsIsToldAndTheEventLoopGoesOn()
    {
        auto* const application = qobject_cast<Application*>(QCoreApplication::instance());
        QSignalSpy faulted(application, &Application::faulted);
        QPushButton button;
        connect(&button, &QPushButton::clicked, this, [] { throw DataError("a picture is gone"); });
        QTest::ignoreMessage(QtCriticalMsg, "a picture is gone");
        QTest::mouseClick(&button, Qt::LeftButton);
        QTRY_COMPARE_WITH_TIMEOUT(faulted.count(), 1, 60000);
        QCOMPARE(faulted[0][0].value<Notice>().text, std::string("a picture is gone"));
        bool alive = false;
        QTimer::singleShot(0, this, [&alive] { alive = true; });
        QTRY_VERIFY_WITH_TIMEOUT(alive, 60000);
    }

    void aListenerOfFaultsThatThrowsIsNotAskedAgain()
    {
        auto* const application = qobject_cast<Application*>(QCoreApplication::instance());
        int told = 0;
        QObject listener;
        connect(application, &Application::faulted, &listener, [&told] {
            ++told;
            throw DataError("no banner either");
        });
        QTest::ignoreMessage(QtCriticalMsg, "first");
        QTest::ignoreMessage(QtCriticalMsg, "the error above could not be shown in the window");
        QTimer::singleShot(0, this, [] { throw DataError("first"); });
        QTRY_COMPARE_WITH_TIMEOUT(told, 1, 60000);
        QTest::qWait(50);
        QCOMPARE(told, 1);
    }

    void theSignalsThatEndTheProgramAreHeard_data()
    {
        QTest::addColumn<int>("signal");
        QTest::newRow("SIGTERM") << SIGTERM;
        QTest::newRow("SIGHUP") << SIGHUP;
        QTest::newRow("SIGINT") << SIGINT;
    }

    void theSignalsThatEndTheProgramAreHeard()
    {
        QFETCH(int, signal);
        EndSignals signals_;
        QSignalSpy wanted(&signals_, &EndSignals::endWanted);
        std::raise(signal);
        QTRY_COMPARE_WITH_TIMEOUT(wanted.count(), 1, 60000);
    }

    void aProgramThatDiesLeavesAReport_data()
    {
        QTest::addColumn<QString>("how");
        QTest::addColumn<QString>("says");
        QTest::newRow("memory") << "fault"
                                << "SIGSEGV";
        QTest::newRow("exception") << "throw"
                                   << "nobody catches this";
    }

    void aProgramThatDiesLeavesAReport()
    {
        QFETCH(QString, how);
        QFETCH(QString, says);
        const test::TemporaryFolder folder;
        QProcess doomed;
        doomed.start(QCoreApplication::applicationFilePath(),
                     {QStringLiteral("--die"), how, QString::fromStdString((folder / "crashes").string())});
        QVERIFY(doomed.waitForFinished(60000));
        QCOMPARE(doomed.exitStatus(), QProcess::CrashExit); // it dies as it would have without a report
        const auto reports = takeCrashReports(folder / "crashes");
        QCOMPARE(reports.size(), std::size_t(1));
        const auto text = readTextFile(reports[0]);
        QVERIFY2(text.find("doomed 1.0") == 0, text.c_str());
        QVERIFY2(text.find(says.toStdString()) != std::string::npos, text.c_str());
        QVERIFY2(text.find("stack:") != std::string::npos, text.c_str());
        QVERIFY(takeCrashReports(folder / "crashes").empty()); // told once
        QVERIFY(std::filesystem::exists(reports[0]));
    }
};

int main(int argc, char** argv)
{
    if (argc == 4 && std::strcmp(argv[1], "--die") == 0)
        die(argv[2], argv[3]);
    qputenv("LC_ALL", "de_DE.UTF-8"); // Qt knows it, whether or not the system does
    Application application(argc, argv);
    TestApplication test;
    return QTest::qExec(&test, argc, argv);
}
#include "tst_application.moc"
