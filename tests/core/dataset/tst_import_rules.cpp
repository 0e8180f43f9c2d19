#include "core/config/workspace_config.h"
#include "core/dataset/catalog.h"
#include "core/dataset/import_job.h"
#include "core/dataset/import_rules.h"
#include "core/dataset/record_edits.h"
#include "core/geometry/bucket.h"
#include "core/io/atomic_file.h"
#include "core/io/image.h"
#include "core/preprocess/workspace_state.h"
#include "tests/support/contains.h"
#include "tests/support/drawn_picture.h"
#include "tests/support/imported.h"
#include "tests/support/test_data.h"

#include <QTest>

#include <algorithm>

using namespace nanodit;
using test::contains;
namespace fs = std::filesystem;

namespace {

/// A workspace and a folder of pictures beside it.
struct Fixture {
    test::TemporaryFolder folder;
    Workspace workspace;
    fs::path pictures = folder / "pictures";

    Fixture()
    {
        WorkspaceConfig config;
        config.buckets = {{64, 64}, {96, 64}, {64, 96}};
        workspace = Workspace::create(folder / "workspace", config);
    }
    void draw(const std::string& name, std::uint64_t seed, ImageSize size = {80, 70}) const
    {
        fs::create_directories(pictures);
        writePng(pictures / name, test::drawnPicture(seed, size));
    }
    ImportReport import() const { return test::importInto(workspace, pictures); }
    std::string reason(const std::string& id) const
    {
        const auto found = Catalog::open(workspace).find(id);
        return found ? found->excluded : "there is no record " + id;
    }
};

} // namespace

