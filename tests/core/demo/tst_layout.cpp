#include "core/demo/layout.h"

#include <QTest>

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

/// A red circle in a square picture of its bucket's size.
Scene sceneOfOne(double x, double y)
{
    Scene scene;
    scene.picture = scene.bucket = {128, 128};
    scene.tint = BackgroundTint::White;
    SceneThing thing;
    thing.x = x;
    thing.y = y;
    thing.size = 0.2;
    scene.things = {thing};
    return scene;
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

    void findsEveryThingOfTexturedScenes()
    {
        LayoutScore score;
        for (std::int64_t index = 0; index < 15; ++index) {
            const auto scene = makeScene(5, index, {.style = SceneStyle::Textured, .side = 256});
            score += scoreLayout(scene, bucketPicture(scene));
        }
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

    void aThingInItsRegionIsRightByTheCaption()
    {
        // The top left ninth, of which the truth has one corner and the picture the other.
        auto truth = sceneOfOne(0.12, 0.12);
        auto painted = sceneOfOne(0.27, 0.30);
        auto score = scoreLayout(truth, bucketPicture(painted));
        QCOMPARE(score.things, std::int64_t{1});
        QCOMPARE(score.missing, std::int64_t{0});
        QCOMPARE(score.regionError(), 0.0);
        QCOMPARE(score.inRegion, std::int64_t{1});
        const double moved = std::hypot(0.15 * 128, 0.18 * 128) / std::hypot(128.0, 128.0);
        QVERIFY2(std::abs(score.error() - moved) < 0.004, std::to_string(score.error()).c_str());
    }
    void outsideTheRegionCountsTheDistanceToItsEdge_data()
    {
        QTest::addColumn<double>("x");
        QTest::addColumn<double>("y");
        QTest::addColumn<double>("outsideX");
        QTest::addColumn<double>("outsideY");
        QTest::newRow("right of it") << 0.6 << 0.2 << 0.6 - 1.0 / 3 << 0.0;
        QTest::newRow("below it") << 0.2 << 0.8 << 0.0 << 0.8 - 1.0 / 3;
        QTest::newRow("beyond its corner") << 0.7 << 0.5 << 0.7 - 1.0 / 3 << 0.5 - 1.0 / 3;
    }
    void outsideTheRegionCountsTheDistanceToItsEdge()
    {
        QFETCH(double, x);
        QFETCH(double, y);
        QFETCH(double, outsideX);
        QFETCH(double, outsideY);
        const auto score = scoreLayout(sceneOfOne(0.2, 0.2), bucketPicture(sceneOfOne(x, y)));
        const double expected = std::hypot(outsideX, outsideY) / std::sqrt(2.0); // the picture is square
        QVERIFY2(std::abs(score.regionError() - expected) < 0.004, std::to_string(score.regionError()).c_str());
        QVERIFY(score.error() > score.regionError());
        QCOMPARE(score.inRegion, std::int64_t{0});
    }
    void theRegionOfACroppedPictureIsSeenInItsBucket()
    {
        // 160 x 100 cropped to 128 x 128: of the width the middle 100 are seen, so that the left third ends at 23.3.
        auto scene = sceneOfOne(0.25, 0.5);
        scene.picture = {160, 100};
        const auto region = namedRegion(scene, scene.things[0]);
        QVERIFY(std::abs(region.right - (160.0 / 3 - 30) / 100) < 1e-9);
        QVERIFY(region.left < 0);
        QVERIFY(std::abs(region.top - 1.0 / 3) < 1e-9 && std::abs(region.bottom - 2.0 / 3) < 1e-9);
    }
    void aThingThatIsNotFoundIsInNoRegion()
    {
        auto nothing = sceneOfOne(0.2, 0.2);
        nothing.things.clear();
        const auto score = scoreLayout(sceneOfOne(0.2, 0.2), bucketPicture(nothing));
        QCOMPARE(score.regionError(), LayoutScore::missingPenalty);
        QCOMPARE(score.inRegion, std::int64_t{0});
    }
    void regionErrorsAddUpOverPictures()
    {
        auto sum = scoreLayout(sceneOfOne(0.2, 0.2), bucketPicture(sceneOfOne(0.2, 0.2)));
        sum += scoreLayout(sceneOfOne(0.2, 0.2), bucketPicture(sceneOfOne(0.8, 0.2)));
        QCOMPARE(sum.inRegion, std::int64_t{1});
        const double expected = (0.8 - 1.0 / 3) / std::sqrt(2.0) / 2;
        QVERIFY2(std::abs(sum.regionError() - expected) < 0.004, std::to_string(sum.regionError()).c_str());
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
