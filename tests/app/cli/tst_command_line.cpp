#include "core/config/workspace_config.h"
#include "tests/app/cli/program.h"
#include "tests/support/drawn_picture.h"
#include "tests/support/test_data.h"

#include <QFile>
#include <QJsonArray>
#include <QProcess>
#include <QRegularExpression>
#include <QTest>

#include <filesystem>

namespace fs = std::filesystem;
using namespace nanodit::test;

/// The program as a user types it: exit codes and messages.
class CommandLineTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void badUsageExitsWithTwo_data();
    void badUsageExitsWithTwo();
    void helpAndVersionExitWithZero();
    void errorsAreJsonWhenAsked();
    void aNameThatIsTooLongIsOneSentence();
    void captionsOfOthersDoNotSteerTheTerminal();
    void checkpointsAreListedWhateverTheConfigurationIs();
    void aRefusedEditOfARunChangesNothing();
    void tagsOfARunAreRemovedByNamingNone();
    void whatCannotBeResumedIsNotForecast();
    void aSetThatIsNamedMustBePacked();
    void aFileThatMayNotGrowIsAnError();
    void aFolderThatCannotBeMadeIsNamedBeforeTheWork();
    void settingsAreListedAndChecked();
    void theConfigurationReferenceIsUpToDate();
    void theManualNamesEveryCommandAndOption();
    void waitingThreadsSleepUnlessToldOtherwise();

private:
    TemporaryFolder folder_;
};

