#include "core/io/atomic_file.h"
#include "core/train/alerts.h"
#include "core/train/step_watch.h"
#include "tests/support/tiny_training.h"

#include <QtTest/QTest>
#include <nlohmann/json.hpp>

#include <chrono>
#include <cmath>
#include <limits>
#include <sstream>

using namespace nanodit;
using namespace nanodit::test;
using namespace std::chrono_literals;

namespace {

/// What was told to the program of told(), in order.
std::vector<nlohmann::json> toldIn(const Workspace& workspace)
{
    std::vector<nlohmann::json> events;
    if (!std::filesystem::exists(workspace.root / "told"))
        return events;
    std::istringstream lines(readTextFile(workspace.root / "told"));
    for (std::string line; std::getline(lines, line);)
        events.push_back(nlohmann::json::parse(line));
    return events;
}

/// The program runs in the workspace and writes down what it is told there.
Workspace thatWritesDown(Workspace workspace)
{
    workspace.config.alertCommand = {"sh", "-c", "cat >> told"};
    return workspace;
}

Workspace emptyWorkspace(const TemporaryFolder& folder)
{
    return {.root = folder.path(), .config = {}};
}

/// Losses that vary as those of a training do.
StepMetrics stepOf(std::int64_t step, double loss, double waited = 0)
{
    StepMetrics metrics;
    metrics.step = step;
    metrics.loss = loss;
    metrics.dataWaitSeconds = waited;
    return metrics;
}

double usualLoss(std::int64_t step)
{
    return 1 + 0.1 * std::sin(static_cast<double>(step) * 1.7);
}

} // namespace

