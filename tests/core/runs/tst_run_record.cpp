#include "core/runs/metrics_file.h"
#include "core/runs/run_history.h"
#include "core/runs/run_record.h"
#include "tests/support/test_data.h"

#include <QTest>

#include <fstream>
#include <limits>

using namespace nanodit;

class TestRunRecord : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init() { folder_ = std::make_unique<test::TemporaryFolder>(); }

    void aRecordIsReadInPiecesToTheLastWholeLine()
    {
        const auto run = *folder_ / "run";
        std::filesystem::create_directories(run);
        StepMetrics metrics;
        {
            MetricsFile file(run, 0);
            for (metrics.step = 1; metrics.step <= 20; ++metrics.step)
                file.append(metrics);
            file.appendValidation(20, {{"reconstruction/ssim", 0.5}});
            file.append(metrics); // 21
        }
        std::ofstream(run / "metrics.jsonl", std::ios::app) << "no JSON\n{\"step\":22,\"lo"; // being written
        std::vector<std::int64_t> steps;
        std::size_t validations = 0, pieces = 0;
        RunRecord piece;
        do {
            piece = readRunRecord(run, piece.end, 1000);
            ++pieces;
            for (const auto& step : piece.steps)
                steps.push_back(step.step);
            for (const auto& validation : piece.validations) {
                ++validations;
                QCOMPARE(validation.step, std::int64_t(20));
                QCOMPARE(validation.means, (EventFile::Scalars{{"reconstruction/ssim", 0.5}}));
            }
        } while (!piece.complete);
        QVERIFY(pieces > 3);
        QCOMPARE(steps.size(), std::size_t(21));
        for (std::size_t i = 0; i < steps.size(); ++i)
            QCOMPARE(steps[i], static_cast<std::int64_t>(i) + 1);
        QCOMPARE(validations, std::size_t(1));
        const auto alone = readValidations(run);
        QCOMPARE(alone.size(), std::size_t(1));
        QCOMPARE(alone[0].step, std::int64_t(20));
        QCOMPARE(alone[0].means, (EventFile::Scalars{{"reconstruction/ssim", 0.5}}));
        std::ofstream(run / "metrics.jsonl", std::ios::app) << "ss\":1}\n"; // the rest of that line
        const auto more = readRunRecord(run, piece.end, 1000);
        QCOMPARE(more.steps.size(), std::size_t(1));
        QCOMPARE(more.steps[0].step, std::int64_t(22));
        QVERIFY(more.complete);
    }

    void aRecordThatCannotBeReadIsNotReplacedByAnEmptyOne()
    {
        const auto run = *folder_ / "run", file = run / "metrics.jsonl";
        std::filesystem::create_directories(run / "elsewhere");
        std::filesystem::create_directory_symlink("elsewhere",
                                                  file); // it opens, but reading it fails, as on a bad disk
        const auto isLeftAlone = [&] {
            const auto message = test::errorOf([&] { MetricsFile(run, 0); });
            return message.find("metrics.jsonl could not be read to its end") != std::string::npos &&
                   std::filesystem::is_symlink(file);
        };
        QVERIFY(isLeftAlone());
        std::filesystem::remove(file);
        std::filesystem::create_symlink("metrics.jsonl", file); // looking for it fails: is it gone?
        QVERIFY(isLeftAlone());
        QVERIFY(!test::errorOf([&] { readValidations(run); }).empty());
    }

    void aLongRecordIsKeptToTheStep()
    {
        const auto run = *folder_ / "run", file = run / "metrics.jsonl";
        std::filesystem::create_directories(run);
        constexpr std::int64_t steps = 6000, last = 5000; // more than a megabyte
        StepMetrics metrics;
        {
            MetricsFile before(run, 0);
            for (metrics.step = 1; metrics.step <= steps; ++metrics.step)
                before.append(metrics);
            before.appendValidation(last, {{"reconstruction/ssim", 0.5}});
            before.appendValidation(steps, {{"reconstruction/ssim", 0.6}});
        }
        QVERIFY(std::filesystem::file_size(file) > std::uintmax_t{1} << 20);
        const MetricsFile again(run, last);
        const auto kept = readMetrics(run);
        QCOMPARE(kept.size(), static_cast<std::size_t>(last));
        for (std::size_t i = 0; i < kept.size(); ++i)
            QCOMPARE(kept[i].step, static_cast<std::int64_t>(i) + 1);
        QVERIFY(again.hasValidation(last) && !again.hasValidation(steps));
    }

    void stepsSoFarAreThoseUpToTheStep()
    {
        const auto run = *folder_ / "run";
        std::filesystem::create_directories(run);
        {
            MetricsFile file(run, 0);
            for (std::int64_t step = 1; step <= 320; ++step) {
                StepMetrics metrics;
                metrics.step = step;
                metrics.loss = step == 250 ? std::numeric_limits<double>::quiet_NaN() : static_cast<double>(step);
                metrics.skipped = step == 7 || step == 250 || step == 310;
                file.append(metrics);
            }
            file.appendValidation(300, {{"reconstruction/ssim", 0.5}});
        }
        std::ofstream(run / "metrics.jsonl", std::ios::app) << "{\"step\":299,\"skipped\":tru"; // cut off
        const auto steps = stepsSoFar(run, 300);
        QCOMPARE(steps.skipped, std::int64_t(2));
        QCOMPARE(*steps.recentLoss, ((201.0 + 300.0) * 50 - 250) / 99);
        QCOMPARE(stepsSoFar(run, 1000).skipped, std::int64_t(3));
        QVERIFY(!stepsSoFar(run, 1000).recentLoss);
        QVERIFY(!stepsSoFar(*folder_ / "nothing", 300).recentLoss);
    }

    void aRunWithoutARecordHasNone()
    {
        const auto record = readRunRecord(*folder_ / "nothing", 0, 1000);
        QVERIFY(record.steps.empty() && record.complete);
        QVERIFY(readValidations(*folder_ / "nothing").empty());
        QVERIFY(readResumptions(*folder_ / "nothing").empty());
    }

    void resumptionsComeBackInTheirOrder()
    {
        const auto run = *folder_ / "run";
        std::filesystem::create_directories(run);
        appendRunEvent(run, 200, "resumed", "resumed");
        appendRunEvent(run, 100, "resumed", "resumed", {{"optimiser.lr", {"0.1", "0.2"}}});
        std::ofstream(run / "history.jsonl", std::ios::app) << "{\"step\":3,\"resum"; // cut off
        const auto resumptions = readResumptions(run);
        QCOMPARE(resumptions.size(), std::size_t(2));
        QCOMPARE(resumptions[0].step, std::int64_t(200));
        QVERIFY(resumptions[0].changed.empty());
        QCOMPARE(resumptions[1].step, std::int64_t(100));
        QCOMPARE(resumptions[1].changed.size(), std::size_t(1));
        QCOMPARE(resumptions[1].changed[0].key, std::string("optimiser.lr"));
        QCOMPARE(resumptions[1].changed[0].values, (std::vector<std::string>{"0.1", "0.2"}));
    }

    void anEventBehindALineThatWasCutOffIsThere()
    {
        const auto run = *folder_ / "full";
        std::filesystem::create_directories(run);
        appendRunEvent(run, 1, "begun", "begun");
        std::ofstream(run / "history.jsonl", std::ios::app) << "{\"time\":\"2026-11-29 10:00:00\",\"st"; // disk full
        appendRunEvent(run, 1, "resumed", "resumed");
        appendRunEvent(run, 2, "stall", "waited");
        const auto events = readRunHistory(run);
        QCOMPARE(events.size(), std::size_t(3));
        QCOMPARE(events[1].kind, std::string("resumed"));
        QCOMPARE(readResumptions(run).size(), std::size_t(1));
    }

    void jumpsOfTheLossAreThoseOfStepsThatTheRunStillHas()
    {
        const auto run = *folder_ / "jumps";
        std::filesystem::create_directories(run);
        QVERIFY(readLossJumps(run).empty());
        appendRunEvent(run, 0, "begun", "begun");
        appendRunEvent(run, 90, "spike", "the loss is 3; it held the samples a, b",
                       {{"what", "the loss is 3"}, {"samples", nlohmann::json::array({"a", "b"})}});
        appendRunEvent(run, 95, "stall", "the last 20 steps waited");
        appendRunEvent(run, 120, "spike", "the loss is 4; it held the samples c",
                       {{"samples", nlohmann::json::array({"c"})}}); // as before
        appendRunEvent(run, 130, "spike", "the loss is 5");
        QCOMPARE(readLossJumps(run).size(), std::size_t(3));
        QVERIFY(readLossJumps(run)[2].samples.empty());
        appendRunEvent(run, 120, "resumed", "resumed"); // step 130 is another one now
        const auto jumps = readLossJumps(run);
        QCOMPARE(jumps.size(), std::size_t(2));
        QVERIFY((jumps[0] == LossJump{.step = 90, .text = "the loss is 3", .samples = {"a", "b"}}));
        QCOMPARE(jumps[1].text, std::string("the loss is 4; it held the samples c"));
        QCOMPARE(jumps[1].samples, std::vector<std::string>{"c"});
    }

    void pathsThatAreNoUtf8EndNoRun()
    {
        const auto run = *folder_ / "latin";
        std::filesystem::create_directories(run);
        appendRunEvent(run, 7, "resumed", "resumed from /caf\xe9/step-00000007");
        const auto events = readRunHistory(run);
        QCOMPARE(events.size(), std::size_t(1));
        QCOMPARE(events[0].text, std::string("resumed from /caf\xEF\xBF\xBD/step-00000007"));
    }

private:
    std::unique_ptr<test::TemporaryFolder> folder_;
};

QTEST_APPLESS_MAIN(TestRunRecord)
#include "tst_run_record.moc"