void CommandLineTest::badUsageExitsWithTwo_data()
{
    QTest::addColumn<QStringList>("arguments");
    QTest::addColumn<QString>("says");
    const auto empty = text(folder_.path());
    QTest::newRow("no command") << QStringList{} << "subcommand";
    QTest::newRow("unknown command") << QStringList{"paint"} << "there is no command \"paint\"";
    QTest::newRow("misspelt command") << QStringList{"exprot"} << "did you mean \"export\"";
    QTest::newRow("misspelt inner command") << QStringList{"demo", "craete"} << "did you mean \"create\"";
    QTest::newRow("no argument") << QStringList{"import"} << "\"nanodit import --help\"";
    QTest::newRow("no whole number") << QStringList{"shard", "--shard-size", "0"} << "from 1 on, but is \"0\"";
    QTest::newRow("none of the names") << QStringList{"preprocess", "--precision", "f8"} << "{auto,bf16,float32}";
    QTest::newRow("choice of what is not looked at")
        << QStringList{"-w", empty, "verify", "--record", "a"} << "--deep or --drift";
    QTest::newRow("no drift") << QStringList{"verify", "--drift", "0"} << "from 0.01 to 4, but is \"0\"";
    QTest::newRow("no threads") << QStringList{"--threads", "-1", "status"} << "from 0 to 4096, but is \"-1\"";
    QTest::newRow("threads in words") << QStringList{"--threads", "all", "status"} << "but is \"all\"";
    QTest::newRow("interval beyond 1") << QStringList{"sample", "--guidance-interval", "0", "2"} << "from 0 to 1";
    QTest::newRow("two pictures' CLS") << QStringList{"sample", "--cls-record", "a", "--cls-reference", "b.png"}
                                       << "excludes";
    QTest::newRow("two pictures' blend") << QStringList{"sample", "--blend-record", "a", "--blend-reference", "b.png"}
                                         << "excludes";
    QTest::newRow("weight of a blend") << QStringList{"sample", "--blend-weight", "2"} << "from 0 to 1";
    QTest::newRow("scale of attention") << QStringList{"attention", "--text-scale", "99"} << "from 0 to 50";
    QTest::newRow("scale of layout") << QStringList{"demo", "layout", "--dino-scale", "-1"} << "from 0 to 50";
    QTest::newRow("log every") << QStringList{"train", "--log-every", "-5"} << "from 0 on";
    QTest::newRow("seed with a sign") << QStringList{"sample", "--seed", "-1"} << "whole number from 0";
    QTest::newRow("rank with a sign") << QStringList{"shard", "--rank", "-1"} << "from 0 on";
    QTest::newRow("steps of a sampler") << QStringList{"validate", "--sampler-steps", "0"} << "from 1 to 1000";
    QTest::newRow("earlier name") << QStringList{"validate", "--records", "0"} << "--records: must be";
    QTest::newRow("more ranks than fit") << QStringList{"train", "--ranks", "4294967296"} << "from 1 to 1024";
    QTest::newRow("star and note") << QStringList{"runs", "first", "--star", "5", "--note", "good"} << "once for each";
    QTest::newRow("note of no run") << QStringList{"runs", "--note", "good"} << "for one run";
    QTest::newRow("no reason to exclude") << QStringList{"edit", "a", "--exclude", ""} << "needs a reason";
    QTest::newRow("no size") << QStringList{"bench", "--size", "128X128"} << "--size must be WIDTHxHEIGHT";
    QTest::newRow("an empty size") << QStringList{"sample", "--size", ""} << "WIDTHxHEIGHT";
    QTest::newRow("an empty grid") << QStringList{"sample", "--grid", ""} << "but is empty";
    QTest::newRow("seeds behind the last")
        << QStringList{"sample", "--seed", "18446744073709551615", "--count", "2"} << "is too large for 2";
    QTest::newRow("no reason") << QStringList{"edit", "a", "--exclude", " "} << "needs a reason";
    QTest::newRow("an empty split") << QStringList{"edit", "a", "--split", ""} << "but is empty";
    QTest::newRow("no picture's name") << QStringList{"sample", "--out", "picture.jpg"} << "ends in .png";
    QTest::newRow("no name for a picture") << QStringList{"sample", "--out", ""} << "ends in .png";
    QTest::newRow("a folder for a picture") << QStringList{"sample", "--out", empty} << "which is a folder";
    QTest::newRow("records as a table") << QStringList{"export", "records.csv"} << "ends in .jsonl";
    QTest::newRow("fewer tags than none") << QStringList{"captions", "tags", "--most", "-5"} << "from 0 on";
    QTest::newRow("fewer duplicates than none") << QStringList{"duplicates", "--most", "-1"} << "from 0 on";
    QTest::newRow("a run behind a star") << QStringList{"-w", empty, "runs", "--star", "5", "first"}
                                         << "no workspace.yaml";
    QTest::newRow("a run behind tags") << QStringList{"-w", empty, "runs", "--tags", "a,b", "first"}
                                       << "no workspace.yaml";
    QTest::newRow("a file behind a setting")
        << QStringList{"config", "--set", "model.depth=deep", "base"} << "model.depth must be a whole number";
    QTest::newRow("seeds of a grid") << QStringList{"sample", "--grid", "text=1,dino=1", "--count", "2"} << "excludes";
    QTest::newRow("prompts beside a record's text")
        << QStringList{"sample", "--prompts", "a.txt", "--text-record", "a"} << "excludes";
    QTest::newRow("a training without a name")
        << QStringList{"train", "--run", ""} << "must be the name of a run, but is empty";
    QTest::newRow("a model without a name")
        << QStringList{"sample", "--run", ""} << "must be the name of a run, but is empty";
    QTest::newRow("a reference without a name")
        << QStringList{"sample", "--record", ""} << "must be the id of a record, but is empty";
    for (const auto& command : {QStringList{"relocate", "", "b"}, QStringList{"relocate", "a", ""},
                                QStringList{"demo", "create", ""}, QStringList{"doctor", "--encoders", ""}})
        QTest::newRow(qPrintable("nothing: " + command.join(' '))) << command << "must be a folder, but is empty";
    QTest::newRow("a batch beyond all") << QStringList{"status", "--batch-size", "5000"} << "from 1 to 4096";
    QTest::newRow("an epoch beyond all") << QStringList{"status", "--epoch", "9223372036854775807"}
                                         << "from 0 to 1000000000";
    QTest::newRow("more pictures than seeds can be listed")
        << QStringList{"sample", "--count", "9223372036854775807"} << "from 1 to 1000000";
    QTest::newRow("more megabytes than bytes can be counted")
        << QStringList{"preprocess", "--memory", "9223372036854775807"} << "from 1 to 1000000000";
    QTest::newRow("both names of an option")
        << QStringList{"validate", "--records", "3", "--count", "2"} << "--count excludes --records";
    QTest::newRow("tables of a file") << QStringList{"config", "--check", "base", "--list", "--markdown"} << "excludes";
    QTest::newRow("no picture to measure")
        << QStringList{"worth", "--validation", "0", "--training", "0"} << "are both 0";
    QTest::newRow("a word with a sign") << QStringList{"attention", "--erase-word", "-1"} << "from 0 on";
    QTest::newRow("a repair that is not made") << QStringList{"verify", "--deep", "--repair"} << "once for each";
    QTest::newRow("no whole tokens") << QStringList{"bench", "attention", "--size", "1x1"} << "multiples of 16";
    QTest::newRow("no whole tokens of a step") << QStringList{"bench", "--size", "100x100"} << "multiples of 16";
    QTest::newRow("no whole tokens of data") << QStringList{"bench", "load", "--size", "10x10"} << "multiples of 16";
    QTest::newRow("no whole patches") << QStringList{"bench", "dino", "--size", "17x17"} << "multiples of 16";
    QTest::newRow("no whole latent") << QStringList{"bench", "vae", "--size", "4x4"} << "multiples of 8";
    for (const auto* const command : {"sample", "validate", "attention"})
        QTest::newRow(command) << QStringList{command, "--checkpoint", "a", "--run", "b"} << "excludes";
    QTest::newRow("two models") << QStringList{"demo", "layout", "--checkpoint", "a", "--run", "b"} << "excludes";
    QTest::newRow("misspelt option") << QStringList{"train", "--warmstart", "x"} << "did you mean \"--warm-start\"";
    QTest::newRow("no such configuration") << QStringList{"config", "bose"} << "did you mean \"base\"";
    QTest::newRow("nothing to check") << QStringList{"config"} << "--list";
    QTest::newRow("misspelt setting") << QStringList{"config", "base", "--set", "optimizer.lr=1"}
                                      << "did you mean \"optimiser\"";
    QTest::newRow("unknown option") << QStringList{"verify", "--wokspace", "x"} << "--wokspace";
    QTest::newRow("no workspace") << QStringList{"-w", empty, "verify"} << "no workspace";
    QTest::newRow("unknown device") << QStringList{"-w", empty, "--device", "tpu", "verify"} << "cpu, cuda";
    QTest::newRow("unknown pass") << QStringList{"-w", empty, "preprocess", "--pass-filter", "t6"} << "workspace";
    QTest::newRow("a workspace without a name") << QStringList{"-w", "", "status"} << "must be a folder, but is empty";
    QTest::newRow("no edit of captions") << QStringList{"captions", "edit", "--find", ""} << "nothing to change";
    QTest::newRow("a replacement of nothing")
        << QStringList{"captions", "edit", "--before", "a ", "--replace", "b"} << "needs --find";
    QTest::newRow("no such golden case") << QStringList{"golden", empty + "/nothing"} << "";
    QTest::newRow("import of no name") << QStringList{"-w", empty + "/new", "import", ""} << "nothing was named";
    QTest::newRow("import of a device") << QStringList{"-w", empty + "/new", "import", "/dev/zero"} << "a device";
    QTest::newRow("a steered terminal") << QStringList{"-w", empty + "/new", "import", "/no\x1b[2Jsuch"}
                                        << "/no?[2Jsuch";
    QTest::newRow("import of nothing") << QStringList{"-w", empty + "/new", "import", empty + "/missing"} << "missing";
}

