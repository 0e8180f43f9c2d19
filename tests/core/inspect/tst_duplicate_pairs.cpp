#include "core/dataset/catalog.h"
#include "core/dataset/record_edits.h"
#include "core/inspect/duplicate_pairs.h"
#include "core/io/image.h"
#include "core/io/npy.h"
#include "core/io/tensor.h"
#include "tests/core/inspect/patch_workspace.h"
#include "tests/support/contains.h"
#include "tests/support/imported.h"

#include <ATen/ATen.h>
#include <QTest>

#include <cmath>
#include <filesystem>
#include <map>

using namespace nanodit;
using namespace std::string_literals;
using Measure = DuplicatePair::Measure;
namespace fs = std::filesystem;

namespace {

constexpr int pictures = 6;

/// Five pictures whose CLS tokens have chosen cosines with that of the first, and are at right angles otherwise.
struct Fixture : test::PatchWorkspace {
    Fixture()
        : PatchWorkspace(pictures)
    {
        for (int i = 0; i < pictures; ++i)
            storeToken(i, i == 0 ? 1 : 0.1 * i);
    }
    fs::path tokenFile(int index) const { return workspace.derivedFolder() / "dinov3" / (id(index) + ".npy"); }
    void storeToken(int index, double cosine) const
    {
        const auto width = readNpy(tokenFile(index)).shape.at(0);
        auto token = at::zeros({width});
        token[0] = 3 * cosine; // their lengths do not count
        token[index] += 3 * std::sqrt(1 - cosine * cosine);
        writeNpy(tokenFile(index), arrayFromTensor(token));
    }
    DuplicatesReport find(double cosine = usualDuplicateCosine) const
    {
        DuplicatesReport report;
        makeDuplicatesJob(
            {.workspace = workspace, .cosine = cosine, .finished = [&](const auto& made) { report = made; }})
            ->run({});
        return report;
    }
    std::string excluded(int index) const { return test::recordIn(workspace, id(index)).excluded; }
};

} // namespace

