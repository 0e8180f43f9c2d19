#include "tests/app/cli/program.h"
#include "tests/support/test_data.h"

#include <QElapsedTimer>
#include <QFile>
#include <QJsonDocument>
#include <QProcess>
#include <QRegularExpression>
#include <QTest>

#include <csignal>
#include <filesystem>
#include <map>

namespace fs = std::filesystem;
using namespace nanodit::test;

namespace {

/// How a command is made to fail, and how it is run so that it can be stopped.
struct Example {
    QStringList failing;    ///< Its arguments, where the workspace is no workspace.
    QStringList running;    ///< Its arguments in a demo workspace.
    bool takesLong = false; ///< `running` takes far longer than a stop.
};

/// Commands as `nanodit --help` lists them, those within others as "demo create".
QStringList commandsBelow(const QStringList& words)
{
    const auto help = runProgram(words + QStringList{"--help"}).out;
    const auto start = help.indexOf("Subcommands:");
    if (start < 0)
        return {words.join(' ')};
    QStringList found;
    static const QRegularExpression line("^  ([a-z][a-z-]*)", QRegularExpression::MultilineOption);
    for (auto it = line.globalMatch(help, start); it.hasNext();)
        found += commandsBelow(words + QStringList{it.next().captured(1)});
    return found;
}

/// True when all of stdout is one JSON object.
bool isOneObject(const QString& out)
{
    QJsonParseError error;
    const auto document = QJsonDocument::fromJson(out.toUtf8(), &error);
    return error.error == QJsonParseError::NoError && document.isObject();
}

/// The program has begun to listen to SIGTERM.
bool listens(qint64 process)
{
    QFile status(QStringLiteral("/proc/%1/status").arg(process));
    if (!status.open(QIODevice::ReadOnly))
        return false;
    static const QRegularExpression caught("SigCgt:\\s*([0-9a-f]+)");
    const auto signals_ = caught.match(QString::fromLatin1(status.readAll())).captured(1).toULongLong(nullptr, 16);
    return (signals_ & (1ULL << (SIGTERM - 1))) != 0;
}

} // namespace

/// What every command promises, asked of each: one JSON object with --json, however it ends, and the exit code that
/// says how it ended.
class EveryCommandTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void everyCommandHasAnExample();
    void helpNamesWhatEachOptionExcludes_data() { listCommands(); }
    void helpNamesWhatEachOptionExcludes();
    void badUsageIsAnObject_data() { listCommands(); }
    void badUsageIsAnObject();
    void aFailureIsAnObject_data() { listCommands(); }
    void aFailureIsAnObject();
    void aStopIsAnObject_data() { listCommands(); }
    void aStopIsAnObject();
    void aStoppedTrainingSaysWhereItIs();
    void aStoppedMeasurementPromisesNothing();

private:
    TemporaryFolder folder_;
    QStringList commands_;
    std::map<QString, Example> examples_;

    QString path(const char* name) const { return text(folder_ / name); }
    void listCommands() const
    {
        QTest::addColumn<QString>("command");
        for (const auto& command : commands_)
            QTest::newRow(qPrintable(command)) << command;
    }
    /// Runs the command in the demo workspace and stops it: when it shows progress or has run for a while, or at once.
    ProgramResult stopped(const QStringList& arguments, bool whenItWorks) const;
};

