#include "core/dataset/caption_preview.h"
#include "core/dataset/catalog.h"
#include "core/dataset/record_edits.h"
#include "core/dataset/record_info.h"
#include "core/dataset/relocate.h"
#include "tests/support/contains.h"
#include "tests/support/import_fixture.h"

#include <QTest>

using namespace nanodit;
using test::contains;
using test::errorOf;
using namespace std::string_literals;
namespace fs = std::filesystem;

namespace {

/// A workspace of three pictures, two of them with captions.
struct Fixture : test::ImportFixture {
    Fixture()
    {
        pictures({"a.png", "b.png", "blue_bird-2.png"});
        text("a.txt", "red car, night");
        text("b.txt", "blue car, night, rain");
        import();
    }
    RelocateReport relocate(const fs::path& from, const fs::path& to) const
    {
        RelocateReport report;
        makeRelocateJob(
            {.workspace = workspace, .from = from, .to = to, .finished = [&](const auto& r) { report = r; }})
            ->run({});
        return report;
    }
};

} // namespace

class TestCaptionEdits : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void replacesAndSurrounds()
    {
        CaptionEdit edit;
        edit.find = "car";
        edit.replacement = "carriage";
        edit.before = "a ";
        edit.after = ".";
        QCOMPARE(editedCaption(edit, "red car by a car", "x"), "a red carriage by a carriage."s);
        QCOMPARE(editedCaption(edit, "a van.", "x"), "a van."s); // what stands there already is not put again
        QCOMPARE(editedCaption(edit, "", "x"), ""s);
        edit = {};
        edit.fromName = true;
        QCOMPARE(editedCaption(edit, "", "red_car-2"), "red car 2"s);
        QCOMPARE(editedCaption(edit, "there", "red_car-2"), "there"s);
    }

    void editsAreTakenBackOneByOne()
    {
        const Fixture f;
        CaptionEdit edit;
        edit.find = "car";
        edit.replacement = "van";
        QCOMPARE(previewCaptionEdit(f.workspace, {}, edit).size(), 2U);
        QCOMPARE(f.caption("a"), "red car, night"s);
        QCOMPARE(applyCaptionEdit(f.workspace, {}, edit).size(), 2U);
        QCOMPARE(f.caption("a"), "red van, night"s);
        edit = {};
        edit.fromName = true;
        QCOMPARE(applyCaptionEdit(f.workspace, {}, edit).size(), 1U);
        QCOMPARE(f.caption("blue_bird-2"), "blue bird 2"s);
        edit = {};
        edit.before = "x ";
        QCOMPARE(applyCaptionEdit(f.workspace, {"a"}, edit).size(), 1U);
        // Importing again leaves what was edited alone.
        QCOMPARE(test::importInto(f.workspace, f.source).updated, 0);

        QCOMPARE(undoCaptionEdit(f.workspace).size(), 1U);
        QCOMPARE(f.caption("a"), "red van, night"s);
        QCOMPARE(undoCaptionEdit(f.workspace).size(), 1U);
        QCOMPARE(f.caption("blue_bird-2"), ""s);
        setCaption(f.workspace, "b", "changed again");
        QCOMPARE(undoCaptionEdit(f.workspace).size(), 1U);
        QCOMPARE(f.caption("a"), "red car, night"s);
        QVERIFY(!test::recordIn(f.workspace, "a").sourceCaption); // as if it had never been edited
        QCOMPARE(f.caption("b"), "changed again"s);
        QVERIFY(contains(errorOf([&] { undoCaptionEdit(f.workspace); }), "no edit of captions"));
    }

    void editsTakenBackOtherwiseArePassedOver()
    {
        const Fixture f;
        CaptionEdit edit;
        edit.before = "x ";
        applyCaptionEdit(f.workspace, {"a"}, edit);
        edit = {};
        edit.find = "night";
        edit.replacement = "day";
        const std::vector<std::string> ids = {"a", "b"};
        const auto before = editableFields(f.workspace, ids);
        applyCaptionEdit(f.workspace, ids, edit);
        changeFields(f.workspace, editableFields(f.workspace, ids), before); // as the window undoes it
        QCOMPARE(f.caption("a"), "x red car, night"s);
        QCOMPARE(undoCaptionEdit(f.workspace).size(), 1U); // the one before
        QCOMPARE(f.caption("a"), "red car, night"s);
    }

    void previewsOfRecordsAtHandAreTheCatalogs()
    {
        const Fixture f;
        std::vector<RecordInfo> records;
        for (const auto& record : Catalog::open(f.workspace).records()) {
            records.emplace_back();
            records.back().id = record.id;
            records.back().image = record.image;
            records.back().caption = record.caption;
        }
        std::vector<const RecordInfo*> all;
        for (const auto& record : records)
            all.push_back(&record);
        CaptionEdit edit;
        edit.fromName = true;
        edit.after = ".";
        QVERIFY(!isEmpty(edit) && isEmpty(CaptionEdit()));
        const auto here = captionChanges(all, edit), there = previewCaptionEdit(f.workspace, {}, edit);
        QCOMPARE(here.size(), 3U);
        QCOMPARE(there.size(), 3U);
        for (std::size_t i = 0; i < here.size(); ++i)
            QVERIFY(here[i].id == there[i].id && here[i].before == there[i].before && here[i].after == there[i].after);
        QCOMPARE(here[2].after, "blue bird 2."s);
    }

    void wrongEditsChangeNothing()
    {
        const Fixture f;
        CaptionEdit edit;
        edit.find = "car";
        QVERIFY(contains(errorOf([&] { applyCaptionEdit(f.workspace, {"a", "nobody"}, edit); }), "nobody"));
        edit.replacement = "\xff";
        QVERIFY(contains(errorOf([&] { applyCaptionEdit(f.workspace, {}, edit); }), "UTF-8"));
        QCOMPARE(f.caption("a"), "red car, night"s);
    }

    void countsTags()
    {
        const Fixture f;
        const auto counts = captionTagCounts(f.workspace);
        QCOMPARE(counts.size(), 4U);
        QVERIFY((counts.front() == std::pair<std::string, std::int64_t>("night", 2)));
    }

    void tagsThatWereEditedStayWhenPicturesAreImportedAgain()
    {
        const Fixture f;
        using Tags = std::vector<std::string>;
        const auto before = editableFields(f.workspace, {"a"});
        changeTags(f.workspace, {"a", "b"}, {"night"}, {"day"});
        changeTags(f.workspace, {"blue_bird-2"}, {}, {"day"}); // which it does not have
        f.text("a.txt", "another car");                        // so that the record is taken in again
        f.text("blue_bird-2.tags", "bird");
        f.import();
        QVERIFY((f.record("a").tags == Tags{"night"}) && (f.record("b").tags == Tags{"night"}));
        QVERIFY((f.record("blue_bird-2").tags == Tags{"bird"}));
        // Taken back, the tags are the source's again.
        auto without = editableFields(f.workspace, {"a"}), with = without;
        without[0].tags = before[0].tags;
        without[0].tagsEdited = before[0].tagsEdited;
        changeFields(f.workspace, with, without);
        f.text("a.tags", "city");
        f.import();
        QVERIFY((f.record("a").tags == Tags{"city"}));
    }

    void editsMadeWhilePicturesAreRelocatedStay()
    {
        const Fixture f;
        fs::rename(f.source, f.folder / "elsewhere");
        RelocateReport report;
        JobContext context;
        context.report = [&f](const Progress& progress) {
            if (progress.done == 1) // the records have been read, and none is written
                setCaption(f.workspace, "a", "edited meanwhile");
        };
        makeRelocateJob({.workspace = f.workspace,
                         .from = f.source,
                         .to = f.folder / "elsewhere",
                         .finished = [&report](const auto& made) { report = made; }})
            ->run(context);
        QCOMPARE(report.moved, 3);
        QCOMPARE(f.caption("a"), "edited meanwhile"s);
        QCOMPARE(f.record("a").image, f.folder / "elsewhere/a.png");
    }

    void relocatedPicturesKeepTheirRecords()
    {
        const Fixture f;
        setCaption(f.workspace, "a", "edited");
        fs::rename(f.source, f.folder / "elsewhere");
        fs::remove(f.folder / "elsewhere/b.png");
        writePng(f.folder / "elsewhere/blue_bird-2.png", test::drawnPicture(99, {70, 64}));
        const auto report = f.relocate(f.source, f.folder / "elsewhere");
        QCOMPARE(report.moved, 1);
        QCOMPARE(report.left.size(), 2U);
        QCOMPARE(test::recordIn(f.workspace, "a").image, f.folder / "elsewhere/a.png");
        QCOMPARE(f.caption("a"), "edited"s);
        QCOMPARE(test::recordIn(f.workspace, "b").image, f.source / "b.png");
        QVERIFY(contains(errorOf([&] { f.relocate(f.source, f.folder / "nowhere"); }), "nowhere does not exist"));
        QVERIFY(contains(errorOf([&] { f.relocate(f.folder / "never", f.folder / "elsewhere"); }), "no record"));
        QVERIFY(contains(errorOf([&] { f.relocate("", f.folder / "elsewhere"); }), "name where the pictures were"));
    }
};

QTEST_APPLESS_MAIN(TestCaptionEdits)
#include "tst_caption_edits.moc"
