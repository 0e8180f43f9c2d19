#include "core/dataset/catalog.h"
#include "tests/support/contains.h"
#include "tests/support/import_fixture.h"

#include <QTest>

using namespace nanodit;
using test::contains;
using test::ImportFixture;
using test::passedBy;
using test::reasonFor;
using namespace std::string_literals;
namespace fs = std::filesystem;

/// Lists of pictures as other programs write them: records.jsonl and metadata tables.
class TestForeignLists : public QObject {
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
};

QTEST_APPLESS_MAIN(TestForeignLists)
#include "tst_foreign_lists.moc"