void CommandLineTest::badUsageExitsWithTwo()
{
    QFETCH(QStringList, arguments);
    QFETCH(QString, says);
    const auto result = runProgram(arguments);
    const bool golden = arguments.value(0) == "golden"; // a case that cannot be read is a failed case
    QCOMPARE(result.exitCode, golden ? 1 : 2);
    const auto sentence = result.errors.trimmed().section('\n', -1); // below notes and progress
    QVERIFY2(golden || sentence.startsWith("nanodit: "), qPrintable(result.errors));
    QVERIFY2(sentence.contains(says), qPrintable(result.errors));
    QVERIFY(fs::is_empty(folder_.path())); // no workspace was begun for it
}

void CommandLineTest::helpAndVersionExitWithZero()
{
    const auto help = runProgram({"--help"});
    QCOMPARE(help.exitCode, 0);
    for (const char* command : {"import", "preprocess", "shard", "verify", "status", "export", "train", "sample",
                                "validate", "compare", "runs", "demo", "config", "golden"})
        QVERIFY2(help.out.contains(command), command);
    const auto version = runProgram({"--version"});
    QCOMPARE(version.exitCode, 0);
    QVERIFY2(version.out.startsWith("nanodit "), qPrintable(version.out));
}

void CommandLineTest::waitingThreadsSleepUnlessToldOtherwise()
{
    const TemporaryFolder folder;
    for (const auto* const setting : {"", "active"}) {
        auto environment = QProcessEnvironment::systemEnvironment();
        environment.remove(QStringLiteral("OMP_WAIT_POLICY"));
        if (*setting != 0)
            environment.insert(QStringLiteral("OMP_WAIT_POLICY"), QLatin1String(setting));
        QProcess process;
        process.setProcessEnvironment(environment);
        process.start(NANODIT_PROGRAM, {"demo", "create", QString::fromStdString((folder / "demo").string())});
        const auto wanted = QByteArray("OMP_WAIT_POLICY=") + (*setting != 0 ? setting : "passive");
        QTRY_VERIFY_WITH_TIMEOUT(
            [&] {
                QFile started(QStringLiteral("/proc/%1/environ").arg(process.processId()));
                return started.open(QIODevice::ReadOnly) && started.readAll().split('\0').contains(wanted);
            }(),
            60000);
        process.kill();
        process.waitForFinished();
    }
}

