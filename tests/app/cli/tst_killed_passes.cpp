#include "tests/app/cli/program.h"
#include "tests/support/files_below.h"
#include "tests/support/test_data.h"

#include <QJsonArray>
#include <QProcess>
#include <QTest>

#include <chrono>
#include <filesystem>
#include <map>
#include <random>
#include <string>

namespace fs = std::filesystem;
using namespace nanodit::test;

namespace {

QStringList passesOf(const fs::path& workspace)
{
    return {"-w", text(workspace), "--quiet", "--json", "preprocess"};
}

/// Bytes of every file below data/derived, by relative path.
std::map<std::string, std::string> derivedFiles(const fs::path& workspace)
{
    return filesBelow(workspace / "data/derived");
}

} // namespace

/// The real program on drawn scenes with the demo's encoders, killed again and again: threads that read, encode and
/// write are all at work when it happens.
class KilledPassesTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void killedAtFiftyInstantsTheResultIsThatOfAnUnbrokenRun();
};

void KilledPassesTest::killedAtFiftyInstantsTheResultIsThatOfAnUnbrokenRun()
{
    constexpr int wantedKills = 50;
    const TemporaryFolder folder;
    const auto demo = folder / "demo", unbroken = folder / "unbroken", broken = folder / "broken";
    QCOMPARE(runProgram({"demo", "create", text(demo), "--count", "24", "--quiet", "--bare"}).exitCode, 0);
    fs::copy(demo, unbroken, fs::copy_options::recursive);
    fs::copy(demo, broken, fs::copy_options::recursive);
    const auto start = std::chrono::steady_clock::now();
    QCOMPARE(runProgram(passesOf(unbroken)).exitCode, 0);
    const auto undisturbed =
        std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - start).count();
    const auto expected = derivedFiles(unbroken);
    QCOMPARE(expected.size(), std::size_t{4 * 24});

    std::mt19937 random(11);
    int kills = 0, rounds = 0;
    std::size_t whenKilled = 0; // files that were there, over all kills
    while (kills < wantedKills) {
        QProcess process;
        process.start(NANODIT_PROGRAM, passesOf(broken));
        QVERIFY(process.waitForStarted());
        const bool ended =
            process.waitForFinished(static_cast<int>(random() % static_cast<unsigned>(undisturbed) + undisturbed / 20));
        if (!ended) {
            process.kill();
            process.waitForFinished();
            whenKilled += derivedFiles(broken).size();
            ++kills;
            continue;
        }
        QCOMPARE(process.exitCode(), 0);
        QVERIFY(derivedFiles(broken) == expected); // to the byte, and nothing else is left
        ++rounds;
        fs::remove_all(broken); // all over again
        fs::copy(demo, broken, fs::copy_options::recursive);
    }
    QCOMPARE(runProgram(passesOf(broken)).exitCode, 0);
    QVERIFY(derivedFiles(broken) == expected);
    qInfo("%d kills, %d whole rounds between them, %.0f files there on average when it was killed", kills, rounds,
          static_cast<double>(whenKilled) / kills);
    QVERIFY(whenKilled > 0); // not only before anything was written

    const auto report = runProgram({"-w", text(broken), "--quiet", "--json", "verify"}).json();
    QVERIFY(report.value("sound").toBool());
    const auto arrays = report.value("arrays").toArray();
    QCOMPARE(arrays.size(), 4);
    for (const auto& array : arrays) {
        QCOMPARE(array.toObject().value("whole").toInt(), 24);
        QCOMPARE(array.toObject().value("adopted").toInt(), 0); // each is known, none was merely found
    }
}

QTEST_APPLESS_MAIN(KilledPassesTest)
#include "tst_killed_passes.moc"
