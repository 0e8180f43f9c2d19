#include "core/doctor/step_time.h"
#include "tests/support/tiny_training.h"

#include <QTest>

#include <string>

using namespace nanodit;

namespace {

StepTimeRequest requestOf(const TrainConfig& config)
{
    return {.config = config,
            .picture = {64, 64},
            .textTokens = 8,
            .steps = 1,
            .device = {.threads = 1},
            .finished = [](const auto&) {}};
}

TrainConfig deepConfig()
{
    auto config = test::tinyConfig(4);
    config.model.depth = 5;
    config.model.textDim = 12;
    config.model.dinoDim = 16;
    return config;
}

} // namespace

class TestStepTime : public QObject {
    Q_OBJECT

private Q_SLOTS:
    /// Two models of one and two blocks stand for the whole one, whatever its settings say of later blocks.
    void aStepIsEstimatedWhicheverBlockIsAligned_data()
    {
        QTest::addColumn<int>("block");
        QTest::addColumn<int>("internalHead");
        QTest::newRow("none") << 0 << 0;
        QTest::newRow("the last") << 5 << 0;
        QTest::newRow("an internal head in the middle") << 3 << 3;
    }
    void aStepIsEstimatedWhicheverBlockIsAligned()
    {
        QFETCH(int, block);
        QFETCH(int, internalHead);
        auto config = deepConfig();
        config.repa.weight = block > 0 ? 0.5 : 0;
        config.repa.block = block;
        config.repa.samples = RepaSamples::WithoutDino;
        config.model.internalHead = internalHead;
        auto request = requestOf(config);
        StepTimes times;
        request.finished = [&times](const StepTimes& found) { times = found; };
        QVERIFY(makeStepEstimateJob(request)->run({}) == JobEnd::Finished);
        QCOMPARE(times.seconds.size(), std::size_t(1));
        QVERIFY2(times.median() > 0 && times.median() < 60, std::to_string(times.median()).c_str());
        QCOMPARE(times.memory, 0);
    }

    void aStepHasARateBesideThatOfAProduct()
    {
        auto request = requestOf(deepConfig());
        StepTimes times;
        request.finished = [&times](const StepTimes& found) { times = found; };
        QVERIFY(makeStepTimeJob(request)->run({}) == JobEnd::Finished);
        QVERIFY(times.operations > 0 && times.perSecond() > 0);
        QVERIFY(times.product.perSecond() > 0);
        const auto once = times.operations;
        request.config.optimiser.accumulation *= 2;
        QVERIFY(makeStepTimeJob(request)->run({}) == JobEnd::Finished);
        QCOMPARE(times.operations, 2 * once);
    }

    void whatIsTimedIsNotCalledTraining()
    {
        std::int64_t reports = 0, ofOthers = 0;
        JobContext context;
        context.report = [&](const Progress& progress) {
            ++reports;
            ofOthers += !(progress.stage == Stage::Timing);
        };
        QVERIFY(makeStepEstimateJob(requestOf(deepConfig()))->run(context) == JobEnd::Finished);
        QVERIFY(reports > 0);
        QCOMPARE(ofOthers, 0);
    }
};

QTEST_GUILESS_MAIN(TestStepTime)
#include "tst_step_time.moc"