void EveryCommandTest::initTestCase()
{
    commands_ = commandsBelow({});
    QCOMPARE(runProgram({"demo", "create", path("demo"), "--count", "24", "--quiet"}).exitCode, 0);
    QFile settings(path("demo/workspace.yaml"));
    QVERIFY(settings.open(QIODevice::ReadWrite));
    const auto captioned = QString::fromUtf8(settings.readAll())
                               .replace("caption_command: []", "caption_command: [sh, -c, sleep 60, \"{image}\"]");
    QVERIFY(settings.resize(0) && settings.seek(0) && settings.write(captioned.toUtf8()) > 0);
    settings.close();
    writeText(folder_ / "broken.yaml", "model: {deph: 3}\n");
    const auto nowhere = path("broken.yaml") + "/below"; // a folder that cannot be made, not even by root

    const QStringList fast = {"--set", "previews.every=0", "--set", "data.batch_size=2"};
    examples_ = {
        {"attention",
         {{"--record", "a", "--query", "1,1"},
          {"--record", "scene-000005", "--query", "1,1", "--film", "t", "--sampler-steps", "1000", "--out",
           path("seen")},
          true}},
        {"bench",
         {{"--set", "model.hidden_size=7"}, {"--config", "demo", "--size", "256x256", "--steps", "100000"}, true}},
        {"caption", {{}, {"scene-000001"}, true}},
        {"duplicates", {{}, {}, false}},
        {"captions edit", {{"--find", "a"}, {"--find", "no such word"}, false}},
        {"captions tags", {{}, {}, false}},
        {"captions undo", {{}, {}, false}},
        {"compare", {{"a", "b"}, {"reference", "reference"}, false}},
        {"config", {{path("broken.yaml")}, {"--list"}, false}},
        {"demo create", {{nowhere}, {path("large"), "--count", "100000"}, true}},
        {"demo layout", {{}, {"--sampler-steps", "1000"}, true}},
        {"demo measure", {{path("nothing")}, {"--count", "10000"}, true}},
        {"demo train-encoders", {{nowhere}, {path("encoders")}, true}},
        {"doctor", {{"--device", "tpu"}, {"--no-computing"}, false}},
        {"edit", {{"a", "--include"}, {"scene-000001", "--tags", "seen"}, false}},
        {"experiment patches-vs-cls", {{}, {"--steps", "100000", "--seeds", "1"}, true}},
        {"experiment sweep",
         {{"--arm", "a"}, {"--arm", "a", "--arm", "b:repa.weight=0.5", "--steps", "100000", "--seeds", "1"}, true}},
        {"export", {{path("records.jsonl")}, {path("records.jsonl")}, false}},
        {"export-run", {{path("given")}, {path("given"), "--run", "reference"}, false}},
        {"golden", {{path("nothing")}, {text(dataPath("golden"))}, false}},
        {"import", {{path("nothing")}, {path("demo/data/images")}, false}},
        {"merge", {{}, {}, false}},
        {"preprocess", {{}, {}, false}},
        {"records", {{}, {}, false}},
        {"relocate", {{"a", "b"}, {path("demo/data/images"), path("demo/data/images")}, false}},
        {"runs", {{}, {}, false}},
        {"sample", {{}, {"--count", "1000", "--sampler-steps", "1000", "--out", path("picture.png")}, true}},
        {"shard", {{}, {"--overwrite"}, false}},
        {"status", {{}, {}, false}},
        {"train", {{}, QStringList{"--config", "demo", "--steps", "100000"} + fast, true}},
        {"validate", {{}, {"--sampler-steps", "1000", "--out", path("report")}, true}},
        {"verify", {{}, {}, false}},
        {"worth", {{}, {"--training", "4"}, false}},
    };
}

void EveryCommandTest::everyCommandHasAnExample()
{
    QVERIFY(commands_.size() > 20);
    for (const auto& command : commands_)
        QVERIFY2(examples_.contains(command), qPrintable("add an example for: " + command));
}

void EveryCommandTest::helpNamesWhatEachOptionExcludes()
{
    QFETCH(QString, command);
    const auto help = runProgram(command.split(' ') + QStringList{"--help"}).out;
    QVERIFY(help.contains("--help"));
    static const QRegularExpression ofNothing("Excludes: *(\\n|  )"); // the help of the option begins behind two blanks
    QVERIFY2(!ofNothing.match(help).hasMatch(), qPrintable(help));
}

