#include "core/dataset/record_query.h"
#include "core/runtime/error.h"

#include <QTest>

#include <algorithm>
#include <utility>

using namespace nanodit;

namespace {

constexpr auto whole = ArrayState::Whole, stale = ArrayState::Stale, missing = ArrayState::Missing;

RecordInfo record(const char* id, const char* caption, const char* split, ImageSize bucket)
{
    RecordInfo info;
    info.id = id;
    info.caption = caption;
    info.split = split;
    info.bucket = bucket;
    return info;
}

/// Three records that differ in everything a query can ask for.
std::vector<RecordInfo> threeRecords()
{
    auto circle = record("circle", "A red circle", "train", {64, 64});
    circle.arrays = {whole, whole, whole, whole};
    auto square = record("square-2", "a blue square by night", "val", {96, 48});
    square.tags = {"city", "night city"};
    square.arrays = {stale, whole, missing, missing};
    square.changes[0] = {{ArrayInput::Caption, {}, {}}};
    square.adopted[1] = true;
    auto hazy = record("hazy", "", "train", {96, 48});
    hazy.excluded = "out of focus";
    hazy.problem = "the picture is gone";
    hazy.arrays = {missing, missing, missing, ArrayState::Wrong};
    return {circle, square, hazy};
}

std::string found(const std::string& query)
{
    std::string ids;
    const RecordQuery parsed(query);
    for (const auto& record : threeRecords())
        ids += parsed.accepts(record) ? record.id + " " : "";
    return ids;
}

} // namespace

class TestRecordQuery : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void findsByEachOfItsWords_data()
    {
        QTest::addColumn<std::string>("query");
        QTest::addColumn<std::string>("ids");
        const std::pair<const char*, const char*> rows[] = {
            {"", "circle square-2 hazy "},
            {"CIRCLE red", "circle "},
            {"\"red circle\"", "circle "},
            {"\"circle red\"", ""},
            {"square-2", "square-2 "},
            {"-red", "square-2 hazy "},
            {"bucket:96x48", "square-2 hazy "},
            {"bucket:64x64,96x48 -split:val", "circle hazy "},
            {"split:val", "square-2 "},
            {"tag:city", "square-2 "},
            {"tag:\"night city\"", "square-2 "},
            {"tag:night", ""}, // tags are whole words
            {"state:stale", "square-2 "},
            {"state:whole", "circle "},
            {"state:valid", "circle "},
            {"state:stale,invalid", "square-2 hazy "},
            {"state:stale,wrong", "square-2 hazy "},
            {"t5:stale", "square-2 "},
            {"vae:whole", "circle square-2 "},
            {"dino:missing", "square-2 hazy "},
            {"patches:wrong", "hazy "},
            {"dinov3_patches:wrong", "hazy "},
            {"because:caption", "square-2 "},
            {"because:encoder", ""},
            {"is:excluded", "hazy "},
            {"-is:excluded is:captioned", "circle square-2 "},
            {"is:problem", "hazy "},
            {"is:adopted", "square-2 "},
            {"is:tagged", "square-2 "},
            {"tag: bucket:", "circle square-2 hazy "}, // while it is being typed
            {"ratio:3", ""},                           // no key: text
            {"  red   circle  ", "circle "}};
        for (const auto& [query, ids] : rows)
            QTest::newRow(query) << std::string(query) << std::string(ids);
    }

    void findsByEachOfItsWords()
    {
        QFETCH(std::string, query);
        QFETCH(std::string, ids);
        QCOMPARE(found(query), ids);
    }

    void valuesThatCannotBeAreRefusedWithThoseThatCan()
    {
        for (const char* const query : {"state:stal", "t5:excluded", "because:weather", "is:good"}) {
            try {
                const RecordQuery parsed{query};
                QFAIL(query);
            } catch (const UsageError& error) {
                QVERIFY2(std::string(error.what()).find(query) != std::string::npos, error.what());
                QVERIFY2(std::string(error.what()).find("may be ") != std::string::npos, error.what());
            }
        }
    }

    void misspeltKeysAreToldOf()
    {
        QCOMPARE(misspeltTerm("red splt:val"),
                 std::string("\"splt:val\" is searched for as text: did you mean \"split:val\"?"));
        QVERIFY(misspeltTerm("-Split:val").ends_with("did you mean \"-split:val\"?"));
        QVERIFY(misspeltTerm("buckets:\"64x64\"").ends_with("did you mean \"bucket:64x64\"?"));
        QVERIFY(misspeltTerm("Patches:stale").ends_with("did you mean \"patches:stale\"?"));
        for (const char* const query : {"split:val dino:stale", "16:9", "\"splt:val\"", "https://example.org", "splt"})
            QCOMPARE(misspeltTerm(query), std::string());
    }

    void capitalsDoNotMatter()
    {
        QCOMPARE(foldCase("AZ az 09 É Ñ Ö × Σ Я Ё Ž Š ß"), std::string("az az 09 é ñ ö × σ я ё ž š ß"));
        QCOMPARE(foldCase("图片 \xC3"), std::string("图片 \xC3")); // neither Latin nor whole: as it is
    }

    void termsAreAddedAndTakenOutAsWords()
    {
        QVERIFY(hasTerm("red state:stale", "state:stale"));
        QVERIFY(!hasTerm("red -state:stale", "state:stale"));
        QCOMPARE(withTerm("red", "tag:\"night city\"", true), std::string("red tag:\"night city\""));
        QCOMPARE(withTerm("red tag:\"night city\"  circle", termText("tag", "night city"), false),
                 std::string("red circle"));
        QCOMPARE(withTerm("state:stale", "state:stale", true), std::string("state:stale")); // once
    }

    void countsAreWhatQueriesFind()
    {
        const auto records = threeRecords();
        const auto counts = countRecords(records);
        const auto number = [&](const std::string& query) {
            const RecordQuery parsed(query);
            return std::count_if(records.begin(), records.end(), [&](const auto& r) { return parsed.accepts(r); });
        };
        QCOMPARE(counts.records, 3);
        QCOMPARE(counts.excluded, number("is:excluded"));
        QCOMPARE(counts.problems, number("is:problem"));
        QCOMPARE(counts.adopted, number("is:adopted"));
        QCOMPARE(counts.staleness.at(ArrayInput::Caption), number("because:caption"));
        for (std::size_t state = 0; state < stateNames.size(); ++state)
            QCOMPARE(counts.states.at(static_cast<ArrayState>(state)), number(termText("state", stateNames[state])));
        for (const auto& [bucket, count] : counts.buckets)
            QCOMPARE(count, number(termText("bucket", bucketName(bucket))));
        for (const auto& [split, count] : counts.splits)
            QCOMPARE(count, number(termText("split", split)));
        for (const auto& [tag, count] : counts.tags)
            QCOMPARE(count, number(termText("tag", tag)));
    }
};

QTEST_APPLESS_MAIN(TestRecordQuery)
#include "tst_record_query.moc"
