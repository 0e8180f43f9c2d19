#include "core/dataset/metadata_table.h"
#include "tests/support/contains.h"
#include "tests/support/import_fixture.h"

#include <QTest>

#include <string>
#include <vector>

using namespace nanodit;
using test::contains;
using test::ImportFixture;
using test::reasonFor;
using namespace std::string_literals;

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

class TestMetadataTable : public QObject {
    Q_OBJECT

private Q_SLOTS:
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
        const auto kinds = f.import().passedBy.kinds();
        QCOMPARE(kinds.size(), 3U);
        for (const auto* const kind : {".parquet files", ".tsv files"})
            QVERIFY2(contains(kinds.at(kind).advice, "metadata.csv or metadata.jsonl"), kind);
        QVERIFY(contains(kinds.at(".json files without a picture").advice, "metadata.jsonl"));
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

QTEST_APPLESS_MAIN(TestMetadataTable)
#include "tst_metadata_table.moc"