/// What import excludes by rule, and what a person's decision changes of it.
class TestImportRules : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void eachRuleKeepsTheRecordAndItsReason()
    {
        const Fixture f;
        f.draw("good.png", 1);
        f.draw("tiny.png", 2, {15, 15});
        f.draw("long.png", 3, {400, 90});
        f.draw("whole.png", 4, {200, 200});
        const auto bytes = readTextFile(f.pictures / "whole.png");
        test::writeText(f.pictures / "cut.png", bytes.substr(0, bytes.size() / 2));
        test::writeText(f.pictures / "empty.jpg", "");
        test::writeText(f.pictures / "text.jpg", "I am not a picture");
        fs::copy_file(f.pictures / "good.png", f.pictures / "same.png");
        // The same pixels in other bytes: a PNG with a text in it.
        writePng(f.pictures / "pixels.png", readImage(f.pictures / "good.png"), {{"Comment", "another file"}});
        writePng(f.pictures / "smaller.png",
                 resampleBox(readImage(f.pictures / "whole.png"), {0, 0, 200, 200}, {70, 70}));

        const auto report = f.import();
        QCOMPARE(report.rejects.size(), 0U);
        QCOMPARE(report.added, 10);
        QCOMPARE(f.reason("good"), std::string());
        QCOMPARE(f.reason("whole"), std::string());
        QVERIFY(contains(f.reason("tiny"), "too small: 15x15 pixels would have to be enlarged 4.27 times"));
        QVERIFY(contains(f.reason("long"), "extreme aspect ratio: 400x90 pixels are 4.44 to 1"));
        for (const char* id : {"cut", "empty", "text"})
            QVERIFY2(f.reason(id).starts_with("broken: ") && contains(f.reason(id), id), f.reason(id).c_str());
        QCOMPARE(f.reason("same"), std::string("exact duplicate: of good, the same file"));
        QCOMPARE(f.reason("pixels"), std::string("exact duplicate: of good, the same pixels"));
        QVERIFY2(f.reason("smaller").starts_with("near duplicate: of whole, "), f.reason("smaller").c_str());
        const std::map<std::string, std::int64_t> expected = {{"broken", 3},
                                                              {"exact duplicate", 2},
                                                              {"extreme aspect ratio", 1},
                                                              {"near duplicate", 1},
                                                              {"too small", 1}};
        QVERIFY(report.excluded == expected);
        QCOMPARE(report.newlyExcluded.size(), 8U);

        const auto list = listRecords(f.workspace);
        QCOMPARE(list.size(), 10U);
        for (const auto& record : list)
            QCOMPARE(record.excludedByRule, !record.excluded.empty());
        const auto counts = status(f.workspace);
        QCOMPARE(counts.records, 2);
        QVERIFY(counts.excluded == expected);

        const auto again = f.import();
        QCOMPARE(again.unchanged, 10);
        QVERIFY(again.excluded == expected && again.newlyExcluded.empty());
    }

    void largeNumbersAreWrittenOut()
    {
        const Fixture f;
        f.draw("line.png", 1, {3000, 2});
        f.import();
        QVERIFY2(contains(f.reason("line"), "3000x2 pixels are 1500 to 1, but at most 4 to 1"),
                 f.reason("line").c_str());
    }

    void aPersonsDecisionOutlivesImports()
    {
        const Fixture f;
        f.draw("a.png", 1);
        f.draw("tiny.png", 2, {15, 15});
        f.draw("fine.png", 3);
        fs::copy_file(f.pictures / "a.png", f.pictures / "b.png");
        fs::copy_file(f.pictures / "a.png", f.pictures / "c.png");
        f.import();
        setExcluded(f.workspace, {"tiny", "c"}, ""); // taken in although the rules say no
        setExcluded(f.workspace, {"fine"}, "out of focus");
        const auto report = f.import();
        QCOMPARE(f.reason("tiny"), std::string());
        QCOMPARE(f.reason("fine"), std::string("out of focus"));
        QCOMPARE(f.reason("c"), std::string());
        // What a person took in is the one that stays.
        QCOMPARE(f.reason("a"), std::string("exact duplicate: of c, the same file"));
        QCOMPARE(f.reason("b"), std::string("exact duplicate: of c, the same file"));
        QVERIFY((report.excluded == std::map<std::string, std::int64_t>{{"exact duplicate", 2}}));
        for (const auto& record : listRecords(f.workspace))
            QCOMPARE(record.excludedByRule, record.id == "a" || record.id == "b");
    }

    void otherThresholdsHoldForWhatWasThere()
    {
        Fixture f;
        f.draw("a.png", 1);
        f.draw("tiny.png", 2, {15, 15});
        f.draw("long.png", 3, {400, 90});
        fs::copy_file(f.pictures / "a.png", f.pictures / "b.png");
        f.import();
        auto& rules = f.workspace.config.exclusions;
        rules = {.largestEnlargement = 0, .largestAspectRatio = 0, .exactDuplicates = false, .nearDuplicateBits = -1};
        QVERIFY(f.import().excluded.empty());
        for (const char* id : {"a", "b", "tiny", "long"})
            QCOMPARE(f.reason(id), std::string());
        rules.exactDuplicates = true;
        rules.largestEnlargement = 1;
        QVERIFY((f.import().excluded == std::map<std::string, std::int64_t>{{"exact duplicate", 1}, {"too small", 1}}));
    }

    void mendedPicturesComeBack()
    {
        const Fixture f;
        f.draw("a.png", 1);
        const auto bytes = readTextFile(f.pictures / "a.png");
        test::writeText(f.pictures / "a.png", bytes.substr(0, bytes.size() / 2));
        f.import();
        QVERIFY(f.reason("a").starts_with("broken"));
        QVERIFY(contains(listRecords(f.workspace).front().excluded, "a.png"));
        status(f.workspace);
        test::writeText(f.pictures / "a.png", bytes);
        status(f.workspace); // notices the change before the next import does
        f.import();
        QCOMPARE(f.reason("a"), std::string());
        QVERIFY((Catalog::open(f.workspace).find("a")->original == ImageSize{80, 70}));
        test::writeText(f.pictures / "a.png", "gone bad");
        QCOMPARE(f.import().updated, 1);
        QVERIFY(f.reason("a").starts_with("broken"));
    }

    void aBetterCopyTakesThePlace()
    {
        const Fixture f;
        f.draw("small.png", 7, {70, 70});
        f.import();
        QCOMPARE(f.reason("small"), std::string());
        f.draw("zz-large.png", 7, {140, 140});
        f.import();
        QVERIFY2(f.reason("small").starts_with("near duplicate: of zz-large"), f.reason("small").c_str());
        fs::remove(f.pictures / "zz-large.png");
        f.draw("zz-large.png", 8, {140, 140}); // another picture by now
        f.import();
        QCOMPARE(f.reason("small"), std::string());
    }

    void captionsOfOnePictureAreNoDuplicates()
    {
        const Fixture f;
        f.draw("a.png", 1);
        test::writeText(f.pictures / "records.jsonl", R"({"id": "one", "image": "a.png", "caption": "a drawing"}
{"id": "two", "image": "a.png", "caption": "coloured hills"}
)");
        QVERIFY(f.import().excluded.empty());
    }

    void animationsAreLeftOutWhereTheyAreToBe()
    {
        Fixture f;
        f.workspace.config.exclusions = {
            .largestEnlargement = 0, .largestAspectRatio = 0, .exactDuplicates = false, .nearDuplicateBits = -1};
        f.draw("drawn.png", 1);
        for (const auto* name : {"anim.webp", "apng.png", "gif.png", "still.webp"})
            fs::copy_file(test::dataPath("pictures/kinds") / name, f.pictures / name);
        auto report = f.import();
        QCOMPARE(report.added, 5);
        QVERIFY(report.excluded.empty()); // their first frame is taken
        QVERIFY(std::ranges::any_of(report.remarks, [](const auto& remark) {
            return contains(remark, "2 pictures are animations") && contains(remark, "animations: true");
        }));
        f.workspace.config.exclusions.animations = true; // holds for what was there before, too
        report = f.import();
        QVERIFY((report.excluded == std::map<std::string, std::int64_t>{{"animation", 2}}));
        for (const auto* id : {"anim", "apng"})
            QVERIFY2(f.reason(id).starts_with("animation: it has several frames"), f.reason(id).c_str());
        for (const auto* id : {"gif", "still", "drawn"})
            QCOMPARE(f.reason(id), std::string());
        setExcluded(f.workspace, {"anim"}, ""); // a person's word counts more
        f.workspace.config.exclusions.animations = true;
        f.import();
        QCOMPARE(f.reason("anim"), std::string());
        f.workspace.config.exclusions.animations = false;
        QVERIFY(f.import().excluded.empty());
        QCOMPARE(f.reason("apng"), std::string());
    }

    void wrongThresholdsAreNamed()
    {
        WorkspaceConfig config;
        config.exclusions.largestEnlargement = 0.5;
        config.exclusions.nearDuplicateBits = 65;
        config.captionCommand = {"caption"};
        std::string text;
        for (const auto& issue : config.validate())
            text += issue.key + ": " + issue.message + "\n";
        for (const char* key : {"exclusions.largest_enlargement", "exclusions.near_duplicate_bits", "caption_command"})
            QVERIFY2(contains(text, key), text.c_str());
        QCOMPARE(WorkspaceConfig{}.validate().size(), 0U);
    }
};

QTEST_APPLESS_MAIN(TestImportRules)
#include "tst_import_rules.moc"
