#include "core/dataset/catalog.h"
#include "core/io/utf8.h"
#include "tests/support/contains.h"
#include "tests/support/import_fixture.h"

#include <QTest>

#include <set>

using namespace nanodit;
using test::contains;
using test::ImportFixture;
using test::passedBy;
using test::reasonFor;
using namespace std::string_literals;
using test::tarNamed;
namespace fs = std::filesystem;

/// Pictures as other programs collect them: in records.jsonl, metadata tables and tars.
class TestForeignCollections : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void metadataTablesSpeakForTheirPictures()
    {
        const ImportFixture f;
        for (const auto* name : {"train/a.png", "train/deep/b.png", "train/c.png", "csv/d.png", "csv/e.png"})
            f.picture(name);
        f.text("train/metadata.jsonl", "{\"file_name\": \"a.png\", \"text\": \"of a\", \"extra\": [1]}\n"
                                       "{\"file_name\": \"deep\\\\b.png\", \"caption\": \"of b\"}\n"
                                       "{\"file_name\": \"nowhere.png\", \"text\": \"lost\"}\n"
                                       "not json\n");
        f.text("csv/metadata.csv", "\xEF\xBB\xBF"
                                   "file_name,text,tags\nd.png,\"one, \"\"two\"\"\nlines\",\"x,y\"\ne.png,\n");
        const auto report = f.import();
        QCOMPARE(report.added, 5);
        QCOMPARE(f.caption("train__a"), "of a"s);
        QVERIFY(contains(f.record("train__a").extra, "[1]"));
        QCOMPARE(f.caption("train__deep__b"), "of b"s);
        QCOMPARE(f.caption("csv__d"), "one, \"two\" lines"s);
        QVERIFY((f.record("csv__d").tags == std::vector<std::string>{"x", "y"}));
        QCOMPARE(report.rejects.size(), 2U);
        QVERIFY(contains(reasonFor(report, "line 3"), "nowhere.png"));
        QVERIFY(contains(reasonFor(report, "line 4"), "not valid JSON"));
    }

    void pathsOfOtherSystemsAreToldAsWhatTheyAre()
    {
        const ImportFixture f;
        f.text("records.jsonl", R"({"image": "C:\\Users\\me\\a.png"})"
                                "\n"
                                R"({"image": "file:///tmp/a.png"})"
                                "\n"
                                R"({"image": "GS://bucket/a.png"})"
                                "\n"
                                R"({"image": "~/a.png"})"
                                "\n");
        f.text("list.jsonl", "[{\"image\": \"a.png\"},\n");
        const auto report = f.import();
        QCOMPARE(report.rejects.size(), 4U);
        QVERIFY(contains(reasonFor(report, "line 1"), "Windows"));
        QVERIFY(contains(reasonFor(report, "line 2"), "address"));
        QVERIFY(contains(reasonFor(report, "line 3"), "address"));
        QVERIFY(contains(reasonFor(report, "line 4"), "~"));
        QVERIFY(contains(reasonFor(f.import(f.source / "list.jsonl"), "line 1"), "JSON list"));
    }

    void tablesOfSpreadsheetsAreRead()
    {
        const ImportFixture f;
        for (const auto* name : {"a/1.png", "b/2.png", "c/3.png"})
            f.picture(name);
        f.text("a/metadata.csv", "File_Name;Text\r\n1.png;one, two\r\n");
        f.text("b/Metadata.CSV", "file_name\t caption \n2.png\tof b\n");
        f.text("c/metadata.csv", "path,text\n3.png,of c\n3.png,again\n");
        const auto report = f.import();
        QCOMPARE(f.caption("a__1"), "one, two"s);
        QCOMPARE(f.caption("b__2"), "of b"s);
        QCOMPARE(report.rejects.size(), 1U);
        QVERIFY(contains(report.rejects[0].reason, "\"path\", \"text\"") &&
                contains(report.rejects[0].reason, "file_name"));
    }

    void linesWithOddPathsCostThemselvesOnly()
    {
        const ImportFixture f;
        f.picture("good.png");
        f.picture("sub/win.png");
        fs::create_symlink("loop.png", f.source / "loop.png");
        f.text("records.jsonl", "\xEF\xBB\xBF{\"image\": \"good.png\", \"caption\": \"first\"}\n"
                                "{\"image\": \"data:image/png;base64," +
                                    std::string(3000, 'A') +
                                    "\"}\n"
                                    "{\"image\": \"" +
                                    std::string(400, 'x') +
                                    ".png\"}\n"
                                    "{\"image\": \"" +
                                    std::string(9000, 'y') +
                                    "\"}\n"
                                    "{\"image\": \"loop.png\"}\n"
                                    "{\"image\": \"sub\\\\win.png\", \"caption\": \"windows\"}\n"
                                    "{\"image\": \"https://localhost/a.png\"}\n"
                                    "{\"image\": {\"path\": \"good.png\"}}\n"
                                    "{\"image\": \"good.png/inside.png\"}\n"
                                    "{\"image\": \"a\\u0000b.png\"}\n"
                                    "{\"image\": \"caf\xe9.png\"}\n");
        const auto report = f.import();
        QCOMPARE(report.added, 2);
        QCOMPARE(report.rejects.size(), 9U);
        for (int line : {2, 3, 4, 5, 7, 8, 9, 10, 11})
            QVERIFY2(!reasonFor(report, "line " + std::to_string(line)).empty(), std::to_string(line).c_str());
        QVERIFY(contains(reasonFor(report, "line 2"), "holds a picture itself"));
        QVERIFY(contains(reasonFor(report, "line 7"), "address"));
    }

    void picturesBesideRecordsThatDoNotNameThemAreCounted()
    {
        const ImportFixture f;
        f.picture("named.png");
        f.picture("unnamed.png");
        f.text("records.jsonl", "{\"image\": \"named.png\"}\n");
        const auto report = f.import();
        QCOMPARE(report.added, 1);
        QCOMPARE(passedBy(report, "pictures that records.jsonl does not name"), 1);
    }

    void namesInTarsMayHaveDots()
    {
        const ImportFixture f;
        f.text("set.tar", tarNamed({"plain.png", "plain.txt", "DSC.0001.png", "DSC.0001.txt", "22.05.png", "a.b.c.png",
                                    "a.b.c.txt", "f.png", "f.seg.png", "f.caption.txt", "x.cls"}));
        const auto report = f.import();
        QCOMPARE(report.added, 5);
        std::set<std::string> captions;
        for (const auto& record : Catalog::open(f.workspace).records())
            captions.insert(record.caption);
        QVERIFY((captions == std::set<std::string>{"", "plain.txt", "DSC.0001.txt", "a.b.c.txt", "f.caption.txt"}));
        QCOMPARE(passedBy(report, "further pictures of samples that have one"), 1);
        QCOMPARE(passedBy(report, ".cls members of archives"), 1);
        const auto again = f.import();
        QCOMPARE(again.unchanged, 5);
        QCOMPARE(again.found(), report.found());
    }

    void compressedTarsAreRead()
    {
        for (const auto* name : {"a.tar.gz", "b.tgz", "c.tar", "d.tar"}) {
            const ImportFixture f;
            fs::copy_file(test::dataPath("tars") / name, f.source / name);
            const auto report = f.import();
            QVERIFY2(report.added == 1 && report.rejects.empty(), name);
            QVERIFY(fs::exists(Catalog::open(f.workspace).records().front().image));
        }
        const ImportFixture f;
        fs::copy_file(test::dataPath("tars/d.tar"), f.source / "e.TAR");
        f.text("empty.tar", "");
        f.text("zeros.tar", std::string(10240, '\0'));
        f.text("page.tar", "<!DOCTYPE html><p>404");
        const auto report = f.import();
        QCOMPARE(report.added, 1);
        QVERIFY(contains(reasonFor(report, "empty.tar"), "empty"));
        QVERIFY(contains(reasonFor(report, "zeros.tar"), "empty"));
        QVERIFY(contains(reasonFor(report, "page.tar"), "web page"));
    }

    void tarsBehindOneAnotherAreReadAsOne()
    {
        const ImportFixture f;
        f.text("both.tar", tarNamed({"a.png"}) + tarNamed({"b.png", "c.png"}));
        const auto report = f.import();
        QCOMPARE(report.added, 3);
        QVERIFY(report.rejects.empty());
    }

    void membersWhoseNamesAreNotUtf8CostThemselvesOnly()
    {
        const ImportFixture f;
        for (const auto* name : {"latin1.tar", "pax.tar"})
            fs::copy_file(test::dataPath("tars") / name, f.source / name);
        const auto report = f.import();
        QCOMPARE(report.added, 7); // ok, z; good, with/dir/x, the Japanese one, UPPER, yyy...
        QVERIFY(contains(reasonFor(report, "latin1.tar: caf"), "UTF-8"));
        QVERIFY(contains(reasonFor(report, "lost"), "no picture"));
        for (const auto& reject : report.rejects)
            QVERIFY(isUtf8(reject.what) && isUtf8(reject.reason));
        const auto again = f.import();
        QCOMPARE(again.unchanged, 7);
        QCOMPARE(again.rejects.size(), report.rejects.size());
    }
};

QTEST_APPLESS_MAIN(TestForeignCollections)
#include "tst_foreign_collections.moc"
