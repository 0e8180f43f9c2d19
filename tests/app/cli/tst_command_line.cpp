#include "core/config/workspace_config.h"
#include "tests/app/cli/program.h"
#include "tests/support/drawn_picture.h"
#include "tests/support/test_data.h"

#include <QFile>
#include <QJsonArray>
#include <QRegularExpression>
#include <QtEndian>
#include <QtTest>

#include <array>
#include <csignal>
#include <filesystem>

namespace fs = std::filesystem;
using namespace nanodit::test;

/// The program as a user types it: exit codes, messages, and the whole chain on drawn scenes.
class CommandLineTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void badUsageExitsWithTwo_data();
    void badUsageExitsWithTwo();
    void helpAndVersionExitWithZero();
    void errorsAreJsonWhenAsked();
    void errorsOfLibrariesAreOnlyADetail();
    void captionsOfOthersDoNotSteerTheTerminal();
    void checkpointsAreListedWhateverTheConfigurationIs();
    void settingsAreListedAndChecked();
    void theConfigurationReferenceIsUpToDate();
    void theManualNamesEveryCommandAndOption();
    void waitingThreadsSleepUnlessToldOtherwise();
    void theChainRunsFromScenesToAPicture();

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
        << QStringList{"sample", "--seed", "18446744073709551615", "--count", "2"} << "leaves no room for 2";
    QTest::newRow("no reason") << QStringList{"edit", "a", "--exclude", " "} << "needs a reason";
    QTest::newRow("an empty split") << QStringList{"edit", "a", "--split", ""} << "but is empty";
    QTest::newRow("no picture's name") << QStringList{"sample", "--out", "picture.jpg"} << "ends in .png";
    QTest::newRow("no name for a picture") << QStringList{"sample", "--out", ""} << "ends in .png";
    QTest::newRow("a folder for a picture") << QStringList{"sample", "--out", empty} << "which is a folder";
    QTest::newRow("records as a table") << QStringList{"export", "records.csv"} << "ends in .jsonl";
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
        << QStringList{"captions", "edit", "--before", "a ", "--replace", "b"} << "what --find names";
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
        QTRY_VERIFY([&] {
            QFile started(QStringLiteral("/proc/%1/environ").arg(process.processId()));
            return started.open(QIODevice::ReadOnly) && started.readAll().split('\0').contains(wanted);
        }());
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