void EveryCommandTest::badUsageIsAnObject()
{
    QFETCH(QString, command);
    const auto result = runProgram(command.split(' ') + QStringList{"--no-such-option", "--json"});
    QCOMPARE(result.exitCode, 2);
    QVERIFY2(isOneObject(result.out), qPrintable(result.out));
    const auto error = result.json().value("error").toObject();
    QCOMPARE(error.value("kind").toString(), QString("usage"));
    QVERIFY2(error.value("message").toString().contains("nanodit " + command + " --help"), qPrintable(result.out));
}

void EveryCommandTest::aFailureIsAnObject()
{
    QFETCH(QString, command);
    const auto result = runProgram(QStringList{"-w", path("nothing"), "--json", "--quiet"} + command.split(' ') +
                                   examples_.at(command).failing);
    QVERIFY2(isOneObject(result.out), qPrintable(result.out));
    QVERIFY(result.exitCode == 1 || result.exitCode == 2);
    if (command == "golden") { // a case that cannot be read is a failed case, beside others that can
        QCOMPARE(result.json().value("failed").toInt(), 1);
        return;
    }
    const auto error = result.json().value("error").toObject();
    QVERIFY2(!error.value("kind").toString().isEmpty() && !error.value("message").toString().isEmpty(),
             qPrintable(result.out));
    QVERIFY2(error.value("kind").toString() != "unexpected", qPrintable(result.out));
    QVERIFY(!result.json().contains("cancelled"));
}

void EveryCommandTest::aStopIsAnObject()
{
    QFETCH(QString, command);
    const auto& example = examples_.at(command);
    const auto result = stopped(command.split(' ') + example.running, example.takesLong);
    QVERIFY2(isOneObject(result.out), qPrintable(result.out + result.errors));
    const bool cancelled = result.json().value("cancelled").toBool();
    if (example.takesLong)
        QVERIFY2(cancelled, qPrintable(result.out + result.errors));
    if (cancelled)
        QCOMPARE(result.exitCode, 130);
    else // it had ended before it heard of the stop, in whichever way
        QVERIFY2(result.exitCode >= 0 && result.exitCode <= 2, qPrintable(result.out));
}

void EveryCommandTest::aStoppedTrainingSaysWhereItIs()
{
    const auto result = stopped(QStringList{"train", "--run", "halted"} + examples_.at("train").running, true);
    QCOMPARE(result.exitCode, 130);
    QCOMPARE(result.json().value("run").toString(), QString("halted"));
    QVERIFY2(result.errors.contains("nanodit train --run halted --resume"), qPrintable(result.errors));
}

void EveryCommandTest::aStoppedMeasurementPromisesNothing()
{
    const auto result = stopped(QStringList{"bench"} + examples_.at("bench").running, true);
    QCOMPARE(result.exitCode, 130);
    QVERIFY2(result.errors.contains("stopped") && !result.errors.contains("continue"), qPrintable(result.errors));
}

ProgramResult EveryCommandTest::stopped(const QStringList& arguments, bool whenItWorks) const
{
    QProcess process;
    process.start(NANODIT_PROGRAM, QStringList{"-w", path("demo"), "--json"} + arguments);
    ProgramResult result;
    QElapsedTimer timer;
    timer.start();
    qint64 listening = 0; // since when, in ms
    while (process.state() != QProcess::NotRunning && timer.elapsed() < 120000) {
        process.waitForReadyRead(2); // false also when nothing has come yet
        result.errors += QString::fromUtf8(process.readAllStandardError());
        if (listening == 0 && listens(process.processId()))
            listening = timer.elapsed();
        const bool works = !result.errors.isEmpty() || timer.elapsed() > listening + 3000;
        if (listening > 0 && (works || !whenItWorks))
            break;
    }
    if (process.state() != QProcess::NotRunning)
        ::kill(static_cast<pid_t>(process.processId()), SIGTERM);
    if (process.waitForFinished(120000) && process.exitStatus() == QProcess::NormalExit)
        result.exitCode = process.exitCode();
    result.out = QString::fromUtf8(process.readAllStandardOutput());
    result.errors += QString::fromUtf8(process.readAllStandardError());
    return result;
}

QTEST_GUILESS_MAIN(EveryCommandTest)
#include "tst_every_command.moc"
