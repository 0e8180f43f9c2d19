#include "core/config/train_config.h"
#include "core/front/training.h"
#include "core/io/atomic_file.h"
#include "core/io/image.h"
#include "core/runs/run_history.h"
#include "tests/app/cli/program.h"
#include "tests/support/tiny_training.h"

#include <QProcess>
#include <QTest>

#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <set>
#include <string>

namespace fs = std::filesystem;
using namespace nanodit;
using namespace nanodit::test;

namespace {

constexpr std::int64_t steps = 40;

/// Saved, painted and thinned often, so that a kill meets all of that.
TrainConfig configOfRun()
{
    auto config = tinyConfig(steps);
    config.saving = {.every = 3, .keep = 2, .keepEvery = 12};
    config.previews = {.every = 5, .count = 2, .samplerSteps = 2, .rawUntil = 1e-6, .conditions = 1};
    config.metrics.attentionEvery = 4;
    return config;
}

QStringList begin(const TinyWorkspace& tiny, const QString& run)
{
    return {"-w",       text(tiny.workspace.root),         "--quiet", "--threads", "1", "train",
            "--config", text(tiny.folder / "config.yaml"), "--run",   run};
}

std::vector<std::int64_t> metricSteps(const fs::path& run)
{
    std::vector<std::int64_t> found;
    for (const auto& metrics : readMetrics(run))
        found.push_back(metrics.step);
    return found;
}

/// By their paths below samples/.
std::map<std::string, Image> previewsOf(const fs::path& run)
{
    std::map<std::string, Image> pictures;
    for (const auto& entry : fs::recursive_directory_iterator(run / "samples")) {
        if (entry.path().extension() == ".png")
            pictures[entry.path().lexically_relative(run).string()] = readImage(entry.path());
    }
    return pictures;
}

/// A training of two processes that has done ten steps: the second of them, 0 when there is none.
pid_t startTwoRanks(const TinyWorkspace& tiny, QProcess& process)
{
    auto config = configOfRun();
    config.schedule.steps = 100000;
    writeText(tiny.folder / "config.yaml", toYaml(config));
    process.start(NANODIT_PROGRAM, begin(tiny, "run") << "--ranks"
                                                      << "2");
    process.waitForStarted();
    const auto run = tiny.workspace.runsFolder() / "run";
    for (int i = 0; i < 9000 && readMetrics(run).size() < 10 && !process.waitForFinished(20); ++i) {
    }
    const auto number = std::to_string(process.processId());
    std::ifstream children("/proc/" + number + "/task/" + number + "/children");
    pid_t other = 0;
    children >> other;
    return other;
}

} // namespace

/// The real program, killed again and again while it trains, saves on its thread, paints and thins.
class KilledTrainingTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void killedAtManyInstantsTheResultIsThatOfAnUnbrokenRun();
    void twoProcessesMakeTheStepsOfOneThatAccumulates();
    void samplesOfAllProcessesAreNamed();
    void aProcessThatIsKilledEndsAllAndNothingIsLost();
    void aProcessThatStandsStillEndsAllWithinATime();
};

