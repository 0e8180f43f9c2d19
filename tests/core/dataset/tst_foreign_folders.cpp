#include "core/dataset/catalog.h"
#include "core/dataset/record_edits.h"
#include "core/io/foreign_text.h"
#include "tests/support/contains.h"
#include "tests/support/import_fixture.h"

#include <QTest>

#include <algorithm>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

using namespace nanodit;
using test::contains;
using test::ImportFixture;
using test::passedBy;
using test::reasonFor;
using test::tarNamed;
using namespace std::string_literals;
namespace fs = std::filesystem;

/// Folders as people keep them: named after splits, around the workspace itself, and other ones at the next import.
class TestForeignFolders : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void splitsOfOtherNamesAreMappedOrTold()
    {
        const ImportFixture f;
        const std::vector<std::pair<std::string, std::string>> splits = {
            {"a", "validation"}, {"b", "Dev"}, {"c", "training"}, {"d", "test"}};
        for (const auto& [name, split] : splits) {
            f.picture(name + ".png");
            f.text(name + ".json", "{\"split\": \"" + split + "\"}");
        }
        const auto report = f.import();
        QCOMPARE(f.record("a").split, "val"s);
        QCOMPARE(f.record("b").split, "val"s);
        QCOMPARE(f.record("c").split, "train"s);
        QCOMPARE(f.record("d").split, "test"s);
        QVERIFY(std::ranges::any_of(report.remarks, [](const auto& line) { return contains(line, "split \"test\""); }));
        setSplit(f.workspace, {"c", "d"}, "Validation"); // as in a source
        QCOMPARE(f.record("c").split, "val"s);
        QCOMPARE(f.record("d").split, "val"s);
    }

    void foldersMayBeNamedAfterSplits()
    {
        const ImportFixture f;
        f.pictures({"train/a.png", "train/e.png", "Validation/b.png", "test/c.png", "test/d.png"});
        f.text("test/d.json", R"({"split": "train"})");
        const auto report = f.import();
        QCOMPARE(f.record("train__a").split, "train"s);
        QCOMPARE(f.record("Validation__b").split, "val"s);
        QCOMPARE(f.record("test__c").split, "test"s);
        QCOMPARE(f.record("test__d").split, "train"s);
        QVERIFY(std::ranges::any_of(report.remarks,
                                    [](const auto& line) { return contains(line, "4 pictures have the split"); }));
        QCOMPARE(f.import().unchanged, 5);
        QCOMPARE(f.import(f.source / "Validation").unchanged, 1);      // where nothing says that it is one of several
        fs::rename(f.source / "train/a.png", f.source / "test/a.png"); // somebody wants it there
        f.import();
        QCOMPARE(f.record("train__a").split, "test"s);
        const ImportFixture other;
        other.pictures({"test/a.png", "cars/b.png"}); // without train, a name as any other
        other.import();
        QVERIFY(other.record("test__a").split != "test");
    }

    void withoutAFolderOfTheirOwnSomeOfTrainAreValidatedOn()
    {
        ImportFixture f;
        f.workspace.config.validationShare = 1;
        f.pictures({"train/a.png", "test/b.png"});
        f.import();
        QCOMPARE(f.record("train__a").split, "val"s);
        QCOMPARE(f.record("test__b").split, "test"s);
    }

    void foldersMoveNoPictureThatWasImportedBefore()
    {
        ImportFixture f;
        f.workspace.config.validationShare = 0;
        f.pictures({"train/a.png", "other/b.png"}); // as before folders were looked at
        f.import();
        QCOMPARE(f.record("train__a").split, "train"s);
        f.pictures({"val/c.png"});
        f.workspace.config.validationShare = 1; // by its hash, the picture would be in val
        const auto report = f.import();
        QCOMPARE(f.record("val__c").split, "val"s);
        QCOMPARE(f.record("train__a").split, "val"s);
        QVERIFY(std::ranges::any_of(report.remarks,
                                    [](const auto& line) { return contains(line, "1 picture keeps the split"); }));
    }

    void whatTheWorkspaceHoldsBesidePicturesIsPassedBy()
    {
        ImportFixture f;
        f.workspace.config.vae = "models/vae";
        f.source = f.workspace.root; // as of those who make one among their pictures
        f.pictures({"photo.png", "samples/0001.png", "experiments/a/b.png", "models/vae/grid.png"});
        writePng(f.source / "sample.png", test::drawnPicture(1, {80, 70}), {{settingsKeyword, "{}"}});
        writePng(f.source / "mine.png", test::drawnPicture(2, {80, 70}), {{"Software", "another"}});
        const auto report = f.import();
        QCOMPARE(report.added, 2);
        QCOMPARE(passedBy(report, "pictures that this program generated"), 1);
        QCOMPARE(passedBy(report, "folders of this workspace's own files"), 3);
    }

    void picturesOfTarsBesideTheWorkspaceAreMetOnce()
    {
        ImportFixture f;
        f.source = f.workspace.root;
        f.text("set.tar", tarNamed({"a.png", "b.png"}));
        QCOMPARE(f.import().added, 2);
        const auto again = f.import(); // what was unpacked lies below the folder now
        QCOMPARE(again.unchanged, 2);
        QVERIFY(again.rejects.empty());
    }

    void aFolderWhoseNameIsNoUtf8IsNamed()
    {
        const ImportFixture f;
        f.picture("good.png");
        f.picture("caf\xe9/below/inside.png");
        f.picture("plain/th\xe9.png");
        const auto report = f.import();
        QCOMPARE(report.added, 1);
        QCOMPARE(report.rejects.size(), 2U);
        const auto ofFolder = reasonFor(report, "inside.png");
        QVERIFY2(contains(ofFolder, printableText("caf\xe9 is not UTF-8: rename the folder")), ofFolder.c_str());
        const auto ofPicture = reasonFor(report, printableText("th\xe9.png"));
        QVERIFY2(contains(ofPicture, "the name of the picture is not UTF-8"), ofPicture.c_str());
    }

    void aMovedPictureKeepsItsRecord()
    {
        const ImportFixture f;
        f.picture("old/a.png");
        f.picture("old/b.png");
        f.text("old/a.txt", "a caption");
        f.import();
        const auto before = f.record("old__a");
        fs::rename(f.source / "old", f.source / "new");
        const auto report = f.import();
        QCOMPARE(report.added, 0);
        QCOMPARE(report.updated, 2);
        QCOMPARE(Catalog::open(f.workspace).recordCount(), 2);
        QCOMPARE(f.record("old__a").image, f.source / "new/a.png");
        QCOMPARE(f.record("old__a").caption, before.caption);
        QVERIFY(report.excluded.empty());
    }

    void ofCopiesTheOneThatMovedKeepsItsRecord()
    {
        const ImportFixture f;
        f.picture("a.png");
        for (const auto* const copy : {"b.png", "c.png"})
            fs::copy_file(f.source / "a.png", f.source / copy);
        f.import();
        fs::rename(f.source / "b.png", f.source / "0.png"); // looked at before the other copies
        fs::copy_file(f.source / "a.png", f.source / "e.png");
        const auto report = f.import();
        QCOMPARE(report.unchanged, 2);
        QCOMPARE(report.updated, 1);
        QCOMPARE(report.added, 1); // one was moved, so the other is new
        QCOMPARE(f.record("b").image, f.source / "0.png");
        QCOMPARE(f.record("e").image, f.source / "e.png");
        QVERIFY(std::ranges::none_of(report.remarks, [](const auto& line) { return contains(line, "gone"); }));
    }

    void whatIsGoneIsNotKeptInPlaceOfItsCopy()
    {
        const ImportFixture f;
        f.picture("a.png");
        fs::copy_file(f.source / "a.png", f.source / "b.png");
        QVERIFY(f.import().excluded.contains("exact duplicate"));
        QVERIFY(f.record("a").excluded.empty());
        fs::remove(f.source / "a.png");
        f.import();
        QVERIFY2(f.record("b").excluded.empty(), f.record("b").excluded.c_str());
    }

    void editedRecordsWithAnotherPictureAreTold()
    {
        const ImportFixture f;
        f.pictures({"1.png", "2.png", "3.png"});
        f.import();
        setTags(f.workspace, {"2"}, {"night"});
        fs::remove(f.source / "1.png"); // and the others are numbered again
        fs::rename(f.source / "2.png", f.source / "1.png");
        fs::rename(f.source / "3.png", f.source / "2.png");
        const auto told = [](const ImportReport& report) {
            return std::ranges::any_of(report.remarks, [](const std::string& line) {
                return contains(line, "1 record that you edited (2) has another picture");
            });
        };
        QVERIFY(told(f.import()));
        QVERIFY(!told(f.import()));
    }

    void picturesThatAreGoneAreTold()
    {
        const ImportFixture f;
        f.pictures({"a.png", "b.png", "c.png"});
        QVERIFY(f.import().remarks.empty());
        fs::remove(f.source / "b.png");
        const auto report = f.import();
        QCOMPARE(report.unchanged, 2);
        QCOMPARE(report.remarks.size(), 1U);
        QVERIFY2(contains(report.remarks[0], "1 picture of earlier imports (b) is gone"), report.remarks[0].c_str());
        setExcluded(f.workspace, {"b"}, "it is gone");
        QVERIFY(f.import().remarks.empty());
    }
};

QTEST_APPLESS_MAIN(TestForeignFolders)
#include "tst_foreign_folders.moc"