class TestDuplicatePairs : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void tokensFindWhatIsAlike()
    {
        const Fixture f;
        QVERIFY(f.find().pairs.empty());
        f.storeToken(3, 0.97);
        const auto report = f.find();
        QCOMPARE(report.compared, pictures);
        QCOMPARE(report.withoutCls, 0);
        QCOMPARE(report.pairs.size(), 1U);
        const auto& pair = report.pairs.front();
        QVERIFY(pair.measure == Measure::Cls && pair.excluded.empty());
        QVERIFY(pair.id == f.id(3) && pair.of == f.id(0)); // which has more pixels
        QVERIFY(std::abs(pair.cosine - 0.97) < 1e-4);
        QCOMPARE(foundBy(pair), "CLS, cosine 0.970"s);
        QVERIFY(f.find(0.98).pairs.empty());
        QVERIFY(f.find(2).pairs.empty()); // tokens do not count
    }

    void whoIsADuplicateIsNobodysOriginal()
    {
        const Fixture f;
        f.storeToken(3, 0.97);
        f.storeToken(4, 0.96); // 0.93 with picture 3
        const auto report = f.find();
        QCOMPARE(report.pairs.size(), 2U);
        for (const auto& pair : report.pairs) {
            for (const auto& other : report.pairs)
                QVERIFY(pair.of != other.id);
        }
    }

    void whatAPersonTookInStays()
    {
        const Fixture f;
        f.storeToken(3, 0.97);
        const auto first = f.find().pairs.at(0);
        setExcluded(f.workspace, {first.id}, ""); // by hand
        const auto turned = f.find().pairs;
        QCOMPARE(turned.size(), 1U);
        QCOMPARE(turned[0].id, first.of);
        QCOMPARE(turned[0].of, first.id);
        setExcluded(f.workspace, {first.of}, "");
        QVERIFY(f.find().pairs.empty()); // both are wanted
    }

    void everyMeasureIsNamed()
    {
        Fixture f;
        fs::copy_file(f.picture(1), f.folder / "pictures/zz-copy.png");
        writePng(f.folder / "pictures/zz-pixels.png", readImage(f.picture(2)), {{"Comment", "another file"}});
        const auto original = readImage(f.picture(5));
        writePng(f.folder / "pictures/zz-smaller.png",
                 resampleBox(original, {0, 0, double(original.size.width), double(original.size.height)},
                             {original.size.width / 2, original.size.height / 2}));
        f.workspace.config.exclusions.nearDuplicateBits = 4;
        test::importInto(f.workspace, f.folder / "pictures");
        std::map<std::string, DuplicatePair> found;
        for (const auto& pair : f.find().pairs)
            found.emplace(pair.id, pair);
        QVERIFY(found.at("zz-copy").measure == Measure::Bytes && found.at("zz-copy").of == f.id(1));
        QVERIFY(found.at("zz-pixels").measure == Measure::Pixels && found.at("zz-pixels").of == f.id(2));
        QVERIFY(found.at("zz-smaller").measure == Measure::Hash && found.at("zz-smaller").bits <= 4);
        QVERIFY(test::contains(found.at("zz-copy").excluded, "exact duplicate")); // import saw to it already
        QCOMPARE(foundBy(found.at("zz-copy")), "the same file"s);
        QVERIFY(test::contains(foundBy(found.at("zz-smaller")), "of 64 bits differ"));
    }

    void excludingIsForGood()
    {
        const Fixture f;
        f.storeToken(3, 0.97);
        const auto pairs = f.find().pairs;
        QCOMPARE(excludeDuplicates(f.workspace, pairs), 1);
        const auto reason = "near duplicate: of " + pairs[0].of + ", CLS, cosine 0.970";
        QCOMPARE(test::recordIn(f.workspace, pairs[0].id).excluded, reason);
        test::importInto(f.workspace, f.folder / "pictures"); // whose rules know nothing of CLS
        QCOMPARE(test::recordIn(f.workspace, pairs[0].id).excluded, reason);
        const auto again = f.find().pairs;
        QCOMPARE(again.size(), 1U);
        QCOMPARE(again[0].excluded, reason);
        QCOMPARE(excludeDuplicates(f.workspace, again), 0);
    }

    void captionsOfOnePictureAreNoDuplicates()
    {
        const Fixture f;
        auto second = test::recordIn(f.workspace, f.id(2));
        second.id = "second-caption";
        Catalog::open(f.workspace).put(second);
        fs::copy_file(f.tokenFile(2), f.workspace.derivedFolder() / "dinov3/second-caption.npy");
        QVERIFY(f.find().pairs.empty());
        f.storeToken(2, 0.99); // a copy of picture 0 by now, or the other way round; with both captions
        const auto pairs = f.find().pairs;
        QVERIFY(!pairs.empty());
        for (const auto& pair : pairs)
            QVERIFY(pair.of != pair.id && !(pair.id == "second-caption" && pair.of == f.id(2)));
    }

    void recordsWithoutATokenAreCounted()
    {
        const Fixture f;
        f.storeToken(3, 0.97);
        fs::remove(f.tokenFile(3));
        const auto report = f.find();
        QVERIFY(report.pairs.empty());
        QCOMPARE(report.withoutCls, 1);
    }

    void manyRowsAreComparedInBlocks()
    {
        // Beyond one block of 1,024: the first and the last record are one picture.
        const Fixture f;
        auto catalog = Catalog::open(f.workspace);
        auto record = test::recordIn(f.workspace, f.id(0));
        const auto width = readNpy(f.tokenFile(0)).shape.at(0);
        at::manual_seed(5);
        constexpr int count = 1100;
        const auto tokens = at::randn({count, width});
        tokens[count - 1] = tokens[0] * 2;
        catalog.together([&] {
            for (int i = 0; i < count; ++i) {
                record.id = "many" + std::to_string(1000 + i);
                record.image = f.folder / ("pictures/" + record.id + ".png");
                record.imageHash = record.id;
                catalog.put(record);
                writeNpy(f.workspace.derivedFolder() / "dinov3" / (record.id + ".npy"), arrayFromTensor(tokens[i]));
            }
        });
        std::size_t found = 0;
        for (const auto& pair : f.find(0.99).pairs) {
            ++found;
            QCOMPARE(pair.id, "many2099"s);
            QCOMPARE(pair.of, "many1000"s);
        }
        QCOMPARE(found, 1U);
    }

    void aCosineThatEverythingHasIsRefused()
    {
        const Fixture f;
        QVERIFY(test::contains(test::errorOf([&] { f.find(0.1); }), "0.5"));
    }
};

QTEST_APPLESS_MAIN(TestDuplicatePairs)
#include "tst_duplicate_pairs.moc"