void CommandLineTest::errorsAreJsonWhenAsked()
{
    const auto result = runProgram({"-w", text(folder_.path()), "--json", "verify"});
    QCOMPARE(result.exitCode, 2);
    const auto error = result.json().value("error").toObject();
    QCOMPARE(error.value("kind").toString(), QString("data"));
    QVERIFY2(error.value("message").toString().contains("workspace.yaml"), qPrintable(result.out));
    // Also where the command line itself cannot be read, and --json stands behind what is wrong with it.
    const auto usage = runProgram({"exprot", "--json"});
    QCOMPARE(usage.exitCode, 2);
    QCOMPARE(usage.json().value("error").toObject().value("kind").toString(), QString("usage"));
}

void CommandLineTest::aNameThatIsTooLongIsOneSentence()
{
    const QString endless(5000, 'x'); // longer than any path may be
    const auto result = runProgram({"demo", "create", endless});
    QCOMPARE(result.exitCode, 1);
    QVERIFY2(result.errors.startsWith("nanodit: the folder /"), qPrintable(result.errors));
    QVERIFY2(result.errors.endsWith(" could not be created: File name too long\n"), qPrintable(result.errors));
    const auto error = runProgram({"--json", "demo", "create", endless}).json().value("error").toObject();
    QCOMPARE(error.value("kind").toString(), QString("store"));
}

