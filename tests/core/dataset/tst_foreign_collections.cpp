#include "core/dataset/catalog.h"
#include "core/dataset/metadata_table.h"
#include "core/io/utf8.h"
#include "tests/support/contains.h"
#include "tests/support/import_fixture.h"

#include <QTest>

#include <set>
#include <string>
#include <vector>

using namespace nanodit;
using test::contains;
using test::ImportFixture;
using test::passedBy;
using test::reasonFor;
using namespace std::string_literals;
using test::tarNamed;
namespace fs = std::filesystem;

namespace {

using Rows = std::vector<std::vector<std::string>>;

Rows rowsOf(const CsvTable& table)
{
    Rows rows;
    for (const auto& row : table.rows)
        rows.push_back(row.fields);
    return rows;
}

} // namespace

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
        QVERIFY(contains(reasonFor(report, "line 4"), "not valid JSON at column 2"));
    }

    void linesMayEndWithACarriageReturnAlone()
    {
        const ImportFixture f;
        f.pictures({"a.png", "b.png"});
        f.text("metadata.jsonl", "{\"file_name\": \"a.png\", \"text\": \"of a\"}\r"
                                 "{\"file_name\": \"b.png\", \"text\": \"of b\"}\r");
        f.text("a.tags", "night\rcity\r");
        QVERIFY(f.import().rejects.empty());
        QCOMPARE(f.caption("a"), "of a"s);
        QCOMPARE(f.caption("b"), "of b"s);
        QVERIFY((f.record("a").tags == std::vector<std::string>{"city", "night"}));

        const ImportFixture lines;
        lines.pictures({"a.png", "b.png"});
        lines.text("records.jsonl", "{\"id\": \"a\", \"image\": \"a.png\", \"caption\": \"of a\"}\r"
                                    "{\"id\": \"b\", \"image\": \"b.png\", \"caption\": \"of b\"}\r"
                                    "not json\r");
        const auto report = lines.import();
        QCOMPARE(report.added, 2);
        QCOMPARE(lines.caption("b"), "of b"s);
        QCOMPARE(report.rejects.size(), 1U);
        QVERIFY(contains(report.rejects[0].what, "line 3"));
    }

    void aJsonDocumentOverSeveralLinesIsToldOnce()
    {
        const ImportFixture f;
        f.picture("table/a.png");
        f.text("object.jsonl", "{\n  \"image\": \"a.png\"\n}\n");
        f.text("list.jsonl", "[\n  {\n    \"image\": \"a.png\"\n  }\n]\n");
        f.text("table/metadata.jsonl", "\n{\n  \"file_name\": \"a.png\"\n}\n");
        for (const auto* const name : {"object.jsonl", "list.jsonl"}) {
            const auto report = f.import(f.source / name);
            QCOMPARE(report.rejects.size(), 1U);
            QVERIFY2(contains(report.rejects[0].reason, "one object a line is expected"), name);
        }
        const auto report = f.import(f.source / "table");
        QCOMPARE(report.rejects.size(), 1U);
        QVERIFY(contains(reasonFor(report, "line 2"), "one object a line is expected"));
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

    void whatPzstdWritesIsRead()
    {
        const auto numberOf4Bytes = [](std::size_t value) {
            std::string bytes;
            for (const int shift : {0, 8, 16, 24})
                bytes += static_cast<char>(value >> shift & 0xFF);
            return bytes;
        };
        const auto tar = tarNamed({"a.png", "a.txt"});
        // A block as it is, the last one (RFC 8878, 3.1.1), behind the frame with its size.
        const auto block = numberOf4Bytes(tar.size() << 3 | 1).substr(0, 3) + tar;
        const auto frame = "\x28\xb5\x2f\xfd\xa0" + numberOf4Bytes(tar.size()) + block;
        const ImportFixture f;
        f.text("set.tar.zst", "\x50\x2a\x4d\x18" + numberOf4Bytes(4) + numberOf4Bytes(frame.size()) + frame);
        const auto report = f.import();
        QVERIFY2(report.rejects.empty(), report.rejects.empty() ? "" : report.rejects[0].reason.c_str());
        QCOMPARE(report.added, 1);
    }

    void compressedTarsOfOtherFormatsAreToldToBeUnpacked()
    {
        const ImportFixture f;
        f.text("a.tar.lz4", "\x04\"M\x18"s + std::string(60, 'x'));
        f.text("b.tar.Z", "\x1f\x9d\x90"s + std::string(60, 'x'));
        f.text("c.tar.lzma", "\x5d\0\0\x80\0"s + std::string(60, 'x'));
        const auto report = f.import();
        QCOMPARE(report.passedBy.count(), 3);
        for (const auto& [kind, what] : report.passedBy.kinds())
            QVERIFY2(contains(what.advice, "unpack them"), kind.c_str());
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

    void rowsEndAsAnySystemEndsLines()
    {
        const Rows rows = {{"a", "b"}, {"c", "d"}};
        for (const auto* text : {"a,b\nc,d\n", "a,b\r\nc,d", "a,b\rc,d\r", "\n\na,b\n\nc,d\n\n"})
            QCOMPARE(rowsOf(parseCsv(text)), rows);
        QCOMPARE(rowsOf(parseCsv("a,\"b\"\"c\nd\"\r\ne,f")), (Rows{{"a", "b\"c\nd"}, {"e", "f"}}));
        QCOMPARE(parseCsv("a,\"b\n\nc\"\nd,e\n").rows.at(1).line, 4);
        QVERIFY(parseCsv("").rows.empty());
    }

    void aQuotationMarkWithoutItsPartnerCostsItsOwnLine()
    {
        const auto last = parseCsv("a,1\nb,\"two\nc,3\n");
        QCOMPARE(rowsOf(last), (Rows{{"a", "1"}, {"c", "3"}}));
        QCOMPARE(last.unclosed, (std::vector<std::int64_t>{2}));
        // Two of them would make one text of all that lies between.
        const auto two = parseCsv("a,\"one\nb,2\nc,\"three\nd,4\n");
        QCOMPARE(rowsOf(two), (Rows{{"b", "2"}, {"d", "4"}}));
        QCOMPARE(two.unclosed, (std::vector<std::int64_t>{1, 3}));
        std::string many;
        for (int i = 0; i < 1000; ++i)
            many += "a,\"" + std::string(static_cast<std::size_t>(i % 3), '"') + "x\n";
        QVERIFY(!parseCsv(many).unclosed.empty()); // and ends
    }

    void textsThatAreTornByTheirCommasAreNotCut()
    {
        const ImportFixture f;
        f.pictures({"a.png", "b.png", "c.png"});
        f.text("metadata.csv", "file_name,text\na.png,a cat, on a sofa\nb.png,\"a dog, too\"\nc.png,a bird,,\n");
        const auto report = f.import();
        QCOMPARE(report.added, 3);
        QCOMPARE(f.caption("a"), ""s);
        QCOMPARE(f.caption("b"), "a dog, too"s);
        QCOMPARE(f.caption("c"), "a bird"s);
        QCOMPARE(report.rejects.size(), 1U);
        QVERIFY(contains(reasonFor(report, "line 2"), "3 values for 2 columns"));
    }

    void everyRowIsUsedOrTold()
    {
        const ImportFixture f;
        f.pictures({"a.png", "b.png"});
        f.text("metadata.jsonl", "{\"file_name\": \"a.png\", \"text\": \"first\"}\n"
                                 "{\"file_name\": \"a.png\", \"text\": \"second\"}\n"
                                 "{\"file_name\": \"B.PNG\", \"text\": \"in capitals\"}\n"
                                 "{\"file_name\": \"b.png\", \"text\": \"in capitals\"}\n"
                                 "{\"image\": null, \"file_name\": \"b.png\", \"text\": \"another\"}\n");
        const auto report = f.import();
        QCOMPARE(f.caption("a"), "first"s);
        QCOMPARE(f.caption("b"), "in capitals"s);
        QCOMPARE(report.rejects.size(), 2U);
        QVERIFY(contains(reasonFor(report, "line 2"), "a.png again, of which line 1"));
        QVERIFY(contains(reasonFor(report, "line 5"), "records.jsonl"));
        QCOMPARE(report.found(), 4); // line 4 says what line 3 says
    }

    void theNearestTableSpeaksForAPicture()
    {
        const ImportFixture f;
        f.pictures({"inner/a.png", "b.png"});
        f.text("metadata.jsonl", "{\"file_name\": \"inner/a.png\", \"text\": \"outer\"}\n"
                                 "{\"file_name\": \"b.png\", \"text\": \"of b\"}\n");
        f.text("inner/metadata.csv", "sep=;\nfile_name;text\na.png;inner, a\n");
        const auto report = f.import();
        QCOMPARE(f.caption("inner__a"), "inner, a"s);
        QCOMPARE(f.caption("b"), "of b"s);
        QCOMPARE(report.rejects.size(), 1U);
        QVERIFY(contains(report.rejects[0].reason, "another table"));
    }

    void aHugeFileBesideAPictureIsNotRead()
    {
        const ImportFixture f;
        f.pictures({"a.png"});
        f.text("a.txt", "a cat");
        std::filesystem::resize_file(f.source / "a.txt", 20'000'000);
        f.text("a.json", R"({"caption": "a dog"})");
        const auto report = f.import();
        QCOMPARE(f.caption("a"), "a dog"s);
        QCOMPARE(report.notes.size(), 1U);
        QVERIFY2(contains(report.notes.front().reason, "20.0 MB"), report.notes.front().reason.c_str());
    }

    void tablesOfOtherFormatsAreToldWhatToBecome()
    {
        const ImportFixture f;
        f.pictures({"a.png"});
        f.text("metadata.parquet", "PAR1");
        f.text("metadata.tsv", "file_name\ttext\na.png\ta cat\n");
        f.text("captions.json", R"({"a.png": "a cat"})");
        f.text("train.csv", "file_name,text\na.png,a cat\n");
        f.text("train.jsonl", "{\"image\": \"a.png\", \"caption\": \"a cat\"}\n");
        const auto kinds = f.import().passedBy.kinds();
        QCOMPARE(kinds.size(), 5U);
        for (const auto* const kind : {".parquet files", ".tsv files", ".csv files"})
            QVERIFY2(contains(kinds.at(kind).advice, "metadata.csv or metadata.jsonl"), kind);
        QVERIFY(contains(kinds.at(".jsonl files").advice, "by its own path"));
        QVERIFY(contains(kinds.at(".json files without a picture").advice, "metadata.jsonl"));
    }

    void anEmptyTableIsTold()
    {
        const ImportFixture f;
        f.pictures({"a.png"});
        f.text("metadata.csv", "\xef\xbb\xbf\r\n");
        const auto report = f.import();
        QCOMPARE(report.added, 1);
        QVERIFY(contains(reasonFor(report, "metadata.csv"), "it is empty"));

        const ImportFixture withHead;
        withHead.pictures({"a.png"});
        withHead.text("metadata.csv", "file_name,text\n");
        QVERIFY(contains(reasonFor(withHead.import(), "metadata.csv line 1"), "no row follows"));
    }

    void columnsMustDiffer()
    {
        const ImportFixture f;
        f.pictures({"a.png"});
        f.text("metadata.csv", "file_name,text,Text\na.png,one,two\n");
        QVERIFY(contains(reasonFor(f.import(), "line 1"), "two columns \"text\""));
    }

    void severalCaptionsGiveTheirFirst()
    {
        const ImportFixture f;
        f.pictures({"a.png", "b.png"});
        f.text("a.json", R"({"captions": ["", "one", "two"]})");
        f.text("b.json", R"({"captions": {"en": "x"}, "prompt": "of b"})");
        const auto report = f.import();
        QCOMPARE(f.caption("a"), "one"s);
        QVERIFY(contains(test::recordIn(f.workspace, "a").extra, "two"));
        QCOMPARE(f.caption("b"), "of b"s);
        QVERIFY(report.notes.empty());
    }

    void linesOfRecordsNameTheirPictureByEitherKey()
    {
        const ImportFixture f;
        f.pictures({"a.png"});
        f.text("records.jsonl", "{\"image\": null, \"file_name\": \"a.png\", \"caption\": \"a cat\"}\n"
                                "{\"path\": \"a.png\", \"caption\": \"a dog\"}\n");
        const auto report = f.import();
        QCOMPARE(f.caption("a"), "a cat"s);
        QVERIFY(contains(reasonFor(report, "line 2"), "\"caption\", \"path\""));
    }
};

QTEST_APPLESS_MAIN(TestForeignCollections)
#include "tst_foreign_collections.moc"
