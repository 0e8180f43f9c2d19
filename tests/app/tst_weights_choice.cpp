#include "app/weights_choice.h"
#include "core/front/training.h"
#include "core/io/atomic_file.h"
#include "tests/support/test_data.h"

#include <QSignalSpy>
#include <QTest>

using namespace nanodit;

/// Which weights of a checkpoint the pages open.
class TestWeightsChoice : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void thereIsAChoiceOnlyWhereACheckpointHasBoth()
    {
        const test::TemporaryFolder folder;
        const auto both = folder / "both", averageAlone = folder / "average";
        for (const auto& file :
             {both / "model.safetensors", both / "ema.safetensors", averageAlone / "ema.safetensors"}) {
            std::filesystem::create_directories(file.parent_path());
            writeFileAtomically(file, "x");
        }
        WeightsChoice choice;
        QVERIFY(choice.isHidden() && choice.chosen().empty());
        choice.setCheckpoint(both);
        QVERIFY(!choice.isHidden());
        QCOMPARE(choice.chosen(), both);
        choice.setCurrentIndex(1);
        QCOMPARE(choice.chosen(), both / "model.safetensors");
        std::filesystem::remove(both / "model.safetensors"); // who opens it says so
        QCOMPARE(choice.chosen(), both / "model.safetensors");
        choice.setCheckpoint(averageAlone); // whatever was chosen elsewhere
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
        const test::TemporaryFolder folder;
        const auto step = [&](const char* run, const char* name) { return folder / run / "checkpoints" / name; };
        const auto first = step("mine", "step-00000010"), last = step("mine", "step-00000020"),
                   other = step("other", "step-00000010");
        for (const auto& file : {first / "ema.safetensors", last / "ema.safetensors", last / "model.safetensors",
                                 other / "ema.safetensors"}) {
            std::filesystem::create_directories(file.parent_path());
            writeFileAtomically(file, "x");
        }
        const std::vector<RunInfo> runs = {
            {.name = "other", .folder = folder / "other", .checkpoints = {other}, .lastWritten = {}},
            {.name = "mine", .folder = folder / "mine", .checkpoints = {first, last}, .lastWritten = {}}};
        WeightsChoice choice;
        QVERIFY(choice.runIn(runs) == nullptr && choice.checkpointsOfRun(runs).empty());
        choice.setCheckpoint(last);
        QVERIFY(choice.runIn(runs) == &runs[1]);
        QVERIFY(choice.checkpointsOfRun(runs) == (std::vector{first, last}));
        choice.setCurrentIndex(1);
        QVERIFY(choice.checkpointsOfRun(runs) == (std::vector{first, last / "model.safetensors"}));
    }
};

QTEST_MAIN(TestWeightsChoice)
#include "tst_weights_choice.moc"
