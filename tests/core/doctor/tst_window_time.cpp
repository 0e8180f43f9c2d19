#include "core/doctor/window_time.h"
#include "tests/support/test_data.h"

#include <QTest>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace fs = std::filesystem;
using namespace nanodit;
using namespace nanodit::test;

namespace {

/// A program in the place of the window's.
fs::path programIn(const TemporaryFolder& folder, const std::string& script)
{
    const auto file = folder / "nanodit-workbench";
    writeText(file, "#!/bin/sh\n" + script);
    fs::permissions(file, fs::perms::owner_all);
    return file;
}

WindowStart someStart()
{
    return {.where = "offscreen, 1280 x 800 pixels",
            .drawnSeconds = 0.4,
            .memory = 300 << 20,
            .pages = {{.page = "train", .firstSeconds = 0.2, .later = {0.02, 0.03}}},
            .frames = {.due = 1000, .inTime = 995, .longestSeconds = 0.05},
            .trainSteps = 70};
}

std::vector<std::string> linesOf(const fs::path& file)
{
    std::ifstream in(file);
    std::vector<std::string> lines;
    for (std::string line; std::getline(in, line);)
        lines.push_back(line);
    return lines;
}

} // namespace

class TestWindowTime : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void aFrameThatComesLateTakesThePlaceOfOthers()
    {
        FrameCount frames;
        QCOMPARE(frames.share(), 0.0);
        QCOMPARE(frames.add(0.001), std::int64_t(1));
        QCOMPARE(frames.add(FrameCount::period), std::int64_t(1));
        QCOMPARE(frames.share(), 1.0);
        QCOMPARE(frames.add(2.5 * FrameCount::period), std::int64_t(3)); // two were due meanwhile
        QCOMPARE(frames.due, std::int64_t(5));
        QCOMPARE(frames.inTime, std::int64_t(3));
        QCOMPARE(frames.share(), 0.6);
        QCOMPARE(frames.longestSeconds, 2.5 * FrameCount::period);
    }

    void aStartSurvivesItsLine()
    {
        const auto start = someStart();
        const auto line = nlohmann::json(start).dump();
        QVERIFY(line.find('\n') == std::string::npos);
        const auto read = nlohmann::json::parse(line).get<WindowStart>();
        QCOMPARE(read.where, start.where);
        QCOMPARE(read.drawnSeconds, start.drawnSeconds);
        QCOMPARE(read.memory, start.memory);
        QCOMPARE(read.pages.size(), std::size_t(1));
        QCOMPARE(read.pages[0].page, start.pages[0].page);
        QCOMPARE(read.pages[0].firstSeconds, start.pages[0].firstSeconds);
        QVERIFY(read.pages[0].later == start.pages[0].later);
        QCOMPARE(read.frames.due, start.frames.due);
        QCOMPARE(read.frames.inTime, start.frames.inTime);
        QCOMPARE(read.frames.longestSeconds, start.frames.longestSeconds);
        QCOMPARE(read.trainSteps, start.trainSteps);
    }

    void aBuildWithoutAWindowSaysSo()
    {
        const TemporaryFolder folder;
        const auto why = errorOf([&] { makeWindowTimeJob({.program = folder / "nanodit-workbench"})->run({}); });
        QVERIFY2(why.starts_with("this build has no window"), why.c_str());
    }

    void theLastStartAloneTrains()
    {
        const TemporaryFolder folder;
        const auto program = programIn(folder, "echo \"$@\" >> " + (folder / "starts").string() + "\necho '" +
                                                   nlohmann::json(someStart()).dump() + "'\n");
        WindowTimes times;
        const auto end = makeWindowTimeJob({.program = program,
                                            .starts = 2,
                                            .trainingSeconds = 7,
                                            .device = {.device = "cpu", .threads = 1},
                                            .finished = [&](const WindowTimes& found) { times = found; }})
                             ->run({});
        QVERIFY(end == JobEnd::Finished);
        QCOMPARE(times.startSeconds.size(), std::size_t(2));
        QCOMPARE(times.work.trainSteps, 70);
        const auto starts = linesOf(folder / "starts");
        QCOMPARE(starts.size(), std::size_t(4)); // one to warm up, two, and the one that trains
        for (std::size_t i = 0; i < starts.size(); ++i) {
            const auto training = std::string("--measure-training ") + (i == 3 ? "7" : "0");
            QVERIFY2(starts[i].find(training) != std::string::npos, starts[i].c_str());
            QVERIFY2(starts[i].find("--device cpu --threads 1") != std::string::npos, starts[i].c_str());
        }
    }

    void aProgramThatFailsIsToldOf()
    {
        const TemporaryFolder folder;
        const auto failing = programIn(folder, "echo 'no display' >&2\nexit 1\n");
        const auto why = errorOf([&] { makeWindowTimeJob({.program = failing})->run({}); });
        QVERIFY2(why.ends_with("could not be measured: it ended with code 1: no display"), why.c_str());
        const auto silent = programIn(folder, "exit 0\n");
        const auto damaged = errorOf([&] { makeWindowTimeJob({.program = silent})->run({}); });
        QVERIFY2(damaged.find("is damaged") != std::string::npos, damaged.c_str());
    }
};

QTEST_GUILESS_MAIN(TestWindowTime)
#include "tst_window_time.moc"