void CommandLineTest::theConfigurationReferenceIsUpToDate()
{
    const auto made = runProgram({"config", "--list", "--markdown"});
    QCOMPARE(made.exitCode, 0);
    QFile file(QStringLiteral(SOURCE_ROOT "/docs/configuration.md"));
    QVERIFY(file.open(QIODevice::ReadOnly));
    QVERIFY2(QString::fromUtf8(file.readAll()).endsWith(made.out),
             "replace the tables of docs/configuration.md with what \"nanodit config --list --markdown\" prints");
}

void CommandLineTest::captionsOfOthersDoNotSteerTheTerminal()
{
    const TemporaryFolder folder;
    fs::create_directories(folder / "pictures");
    nanodit::writePng(folder / "pictures/hill.png", drawnPicture(1, {512, 384}));
    writeText(folder / "pictures/hill.txt", "a \x1b[2J fox \xc2\x9b");
    const auto workspace = text(folder / "workspace");
    QCOMPARE(runProgram({"-w", workspace, "--quiet", "import", text(folder / "pictures")}).exitCode, 0);
    const QStringList edit = {"captions", "edit", "--find", "fox", "--replace", "dog", "--dry-run"};
    const auto shown = runProgram(QStringList{"-w", workspace} + edit).out;
    QVERIFY2(shown.contains("[2J fox"), qPrintable(shown));
    QVERIFY(!shown.contains(QChar(0x1b)) && !shown.contains(QChar(0x9b)));
}

void CommandLineTest::checkpointsAreListedWhateverTheConfigurationIs()
{
    const TemporaryFolder folder;
    const auto workspace = nanodit::Workspace::create(folder / "workspace");
    const auto run = workspace.runsFolder() / "old";
    writeText(run / "config.yaml", "schedule: [");
    writeText(run / "metrics.jsonl", "");
    writeText(run / "checkpoints/step-00000010/state.json", "{}");
    const auto shown = runProgram({"-w", text(workspace.root), "runs", "old", "--star", "10"});
    QVERIFY2(shown.exitCode == 0, qPrintable(shown.errors));
    QVERIFY2(shown.out.contains("10") && shown.out.contains("star"), qPrintable(shown.out));
    QVERIFY2(shown.errors.contains("the usual rule is assumed"), qPrintable(shown.errors));
    fs::remove(run / "config.yaml"); // what suits the workspace is not what the run was begun with
    const auto resumed = runProgram({"-w", text(workspace.root), "train", "--resume", "--run", "old"});
    QVERIFY2(resumed.errors.contains("config.yaml is missing"), qPrintable(resumed.errors));
}

void CommandLineTest::aRefusedEditOfARunChangesNothing()
{
    const TemporaryFolder folder;
    const auto workspace = nanodit::Workspace::create(folder / "workspace");
    const auto run = workspace.runsFolder() / "old";
    const auto checkpoint = run / "checkpoints/step-00000010";
    writeText(run / "metrics.jsonl", "");
    writeText(checkpoint / "state.json", "{}");
    const auto edit = [&workspace](const QStringList& changes) {
        return runProgram(QStringList{"-w", text(workspace.root), "runs", "old"} + changes);
    };
    QCOMPARE(edit({"--star", "10", "--star", "77"}).exitCode, 2);
    QVERIFY(!fs::exists(checkpoint / "star"));
    QCOMPARE(edit({"--note", "good", "--rename", "../other"}).exitCode, 2);
    QVERIFY(!fs::exists(run / "about.json"));
    const auto renamed = edit({"--note", "good", "--rename", "new"});
    QVERIFY2(renamed.exitCode == 0, qPrintable(renamed.errors));
    QVERIFY(!fs::exists(run) && fs::exists(workspace.runsFolder() / "new/about.json"));
}