void KilledTrainingTest::killedAtManyInstantsTheResultIsThatOfAnUnbrokenRun()
{
    constexpr int wantedKills = 50;
    const TinyWorkspace tiny;
    writeText(tiny.folder / "config.yaml", toYaml(configOfRun()));
    const auto start = std::chrono::steady_clock::now();
    const auto first = runProgram(begin(tiny, "whole"));
    QVERIFY2(first.exitCode == 0, qPrintable(first.errors));
    const auto undisturbed =
        std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - start).count();
    const auto whole = tiny.workspace.runsFolder() / "whole", broken = tiny.workspace.runsFolder() / "broken";
    const auto kept = listCheckpoints(whole);
    QVERIFY(kept.size() > 1 && !previewsOf(whole).empty()); // or nothing would be compared

    std::mt19937 random(5);
    int kills = 0, rounds = 0, whileTraining = 0;
    while (kills < wantedKills || rounds == 0) {
        QProcess process;
        auto arguments = begin(tiny, "broken");
        if (!listCheckpoints(broken).empty())
            arguments << "--resume";
        else
            fs::remove_all(broken); // killed before its first checkpoint: it begins anew
        process.start(NANODIT_PROGRAM, arguments);
        QVERIFY(process.waitForStarted());
        const auto life = static_cast<int>(random() % static_cast<unsigned>(undisturbed));
        if (kills < wantedKills && !process.waitForFinished(life)) {
            process.kill();
            process.waitForFinished();
            ++kills;
            whileTraining += !readMetrics(broken).empty();
            continue;
        }
        QVERIFY(process.waitForFinished(300000) || process.state() == QProcess::NotRunning);
        QVERIFY2(process.exitCode() == 0, process.readAllStandardError().constData());
        ++rounds;
        QCOMPARE(metricSteps(broken), metricSteps(whole)); // each step once, in order
        const auto a = readMetrics(whole), b = readMetrics(broken);
        for (std::size_t i = 0; i < a.size(); ++i)
            QCOMPARE(b[i].loss, a[i].loss);
        const auto checkpoints = listCheckpoints(broken);
        QCOMPARE(checkpoints.size(), kept.size());
        for (std::size_t i = 0; i < kept.size(); ++i) {
            QCOMPARE(checkpoints[i].filename(), kept[i].filename());
            for (const auto* name : {"model.safetensors", "ema.safetensors", "optimizer.safetensors"})
                QVERIFY2(readTextFile(checkpoints[i] / name) == readTextFile(kept[i] / name), name);
        }
        for (const auto& entry : fs::recursive_directory_iterator(whole / "samples")) {
            const auto there = broken / entry.path().lexically_relative(whole);
            QVERIFY2(fs::exists(there), there.c_str());
            QVERIFY2(fs::is_directory(there) || readTextFile(there) == readTextFile(entry.path()), there.c_str());
        }
        for (const auto& entry : fs::recursive_directory_iterator(broken))
            QVERIFY2(!entry.path().filename().string().starts_with("."), entry.path().c_str());
        QVERIFY(!fs::exists(broken / "lock"));
        fs::remove_all(broken); // all over again
    }
    qInfo("%d kills, %d of them after a step, %d whole rounds", kills, whileTraining, rounds);
    QVERIFY(whileTraining > 0);
}

void KilledTrainingTest::twoProcessesMakeTheStepsOfOneThatAccumulates()
{
    const TinyWorkspace tiny;
    auto config = configOfRun();
    config.schedule.steps = 20;
    config.optimiser.accumulation = 2;
    config.previews.rawUntil = 0; // when raw and averaged pictures agree may depend on the last bits
    writeText(tiny.folder / "config.yaml", toYaml(config));
    QCOMPARE(runProgram(begin(tiny, "alone")).exitCode, 0);
    config.optimiser.accumulation = 1;
    writeText(tiny.folder / "config.yaml", toYaml(config));
    const auto together = runProgram(begin(tiny, "together") << "--ranks"
                                                             << "2");
    if (together.errors.contains("without Gloo"))
        QSKIP("built without Gloo");
    QVERIFY2(together.exitCode == 0, qPrintable(together.errors));
    const auto a = readMetrics(tiny.workspace.runsFolder() / "alone"),
               b = readMetrics(tiny.workspace.runsFolder() / "together");
    QCOMPARE(b.size(), std::size_t{20});
    for (std::size_t i = 0; i < a.size(); ++i) {
        QVERIFY2(std::abs(a[i].loss - b[i].loss) < 1e-5, qPrintable(QString::number(a[i].loss - b[i].loss)));
        QCOMPARE(b[i].samplesByDrop, a[i].samplesByDrop);
    }
    // Both processes have painted the previews: the same as one alone, but for the last bits of the weights.
    const auto pictures = previewsOf(tiny.workspace.runsFolder() / "alone"),
               painted = previewsOf(tiny.workspace.runsFolder() / "together");
    QVERIFY(pictures.size() > 4 * 4);
    QCOMPARE(painted.size(), pictures.size());
    for (const auto& [name, picture] : pictures) {
        const auto& other = painted.at(name);
        QCOMPARE(other.rgb.size(), picture.rgb.size());
        for (std::size_t i = 0; i < picture.rgb.size(); ++i)
            QVERIFY2(std::abs(int{other.rgb[i]} - int{picture.rgb[i]}) <= 8, name.c_str());
    }
}

