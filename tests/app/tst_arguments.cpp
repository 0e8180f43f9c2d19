#include "app/arguments.h"
#include "core/runtime/error.h"
#include "tests/support/test_data.h"

#include <QCommandLineParser>
#include <QFile>
#include <QImage>
#include <QProcess>
#include <QRegularExpression>
#include <QTemporaryDir>
#include <QTest>

#include <chrono>

using namespace nanodit;

namespace {

Arguments argumentsOf(const QStringList& options)
{
    QCommandLineParser parser;
    addWindowOptions(parser);
    parseOptions(parser, QStringList(QStringLiteral("program")) + options);
    return windowArguments(parser);
}

/// The sentence that options are refused with, or "".
QString refusalOf(const QStringList& options)
{
    return QString::fromStdString(test::errorOf([&] { argumentsOf(options); }));
}

struct Ended {
    int exitCode = -1;
    QString out, errors;
};

Ended endOf(const QString& program, const QStringList& options)
{
    const QTemporaryDir runtime; // without one that is the user's alone, Qt writes a line of its own
    QProcess process;
    auto environment = QProcessEnvironment::systemEnvironment();
    environment.insert(QStringLiteral("XDG_RUNTIME_DIR"), runtime.path());
    process.setProcessEnvironment(environment);
    process.start(program, options);
    Ended ended;
    if (process.waitForFinished(60000) && process.exitStatus() == QProcess::NormalExit)
        ended.exitCode = process.exitCode();
    ended.out = QString::fromUtf8(process.readAllStandardOutput());
    ended.errors = QString::fromUtf8(process.readAllStandardError());
    return ended;
}

} // namespace