void CommandLineTest::tagsOfARunAreRemovedByNamingNone()
{
    const TemporaryFolder folder;
    const auto workspace = nanodit::Workspace::create(folder / "workspace");
    writeText(workspace.runsFolder() / "old/metrics.jsonl", "");
    const auto tagsAfter = [&workspace](const QStringList& tags) {
        const auto result =
            runProgram(QStringList{"-w", text(workspace.root), "--json", "runs", "old", "--tags"} + tags);
        return result.json().value("runs").toArray().at(0).toObject().value("tags").toArray();
    };
    QCOMPARE(tagsAfter({"small,night"}), QJsonArray::fromStringList({"small", "night"}));
    QCOMPARE(tagsAfter({}), QJsonArray());
}

void CommandLineTest::whatCannotBeResumedIsNotForecast()
{
    const TemporaryFolder folder;
    const auto workspace = nanodit::Workspace::create(folder / "workspace");
    const QStringList resume = {"-w", text(workspace.root), "train", "--resume", "--run", "none"};
    const auto forecast = runProgram(resume + QStringList{"--dry-run"});
    QCOMPARE(forecast.exitCode, 2);
    QVERIFY2(forecast.errors.contains("there is no run \"none\""), qPrintable(forecast.errors));
    const auto warmed = runProgram(resume + QStringList{"--warm-start", "model.pt"});
    QCOMPARE(warmed.exitCode, 2);
    QVERIFY2(warmed.errors.contains("--warm-start is for a new run"), qPrintable(warmed.errors));
}

void CommandLineTest::aSetThatIsNamedMustBePacked()
{
    const TemporaryFolder folder;
    const auto workspace = nanodit::Workspace::create(folder / "workspace");
    const QStringList status = {"-w", text(workspace.root), "status"};
    QCOMPARE(runProgram(status).exitCode, 0); // nothing is packed yet, and nothing was asked about it
    const auto named = runProgram(status + QStringList{"--set", "trian"});
    QCOMPARE(named.exitCode, 2);
    QVERIFY2(named.errors.contains("trian"), qPrintable(named.errors));
}

void CommandLineTest::aFileThatMayNotGrowIsAnError()
{
    const TemporaryFolder folder;
    const auto workspace = nanodit::Workspace::create(folder / "workspace");
    QCOMPARE(runProgram({"-w", text(workspace.root), "status"}).exitCode, 0); // makes the catalog
    QProcess process;
    process.start("sh", {"-c", "ulimit -f 0; exec \"$0\" \"$@\"", NANODIT_PROGRAM, "-w", text(workspace.root), "--json",
                         "export", text(folder / "records.jsonl")});
    QVERIFY(process.waitForFinished(120000));
    QCOMPARE(process.exitStatus(), QProcess::NormalExit); // not ended by SIGXFSZ
    QCOMPARE(process.exitCode(), 1);
    const auto result = QJsonDocument::fromJson(process.readAllStandardOutput()).object();
    QCOMPARE(result.value("error").toObject().value("kind").toString(), QString("store"));
    QVERIFY(!fs::exists(folder / "records.jsonl"));
}

void CommandLineTest::aFolderThatCannotBeMadeIsNamedBeforeTheWork()
{
    const TemporaryFolder folder;
    writeText(folder / "file", "");
    const auto result = runProgram({"--json", "demo", "layout", "--out", text(folder / "file")});
    QCOMPARE(result.exitCode, 1);
    const auto error = result.json().value("error").toObject();
    QCOMPARE(error.value("kind").toString(), QString("store"));
    QVERIFY2(error.value("message").toString().contains("cannot be made"), qPrintable(result.out));

    // Longer than any file's name may be.
    const std::string tooLong(300, 'x');
    const auto demo = runProgram({"--json", "demo", "create", text(folder / tooLong)});
    QCOMPARE(demo.exitCode, 1);
    QCOMPARE(demo.json().value("error").toObject().value("kind").toString(), QString("store"));
    writeText(folder / "workspace.yaml", "format: 1\n");
    const auto compared =
        runProgram({"--json", "-w", text(folder.path()), "compare", QString::fromStdString(tooLong), "b"});
    QCOMPARE(compared.exitCode, 2);
    QCOMPARE(compared.json().value("error").toObject().value("kind").toString(), QString("usage"));

    const auto elsewhere = runProgram({"--json", "sample"}, 60000, "/proc"); // where nobody can make a file
    const auto message = elsewhere.json().value("error").toObject().value("message").toString();
    QVERIFY2(message.contains("nothing can be written into the folder ."), qPrintable(elsewhere.out));
}

