#include "core/experiment/answers.h"
#include "core/experiment/model_numbers.h"
#include "core/experiment/work_claim.h"
#include "core/runtime/job.h"
#include "tests/support/test_data.h"

#include <QTest>

#include <array>
#include <atomic>
#include <chrono>
#include <cmath>
#include <set>
#include <thread>
#include <utility>

using namespace nanodit;
using namespace nanodit::test;

namespace {

ModelNumbers model(const std::string& arm, std::int64_t seed, std::map<std::string, double> distances)
{
    return {.arm = arm, .seed = seed, .values = {{"reconstruction.dino_distance", std::move(distances)}}};
}

} // namespace

class TestCompareArms : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void intervalsTellTheSpreadOverBoth()
    {
        const auto constant = crossedInterval({{2, 2, 2}, {2, 2, 2}});
        QCOMPARE(constant.low, 2.);
        QCOMPARE(constant.high, 2.);
        // Seeds that differ and pictures that do not: as if there were as many values as seeds.
        const auto seeds = crossedInterval({{0, 0, 0, 0}, {1, 1, 1, 1}, {2, 2, 2, 2}});
        QVERIFY(seeds.low <= 0.34 && seeds.high >= 1.66);
        // The other way round.
        const auto pictures = crossedInterval({{0, 1, 2}, {0, 1, 2}, {0, 1, 2}});
        QVERIFY(pictures.low <= 0.34 && pictures.high >= 1.66);
        const auto again = crossedInterval({{0, 1, 2}, {0, 1, 2}, {0, 1, 2}});
        QCOMPARE(again.low, pictures.low);
        QCOMPARE(again.high, pictures.high);
        QVERIFY(errorOf([] { crossedInterval({{1, 2}, {1}}); }).find("same pictures") != std::string::npos);
        QVERIFY(!errorOf([] { crossedInterval({}); }).empty());
    }

    void differencesAreOfPairs()
    {
        ExperimentReport report;
        // Picture c is missing in one model, and counts nowhere that model does.
        compareArms({model("cls", 1, {{"a", 0.5}, {"b", 0.9}, {"c", 0.1}}), model("cls", 2, {{"a", 0.4}, {"b", 0.8}}),
                     model("patches-rope", 1, {{"a", 0.3}, {"b", 0.7}, {"c", 0.9}}),
                     model("patches-rope", 2, {{"a", 0.2}, {"b", 0.6}, {"c", 0.9}})},
                    report);
        const auto* const cls = report.find("cls", "reconstruction.dino_distance");
        QVERIFY(cls != nullptr);
        QCOMPARE(cls->units, 2);
        QVERIFY(std::abs(cls->mean - 0.65) < 1e-12);
        QCOMPARE(cls->bySeed.size(), 2u);
        QVERIFY(std::abs(cls->bySeed[0] - 0.7) < 1e-12 && std::abs(cls->bySeed[1] - 0.6) < 1e-12);
        QCOMPARE(report.find("patches-rope", "reconstruction.dino_distance")->units, 3);
        const auto* const line = report.find("cls", "patches-rope", "reconstruction.dino_distance");
        QVERIFY(line != nullptr);
        QCOMPARE(line->units, 2);
        QVERIFY(std::abs(line->difference + 0.2) < 1e-12);
        // All pairs differ by the same, so that there is no doubt.
        QVERIFY(std::abs(line->interval.low + 0.2) < 1e-12 && std::abs(line->interval.high + 0.2) < 1e-12);
        QCOMPARE(line->verdict, 1); // a smaller distance is better
        QVERIFY(std::abs(*line->gain - 0.2 / 0.65) < 1e-12);
        QVERIFY(report.find("cls", "misaligned", "reconstruction.dino_distance") == nullptr);
        const auto words = inWords(*line);
        QVERIFY2(words.starts_with("0.650 to 0.450, 30.8 % better"), words.c_str());
    }

    void theAnswerNamesTheMargin()
    {
        const auto answerFor = [](double patches) {
            ExperimentReport report;
            report.arms = {"cls", "patches-rope"};
            compareArms(
                {model("cls", 1, {{"a", 1.0}, {"b", 1.0}}), model("patches-rope", 1, {{"a", patches}, {"b", patches}})},
                report);
            return answersOf(report).at(0).answer;
        };
        QVERIFY(answerFor(0.8).starts_with("Yes, by more than 10 %"));
        QVERIFY(answerFor(0.95).starts_with("Not by more than 10 %"));
        QVERIFY(answerFor(1.2).starts_with("Not by more than 10 %"));
    }

    void holesAreAskedWhatTheyGiveToText()
    {
        const auto of = [](const std::string& arm, double region, double obeyed) {
            return ModelNumbers{.arm = arm,
                                .seed = 1,
                                .values = {{"text_only.region_error", {{"a", region}, {"b", region}}},
                                           {"region_edit.obeyed", {{"a", obeyed}, {"b", obeyed}}}}};
        };
        ExperimentReport report;
        report.arms = {"patches-rope-prior", "patches-rope-prior-holes"};
        compareArms({of("patches-rope-prior", 0.2, 0), of("patches-rope-prior-holes", 0.1, 1)}, report);
        std::string answer;
        for (const auto& each : answersOf(report)) {
            if (each.question.starts_with("What do missing patches"))
                answer = each.answer;
        }
        QVERIFY2(answer.find("text only: region error") != std::string::npos, answer.c_str());
        QVERIFY2(answer.find("0.200 to 0.100") != std::string::npos, answer.c_str());
        QVERIFY2(answer.find("region edit: ") != std::string::npos, answer.c_str());
    }

    void anArmIsReadFromALine_data()
    {
        QTest::addColumn<QString>("line");
        QTest::addColumn<QStringList>("settings");
        QTest::newRow("as it is") << "plain" << QStringList{};
        QTest::newRow("one") << "a-1:repa.weight=0.5" << QStringList{"repa.weight=0.5"};
        QTest::newRow("a list") << "b:optimiser.betas=[0.9,0.99],data.batch_size=2"
                                << QStringList{"optimiser.betas=[0.9,0.99]", "data.batch_size=2"};
        QTest::newRow("a colon in a value")
            << "c:warm_start.rename=[\"a=>b:c\"]" << QStringList{"warm_start.rename=[\"a=>b:c\"]"};
    }
    void anArmIsReadFromALine()
    {
        QFETCH(QString, line);
        QFETCH(QStringList, settings);
        const auto arm = sweepArm(line.toStdString());
        QCOMPARE(QString::fromStdString(arm.name), line.section(':', 0, 0));
        QStringList found;
        for (const auto& setting : arm.settings)
            found << QString::fromStdString(setting);
        QCOMPARE(found, settings);
    }

    void whatIsNoArmIsRefused()
    {
        for (const auto* const line : {":repa.weight=1", "a/b:repa.weight=1", "..", "a:", "a:repa.weight", "a:seed=3",
                                       "a:repa.weight=1,,repa.block=1"})
            QVERIFY2(!errorOf([line] { sweepArm(line); }).empty(), line);
        QVERIFY(errorOf([] { sweepConfig(sweepArm("a:repa.wieght=1"), 1, {}); }).find("repa.weight") !=
                std::string::npos);
        QVERIFY(errorOf([] { sweepConfig(sweepArm("a:model.internal_head=99"), 1, {}); }).find("the arm \"a\"") !=
                std::string::npos);
    }

    void anArmsConfigurationHasItsSettingsAndItsSeed()
    {
        TrainConfig base;
        base.conditions.dropDino = 0.2;
        const auto config = sweepConfig(sweepArm("a:repa.weight=0.5,optimiser.betas=[0.9,0.99]"), 4, base);
        QCOMPARE(config.repa.weight, 0.5);
        QCOMPARE(config.optimiser.betas[1], 0.99);
        QCOMPARE(config.seed, 4);
        QCOMPARE(config.conditions.dropDino, 0.2); // the experiment has none of its own
    }

    void allArmsOfASweepAreComparedWithTheFirst()
    {
        ExperimentReport report;
        for (const auto* const line : {"plain", "aligned:repa.weight=0.5", "muon:optimiser.name=muon"}) {
            report.sweep.push_back(sweepArm(line));
            report.arms.push_back(report.sweep.back().name);
        }
        compareArms({model("plain", 1, {{"a", 0.5}, {"b", 0.9}}), model("aligned", 1, {{"a", 0.4}, {"b", 0.8}}),
                     model("muon", 1, {{"a", 0.6}, {"b", 0.8}})},
                    report);
        const auto* const line = report.find("plain", "aligned", "reconstruction.dino_distance");
        QVERIFY(line != nullptr);
        QCOMPARE(line->verdict, 1);
        QVERIFY(report.find("plain", "muon", "reconstruction.dino_distance")->verdict == 0);
        QVERIFY(report.find("aligned", "muon", "reconstruction.dino_distance") == nullptr);
        QCOMPARE(report.arm("aligned").what, std::string("repa.weight=0.5"));
        const auto answers = answersOf(report);
        QCOMPARE(answers.size(), std::size_t{2});
        QVERIFY2(answers[0].answer.starts_with("Better: reconstruction: DINO-patch distance 0.700 to 0.600"),
                 answers[0].answer.c_str());
        QCOMPARE(answers[1].answer, std::string("1 of 1 measures show no clear difference from plain's."));
    }

    void coursesAreMeansOverStretchesAndSeeds()
    {
        std::vector<std::vector<StepMetrics>> trainings(2);
        for (std::size_t seed = 0; seed < 2; ++seed) {
            for (std::int64_t step = 1; step <= 60; ++step) {
                StepMetrics metrics;
                metrics.step = step;
                metrics.lossByDrop = {seed == 0 ? 1. : 3., NAN, 0.5, NAN};
                metrics.samplesByDrop = {seed == 0 ? 3 : 1, 0, step <= 50 ? 1 : 0, 0};
                if (step == 10 || step == 60)
                    metrics.attention = {
                        {.text = 0, .cls = 0, .patches = 1, .alignment = 2. + static_cast<double>(seed)}};
                trainings[seed].push_back(metrics);
            }
        }
        const auto courses = coursesOf("patches-rope", trainings);
        QCOMPARE(courses.size(), 3u);
        QCOMPARE(courses[0].measure, std::string("loss.none"));
        QCOMPARE(courses[0].points.size(), 2u); // up to step 50, and to 100
        QCOMPARE(courses[0].points[1].step, 100);
        QVERIFY(std::abs(courses[0].points[0].mean - 1.5) < 1e-12); // three samples of 1 for each of 3
        QCOMPARE(courses[1].points.size(), 1u);
        QVERIFY(std::abs(courses[2].points[0].mean - 2.5) < 1e-12);
        QVERIFY(coursesOf("cls", {}).empty());
    }

    void everyMeasureHasAName()
    {
        std::set<std::string> names;
        for (const auto& measure : experimentMeasures()) {
            QVERIFY(!measure.label.empty() && !measure.help.empty());
            QVERIFY(names.insert(measure.name).second);
        }
        QVERIFY(names.contains("reconstruction.dino_distance") && names.contains("loss.both"));
        QVERIFY(errorOf([] { experimentMeasure("beauty"); }).find("beauty") != std::string::npos);
        QVERIFY(errorOf([] { experimentArm("pages"); }).find("patches-sincos") != std::string::npos);
    }

    void aPieceOfWorkIsDoneOnceByWhomever()
    {
        const TemporaryFolder folder;
        const auto held = WorkClaim::tryTake(folder / "one.lock");
        QVERIFY(held && !WorkClaim::tryTake(folder / "one.lock"));

        const std::vector<std::string> names = {"a", "b", "c", "d", "e"};
        std::array<std::atomic<int>, 5> done{};
        const auto worker = [&] {
            const JobContext context;
            shareWork(
                names, folder.path(), [&](std::size_t i) { return done[i] > 0; },
                [&](std::size_t i) {
                    std::this_thread::sleep_for(std::chrono::milliseconds(20));
                    ++done[i];
                    return true;
                },
                context);
        };
        std::thread first(worker), second(worker);
        first.join();
        second.join();
        for (const auto& count : done)
            QCOMPARE(count.load(), 1);
    }

    void stoppedWorkIsGivenBack()
    {
        const TemporaryFolder folder;
        const JobContext context;
        int tried = 0;
        const auto never = [](std::size_t) { return false; };
        const auto stopped = [&tried](std::size_t) {
            ++tried;
            return false;
        };
        QVERIFY(!shareWork({"a", "b"}, folder.path(), never, stopped, context));
        QCOMPARE(tried, 1);
        QVERIFY(WorkClaim::tryTake(folder / "a.lock").has_value());
    }
};

QTEST_APPLESS_MAIN(TestCompareArms)
#include "tst_compare_arms.moc"
