#include "core/demo/layout.h"

#include <QtTest>

#include <algorithm>
#include <cmath>

using namespace nanodit;

namespace {

Image bucketPicture(const Scene& scene)
{
    return makeBucketImage(drawScene(scene), scene.bucket);
}

/// The first scene of a seed that holds at least `count` things.
Scene sceneWith(std::size_t count)
{
    for (std::int64_t index = 0;; ++index) {
        auto scene = makeScene(9, index);
        if (scene.things.size() >= count)
            return scene;
    }
}

} // namespace

class TestLayout : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void findsEveryThingOfTrueScenesWhereItIs()
    {
        LayoutScore score;
        for (std::int64_t index = 0; index < 60; ++index) {
            const auto scene = makeScene(5, index);
            score += scoreLayout(scene, bucketPicture(scene));
        }
        QCOMPARE(score.pictures, std::int64_t{60});
        QCOMPARE(score.missing, std::int64_t{0});
        QCOMPARE(score.spurious, std::int64_t{0});
        QCOMPARE(score.rightShape, score.things);
        QVERIFY2(score.error() < 0.004, std::to_string(score.error()).c_str());
    }

    void aMovedThingCountsAsFarAsItMoved()
    {
        const auto scene = sceneWith(2);
        auto moved = scene;
        moved.things.resize(1);
        auto truth = moved;
        const double shift = truth.things[0].x > 0.5 ? -0.25 : 0.25;
        moved.things[0].x += shift;
        const auto score = scoreLayout(truth, bucketPicture(moved));
        const auto before = centreInBucket(truth.things[0], truth.picture, truth.bucket);
        const auto after = centreInBucket(moved.things[0], moved.picture, moved.bucket);
        const double dx = (after[0] - before[0]) * static_cast<double>(scene.bucket.width);
        const double diagonal =
            std::hypot(static_cast<double>(scene.bucket.width), static_cast<double>(scene.bucket.height));
        QVERIFY(std::abs(score.error() - std::abs(dx) / diagonal) < 0.004);
    }

    void aMissingThingCountsAsThePenalty()
    {
        auto truth = sceneWith(3);
        auto painted = truth;
        painted.things.pop_back();
        const auto score = scoreLayout(truth, bucketPicture(painted));
        QCOMPARE(score.missing, std::int64_t{1});
        const double expected = LayoutScore::missingPenalty / static_cast<double>(truth.things.size());
        QVERIFY(std::abs(score.error() - expected) < 0.004);
    }

    void aThingTooManyIsCounted()
    {
        const auto painted = sceneWith(3);
        auto truth = painted;
        truth.things.pop_back();
        const auto score = scoreLayout(truth, bucketPicture(painted));
        QCOMPARE(score.spurious, std::int64_t{1});
        QCOMPARE(score.missing, std::int64_t{0});
    }

    void greyAndNoisyPicturesHoldNothing()
    {
        Image grey{.size = {128, 128}, .rgb = std::vector<std::uint8_t>(3 * 128 * 128, 128)};
        QVERIFY(findThings(grey).empty());
        std::uint32_t state = 1;
        for (auto& byte : grey.rgb) {
            state = state * 1664525u + 1013904223u;
            byte = static_cast<std::uint8_t>(state >> 24);
        }
        QVERIFY(findThings(grey).empty());
    }
};

QTEST_APPLESS_MAIN(TestLayout)
#include "tst_layout.moc"
