#include "core/config/workspace_config.h"
#include "core/dataset/catalog.h"
#include "core/dataset/import_job.h"
#include "core/dataset/loss_mask.h"
#include "core/dataset/relocate.h"
#include "core/io/archive_writer.h"
#include "core/io/comparable_name.h"
#include "core/io/image.h"
#include "tests/support/contains.h"
#include "tests/support/drawn_picture.h"
#include "tests/support/import_fixture.h"
#include "tests/support/test_data.h"

#include <QTest>

#include <functional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

using namespace nanodit;
using test::contains;
using test::reasonFor;
using namespace std::string_literals;
namespace fs = std::filesystem;

namespace {

const std::string joined = "caf\xc3\xa9"; // one letter
const std::string apart = "cafe\xcc\x81"; // e and U+0301, as macOS writes it
const std::string ga = "\xe3\x82\xac";    // a letter of Katakana
const std::string gaApart = "\xe3\x82\xab\xe3\x82\x99";

std::string pictureOf(const std::string& name)
{
    const auto bytes = encodePng(test::drawnPicture(std::hash<std::string>()(name), {80, 70}));
    return {bytes.begin(), bytes.end()};
}

/// A folder whose files were named on another system than the texts that name them.
struct Fixture : test::ImportFixture {
    void text(const std::string& name, const std::string& content) const
    {
        fs::create_directories((source / name).parent_path());
        test::writeText(source / name, content);
    }
    std::multiset<std::string> captions() const
    {
        std::multiset<std::string> all;
        for (const auto& record : Catalog::open(workspace).records())
            all.insert(record.caption);
        return all;
    }
};

} // namespace

