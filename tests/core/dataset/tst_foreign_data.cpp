#include "core/dataset/catalog.h"
#include "core/dataset/loss_mask.h"
#include "core/dataset/record_edits.h"
#include "core/io/foreign_text.h"
#include "core/io/utf8.h"
#include "tests/support/contains.h"
#include "tests/support/import_fixture.h"

#include <QTest>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <sys/stat.h>

using namespace nanodit;
using test::contains;
using test::ImportFixture;
using test::noteFor;
using test::passedBy;
using test::reasonFor;
using test::tarNamed;
using namespace std::string_literals;
namespace fs = std::filesystem;

namespace {

/// Files and links below a folder; a link to a folder is one thing.
std::int64_t thingsBelow(const fs::path& folder)
{
    std::int64_t count = 0;
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
        std::error_code loop;
        count += !entry.is_directory(loop) || entry.is_symlink(loop);
    }
    return count;
}

} // namespace

/// Data as people have it: pictures, and what other programs write beside them.
class TestForeignData : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void nothingVanishesInSilence()
    {
        const ImportFixture f;
        f.picture("a.png");
        f.text("a.txt", "a caption");
        f.picture("p0.png");
        f.picture("p0-masklabel.png");
        f.picture("p0-condlabel.png");
        f.picture("a-mask.png");
        f.picture("only-mask.png"); // of no other picture: one itself
        f.text("photo.tga", "TRUEVISION");
        f.text("raw.CR2", "II*\0\x10\0\0\0CR\2\0"s);
        f.text("film.mp4", "\0\0\0\x18"
                           "ftypisom"s);
        f.text("lost.txt", "of a picture that is not there");
        f.text("noending", "x");
        f.text("set.zip", "PK\3\4"s + std::string(30, '\0'));
        f.text("half.png.part", "x");
        f.text("Thumbs.db", "x");
        f.text("._a.png", "x");
        fs::create_directories(f.folder / "elsewhere");
        fs::create_directory_symlink(f.folder / "elsewhere", f.source / "cats");
        fs::create_symlink("self.png", f.source / "self.png");

        const auto report = f.import();
        QCOMPARE(report.added, 3);
        QVERIFY(contains(reasonFor(report, "self.png"), "self.png"));
        QCOMPARE(passedBy(report, "masks of other pictures"), 2);
        QCOMPARE(passedBy(report, "loss masks"), 1);
        QCOMPARE(passedBy(report, ".tga files"), 1);
        QCOMPARE(passedBy(report, ".cr2 files"), 1);
        QCOMPARE(passedBy(report, ".mp4 files"), 1);
        QCOMPARE(passedBy(report, "captions without a picture"), 1);
        QCOMPARE(passedBy(report, "files without an ending"), 1);
        QCOMPARE(passedBy(report, "unfinished downloads"), 1);
        QCOMPARE(passedBy(report, "links to folders"), 1);
        QCOMPARE(passedBy(report, "hidden files and folders"), 1);
        QVERIFY(contains(report.passedBy.kinds().at(".zip files").advice, "unpack"));
        // All that is there was taken, left out or passed by, but for the one caption that was used.
        QCOMPARE(report.found(), thingsBelow(f.source) - 1);
    }

    void captionsStandInManyKindsOfFiles()
    {
        const ImportFixture f;
        for (const auto* name : {"a", "b", "c", "d", "e", "f", "g", "h", "i"})
            f.picture(name + ".png"s);
        f.picture("IMG.PNG");
        f.text("a.caption", "by sd-scripts");
        f.text("b.TXT", "in capitals");
        f.text("c.txt", " \n");
        f.text("c.caption", "the second says something");
        f.text("d.tags", "night, city");
        f.text("i.tags", "night\r\n\r\ncity\r\n");
        f.text("e.Json", R"({"caption": "", "text": "by its second key"})");
        f.text("f.png.caption", "with both endings");
        f.text("g.json", R"({"caption": ["one of several", "another"], "tags": "x, y"})");
        f.text("h.txt", "a text");
        f.text("h.json", "{broken");
        f.text("IMG.TXT", "of capitals");
        const auto report = f.import();
        QCOMPARE(report.added, 10);
        QVERIFY(report.rejects.empty());
        QCOMPARE(f.caption("a"), "by sd-scripts"s);
        QCOMPARE(f.caption("b"), "in capitals"s);
        QCOMPARE(f.caption("c"), "the second says something"s);
        QCOMPARE(f.caption("d"), "night, city"s);
        QCOMPARE(f.caption("i"), "night, city"s);
        for (const auto* const name : {"d", "i"})
            QVERIFY2((f.record(name).tags == std::vector<std::string>{"city", "night"}), name);
        QCOMPARE(f.caption("e"), "by its second key"s);
        QCOMPARE(f.caption("f"), "with both endings"s);
        QCOMPARE(f.caption("g"), "one of several"s);
        QVERIFY(contains(f.record("g").extra, "another"));
        QCOMPARE(f.caption("h"), "a text"s);
        QVERIFY(contains(noteFor(report, "h.png"), "not valid JSON"));
        QCOMPARE(f.caption("IMG"), "of capitals"s);
    }

    void capitalsInNamesOfFieldsDoNotMatter()
    {
        const ImportFixture f;
        f.pictures({"a.png", "table/b.png"});
        f.text("a.json", R"({"Caption": "of a", "Tags": ["night"], "Camera": "x"})");
        f.text("table/metadata.jsonl", R"({"File_Name": "b.png", "TEXT": "of b"})");
        QVERIFY(f.import().rejects.empty());
        QCOMPARE(f.caption("a"), "of a"s);
        QVERIFY((f.record("a").tags == std::vector<std::string>{"night"}));
        QCOMPARE(nlohmann::json::parse(f.record("a").extra).dump(), R"({"Camera":"x"})"s);
        QCOMPARE(f.caption("table__b"), "of b"s);

        const ImportFixture lines;
        lines.picture("c.png");
        lines.text("records.jsonl", R"({"id": "c", "Image": "c.png", "Prompt": "of c"})");
        QVERIFY(lines.import().rejects.empty());
        QCOMPARE(lines.caption("c"), "of c"s);
    }

    void aListWithoutATextIsToldOf()
    {
        const ImportFixture f;
        f.pictures({"a.png", "b.png"});
        f.text("a.json", R"({"captions": [["a"]]})");
        f.text("b.json", R"({"caption": [["b"]], "captions": ["of b"]})");
        const auto report = f.import();
        QCOMPARE(report.notes.size(), 1U);
        QVERIFY(contains(noteFor(report, "a.png"), "a list without a text"));
        QCOMPARE(f.caption("b"), "of b"s);
    }

    void encodingsAreReadOrNamedAndCostNoPicture()
    {
        const ImportFixture f;
        const std::vector<std::pair<std::string, std::string>> captions = {{"utf16", "\xFF\xFE"
                                                                                     "a\0 \0r\0e\0d\0"s},
                                                                           {"powershell", "a\0 \0r\0e\0d\0"s},
                                                                           {"nul", "a red\0\0"s},
                                                                           {"nbsp", "\xc2\xa0\xe2\x80\x8b\xef\xbb\xbf"},
                                                                           {"latin", "caf\xe9 au lait"},
                                                                           {"shift-jis", "\x90\xd4\x82\xa2"}};
        for (const auto& [name, content] : captions) {
            f.picture(name + ".png");
            f.text(name + ".txt", content);
        }
        const auto report = f.import();
        QCOMPARE(report.added, 6);
        for (const auto* name : {"utf16", "powershell", "nul"})
            QCOMPARE(f.caption(name), "a red"s);
        for (const auto* name : {"nbsp", "latin", "shift-jis"})
            QCOMPARE(f.caption(name), ""s);
        QVERIFY(contains(noteFor(report, "latin.png"), "latin.txt is not UTF-8"));
        QVERIFY(contains(noteFor(report, "shift-jis.png"), "save it as UTF-8"));
        QCOMPARE(noteFor(report, "nbsp.png"), ""s);
    }

    void jsonOfPythonCostsNoPicture()
    {
        const ImportFixture f;
        for (const auto* name : {"n", "i", "s", "t"})
            f.picture(name + ".png"s);
        f.text("n.txt", "from its text");
        f.text("n.json", R"({"caption": "a red car", "similarity": NaN, "width": 160})");
        f.text("i.json", R"({"caption": "a blue car", "score": Infinity})");
        f.text("s.json", R"({"caption": "half an emoji \ud83d here"})");
        f.text("t.json", R"({"caption": "a green car",})");
        const auto report = f.import();
        QCOMPARE(report.added, 4);
        QCOMPARE(f.caption("n"), "from its text"s);
        QVERIFY(nlohmann::json::parse(f.record("n").extra).at("similarity").is_null());
        QCOMPARE(f.caption("i"), "a blue car"s);
        QCOMPARE(f.caption("s"), "half an emoji \xEF\xBF\xBD here"s);
        QVERIFY(contains(noteFor(report, "t.png"), "not valid JSON"));

        f.text("lines.jsonl", "{\"image\": \"n.png\", \"clip\": NaN}\n{\"image\": \"i.png\", \"clip\": 0.3}\n");
        QCOMPARE(f.import(f.source / "lines.jsonl").rejects.size(), 0U);
    }

    void whatStandsInThePlaceOfATextIsNoCaption()
    {
        const ImportFixture f;
        for (const auto* name : {"a.png", "b.png", "c.png", "d.png", "e.png"})
            f.picture(name);
        const auto pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n"s;
        f.text("a.txt", pointer);
        f.text("b.txt", "<!DOCTYPE html><html>Please log in</html>");
        f.text("c.txt", std::string(40, '\0'));
        f.text("d.txt", "\x1f\x8b\x08\0\xff\xfe"s);
        f.text("e.txt", "BMX rider, <body of water> behind");
        f.text("metadata.csv", pointer);
        f.text("sub/records.jsonl", "{}\n");
        const auto report = f.import();
        QCOMPARE(report.added, 5);
        for (const auto& [id, says] :
             {std::pair{"a", "Git LFS pointer"}, {"b", "web page"}, {"c", "zero bytes"}, {"d", "gzip"}}) {
            QCOMPARE(f.caption(id), ""s);
            QVERIFY2(contains(noteFor(report, id + ".png"s), says), id);
        }
        QCOMPARE(f.caption("e"), "BMX rider, <body of water> behind"s);
        QVERIFY(contains(reasonFor(report, "metadata.csv"), "Git LFS pointer"));
        QCOMPARE(passedBy(report, "records.jsonl files below the top"), 1);
        f.text("records.jsonl", pointer);
        QVERIFY(contains(test::errorOf([&] { f.import(); }), "records.jsonl is a Git LFS pointer"));
    }

    void captionsAreFoundWhateverTheirCapitals()
    {
        const ImportFixture f;
        for (const auto* name : {"Photo.PNG", "b.png", "B.png", "c.png"})
            f.picture(name);
        f.text("photo.txt", "of the photo");
        f.text("b.txt", "of b alone");
        f.text("c.png.TXT", "with both endings");
        f.text("C.caption", "not beside what c has");
        const auto report = f.import();
        QCOMPARE(f.caption("Photo"), "of the photo"s);
        QCOMPARE(f.caption("b"), "of b alone"s);
        QCOMPARE(f.caption("B"), ""s);
        QCOMPARE(f.caption("c"), "with both endings"s);
        QCOMPARE(passedBy(report, "captions without a picture"), 1);
    }

    void numbersThatNoDoubleHoldsCostNoCaption()
    {
        const ImportFixture f;
        f.picture("a.png");
        f.text("a.json", R"({"caption": "a car", "score": 1e999})");
        const auto report = f.import();
        QCOMPARE(f.caption("a"), "a car"s);
        QVERIFY(report.notes.empty());
    }

    void masksAreToldInFoldersOfTheirOwnAndInTars()
    {
        const ImportFixture f;
        f.picture("set/a.png");
        f.picture("set/masks/a.png");
        f.picture("set/masks/alone.png");
        f.picture("photos/b.png");
        f.picture("Masks/b.png");
        f.picture("c.Png");
        f.picture("C-MaskLabel.PNG");
        f.text("set.tar",
               tarNamed({"a photo.png", "a photo.txt", "a photo-mask.png", "plain.png", "plain-condlabel.png"}));
        const auto report = f.import();
        QCOMPARE(passedBy(report, "masks of other pictures"), 4);
        QCOMPARE(passedBy(report, "loss masks"), 1);
        QCOMPARE(report.added, 6);
        std::int64_t masked = 0;
        for (const auto& record : Catalog::open(f.workspace).records())
            masked += !LossMasks().of(record.image).empty();
        QCOMPARE(masked, 1);
    }

    void linksThatLeadToThemselvesEndNothing()
    {
        const ImportFixture f;
        f.picture("a.png");
        for (const auto* name : {"records.jsonl", "metadata.csv", "b.png", "c.tar", "d.txt", "e.json"})
            fs::create_symlink(name, f.source / name);
        const auto report = f.import();
        QCOMPARE(report.added, 1);
        QCOMPARE(report.found(), thingsBelow(f.source));
        QVERIFY2(contains(reasonFor(report, "b.png"), "is a link to b.png, which does not exist"),
                 reasonFor(report, "b.png").c_str());
        QCOMPARE(passedBy(report, "broken links, pipes and devices"), 4);
    }

    void devicesInThePlaceOfFilesAreNamedAndNotWaitedFor()
    {
        const ImportFixture f;
        f.picture("a.png");
        for (const auto* name : {"pipe.png", "pipe.txt", "metadata.csv", "pipe.tar"})
            QCOMPARE(::mkfifo((f.source / name).c_str(), 0600), 0);
        fs::create_symlink("/dev/zero", f.source / "zero.png");
        const auto report = f.import();
        QCOMPARE(report.added, 1);
        QVERIFY(contains(reasonFor(report, "pipe.png"), "a pipe or a device"));
        QVERIFY(contains(reasonFor(report, "zero.png"), "a pipe or a device"));
        QCOMPARE(report.found(), thingsBelow(f.source));
    }

    void textsOfOtherEndingsBesidePicturesAreToldOf()
    {
        const ImportFixture f;
        f.picture("a.png");
        f.text("a.blip", "a red car");
        f.text("b.blip", "of no picture");
        const auto report = f.import();
        QVERIFY(contains(report.passedBy.kinds().at(".blip files").advice, "NAME.txt"));
    }

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

    void wrongTypesInEveryFieldEndNothing()
    {
        const std::vector<std::string> values = {"null",
                                                 "true",
                                                 "7",
                                                 "-1.5",
                                                 "1e400",
                                                 "123456789012345678901234567890",
                                                 "\"\"",
                                                 "\"text\"",
                                                 "\"\\ud800\"",
                                                 "\"caf\xe9\"",
                                                 "[]",
                                                 "[1, 2]",
                                                 "[null]",
                                                 "[[\"a\"]]",
                                                 "{}",
                                                 "{\"a\": {\"b\": 1}}",
                                                 "NaN",
                                                 std::string(300, '[') + std::string(300, ']'),
                                                 std::string(2000, '[')};
        const std::vector<std::string> keys = {"image",    "file_name",     "id",   "caption", "text",  "prompt",
                                               "split",    "aspect_bucket", "tags", "extra",   "width", "certificate",
                                               "encoders", "excluded"};
        const ImportFixture f;
        f.picture("a.png");
        std::string lines, rows;
        std::int64_t count = 0;
        for (const auto& key : keys) {
            for (const auto& value : values) {
                const auto name = "p" + std::to_string(count++);
                f.text(name + ".json", "{\"" + key + "\": " + value + "}");
                fs::create_hard_link(f.source / "a.png", f.source / (name + ".png"));
                lines += "{\"image\": \"a.png\", \"id\": \"" + name + "\", \"" + key + "\": " + value + "}\n";
                rows += "{\"file_name\": \"" + name + ".png\", \"" + key + "\": " + value + "}\n";
            }
        }
        f.text("metadata.jsonl", rows);
        const auto folder = f.import();
        QCOMPARE(folder.added, count + 1); // a side file never costs the picture
        for (const auto& record : Catalog::open(f.workspace).records()) {
            QVERIFY(isUtf8(record.caption) && isUtf8(record.extra) && isSafeId(record.split));
            QVERIFY(nlohmann::json::parse(record.extra).is_object());
        }
        f.text("lines.jsonl", lines);
        const auto fromLines = f.import(f.source / "lines.jsonl");
        QCOMPARE(fromLines.added + fromLines.unchanged + fromLines.updated +
                     static_cast<std::int64_t>(fromLines.rejects.size()),
                 count);
        for (const auto* const list : {&folder.rejects, &folder.notes, &fromLines.rejects}) {
            for (const auto& reject : *list) {
                QVERIFY(isUtf8(reject.reason));
                QVERIFY2(!contains(reject.reason, "exception") && !contains(reject.reason, "bug in the program"),
                         reject.reason.c_str());
            }
        }
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

QTEST_APPLESS_MAIN(TestForeignData)
#include "tst_foreign_data.moc"
