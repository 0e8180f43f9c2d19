#include "app/weights_choice.h"
#include "core/front/training.h"

#include <QSignalSpy>
#include <QTest>

using namespace nanodit;

/// Which weights of a checkpoint the pages open.
class TestWeightsChoice : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void thereIsAChoiceOnlyWhereACheckpointHasBoth()
    {
        const std::filesystem::path both = "/runs/mine/checkpoints/step-00000010",
                                    averageAlone = "/runs/mine/checkpoints/step-00000020";
        WeightsChoice choice;
        QVERIFY(choice.isHidden() && choice.chosen().empty());
        choice.setCheckpoint(both, true);
        QVERIFY(!choice.isHidden());
        QCOMPARE(choice.chosen(), both);
        choice.setCurrentIndex(1);
        QCOMPARE(choice.chosen(), both / "model.safetensors");
        choice.setCheckpoint(averageAlone, false); // whatever was chosen elsewhere
        QVERIFY(choice.isHidden());
        QCOMPARE(choice.chosen(), averageAlone);
    }

    void theCheckpointOfAListIsTakenWithItsWeights()
    {
        const std::filesystem::path folder = "/runs/mine/checkpoints", both = folder / "step-00000020",
                                    averageAlone = folder / "step-00000010";
        QComboBox list;
        WeightsChoice choice;
        choice.setCheckpointOf(list, {both}); // empty
        QVERIFY(choice.isHidden() && choice.chosen().empty());
        addCheckpoints(
            list, {{.name = "mine", .folder = "/runs/mine", .checkpoints = {averageAlone, both}, .lastWritten = {}}});
        list.setCurrentIndex(0); // the newest
        choice.setCheckpointOf(list, {both});
        QVERIFY(!choice.isHidden());
        QCOMPARE(choice.chosen(), both);
        list.setCurrentIndex(1);
        choice.setCheckpointOf(list, {both});
        QVERIFY(choice.isHidden());
        QCOMPARE(choice.chosen(), averageAlone);
    }

    void aPictureBringsItsWeightsWithoutTelling()
    {
        WeightsChoice choice;
        QSignalSpy changed(&choice, &QComboBox::currentIndexChanged);
        const std::filesystem::path folder = "/runs/mine/checkpoints/step-00000010";
        QCOMPARE(choice.choose(folder / "model.safetensors"), folder);
        QCOMPARE(choice.currentIndex(), 1);
        QCOMPARE(choice.choose(folder), folder);
        QCOMPARE(choice.currentIndex(), 0);
        QCOMPARE(changed.count(), 0);
    }

    void theCheckpointsOfItsRunHaveTheSameWeights()
    {
        const std::filesystem::path folder = "/runs";
        const auto step = [&](const char* run, const char* name) { return folder / run / "checkpoints" / name; };
        const auto first = step("mine", "step-00000010"), last = step("mine", "step-00000020"),
                   other = step("other", "step-00000010");
        const std::vector<RunInfo> runs = {
            {.name = "other", .folder = folder / "other", .checkpoints = {other}, .lastWritten = {}},
            {.name = "mine", .folder = folder / "mine", .checkpoints = {first, last}, .lastWritten = {}}};
        WeightsChoice choice;
        const std::set<std::filesystem::path> withBoth = {last};
        QVERIFY(choice.runIn(runs) == nullptr && choice.checkpointsOfRun(runs, withBoth).empty());
        choice.setCheckpoint(last, true);
        QVERIFY(choice.runIn(runs) == &runs[1]);
        QVERIFY(choice.checkpointsOfRun(runs, withBoth) == (std::vector{first, last}));
        choice.setCurrentIndex(1);
        QVERIFY(choice.checkpointsOfRun(runs, withBoth) == (std::vector{first, last / "model.safetensors"}));
    }
};

QTEST_MAIN(TestWeightsChoice)
#include "tst_weights_choice.moc"