class TestOtherSpelling : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void namesMeanTheSameWhateverSystemWroteThem()
    {
        QVERIFY(comparableName(joined) == comparableName(apart));
        QVERIFY(comparableName(ga) == comparableName(gaApart));
        QVERIFY(comparableName("IMG_1.JPG") == comparableName("img_1.jpg"));
        QVERIFY(comparableName("\xc3\x89") == comparableName("\xc3\xa9")); // a capital and a small e with an accent
        QVERIFY(comparableName("\xed\x95\x9c") == comparableName("\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab")); // Hangul
        QVERIFY(comparableName("\xea\xb0\x80") == comparableName("\xe1\x84\x80\xe1\x85\xa1")); // without a tail
        // Two marks: the one below the letter comes first.
        QVERIFY(comparableName("\xe1\xbb\x87") == comparableName("e\xcc\xa3\xcc\x82"));
        QVERIFY(comparableName("cafe") != comparableName(joined));
        QVERIFY(comparableName("caf\xe9") != comparableName("caf\xe8")); // no UTF-8, and not the same
        QVERIFY(comparableName("").empty());
    }

    void captionsBesidePictures()
    {
        const Fixture f;
        f.picture(apart + ".png");
        f.text(joined + ".txt", "of coffee");
        f.picture(ga + ".png");
        f.text(gaApart + ".TXT", "of a letter");
        const auto report = f.import();
        QVERIFY((f.captions() == std::multiset<std::string>{"of coffee", "of a letter"}));
        QVERIFY(report.passedBy.kinds().empty());
    }

    void masksOfTheLoss()
    {
        const Fixture f;
        f.picture("a/" + apart + ".png");
        f.picture("a/" + joined + "-Mask.PNG");
        f.picture("b.png");
        f.picture("B.jpg");
        f.picture("B-mask.png");
        f.picture("masks/b-mask.png"); // in another folder than its picture
        f.text("c.tar", test::tarNamed({"IMG_1.JPG", "img_1-mask.png"}));
        const auto report = f.import();
        QCOMPARE(report.added, 4);
        QCOMPARE(report.passedBy.kinds().at("loss masks").count, 3);
        QCOMPARE(report.passedBy.kinds().at("masks of other pictures").count, 1);
        std::size_t masked = 0;
        for (const auto& record : Catalog::open(f.workspace).records())
            masked += !LossMasks().of(record.image).empty();
        QCOMPARE(masked, 3U);
        QVERIFY(LossMasks().of(f.source / "b.png").empty()); // it is that of B.jpg
    }

    void rowsOfTables()
    {
        const Fixture f;
        f.picture("a/" + apart + ".png");
        f.text("metadata.csv", "file_name,text\na/" + joined + ".png,of coffee\n");
        const auto report = f.import();
        QVERIFY((f.captions() == std::multiset<std::string>{"of coffee"}));
        QVERIFY(report.rejects.empty());
    }

    void linesOfRecords()
    {
        const Fixture f;
        f.picture(apart + "/" + apart + ".png");
        f.picture("IMG_1.JPG");
        f.picture("b.png");
        f.picture("B.PNG");
        f.text("records.jsonl", R"({"image": ")" + joined + "/" + joined + R"(.png", "caption": "of coffee"})" + "\n" +
                                    R"({"image": ".\\img_1.jpg", "caption": "of Windows"})" + "\n" +
                                    R"({"image": "B.png", "caption": "of one of two"})" + "\n" +
                                    R"({"image": "IMG_1.JPG/x.png", "caption": "of nothing"})" + "\n");
        const auto report = f.import();
        QVERIFY((f.captions() == std::multiset<std::string>{"of coffee", "of Windows"}));
        QCOMPARE(report.rejects.size(), 2U);
        QVERIFY(contains(reasonFor(report, "line 3"), "does not exist"));
        QVERIFY(contains(reasonFor(report, "line 4"), "does not exist"));
    }

    void theListOfRecordsItself()
    {
        const Fixture f;
        f.picture("a.png");
        f.picture("b.png");
        f.text("Records.JSONL", R"({"image": "a.png", "caption": "of the list"})");
        const auto report = f.import();
        QVERIFY((f.captions() == std::multiset<std::string>{"of the list"}));
        QCOMPARE(report.passedBy.kinds().at("pictures that records.jsonl does not name").count, 1);
    }

    void picturesThatWentByWayOfAnotherSystem()
    {
        const Fixture f;
        f.picture(joined + "/A.png");
        f.picture("b.png");
        f.import();
        const auto to = f.folder / "moved";
        fs::create_directories(to);
        fs::rename(f.source / joined, to / apart);
        fs::rename(to / apart / "A.png", to / apart / "a.PNG");
        fs::rename(f.source / "b.png", to / "b.png");
        RelocateReport report;
        makeRelocateJob(
            {.workspace = f.workspace, .from = f.source, .to = to, .finished = [&](const auto& r) { report = r; }})
            ->run({});
        QCOMPARE(report.moved, 2);
        QVERIFY(Catalog::open(f.workspace).findByImage(to / apart / "a.PNG"));
    }

    void membersOfTars()
    {
        const Fixture f;
        std::string bytes;
        ArchiveWriter writer(ArchiveFormat::Tar, [&bytes](std::span<const std::byte> piece) {
            bytes.append(reinterpret_cast<const char*>(piece.data()), piece.size());
        });
        const std::vector<std::pair<std::string, std::string>> members = {{apart + ".png", pictureOf("coffee")},
                                                                          {joined + ".txt", "of coffee"},
                                                                          {"A.png", pictureOf("A")},
                                                                          {"a.txt", "of a small letter"},
                                                                          {"B.png", pictureOf("B")},
                                                                          {"b.txt", "of none"},
                                                                          {"B.txt", "its own"}};
        for (const auto& [name, content] : members)
            writer.add(name, std::as_bytes(std::span(content)));
        writer.finish();
        f.text("x.tar", bytes);
        const auto report = f.import();
        QVERIFY((f.captions() == std::multiset<std::string>{"of coffee", "of a small letter", "its own"}));
        QCOMPARE(report.rejects.size(), 1U);
        QVERIFY(contains(report.rejects.front().what, ": b"));
    }
};

QTEST_APPLESS_MAIN(TestOtherSpelling)
#include "tst_other_spelling.moc"