void CommandLineTest::theManualNamesEveryCommandAndOption()
{
    QFile file(QStringLiteral(SOURCE_ROOT "/packaging/nanodit.1"));
    QVERIFY(file.open(QIODevice::ReadOnly));
    const auto manual = QString::fromUtf8(file.readAll()).remove('\\'); // before a hyphen that is typed
    const auto help = runProgram({"--help"}).out;
    const auto commands = help.indexOf("Subcommands:");
    QVERIFY(commands > 0);
    static const QRegularExpression command("^  ([a-z][a-z-]*)", QRegularExpression::MultilineOption);
    for (auto it = command.globalMatch(help, commands); it.hasNext();) {
        const auto name = it.next().captured(1);
        QVERIFY2(manual.contains("\n.B " + name + "\n"), qPrintable(name));
    }
    const auto ofAll = help.left(commands);
    static const QRegularExpression option("--[a-z]+");
    for (auto it = option.globalMatch(ofAll); it.hasNext();) {
        const auto name = it.next().captured();
        QVERIFY2(manual.contains(name), qPrintable(name));
    }
}

void CommandLineTest::settingsAreListedAndChecked()
{
    const auto list = runProgram({"config", "--list"});
    QCOMPARE(list.exitCode, 0);
    QVERIFY2(QRegularExpression("optimiser\\.lr +0\\.0003 +0 to 1 +Peak learning rate\\.").match(list.out).hasMatch(),
             qPrintable(list.out));
    QVERIFY(list.out.contains("caption_command"));
    const auto kinds = runProgram({"--json", "config", "--list"}).json().value("configurations").toArray();
    QCOMPARE(kinds.size(), 2);
    const auto training = kinds[0].toObject().value("settings").toArray();
    QVERIFY(training.size() > 40);
    for (const auto& setting : training)
        QVERIFY(!setting.toObject().value("help").toString().isEmpty() && setting.toObject().contains("default"));

    const auto shipped = runProgram({"--json", "config", "demo"}).json();
    QCOMPARE(shipped.value("kind").toString(), QString("training"));
    QVERIFY(shipped.value("changed").toArray().contains("model.hidden_size"));

    // What --yaml prints is a file that can be edited and checked.
    const TemporaryFolder folder;
    const auto file = folder / "mine.yaml";
    const auto yaml = runProgram({"config", "demo", "--yaml", "--set", "seed=7"});
    QCOMPARE(yaml.exitCode, 0);
    writeText(file, yaml.out.toStdString());
    const auto mine = runProgram({"--json", "config", "--check", text(file)}).json();
    QVERIFY(mine.value("valid").toBool() && mine.value("changed").toArray().contains("seed"));

    writeText(file, "model:\n  deph: 4\noptimiser:\n  lr: fast\n");
    const auto wrong = runProgram({"--json", "config", text(file)});
    QCOMPARE(wrong.exitCode, 2);
    const auto error = wrong.json().value("error").toObject();
    QCOMPARE(error.value("kind").toString(), QString("config"));
    const auto message = error.value("message").toString();
    QVERIFY2(message.contains("did you mean \"model.depth\"") && message.contains("optimiser.lr must be a number"),
             qPrintable(message));
}

QTEST_GUILESS_MAIN(CommandLineTest)
#include "tst_command_line.moc"
