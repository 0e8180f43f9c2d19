#include "core/demo/caption.h"
#include "core/demo/scene.h"
#include "core/io/sha256.h"
#include "tests/support/test_data.h"

#include <QTest>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string>

using namespace nanodit;

namespace {

constexpr SceneKind textured{.style = SceneStyle::Textured, .side = 256};

std::string nameOf(const SceneThing& thing)
{
    return std::string(colourNames[static_cast<std::size_t>(thing.colour)]) + " " +
           shapeNames[static_cast<std::size_t>(thing.shape)];
}

} // namespace

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
        QVERIFY2(found == "29727df11cdd7d57a8d803f93ee98e93597e6ce9d35f7caffed14f7f38107566", found.c_str());
    }
    void texturedScenesAreTheSameOnEveryMachine()
    {
        Sha256 hash;
        for (std::int64_t index = 0; index < 6; ++index) {
            const auto scene = makeScene(1, index, textured);
            const auto picture = drawScene(scene);
            hash.update(std::as_bytes(std::span(picture.rgb)));
            hash.update(scene.caption);
        }
        const auto found = hash.hex();
        QVERIFY2(found == "0a893377bf0d1426552713ba471e2988ec342314d060c0b33cd3263fe6359eaa", found.c_str());
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

    void aSceneShowsTheSameThingsInEveryKind()
    {
        for (std::int64_t index = 0; index < 100; ++index) {
            const auto plain = makeScene(3, index), large = makeScene(3, index, textured);
            auto repainted = plain;
            repainted.style = SceneStyle::Textured;
            QCOMPARE(large.things.size(), plain.things.size());
            for (std::size_t i = 0; i < plain.things.size(); ++i) {
                QVERIFY(large.things[i].colour == plain.things[i].colour);
                QVERIFY(large.things[i].shape == plain.things[i].shape);
                QVERIFY(std::abs(large.things[i].x - plain.things[i].x) < 0.02); // sizes are whole pixels
                QVERIFY(std::abs(large.things[i].y - plain.things[i].y) < 0.02);
            }
            QCOMPARE(large.bucket.width, 2 * plain.bucket.width);
            QCOMPARE(large.bucket.height, 2 * plain.bucket.height);
            QCOMPARE(large.split, plain.split);
            if (index < 3)
                QVERIFY(drawScene(repainted).rgb != drawScene(plain).rgb);
        }
    }
    void everyBucketOfEverySideFitsPatchesAndLatents()
    {
        for (const std::int64_t side : {128, 256, 384, 512}) {
            for (const auto& bucket : sceneBuckets({.style = SceneStyle::Plain, .side = side})) {
                QCOMPARE(bucket.width % 16, std::int64_t{0});
                QCOMPARE(bucket.height % 16, std::int64_t{0});
            }
        }
        QCOMPARE(sceneBuckets()[1], (ImageSize{160, 112}));
    }
    void otherSidesAreRefused()
    {
        for (const std::int64_t side : {0, 64, 200, 640}) {
            const auto message = test::errorOf([side] { makeScene(1, 0, {.style = SceneStyle::Plain, .side = side}); });
            QVERIFY2(message.find(std::to_string(side) + " pixels") != std::string::npos, message.c_str());
        }
    }

    void captionTellsColourShapeAndPlaceOfEachThing()
    {
        for (std::int64_t index = 0; index < 300; ++index) {
            const auto scene = makeScene(3, index);
            for (const auto& thing : scene.things) {
                const auto name = nameOf(thing);
                const auto place = placeName(thing.x, thing.y);
                const auto placed = scene.caption.find(name + " " + place) != std::string::npos;
                const auto before = scene.caption.find(place + " a") != std::string::npos &&
                                    scene.caption.find(name) != std::string::npos;
                QVERIFY2(placed || before, (scene.caption + " / " + name + " / " + place).c_str());
            }
            const auto background = std::string(tintNames[static_cast<std::size_t>(scene.tint)]) + " " +
                                    textureNames[static_cast<std::size_t>(scene.texture)] + " background lit from ";
            QVERIFY2(scene.caption.find(background) != std::string::npos, scene.caption.c_str());
        }
    }

    void wordsKnowWhatTheyAreAbout()
    {
        // Of every thing its own words, "the blue square" of a relation included, and of the background its own.
        for (std::int64_t index = 0; index < 200; ++index) {
            const auto scene = makeScene(3, index);
            CounterRandom random(5, static_cast<std::uint64_t>(index));
            std::map<int, std::string> said;
            for (const auto& word : describe(scene, random))
                said[word.about] += word.text + " ";
            for (std::size_t i = 0; i < scene.things.size(); ++i) {
                const auto& words = said[static_cast<int>(i)];
                QVERIFY2(words.find(nameOf(scene.things[i])) != std::string::npos, words.c_str());
                for (std::size_t other = 0; other < scene.things.size(); ++other)
                    QVERIFY(i == other || words.find(nameOf(scene.things[other])) == std::string::npos);
            }
            QVERIFY(said[aboutBackground].find("background lit from ") != std::string::npos);
            QVERIFY(said[aboutNothing].find("background") == std::string::npos);
        }
    }

    void relationsAreTrueAndSayWhatPlacesDoNot()
    {
        int seen = 0;
        for (std::int64_t index = 0; index < 600; ++index) {
            const auto scene = makeScene(3, index);
            const auto thingOf = [&scene](const std::string& words) -> const SceneThing* {
                const SceneThing* last = nullptr; // the one named last
                std::size_t at = 0;
                for (const auto& thing : scene.things) {
                    const auto found = words.rfind(nameOf(thing));
                    if (found != std::string::npos && (!last || found > at)) {
                        last = &thing;
                        at = found;
                    }
                }
                return last;
            };
            for (const std::string words : {", left of the ", ", right of the ", ", above the ", ", below the "}) {
                const auto at = scene.caption.find(words);
                if (at == std::string::npos)
                    continue;
                const auto* const thing = thingOf(scene.caption.substr(0, at));
                const auto rest = scene.caption.substr(at + words.size());
                const auto* const other = thingOf(rest.substr(0, rest.find(' ', rest.find(' ') + 1)));
                QVERIFY2(thing && other && thing != other, scene.caption.c_str());
                const int place = placeOf(*thing), otherPlace = placeOf(*other);
                const bool across = words == ", left of the " || words == ", right of the ";
                QVERIFY2(across ? place % 3 == otherPlace % 3 : place / 3 == otherPlace / 3, scene.caption.c_str());
                const double apart = across ? thing->x - other->x : thing->y - other->y;
                const bool before = words == ", left of the " || words == ", above the ";
                QVERIFY2(before ? apart < 0 : apart > 0, scene.caption.c_str());
                ++seen;
            }
        }
        QVERIFY2(seen > 80, std::to_string(seen).c_str());
    }

    void everyPhrasingOccurs()
    {
        const auto scene = makeScene(3, 1);
        std::set<std::string> captions;
        for (std::uint64_t draw = 0; draw < 100; ++draw) {
            CounterRandom random(1, draw);
            captions.insert(captionText(describe(scene, random)));
        }
        QVERIFY2(captions.size() >= 8, std::to_string(captions.size()).c_str());
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
            QCOMPARE(nearestBucket(scene.picture, sceneBuckets()), scene.bucket);
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
    void truthKeepsTheStyle()
    {
        const auto scene = makeScene(1, 12, textured);
        const auto again = sceneFromTruth(nlohmann::json::parse(truthOf(scene).dump()), "truth.json");
        QVERIFY(again.style == SceneStyle::Textured);
        QCOMPARE(drawScene(again).rgb, drawScene(scene).rgb);
        // Those of earlier versions name none.
        const auto plain = truthOf(makeScene(1, 12));
        QVERIFY(!plain.contains("style"));
        QVERIFY(sceneFromTruth(plain, "truth.json").style == SceneStyle::Plain);
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
        truth["style"] = "cubist";
        QTest::newRow("unknown style") << QString::fromStdString(truth.dump());
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