void CommandLineTest::errorsOfLibrariesAreOnlyADetail()
{
    const QString endless(5000, 'x'); // longer than any path may be
    const auto result = runProgram({"demo", "create", endless});
    QCOMPARE(result.exitCode, 1);
    QVERIFY2(result.errors.startsWith("nanodit: /"), qPrintable(result.errors));
    QVERIFY2(result.errors.contains("could not be used") && result.errors.contains("\ndetail: File name too long"),
             qPrintable(result.errors));
    QVERIFY(!result.errors.contains("filesystem error"));
    const auto error = runProgram({"--json", "demo", "create", endless}).json().value("error").toObject();
    QCOMPARE(error.value("kind").toString(), QString("unexpected"));
    QCOMPARE(error.value("detail").toString(), QString("File name too long"));
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

void CommandLineTest::theChainRunsFromScenesToAPicture()
{
    const auto workspace = text(folder_ / "demo");
    QCOMPARE(runProgram({"demo", "create", workspace, "--count", "24", "--seed", "5", "--quiet"}).exitCode, 0);

    const auto verified = runProgram({"-w", workspace, "--json", "--quiet", "verify"});
    QVERIFY2(verified.exitCode == 0 && verified.json().value("sound").toBool(), qPrintable(verified.out));

    const auto state = runProgram({"-w", workspace, "--json", "status"}).json();
    QCOMPARE(state.value("records").toInt(), 24);
    for (const auto& array : state.value("arrays").toArray())
        QCOMPARE(array.toObject().value("whole").toInt(), 24);

    // What is exported can be imported, and changes nothing.
    const auto records = text(folder_ / "demo/data/exported.jsonl");
    QCOMPARE(runProgram({"-w", workspace, "--json", "export", records}).json().value("records").toInt(), 24);
    const auto imported = runProgram({"-w", workspace, "--json", "--quiet", "import", records}).json();
    QCOMPARE(imported.value("unchanged").toInt(), 24);

    // A second run of the passes has nothing to do.
    const auto again = runProgram({"-w", workspace, "--json", "--quiet", "preprocess"});
    QCOMPARE(again.exitCode, 0);
    for (const auto& pass : again.json().value("passes").toArray())
        QCOMPARE(pass.toObject().value("made").toInt(-1), 0);

    // What would be done is told without doing it, with time and bytes.
    fs::remove_all(fs::path(workspace.toStdString()) / "data/derived/vae");
    const auto foretold = runProgram({"-w", workspace, "--json", "--quiet", "preprocess", "--dry-run"});
    QCOMPARE(foretold.exitCode, 0);
    const auto vae = foretold.json().value("passes").toArray().at(1).toObject();
    QCOMPARE(vae.value("missing").toInt(), 24);
    QCOMPARE(vae.value("due").toArray().at(0).toObject().value("why").toString(), QString("missing"));
    QVERIFY(vae.value("seconds").toDouble() > 0); // the demo's own passes were measured
    QVERIFY(!QFile::exists(workspace + "/data/derived/vae"));
    QCOMPARE(foretold.json().value("passes").toArray().at(0).toObject().value("to_make").toInt(-1), 0);
    const auto full =
        runProgram({"-w", workspace, "--json", "status"}).json().value("arrays").toArray().at(1).toObject();
    QCOMPARE(full.value("bytes").toInt(), 0);
    QCOMPARE(full.value("full_bytes").toInt(), vae.value("bytes_to_write").toInt(-1));
    QCOMPARE(runProgram({"-w", workspace, "--json", "--quiet", "preprocess", "--max-failures", "0"}).exitCode, 0);
    // One that cannot be read is one too many.
    const auto listed = runProgram({"-w", workspace, "--json", "records"}).json().value("records").toArray();
    const auto image = listed.at(0).toObject().value("image").toString();
    QFile::rename(image, image + ".away");
    fs::remove_all(fs::path(workspace.toStdString()) / "data/derived/vae");
    const auto ended = runProgram({"-w", workspace, "--json", "--quiet", "preprocess", "--max-failures", "0"});
    QCOMPARE(ended.exitCode, 1);
    QVERIFY2(ended.errors.contains("vae ended after 1 failure"), qPrintable(ended.errors));
    QVERIFY(ended.json().value("error").toObject().value("message").toString().contains("where 0 were allowed"));
    QCOMPARE(ended.json().value("passes").toArray().size(), 2);
    QFile::rename(image + ".away", image);
    QCOMPARE(runProgram({"-w", workspace, "--json", "--quiet", "preprocess"}).exitCode, 0);

    // Packing refuses to replace a set unless told.
    QVERIFY(runProgram({"-w", workspace, "--quiet", "shard"}).exitCode != 0);
    QCOMPARE(runProgram({"-w", workspace, "--quiet", "shard", "--overwrite", "--shard-size", "7"}).exitCode, 0);

    const QStringList train = {
        "-w",    workspace,           "--json", "--quiet",          "train", "--config",     "demo", "--run", "mine",
        "--set", "data.batch_size=4", "--set",  "previews.every=0", "--set", "model.depth=2"};
    // What it takes is known before it begins, and nothing is made for that.
    const auto forecast = runProgram(train + QStringList{"--dry-run"});
    QVERIFY2(forecast.exitCode == 0, qPrintable(forecast.errors));
    QVERIFY(forecast.json().value("fits").toBool());
    QVERIFY(forecast.json().value("parameters").toInt() > 100000);
    QVERIFY(forecast.json().value("step_seconds").toDouble() > 0);
    QVERIFY(forecast.json().value("step_flops").toDouble() > 1e8);
    QVERIFY(forecast.json().value("disk_needed").toDouble() > forecast.json().value("checkpoint_bytes").toDouble());
    QVERIFY(forecast.json().value("steps_per_epoch").toInt() > 0);
    const auto ofTwo = runProgram(train + QStringList{"--dry-run", "--ranks", "2"});
    QVERIFY(ofTwo.json().value("memory").toObject().value("total").toDouble() >
            1.2 * forecast.json().value("memory").toObject().value("total").toDouble());
    QVERIFY(ofTwo.json().value("steps_per_epoch").toInt() <= forecast.json().value("steps_per_epoch").toInt());
    QCOMPARE(ofTwo.json().value("step_flops").toDouble(), 2 * forecast.json().value("step_flops").toDouble());
    const QStringList tooLarge = {"--set", "model.hidden_size=16384"}; // two blocks of 200 GB
    const auto warned = runProgram(train + tooLarge + QStringList{"--dry-run"});
    QCOMPARE(warned.exitCode, 1);
    QVERIFY(!warned.json().value("fits").toBool());
    const auto refused = runProgram(train + tooLarge);
    QCOMPARE(refused.exitCode, 2);
    QVERIFY2(refused.json().value("error").toObject().value("message").toString().contains("of memory, but"),
             qPrintable(refused.out));
    QVERIFY(!QFile::exists(workspace + "/runs/mine"));

    const auto trained = runProgram(train + QStringList{"--steps", "3"});
    QVERIFY2(trained.exitCode == 0, qPrintable(trained.errors));
    QCOMPARE(trained.json().value("last_step").toInt(), 3);
    const auto resumed = runProgram(train + QStringList{"--steps", "5", "--resume"});
    QVERIFY2(resumed.exitCode == 0, qPrintable(resumed.errors));
    QCOMPARE(resumed.json().value("first_step").toInt(), 3);
    QCOMPARE(resumed.json().value("last_step").toInt(), 5);

    const auto picture = text(folder_ / "picture.png");
    const auto sampled = runProgram({"-w", workspace, "--quiet", "sample", "--run", "mine", "--prompt", "a red circle",
                                     "--sampler-steps", "3", "--out", picture});
    QVERIFY2(sampled.exitCode == 0, qPrintable(sampled.errors));
    QVERIFY(QFile::exists(picture));
    QFile::remove(picture);
    // The same seed paints the same picture.
    QCOMPARE(runProgram({"-w", workspace, "--quiet", "sample", "--run", "mine", "--prompt", "a red circle",
                         "--sampler-steps", "3", "--out", picture})
                 .exitCode,
             0);

    // Without --out nothing is overwritten.
    for (const auto* const name : {"sample.png", "sample-2.png"}) {
        const auto unnamed = runProgram({"-w", workspace, "--json", "--quiet", "sample", "--sampler-steps", "1"},
                                        300000, text(folder_.path()));
        QVERIFY2(unnamed.exitCode == 0, qPrintable(unnamed.errors));
        QCOMPARE(unnamed.json().value("pictures").toArray().at(0).toObject().value("file").toString(), QString(name));
        QVERIFY(QFile::exists(text(folder_ / name)));
    }

    // The picture, and what its branches alone become: there is no reference.
    QFile::remove(picture);
    const auto branches = runProgram({"-w", workspace, "--json", "--quiet", "sample", "--run", "mine", "--prompt",
                                      "a red circle", "--sampler-steps", "1", "--branches", "--out", picture});
    QVERIFY2(branches.exitCode == 0, qPrintable(branches.errors));
    const auto written = branches.json().value("pictures").toArray();
    QCOMPARE(written.size(), qsizetype(3));
    QCOMPARE(written.at(0).toObject().value("file").toString(), picture);
    const std::array names{"picture-no-conditions.png", "picture-text-alone.png"};
    for (qsizetype i = 0; i < 2; ++i) {
        const auto file = text(folder_ / names[static_cast<std::size_t>(i)]);
        QCOMPARE(written.at(i + 1).toObject().value("file").toString(), file);
        QVERIFY(QFile::exists(file));
        QCOMPARE(written.at(i + 1).toObject().value("text_scale").toDouble(), static_cast<double>(i));
    }

    // Its settings make it again, from the PNG with its model, and from their JSON.
    const auto bytesOf = [](const QString& file) {
        QFile read(file);
        return read.open(QIODevice::ReadOnly) ? read.readAll() : QByteArray();
    };
    const auto json = text(folder_ / "settings.json"), second = text(folder_ / "second.png");
    QFile settings(json);
    QVERIFY(settings.open(QIODevice::WriteOnly));
    settings.write(QJsonDocument(written.at(0).toObject().value("settings").toObject()).toJson());
    settings.close();
    for (const auto& from : {QStringList{"--settings", picture}, QStringList{"--settings", json, "--run", "mine"}}) {
        QFile::remove(second);
        const auto made = runProgram(QStringList{"-w", workspace, "--quiet", "sample", "--out", second} + from);
        QVERIFY2(made.exitCode == 0, qPrintable(made.errors));
        QVERIFY(!bytesOf(second).isEmpty());
        QCOMPARE(bytesOf(second), bytesOf(picture));
    }
    const auto both = runProgram({"-w", workspace, "sample", "--settings", json, "--prompt", "a blue square"});
    QCOMPARE(both.exitCode, 2);
    QVERIFY2(both.errors.contains("--prompt"), qPrintable(both.errors));

    // CLS of another picture needs the patches of a reference beside it.
    const auto alone = runProgram({"-w", workspace, "sample", "--cls-record", "scene-0000"});
    QCOMPARE(alone.exitCode, 2);
    QVERIFY2(alone.errors.contains("--cls-record needs a reference"), qPrintable(alone.errors));

    const auto unmixed = runProgram({"-w", workspace, "sample", "--blend-record", "scene-0000"});
    QCOMPARE(unmixed.exitCode, 2);
    QVERIFY2(unmixed.errors.contains("--blend-record needs a reference"), qPrintable(unmixed.errors));
    const auto nothing = runProgram({"-w", workspace, "sample", "--blend-weight", "0.5"});
    QCOMPARE(nothing.exitCode, 2);
    QVERIFY2(nothing.errors.contains("--blend-weight needs a second picture"), qPrintable(nothing.errors));

    // A picture has the size of the record whose patches it is given.
    const auto wide = runProgram({"-w", workspace, "--json", "records", "bucket:160x112"})
                          .json()
                          .value("records")
                          .toArray()
                          .at(0)
                          .toObject()
                          .value("id")
                          .toString();
    QVERIFY(!wide.isEmpty());
    QFile::remove(picture);
    const auto referred = runProgram({"-w", workspace, "--json", "--quiet", "sample", "--run", "mine", "--record", wide,
                                      "--cls-record", wide, "--sampler-steps", "1", "--out", picture});
    QVERIFY2(referred.exitCode == 0, qPrintable(referred.errors));
    const auto kept = referred.json().value("pictures").toArray().at(0).toObject().value("settings").toObject();
    QCOMPARE(kept.value("cls_from").toObject().value("record").toString(), wide);
    const auto blended =
        runProgram({"-w", workspace,      "--json", "--quiet",         "sample", "--run",          "mine", "--record",
                    wide, "--cls-record", wide,     "--blend-record",  wide,     "--blend-weight", "0.25", "--seed",
                    "7",  "--count",      "2",      "--sampler-steps", "1",      "--out",          picture});
    QVERIFY2(blended.exitCode == 0, qPrintable(blended.errors));
    const auto mixtures = blended.json().value("pictures").toArray();
    QCOMPARE(mixtures.size(), qsizetype(2)); // computed together, and named by their seeds
    for (qsizetype i = 0; i < 2; ++i) {
        const auto one = mixtures.at(i).toObject();
        QCOMPARE(one.value("seed").toInt(), static_cast<int>(7 + i));
        QCOMPARE(one.value("file").toString(), text(folder_ / ("picture-" + std::to_string(7 + i) + ".png")));
        const auto mixture = one.value("settings").toObject().value("blend").toObject();
        QCOMPARE(mixture.value("with").toObject().value("record").toString(), wide);
        QCOMPARE(mixture.value("weight").toDouble(), 0.25);
    }
    QFile painted(picture);
    QVERIFY(painted.open(QIODevice::ReadOnly));
    const auto head = painted.read(24); // width and height are the first numbers of a PNG's first chunk
    QCOMPARE(qFromBigEndian<quint32>(head.constData() + 16), 160U);
    QCOMPARE(qFromBigEndian<quint32>(head.constData() + 20), 112U);

    // A demo workspace is trained with the demo's configuration unless told otherwise.
    const auto unnamed = runProgram({"-w", workspace, "--json", "--quiet", "train", "--steps", "1", "--set",
                                     "data.batch_size=2", "--set", "previews.every=0"});
    QVERIFY2(unnamed.exitCode == 0, qPrintable(unnamed.errors));
    QCOMPARE(unnamed.json().value("run").toString(), QString("run"));
    const auto own = runProgram({"--json", "config", workspace + "/runs/run"}).json().value("settings").toArray();
    QCOMPARE(own.at(0).toObject().value("key").toString(), QString("model.hidden_size"));
    QCOMPARE(own.at(0).toObject().value("value").toInt(), 128);

    // What was trained is validated and compared with the reference, on a page with its numbers beside it.
    const QStringList suite = {"-w", workspace,         "--json", "--quiet", "validate",      "--count",
                               "2",  "--sampler-steps", "1",      "--tasks", "reconstruction"};
    for (const auto* name : {"reference", "mine"}) {
        const auto validated = runProgram(suite + QStringList{"--run", name});
        QVERIFY2(validated.exitCode == 0, qPrintable(validated.errors));
        QCOMPARE(validated.json().value("run").toString(), QString(name));
        QCOMPARE(validated.json().value("pictures").toArray().size(), 2);
    }
    const auto compared = runProgram({"-w", workspace, "--json", "compare", "mine", "reference"});
    QVERIFY2(compared.exitCode == 0, qPrintable(compared.errors));
    QVERIFY(compared.json().value("differences").toArray().size() >= 5);
    QVERIFY(QFile::exists(text(folder_ / "demo/comparisons/mine-reference.html")));
    QVERIFY(QFile::exists(text(folder_ / "demo/comparisons/mine-reference.json")));
    QCOMPARE(runProgram({"-w", workspace, "compare", "mine", "nobody"}).exitCode, 2);
    QCOMPARE(runProgram({"-w", workspace, "compare", "mine", "reference", "--out", "page.pdf"}).exitCode, 2);

    const auto runs = runProgram({"-w", workspace, "--json", "runs", "reference", "mine"}).json();
    QCOMPARE(runs.value("runs").toArray().size(), 2);
    QCOMPARE(runs.value("runs").toArray()[1].toObject().value("steps").toInt(), 5);
    QVERIFY(runs.value("differences").toArray().size() >= 2);
    QCOMPARE(runProgram({"-w", workspace, "runs", "nobody"}).exitCode, 2);
    const auto noted =
        runProgram({"-w", workspace, "--json", "runs", "mine", "--note", "two words", "--tags", "small,sincos"}).json();
    const auto run = noted.value("runs").toArray()[0].toObject();
    QCOMPARE(run.value("note").toString(), QString("two words"));
    QCOMPARE(run.value("tags").toArray().size(), 2);
    QCOMPARE(runProgram({"-w", workspace, "runs", "mine", "--rename", "reference"}).exitCode, 2); // is taken
    QCOMPARE(runProgram({"-w", workspace, "runs", "--note", "of which?"}).exitCode, 2);
    const auto renamed = runProgram({"-w", workspace, "--json", "runs", "mine", "--rename", "yours"}).json();
    QCOMPARE(renamed.value("runs").toArray()[0].toObject().value("run").toString(), QString("yours"));
    QCOMPARE(renamed.value("runs").toArray()[0].toObject().value("note").toString(), QString("two words"));
    QCOMPARE(runProgram({"-w", workspace, "runs", "yours", "--rename", "mine"}).exitCode, 0);

    const auto keptAs = [&workspace](const QStringList& more) {
        const auto found = runProgram(QStringList{"-w", workspace, "--json", "runs", "mine"} + more).json();
        return found.value("checkpoints").toArray().last().toObject().value("kept_as").toArray();
    };
    QVERIFY(keptAs({"--checkpoints"}).contains("validated"));
    QVERIFY(!keptAs({"--checkpoints"}).contains("starred"));
    QVERIFY(keptAs({"--star", "5"}).contains("starred"));
    QVERIFY(!keptAs({"--unstar", "5"}).contains("starred"));
    QCOMPARE(runProgram({"-w", workspace, "runs", "mine", "--star", "4000"}).exitCode, 2);
    QCOMPARE(runProgram({"-w", workspace, "runs", "--checkpoints"}).exitCode, 2);

    // A damaged array is found, named, and makes verify fail.
    const auto arrays = fs::path(workspace.toStdString()) / "data/derived/dinov3_patches";
    const auto victim = fs::directory_iterator(arrays)->path();
    fs::resize_file(victim, fs::file_size(victim) / 2);
    const auto damaged = runProgram({"-w", workspace, "--json", "--quiet", "verify"});
    QCOMPARE(damaged.exitCode, 1);
    QVERIFY2(damaged.out.contains(text(victim.stem())), qPrintable(damaged.out));
}

QTEST_GUILESS_MAIN(CommandLineTest)
#include "tst_command_line.moc"