/// What is noticed about the steps of a training, and who is told.
class TestAlerts : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void spikesAndStallsAreToldOnceInAWhile()
    {
        EventFilter filter;
        const auto begin = EventFilter::Clock::now();
        QVERIFY(filter.lets({.kind = "spike", .run = "r", .text = {}}, begin));
        QVERIFY(!filter.lets({.kind = "spike", .run = "r", .text = {}}, begin + 9min));
        QVERIFY(filter.lets({.kind = "stall", .run = "r", .text = {}}, begin + 9min)); // another kind
        QVERIFY(filter.lets({.kind = "spike", .run = "r", .text = {}}, begin + 10min));
        for (const auto* const end : {"failed", "finished", "stopped"}) {
            QVERIFY(filter.lets({.kind = end, .run = "r", .text = {}}, begin));
            QVERIFY(filter.lets({.kind = end, .run = "r", .text = {}}, begin));
        }
    }

    void theProgramGetsTheEventAsJson()
    {
        const TemporaryFolder folder;
        const auto workspace = thatWritesDown(emptyWorkspace(folder));
        AlertSender sender(workspace);
        sender.send({.kind = "spike", .run = "mine", .step = 1200, .text = "the loss is \"3\"\nhere"});
        sender.send({.kind = "finished", .run = "mine", .step = 2000, .text = "done \xff"}); // no UTF-8 at its end
        sender.finish();
        const auto told = toldIn(workspace);
        QCOMPARE(told.size(), std::size_t{2});
        QVERIFY(told[0] == nlohmann::json({{"event", "spike"},
                                           {"run", "mine"},
                                           {"step", 1200},
                                           {"text", "the loss is \"3\"\nhere"},
                                           {"workspace", folder.path().string()}}));
        QCOMPARE(told[1].at("event").get<std::string>(), std::string("finished"));
        QVERIFY(sender.takeFaults().empty());
    }

    void argumentsGoThroughNoShell()
    {
        const TemporaryFolder folder;
        auto workspace = emptyWorkspace(folder);
        workspace.config.alertCommand = {"sh", "-c", "printf '%s' \"$1\" > told", "sh", "$(touch ran); a b"};
        AlertSender sender(workspace);
        sender.send({.kind = "failed", .run = "r", .text = {}});
        sender.finish();
        QCOMPARE(readTextFile(folder / "told"), std::string("$(touch ran); a b"));
        QVERIFY(!std::filesystem::exists(folder / "ran"));
    }

    void theTrainingDoesNotWaitAndTimeIsLimited()
    {
        const TemporaryFolder folder;
        auto workspace = emptyWorkspace(folder);
        workspace.config.alertCommand = {"sleep", "1000"};
        workspace.config.alertSeconds = 3;
        AlertSender sender(workspace);
        sender.send({.kind = "stall", .run = "r", .text = {}});
        QVERIFY(sender.takeFaults().empty()); // the three seconds are not over
        sender.finish();
        const auto faults = sender.takeFaults();
        QCOMPARE(faults.size(), std::size_t{1});
        QVERIFY2(faults[0].find("took longer than 3 s") != std::string::npos, faults[0].c_str());
    }

    void aProgramThatFailsIsToldOf_data()
    {
        QTest::addColumn<QStringList>("command");
        QTest::addColumn<QString>("fault");
        QTest::newRow("code") << QStringList{"sh", "-c", "echo no network >&2; exit 3"} << "code 3: no network";
        QTest::newRow("missing") << QStringList{"no-such-program"} << "could not be started";
    }
    void aProgramThatFailsIsToldOf()
    {
        QFETCH(QStringList, command);
        QFETCH(QString, fault);
        TinyWorkspace tiny;
        for (const auto& argument : command)
            tiny.workspace.config.alertCommand.push_back(argument.toStdString());
        const auto outcome = train(requestFor(tiny, "run", tinyConfig(2)));
        QVERIFY(outcome.end == JobEnd::Finished); // and the training minds it not
        QVERIFY2(outcome.log.find(fault.toStdString()) != std::string::npos, outcome.log.c_str());
        QVERIFY(outcome.log.find("alerts.command") != std::string::npos);
    }

    void endsAreTold()
    {
        TinyWorkspace tiny;
        tiny.workspace = thatWritesDown(tiny.workspace);
        train(requestFor(tiny, "run", tinyConfig(3)));
        QVERIFY(train(requestFor(tiny, "halted", tinyConfig(9)), 4).end == JobEnd::Cancelled);
        auto broken = requestFor(tiny, "broken", tinyConfig(3));
        broken.config.data.shards = "none";
        std::vector<TrainEvent> seen;
        broken.onEvent = [&seen](const TrainEvent& event) { seen.push_back(event); };
        const auto message = errorOf([&] { train(std::move(broken)); });
        const auto told = toldIn(tiny.workspace);
        QCOMPARE(told.size(), std::size_t{3});
        QCOMPARE(told[0].at("event").get<std::string>(), std::string("finished"));
        QCOMPARE(told[0].at("run").get<std::string>(), std::string("run"));
        QCOMPARE(told[0].at("step").get<int>(), 3);
        QCOMPARE(told[1].at("event").get<std::string>(), std::string("stopped"));
        QCOMPARE(told[1].at("step").get<int>(), 4);
        QCOMPARE(told[2].at("event").get<std::string>(), std::string("failed"));
        QCOMPARE(told[2].at("text").get<std::string>(), message);
        QCOMPARE(seen.size(), std::size_t{1});
        QCOMPARE(seen[0].kind, std::string("failed"));
    }

    void whoNamesNoProgramIsNotTold()
    {
        TinyWorkspace tiny;
        QVERIFY(tiny.workspace.config.alertCommand.empty());
        QVERIFY(train(requestFor(tiny, "run", tinyConfig(2))).log.find("alerts.command") == std::string::npos);
    }

    void tellsALossThatJumps()
    {
        StepWatch watch;
        for (std::int64_t step = 1; step <= 100; ++step)
            QVERIFY(!watch.look(stepOf(step, usualLoss(step)), 1));
        const auto found = watch.look(stepOf(101, 3.5), 1);
        QVERIFY(found && found->kind == "spike");
        QVERIFY2(found->text.find("step 101 is 3.5") != std::string::npos, found->text.c_str());
        QVERIFY(!watch.look(stepOf(102, usualLoss(102)), 1));
    }

    void losesNoWordAboutWhatIsUsual()
    {
        StepWatch watch;
        QVERIFY(!watch.look(stepOf(1, 1), 1));
        QVERIFY(!watch.look(stepOf(2, 90), 1)); // nothing is known yet
        for (std::int64_t step = 3; step <= 100; ++step)
            QVERIFY(!watch.look(stepOf(step, 1), 1));
        QVERIFY(!watch.look(stepOf(101, 1.2), 1)); // nothing varied, and this is no jump
        auto skipped = stepOf(102, std::numeric_limits<double>::quiet_NaN());
        skipped.skipped = true;
        QVERIFY(!watch.look(skipped, 1));
    }

    void tellsOnceThatDataAreWaitedFor()
    {
        StepWatch watch;
        int told = 0;
        for (std::int64_t step = 1; step <= 400; ++step) {
            const auto found = watch.look(stepOf(step, usualLoss(step), 0.7), 1);
            told += found && found->kind == "stall";
            if (found)
                QVERIFY2(found->text.find("70 %") != std::string::npos, found->text.c_str());
        }
        QCOMPARE(told, 1);
    }
};

QTEST_APPLESS_MAIN(TestAlerts)
#include "tst_alerts.moc"
