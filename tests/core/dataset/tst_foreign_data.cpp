#include "core/dataset/catalog.h"
#include "core/dataset/loss_mask.h"
#include "core/io/utf8.h"
#include "tests/support/contains.h"
#include "tests/support/import_fixture.h"

#include <QTest>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <string>
#include <sys/stat.h>
#include <vector>

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

/// Data as people have it: pictures, and all else that lies beside them.
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
        QVERIFY(contains(report.passedBy.kinds().at("captions without a picture").advice, "metadata.csv"));
        QCOMPARE(passedBy(report, "files without an ending"), 1);
        QCOMPARE(passedBy(report, "unfinished downloads"), 1);
        QCOMPARE(passedBy(report, "links to folders"), 1);
        QCOMPARE(passedBy(report, "hidden files and folders"), 1);
        QVERIFY(contains(report.passedBy.kinds().at(".zip files").advice, "unpack"));
        // All that is there was taken, left out or passed by, but for the one caption that was used.
        QCOMPARE(report.found(), thingsBelow(f.source) - 1);
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

    void mapsOfPicturesAreToldUnlessTheyHaveCaptions()
    {
        const ImportFixture f;
        f.pictures({"a.png", "a_depth.png", "A_Canny.png", "b_depth.png", "c.png", "c_seg.png"});
        f.text("c_seg.txt", "painted by numbers");
        f.pictures({"set/images/d.png", "set/conditioning_images/d.png", "set/conditioning_images/e.png"});
        f.text("set.tar", tarNamed({"a photo.png", "a photo_openpose.png"}));
        const auto report = f.import();
        QCOMPARE(passedBy(report, "maps of other pictures (depth, edges...)"), 4);
        QCOMPARE(report.added, 7);
        QCOMPARE(f.caption("c_seg"), std::string("painted by numbers"));
        QVERIFY(report.rejects.empty());
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
};

QTEST_APPLESS_MAIN(TestForeignData)
#include "tst_foreign_data.moc"