void KilledTrainingTest::samplesOfAllProcessesAreNamed()
{
    const TinyWorkspace tiny(1e30F); // every loss overflows
    auto config = configOfRun();
    config.optimiser.accumulation = 1;
    config.schedule.steps = 8; // it ends after five that are skipped
    writeText(tiny.folder / "config.yaml", toYaml(config));
    const auto result = runProgram(begin(tiny, "run") << "--ranks"
                                                      << "2");
    if (result.errors.contains("without Gloo"))
        QSKIP("built without Gloo");
    QCOMPARE(result.exitCode, 1);
    QVERIFY2(result.errors.contains("was not finite for 5 steps in a row"), qPrintable(result.errors));
    int skipped = 0;
    for (const auto& event : readRunHistory(tiny.workspace.runsFolder() / "run")) {
        if (event.kind != "skipped")
            continue;
        ++skipped;
        QCOMPARE(event.details.at("samples").size(), std::size_t{2 * 2}); // a batch of each process
    }
    QCOMPARE(skipped, 5);
}

void KilledTrainingTest::aProcessThatIsKilledEndsAllAndNothingIsLost()
{
    const TinyWorkspace tiny;
    QProcess process;
    const auto other = startTwoRanks(tiny, process);
    const auto said = process.readAllStandardError();
    if (said.contains("without Gloo"))
        QSKIP("built without Gloo");
    const auto run = tiny.workspace.runsFolder() / "run";
    QVERIFY2(other > 0, said.constData());
    ::kill(other, SIGKILL);
    QVERIFY(process.waitForFinished(60000));
    QCOMPARE(process.exitCode(), 1);
    const auto errors = process.readAllStandardError();
    QVERIFY2(errors.contains("rank 1 (process " + QByteArray::number(other) + ") was ended by signal 9"),
             errors.constData());
    QVERIFY(!fs::exists(run / "lock"));
    // Saved at the step that it ended after, and resumed by one process.
    const auto last = readMetrics(run).back().step;
    QCOMPARE(listCheckpoints(run).back().filename(), fs::path(checkpointName(last)));
    auto arguments = begin(tiny, "run");
    arguments << "--resume"
              << "--steps" << QString::number(last + 2);
    const auto resumed = runProgram(arguments);
    QVERIFY2(resumed.exitCode == 0, qPrintable(resumed.errors));
    QCOMPARE(readMetrics(run).back().step, last + 2);
}

void KilledTrainingTest::aProcessThatStandsStillEndsAllWithinATime()
{
    const TinyWorkspace tiny;
    QProcess process;
    const auto other = startTwoRanks(tiny, process);
    const auto said = process.readAllStandardError();
    if (said.contains("without Gloo"))
        QSKIP("built without Gloo");
    const auto run = tiny.workspace.runsFolder() / "run";
    QVERIFY2(other > 0, said.constData());
    const auto start = std::chrono::steady_clock::now();
    ::kill(other, SIGSTOP);
    const bool ended = process.waitForFinished(120000);
    const auto took = std::chrono::steady_clock::now() - start;
    if (!ended)
        ::kill(other, SIGKILL);
    QVERIFY(ended);
    QVERIFY(took > std::chrono::seconds(15)); // it had its 20 seconds, some of which may have been before
    QCOMPARE(process.exitCode(), 1);
    const auto errors = process.readAllStandardError();
    QVERIFY2(errors.contains("rank 1 of 2 has sent no heartbeat for 20 s"), errors.constData());
    QVERIFY(!fs::exists(run / "lock"));
    QCOMPARE(listCheckpoints(run).back().filename(), fs::path(checkpointName(readMetrics(run).back().step)));
}

QTEST_APPLESS_MAIN(KilledTrainingTest)
#include "tst_killed_training.moc"
