#include "core/dataset/shard_set.h"
#include "core/io/tensor.h"
#include "core/runtime/error.h"
#include "core/validate/nearest_training.h"
#include "tests/support/tiny_workspace.h"

#include <QtTest/QTest>

#include <cmath>

using namespace nanodit;
using namespace nanodit::test;

class TestNearestTraining : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void aCopyIsFoundAndAnyOtherIsTheBestByHand()
    {
        const TinyWorkspace tiny;
        const auto set = ShardSet::open(tiny.workspace.shardsFolder() / "train");
        at::manual_seed(5);
        const auto query = at::randn({TinyWorkspace::dinoWidth});
        const auto copied = set->read(7);
        const auto cls = at::stack({tensorFromArray(copied.cls).to(at::kFloat) * 3, query}); // length does not count
        const auto nearest = nearestTrainingPictures(*set, cls, {});
        QVERIFY(nearest);
        QCOMPARE(nearest->size(), 2U);
        QCOMPARE((*nearest)[0].id, copied.id);
        QVERIFY(std::abs((*nearest)[0].similarity - 1) < 1e-5);
        double best = -2;
        std::string id;
        for (std::size_t i = 0; i < set->entries().size(); ++i) {
            const auto stored = tensorFromArray(set->read(static_cast<std::int64_t>(i)).cls).to(at::kFloat);
            const double similarity = at::cosine_similarity(query, stored, 0).item<double>();
            if (similarity > best) {
                best = similarity;
                id = set->entries()[i].id;
            }
        }
        QCOMPARE((*nearest)[1].id, id);
        QVERIFY(std::abs((*nearest)[1].similarity - best) < 1e-5);
    }

    void featuresOfAnotherEncoderAreRefusedAndAStopIsHeard()
    {
        const TinyWorkspace tiny;
        const auto set = ShardSet::open(tiny.workspace.shardsFolder() / "train");
        QVERIFY_EXCEPTION_THROWN(nearestTrainingPictures(*set, at::zeros({1, 5}), {}), DataError);
        JobContext stopped;
        stopped.control->requestStop();
        QVERIFY(!nearestTrainingPictures(*set, at::zeros({1, TinyWorkspace::dinoWidth}), stopped));
    }
};

QTEST_APPLESS_MAIN(TestNearestTraining)
#include "tst_nearest_training.moc"