class TestArguments : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void readsEveryOption()
    {
        const auto none = argumentsOf({});
        QVERIFY(none.workspace.isEmpty() && !none.page && !none.theme);
        QCOMPARE(none.device.threads, 0);
        const auto all = argumentsOf(
            {"-w", "/some/where", "--page", "attention", "--theme", "dark", "--device", "cuda:1", "--threads", "3"});
        QCOMPARE(all.workspace, QStringLiteral("/some/where"));
        QCOMPARE(all.page, std::optional(Page::Attention));
        QCOMPARE(all.theme, std::optional(ThemeMode::Dark));
        QCOMPARE(all.device.device, std::string("cuda:1"));
        QCOMPARE(all.device.threads, 3);
        QCOMPARE(argumentsOf({"--theme", "dark", "/some/where"}).workspace, QStringLiteral("/some/where"));
        for (const auto& info : pageTable())
            QCOMPARE(argumentsOf({"--page", info.word}).page, std::optional(info.page));
    }

    void readsWhatABenchAsks()
    {
        QVERIFY(!argumentsOf({}).measurement);
        QVERIFY(!argumentsOf({"--measure-training", "5"}).measurement);
        const auto measurement = argumentsOf({"--measure", "1500", "--measure-training", "5"}).measurement;
        QVERIFY(measurement);
        QCOMPARE(measurement->started.time_since_epoch() / std::chrono::nanoseconds(1), 1500);
        QCOMPARE(measurement->training.count(), 5);
    }

    /// The help is for those who type.
    void theHelpIsSilentAboutMeasuring() { QVERIFY(!endOf(NANODIT_WORKBENCH, {"--help"}).out.contains("measure")); }

    void refusesBadValuesInASentence_data()
    {
        QTest::addColumn<QStringList>("options");
        QTest::addColumn<QString>("sentence");
        const auto row = [](const char* name, const QStringList& options, const char* sentence) {
            QTest::newRow(name) << options << QString::fromUtf8(sentence);
        };
        row("no number", {"--threads", "abc"}, "--threads is \"abc\", but must be a whole number from 0 to 4096");
        row("half a number", {"--threads", "2x"}, "--threads is \"2x\", but must be a whole number from 0 to 4096");
        row("too few", {"--threads", "-1"}, "--threads is \"-1\", but must be a whole number from 0 to 4096");
        row("no device", {"--device", "tpu"},
            "the device \"tpu\" is unknown: use auto, cpu, cuda or cuda:N, where N is the number of a GPU");
        row("too many", {"--threads", "5000"}, "--threads is \"5000\", but must be a whole number from 0 to 4096");
        row("page", {"--page", "trian"},
            "--page is \"trian\", but must be dataset, train, attention, sample, validate or runs");
        row("theme", {"--theme", "blue"}, "--theme is \"blue\", but must be system, light or dark");
        row("no time", {"--measure", "now"}, "--measure is \"now\", but must be nanoseconds of the steady clock");
        row("two folders", {"one", "two"}, "the window opens one workspace, but 2 folders are named: one, two");
        row("a folder and the option", {"one", "--workspace", "two"},
            "the window opens one workspace, but 2 folders are named: one, two");
    }
    void refusesBadValuesInASentence()
    {
        QFETCH(QStringList, options);
        QFETCH(QString, sentence);
        QCOMPARE(refusalOf(options), sentence);
    }

    void refusesUnknownOptions()
    {
        QVERIFY2(refusalOf({"--screenshot", "x.png"}).contains("screenshot"), "by its name");
        QVERIFY2(refusalOf({"--threads"}).contains("threads"), "an option without its value");
    }

    void programsExitWithTwoOnBadUsage_data()
    {
        QTest::addColumn<QString>("program");
        QTest::addColumn<QStringList>("options");
        QTest::addColumn<QString>("error");
        const QString window = NANODIT_WORKBENCH, screenshots = NANODIT_SCREENSHOTS;
        QTest::newRow("threads") << window << QStringList{"--threads", "abc"}
                                 << "nanodit-workbench: --threads is \"abc\"";
        QTest::newRow("unknown option") << window << QStringList{"--lens", "norms"} << "nanodit-workbench: ";
        QTest::newRow("no file") << screenshots << QStringList{} << "nanodit-screenshots: --out";
        QTest::newRow("no number") << screenshots << QStringList{"--out", "x.png", "--tab", "x"}
                                   << "nanodit-screenshots: --tab is \"x\"";
        QTest::newRow("size") << screenshots << QStringList{"--out", "x.png", "--size", "10x10"}
                              << "nanodit-screenshots: --size is \"10x10\"";
        QTest::newRow("page without workspace")
            << screenshots << QStringList{"--out", "x.png", "--page", "train"} << "nanodit-screenshots: a page needs";
    }
    void programsExitWithTwoOnBadUsage()
    {
        QFETCH(QString, program);
        QFETCH(QStringList, options);
        QFETCH(QString, error);
        const auto ended = endOf(program, options);
        QCOMPARE(ended.exitCode, 2);
        QVERIFY2(ended.errors.startsWith(error), qPrintable(ended.errors));
        QCOMPARE(ended.errors.count('\n'), 1); // a sentence, on one line
    }

    void failuresAreAlsoToldToWhomeverAsks()
    {
        QString told;
        const auto tell = [&told](const QString& why) { told = why; };
        QCOMPARE(exitCodeOf(
                     "program", [] { return 7; }, tell),
                 7);
        QVERIFY(told.isEmpty());
        QCOMPARE(exitCodeOf(
                     "program", []() -> int { throw DataError("there are no configurations"); }, tell),
                 1);
        QCOMPARE(told, QStringLiteral("there are no configurations"));
        QCOMPARE(exitCodeOf(
                     "program", []() -> int { throw UsageError("another LibTorch was loaded"); }, tell),
                 2);
        QCOMPARE(told, QStringLiteral("another LibTorch was loaded"));
    }

    /// Started from a desktop, its standard error is seen by nobody: it stays until the box is closed.
    void anIncompleteInstallationIsToldInABox()
    {
        const QTemporaryDir empty;
        auto environment = QProcessEnvironment::systemEnvironment();
        environment.insert(QStringLiteral("NANODIT_RESOURCES"), empty.path());
        QProcess process;
        process.setProcessEnvironment(environment);
        process.start(NANODIT_WORKBENCH, {});
        QByteArray errors;
        QTRY_VERIFY_WITH_TIMEOUT((errors += process.readAllStandardError()).contains("NANODIT_RESOURCES names"), 60000);
        QVERIFY(!process.waitForFinished(1000));
        process.kill();
        QVERIFY(process.waitForFinished());
    }

    void theHelpListsNoOptionOfScreenshots()
    {
        const auto help = endOf(NANODIT_WORKBENCH, {"--help"});
        QCOMPARE(help.exitCode, 0);
        for (const char* option : {"--workspace", "--page", "--theme", "--device", "--threads", "--version"})
            QVERIFY2(help.out.contains(option), option);
        for (const char* option : {"--screenshot", "--lens", "--size", "--tab"})
            QVERIFY2(!help.out.contains(option), option);
    }

    void theManualNamesEveryOption()
    {
        QFile file(QStringLiteral(SOURCE_ROOT "/packaging/nanodit-workbench.1"));
        QVERIFY(file.open(QIODevice::ReadOnly));
        const auto manual = QString::fromUtf8(file.readAll()).remove('\\'); // before a hyphen that is typed
        const auto help = endOf(NANODIT_WORKBENCH, {"--help"}).out;
        static const QRegularExpression option("--[a-z][a-z-]*");
        QVERIFY(help.contains(option));
        for (auto it = option.globalMatch(help); it.hasNext();) {
            const auto name = it.next().captured();
            QVERIFY2(manual.contains(name), qPrintable(name));
        }
    }

    void theWelcomePageIsPictured()
    {
        const test::TemporaryFolder folder;
        const auto file = QString::fromStdString((folder / "welcome.png").string());
        const auto ended = endOf(NANODIT_SCREENSHOTS, {"--out", file, "--size", "1100x700", "--theme", "dark"});
        QVERIFY2(ended.exitCode == 0, qPrintable(ended.errors));
        QCOMPARE(QImage(file).size(), QSize(1100, 700));
        const auto lost = endOf(NANODIT_SCREENSHOTS, {"--out", file + "/none/x.png"});
        QCOMPARE(lost.exitCode, 1);
        QVERIFY2(lost.errors.contains("could not be written"), qPrintable(lost.errors));
    }
};

QTEST_MAIN(TestArguments)
#include "tst_arguments.moc"
