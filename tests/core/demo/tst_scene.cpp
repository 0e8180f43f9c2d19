#include "core/demo/scene.h"
#include "core/io/sha256.h"
#include "tests/support/test_data.h"

#include <QtTest>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <set>

using namespace nanodit;

class TestScene : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void sameSeedGivesTheSameSceneOnEveryMachine()
    {
        // Pictures, captions and truths of twenty scenes; a change here changes what every demo is made of.
        Sha256 hash;
        for (std::int64_t index = 0; index < 20; ++index) {
            const auto scene = makeScene(1, index);
            const auto picture = drawScene(scene);
            hash.update(std::as_bytes(std::span(picture.rgb)));
            hash.update(scene.caption);
        }
        const auto found = hash.hex();
        QVERIFY2(found == "19969f201b70e7f6c8a5b32288848d177b03852bc398e0ab82db68798512185a", found.c_str());
    }
    void otherSeedsAndIndicesGiveOtherScenes()
    {
        std::set<std::string> captions;
        for (std::int64_t index = 0; index < 50; ++index) {
            captions.insert(makeScene(1, index).caption);
            captions.insert(makeScene(2, index).caption);
        }
        QVERIFY(captions.size() >= 99);
    }

    void captionTellsColourShapeAndPlaceOfEachThing()
    {
        for (std::int64_t index = 0; index < 300; ++index) {
            const auto scene = makeScene(3, index);
            for (const auto& thing : scene.things) {
                const auto name = std::string(colourNames[static_cast<std::size_t>(thing.colour)]) + " " +
                                  shapeNames[static_cast<std::size_t>(thing.shape)];
                const auto place = placeName(thing.x, thing.y);
                const auto placed = scene.caption.find(name + " " + place) != std::string::npos;
                const auto before = scene.caption.find(place + " a") != std::string::npos &&
                                    scene.caption.find(name) != std::string::npos;
                QVERIFY2(placed || before, (scene.caption + " / " + name + " / " + place).c_str());
            }
            const auto background = std::string(tintNames[static_cast<std::size_t>(scene.tint)]) + " " +
                                    textureNames[static_cast<std::size_t>(scene.texture)] + " background";
            QVERIFY(scene.caption.find(background) != std::string::npos);
        }
    }

    void everyBucketColourShapeAndSplitOccurs()
    {
        std::set<std::string> buckets, splits, colours, shapes;
        std::int64_t validation = 0;
        for (std::int64_t index = 0; index < 200; ++index) {
            const auto scene = makeScene(1, index);
            buckets.insert(bucketName(scene.bucket));
            splits.insert(scene.split);
            validation += scene.split == "val";
            for (const auto& thing : scene.things) {
                colours.insert(colourNames[static_cast<std::size_t>(thing.colour)]);
                shapes.insert(shapeNames[static_cast<std::size_t>(thing.shape)]);
            }
        }
        QCOMPARE(buckets.size(), std::size_t{3});
        QCOMPARE(splits.size(), std::size_t{2});
        QCOMPARE(validation, std::int64_t{20});
        QCOMPARE(colours.size(), colourNames.size());
        QCOMPARE(shapes.size(), shapeNames.size());
    }

    void thingsStayInsideTheBucketImageAndApart()
    {
        for (std::int64_t index = 0; index < 300; ++index) {
            const auto scene = makeScene(4, index);
            QVERIFY(scene.things.size() >= 2 && scene.things.size() <= 5);
            QCOMPARE(nearestBucket(scene.picture, demoBuckets()), scene.bucket);
            std::set<ThingColour> colours;
            const double shorter = static_cast<double>(std::min(scene.picture.width, scene.picture.height));
            const auto seen = bucketCrop(scene.picture, scene.bucket);
            for (const auto& thing : scene.things) {
                QVERIFY(colours.insert(thing.colour).second);
                const double radius = 0.5 * thing.size * shorter;
                const double x = thing.x * static_cast<double>(scene.picture.width);
                const double y = thing.y * static_cast<double>(scene.picture.height);
                QVERIFY(x - radius > seen.left && x + radius < seen.right);
                QVERIFY(y - radius > seen.top && y + radius < seen.bottom);
            }
        }
    }

    void picturesAreNotOfBucketSize()
    {
        // So that the crop to the bucket is a real one.
        int cropped = 0;
        for (std::int64_t index = 0; index < 50; ++index) {
            const auto scene = makeScene(1, index);
            const auto seen = bucketCrop(scene.picture, scene.bucket);
            cropped += seen.left > 1 || seen.top > 1;
        }
        QVERIFY(cropped > 25);
    }

    void thingCentreShowsItsColour()
    {
        for (std::int64_t index = 0; index < 100; ++index) {
            const auto scene = makeScene(6, index);
            const auto picture = drawScene(scene);
            for (std::size_t i = 0; i < scene.things.size(); ++i) {
                const auto& thing = scene.things[i];
                if (thing.shape == ThingShape::Ring || thingAt(scene, thing.x, thing.y) != static_cast<int>(i))
                    continue;
                const auto* const pixel =
                    picture.at(static_cast<std::int64_t>(thing.x * static_cast<double>(picture.size.width)),
                               static_cast<std::int64_t>(thing.y * static_cast<double>(picture.size.height)));
                const auto colour = colourRgb(thing.colour);
                for (std::size_t c = 0; c < 3; ++c)
                    QVERIFY(std::abs(pixel[c] - colour[c]) < 45);
            }
        }
    }

    void truthComesBackFromJson()
    {
        const auto scene = makeScene(1, 12);
        const auto again = sceneFromTruth(nlohmann::json::parse(truthOf(scene).dump()), "truth.json");
        QCOMPARE(again.id, scene.id);
        QCOMPARE(again.caption, scene.caption);
        QCOMPARE(again.things.size(), scene.things.size());
        QCOMPARE(drawScene(again).rgb, drawScene(scene).rgb);
    }
    void brokenTruthIsRefusedByName_data()
    {
        QTest::addColumn<QString>("text");
        QTest::newRow("not an object") << "[1]";
        QTest::newRow("lacks things")
            << R"({"id": "a", "split": "val", "caption": "c", "picture": "10x10", "bucket": "16x16"})";
        auto truth = truthOf(makeScene(1, 0));
        truth["things"][0]["colour"] = "mauve";
        QTest::newRow("unknown colour") << QString::fromStdString(truth.dump());
        truth = truthOf(makeScene(1, 0));
        truth["things"][0]["centre"] = "here";
        QTest::newRow("wrong type") << QString::fromStdString(truth.dump());
    }
    void brokenTruthIsRefusedByName()
    {
        QFETCH(QString, text);
        const auto message =
            test::errorOf([&] { sceneFromTruth(nlohmann::json::parse(text.toStdString()), "x/truth.json"); });
        QVERIFY2(message.starts_with("x/truth.json"), message.c_str());
    }
};

QTEST_APPLESS_MAIN(TestScene)
#include "tst_scene.moc"
