#include "core/config/workspace_config.h"
#include "core/demo/scene_edit.h"
#include "core/demo/truth.h"
#include "core/io/image.h"
#include "tests/support/test_data.h"

#include <QTest>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>

using namespace nanodit;

namespace {

constexpr GridSize squareGrid{.rows = 8, .cols = 8};

SceneThing thingOf(ThingColour colour, ThingShape shape, double x, double y, double size)
{
    SceneThing thing;
    thing.colour = colour;
    thing.shape = shape;
    thing.x = x;
    thing.y = y;
    thing.size = size;
    return thing;
}

/// A red circle in the upper left and an orange star in the lower right of 128 x 128 pixels.
Scene twoThings()
{
    Scene scene;
    scene.id = "scene-000001";
    scene.split = "val";
    scene.picture = scene.bucket = {128, 128};
    scene.things = {thingOf(ThingColour::Red, ThingShape::Circle, 0.25, 0.25, 0.2),
                    thingOf(ThingColour::Orange, ThingShape::Star, 0.7, 0.7, 0.3)};
    return scene;
}

/// The scene as the edit wants it.
Scene edited(Scene scene, const RegionChange& edit)
{
    auto& thing = scene.things.at(edit.region.thing);
    for (std::size_t i = 0; i < colourNames.size(); ++i) {
        if (edit.change.to == colourNames[i])
            thing.colour = static_cast<ThingColour>(i);
    }
    for (std::size_t i = 0; i < shapeNames.size(); ++i) {
        if (edit.change.to == shapeNames[i])
            thing.shape = static_cast<ThingShape>(i);
    }
    return scene;
}

Image bucketPicture(const Scene& scene)
{
    return makeBucketImage(drawScene(scene), scene.bucket);
}

} // namespace

class TestSceneEdit : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void oneWordOfOneThingIsReplaced()
    {
        const auto scene = twoThings();
        const std::string caption = "a small red circle on the left and an orange star on the right";
        const auto colour = editScene(scene, caption, squareGrid, 0);
        QCOMPARE(colour->region.thing, std::size_t(0));
        QCOMPARE(colour->change.from, std::string("red"));
        QCOMPARE(colour->change.to, std::string("yellow")); // orange is taken
        QCOMPARE(colour->change.caption,
                 std::string("a small yellow circle on the left and an orange star on the right"));
        const auto shape = editScene(scene, caption, squareGrid, 3);
        QCOMPARE(shape->region.thing, std::size_t(1));
        QCOMPARE(shape->change.from, std::string("star"));
        QCOMPARE(shape->change.caption, std::string("a small red circle on the left and an orange ring on the right"));
    }

    void articlesFollowTheNewColour()
    {
        const auto scene = twoThings();
        QCOMPARE(editScene(scene, "a red circle and an orange star", squareGrid, 2)->change.caption,
                 std::string("a red circle and a yellow star"));
        auto one = scene;
        one.things.resize(1);
        QCOMPARE(editScene(one, "a red circle", squareGrid, 0)->change.caption, std::string("an orange circle"));
        QCOMPARE(editScene(one, "sofa red circle", squareGrid, 0)->change.caption, std::string("sofa orange circle"));
    }

    void aThingThatIsNamedTwiceIsReplacedTwice()
    {
        const auto scene = twoThings();
        const std::string caption = "a red circle and an orange star, right of the red circle";
        QCOMPARE(editScene(scene, caption, squareGrid, 0)->change.caption,
                 std::string("a yellow circle and an orange star, right of the yellow circle"));
        QCOMPARE(editScene(scene, caption, squareGrid, 1)->change.caption,
                 std::string("a red square and an orange star, right of the red square"));
    }

    void aThingThatTheCaptionDoesNotNameIsLeftOut()
    {
        const auto scene = twoThings();
        QCOMPARE(editScene(scene, "the orange star", squareGrid, 0)->region.thing, std::size_t(1));
        QVERIFY(!editScene(scene, "a colored circle and starlight", squareGrid, 0));
        QVERIFY(!editScene(scene, "a bored circle", squareGrid, 1));
    }

    void theRegionIsWhatTheCircleAroundTheThingReaches()
    {
        // Centre (32, 32), radius 12.8, cells of 16 pixels: the four around the corner at (32, 32).
        const auto edit = editScene(twoThings(), "a red circle", squareGrid, 0);
        QCOMPARE(edit->region.patches, (std::vector<std::int64_t>{9, 10, 17, 18}));
        QVERIFY(edit->region.grid == squareGrid);
    }

    void everyPixelOfTheThingIsInTheRegion()
    {
        for (std::int64_t index = 0; index < 60; ++index) {
            const auto scene = makeScene(3, index);
            const GridSize grid{.rows = scene.bucket.height / 16, .cols = scene.bucket.width / 16};
            const auto edit = editScene(scene, scene.caption, grid, static_cast<std::size_t>(index));
            QVERIFY2(edit, scene.caption.c_str());
            const auto& patches = edit->region.patches;
            QVERIFY(static_cast<std::int64_t>(patches.size()) < grid.count() * 2 / 3);
            const auto seen = bucketCrop(scene.picture, scene.bucket);
            std::set<std::int64_t> touched;
            for (std::int64_t y = 0; y < scene.bucket.height; ++y) {
                for (std::int64_t x = 0; x < scene.bucket.width; ++x) {
                    const double across = (double(x) + 0.5) / double(scene.bucket.width);
                    const double down = (double(y) + 0.5) / double(scene.bucket.height);
                    const int thing =
                        thingAt(scene, (seen.left + across * (seen.right - seen.left)) / double(scene.picture.width),
                                (seen.top + down * (seen.bottom - seen.top)) / double(scene.picture.height));
                    if (thing == static_cast<int>(edit->region.thing))
                        touched.insert(y / 16 * grid.cols + x / 16);
                }
            }
            QVERIFY(!touched.empty());
            for (const auto patch : touched)
                QVERIFY2(std::binary_search(patches.begin(), patches.end(), patch), scene.id.c_str());
        }
    }

    void aPictureThatObeysIsToldFromOneThatDoesNot()
    {
        const test::TemporaryFolder folder;
        Workspace workspace;
        workspace.root = folder.path();
        const auto truth = sceneTruth();
        for (std::int64_t index = 0; index < 40; ++index) {
            const auto scene = makeScene(4, index);
            test::writeText(truthFile(workspace, scene.id), truthOf(scene).dump());
            const auto edit = editScene(scene, scene.caption, squareGrid, static_cast<std::size_t>(index));
            PlannedPicture planned;
            planned.task = ValidationTask::RegionEdit;
            planned.record.id = scene.id;
            planned.change = edit->change;
            planned.region = edit->region;
            std::map<std::string, double> obeyed, disobeyed;
            truth.measure(workspace, planned, bucketPicture(edited(scene, *edit)), obeyed);
            truth.measure(workspace, planned, bucketPicture(scene), disobeyed);
            QVERIFY2(obeyed.at("obeyed") == 1, edit->change.caption.c_str());
            QVERIFY2(disobeyed.at("obeyed") == 0, edit->change.caption.c_str());
        }
    }

    void recordsWithoutTruthHaveNoEdit()
    {
        const test::TemporaryFolder folder;
        Workspace workspace;
        workspace.root = folder.path();
        RecordInfo record;
        record.id = "photograph";
        record.caption = "a red circle";
        QVERIFY(!sceneTruth().regionChange(workspace, record, 0));
    }
};

QTEST_APPLESS_MAIN(TestSceneEdit)
#include "tst_scene_edit.moc"
