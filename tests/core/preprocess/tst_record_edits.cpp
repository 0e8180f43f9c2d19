#include "core/dataset/catalog.h"
#include "core/dataset/record_edits.h"
#include "core/runtime/error.h"
#include "tests/core/preprocess/pass_fixture.h"

#include <QTest>
#include <nlohmann/json.hpp>

#include <fstream>

using namespace nanodit;
using test::PassFixture;
namespace fs = std::filesystem;

namespace {

using States = std::array<ArrayState, 4>;
constexpr auto whole = ArrayState::Whole, stale = ArrayState::Stale, missing = ArrayState::Missing;

RecordInfo find(const PassFixture& f, const std::string& id)
{
    const auto record = findRecord(f.workspace, id);
    if (!record)
        throw DataError("there is no record " + id);
    return *record;
}

} // namespace

class TestRecordEdits : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void captionThatIsEditedMakesItsTextStaleAndNothingElse()
    {
        PassFixture f(2);
        f.run();
        setCaption(f.workspace, "picture0", " two\nlines ");
        const auto edited = find(f, "picture0");
        QCOMPARE(edited.caption, std::string("two lines"));
        QVERIFY((edited.arrays == States{stale, whole, whole, whole}));
        QVERIFY((edited.changes[0] == std::vector{InputChange{ArrayInput::Caption, {}, {}}}));
        QVERIFY((find(f, "picture1").arrays == States{whole, whole, whole, whole}));
        QVERIFY(f.states()["picture0"] == edited.arrays); // the disk says the same
        QCOMPARE(f.run().passes[0].made, 1);
        QVERIFY((find(f, "picture0").arrays == States{whole, whole, whole, whole}));
    }

    void undoneEditMakesTheTextWholeAgain()
    {
        PassFixture f(1);
        f.run();
        const auto before = find(f, "picture0").caption;
        setCaption(f.workspace, "picture0", "other words");
        setCaption(f.workspace, "picture0", before);
        QVERIFY(find(f, "picture0").arrays[0] == whole);
        test::writeText(f.pictures / "picture0.txt", "from the source");
        f.import();
        QCOMPARE(find(f, "picture0").caption, std::string("from the source"));
    }

    void importLeavesEditsAloneUntilTheSourceSaysSomethingNew()
    {
        PassFixture f(2);
        setCaption(f.workspace, "picture0", "edited");
        setSplit(f.workspace, {"picture0"}, "val");
        setTags(f.workspace, {"picture0"}, {" night ", "city", "night", ""});
        setExcluded(f.workspace, {"picture0"}, "blurred");
        f.import();
        const auto record = find(f, "picture0");
        QCOMPARE(record.caption, std::string("edited"));
        QCOMPARE(record.split, std::string("val"));
        QVERIFY((record.tags == std::vector<std::string>{"city", "night"}));
        QCOMPARE(record.excluded, std::string("blurred"));
        QVERIFY(!record.excludedByRule);
        test::writeText(f.pictures / "picture0.txt", "a new caption at the source");
        f.import();
        QCOMPARE(find(f, "picture0").caption, std::string("a new caption at the source"));
        setSplit(f.workspace, {"picture0"}, "");
        QCOMPARE(find(f, "picture0").split, std::string("train"));
    }

    void excludedRecordsAreNotMadeNotCountedAndComeBack()
    {
        PassFixture f(3);
        setExcluded(f.workspace, {"picture0", "picture2"}, "out of focus");
        QCOMPARE(f.run().passes[0].made, 1);
        QVERIFY((find(f, "picture0").arrays == States{missing, missing, missing, missing}));
        const auto report = status(f.workspace);
        QCOMPARE(report.records, 1);
        QCOMPARE(report.excluded.at("out of focus"), 2);
        QCOMPARE(report.arrays[0].missing, 0);
        QCOMPARE(listRecords(f.workspace).size(), 3U);
        setExcluded(f.workspace, {"picture0", "picture2"}, "");
        QCOMPARE(f.run().passes[0].made, 2);
    }

    void unknownIdsChangeNothing()
    {
        PassFixture f(2);
        const auto error = test::errorOf([&] { setSplit(f.workspace, {"picture0", "nobody"}, "val"); });
        QVERIFY2(error.find("nobody") != std::string::npos, error.c_str());
        QCOMPARE(find(f, "picture0").split, std::string("train"));
        QVERIFY(!test::errorOf([&] { setSplit(f.workspace, {"picture0"}, "../up"); }).empty());
        QVERIFY(!test::errorOf([&] { setCaption(f.workspace, "picture0", "gr\xFCn"); }).empty());
        QVERIFY(!findRecord(f.workspace, "nobody"));
    }

    void editsAreTakenBackAndMadeAgain()
    {
        PassFixture f(2);
        const std::vector<std::string> both = {"picture0", "picture1"};
        const auto before = editableFields(f.workspace, both);
        setSplit(f.workspace, both, "val");
        changeTags(f.workspace, both, {"night"}, {});
        const auto after = editableFields(f.workspace, both);
        QVERIFY(before != after);
        changeFields(f.workspace, after, before);
        QVERIFY(editableFields(f.workspace, both) == before); // also that a rule gave the split
        changeFields(f.workspace, before, after);
        QVERIFY(editableFields(f.workspace, both) == after);
        QVERIFY(!test::errorOf([&] { (void)editableFields(f.workspace, {"picture0", "nobody"}); }).empty());
    }

    void takingAnEditBackLeavesOtherFieldsAsTheyAreNow()
    {
        PassFixture f(1);
        const auto before = editableFields(f.workspace, {"picture0"});
        setCaption(f.workspace, "picture0", "edited");
        const auto after = editableFields(f.workspace, {"picture0"});
        setSplit(f.workspace, {"picture0"}, "val"); // by somebody else, meanwhile
        changeFields(f.workspace, after, before);
        QCOMPARE(find(f, "picture0").caption, before[0].caption);
        QCOMPARE(find(f, "picture0").split, std::string("val"));
    }

    void tagsComeAndGoWhileOthersStay()
    {
        PassFixture f(2);
        setTags(f.workspace, {"picture0"}, {"city", "night"});
        changeTags(f.workspace, {"picture0", "picture1"}, {" rain ", ""}, {"city", "unknown"});
        QVERIFY((find(f, "picture0").tags == std::vector<std::string>{"night", "rain"}));
        QVERIFY((find(f, "picture1").tags == std::vector<std::string>{"rain"}));
    }

    void someRecordsAreFoundAsTheWholeListHasThem()
    {
        PassFixture f(3);
        f.run();
        setCaption(f.workspace, "picture1", "edited");
        setExcluded(f.workspace, {"picture2"}, "blurred");
        fs::remove(f.workspace.derivedFolder() / "vae" / "picture1.npy");
        const auto all = listRecords(f.workspace);
        const auto some = findRecords(f.workspace, {"picture2", "nobody", "picture1"});
        QCOMPARE(some.size(), 2U);
        QCOMPARE(some[0].excluded, std::string("blurred"));
        QVERIFY(some[1].arrays == all[1].arrays && some[1].changes == all[1].changes);
        QCOMPARE(some[1].arrays[1], ArrayState::Missing); // the disk was looked at
    }

    void everyReasonForStalenessIsNamed()
    {
        PassFixture f(3); // picture1 lies in 96x64
        f.run();
        auto config = f.workspace.config;
        f.workspace.config.buckets = {{64, 64}, {128, 64}, {64, 96}};
        const auto moved = find(f, "picture1");
        QVERIFY((moved.arrays == States{whole, stale, stale, stale}));
        QVERIFY((moved.changes[3] == std::vector{InputChange{ArrayInput::Bucket, "96x64", "128x64"}}));
        f.workspace.config = config;
        f.workspace.config.textTokens = 12;
        QCOMPARE(find(f, "picture1").changes[0].at(0).input, ArrayInput::PassSettings);
        f.workspace.config = config;
        f.draw(0, 77);
        QVERIFY(listRecords(f.workspace, Look::Catalog).at(0).arrays[1] == whole); // nobody has looked yet
        const auto redrawn = listRecords(f.workspace).at(0);
        QVERIFY((redrawn.arrays == States{whole, stale, stale, stale}));
        QVERIFY((redrawn.changes[1] == std::vector{InputChange{ArrayInput::Picture, {}, {}}}));
        QVERIFY(listRecords(f.workspace, Look::Catalog).at(0).arrays == redrawn.arrays);
        const auto report = status(f.workspace);
        QCOMPARE(report.arrays[1].staleBecause.at(ArrayInput::Picture), 1);
        QCOMPARE(report.arrays[0].staleBecause.size(), 0U);
    }

    void theCatalogAndTheDiskTellTheSame()
    {
        PassFixture f(6);
        f.run();
        setCaption(f.workspace, "picture3", "new");
        const auto fromDisk = listRecords(f.workspace), fromCatalog = listRecords(f.workspace, Look::Catalog);
        QCOMPARE(fromDisk.size(), fromCatalog.size());
        for (std::size_t i = 0; i < fromDisk.size(); ++i) {
            QCOMPARE(fromDisk[i].id, fromCatalog[i].id);
            QVERIFY(fromDisk[i].arrays == fromCatalog[i].arrays);
            QVERIFY(fromDisk[i].changes == fromCatalog[i].changes);
        }
    }
};

QTEST_APPLESS_MAIN(TestRecordEdits)
#include "tst_record_edits.moc"
