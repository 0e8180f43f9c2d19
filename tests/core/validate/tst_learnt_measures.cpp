#include "core/io/atomic_file.h"
#include "core/validate/learnt_measures.h"
#include "tests/support/tiny_training.h"

#include <QtTest/QTest>

#include <algorithm>

using namespace nanodit;
using namespace nanodit::test;

class TestLearntMeasures : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void aSampleThatCannotBeReadIsLeftOutOfWhatConditionsAreWorth()
    {
        const TinyWorkspace tiny;
        const auto checkpoint = train(requestFor(tiny, "run", tinyConfig(1))).report.checkpoint;
        const auto shard = tiny.workspace.shardsFolder() / "val/bucket_64x64/shard-000000.tar";
        auto bytes = readTextFile(shard);
        bytes[bytes.find("val1.vae.npy") + 200] ^= 1; // in the entry's header
        writeText(shard, bytes);
        ValidationReport report;
        for (const auto* const record : {"val0", "val1"}) {
            auto& picture = report.pictures.emplace_back();
            picture.task = ValidationTask::Reconstruction;
            picture.record = record;
        }
        QVERIFY(addConditionWorth(report, tiny.workspace, checkpoint, {}, {}));
        QCOMPARE(report.pictures[0].values.count("fixed_loss"), std::size_t(1));
        QCOMPARE(report.pictures[1].values.count("fixed_loss"), std::size_t(0));
        QVERIFY(std::ranges::any_of(report.notes, [](const std::string& note) {
            return note.find("on 1 record, the first because") != std::string::npos &&
                   note.find("val1") != std::string::npos;
        }));
    }
};

QTEST_APPLESS_MAIN(TestLearntMeasures)
#include "tst_learnt_measures.moc"
