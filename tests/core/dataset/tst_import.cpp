#include "core/dataset/catalog.h"
#include "core/dataset/record_edits.h"
#include "core/dataset/records_export.h"
#include "core/io/atomic_file.h"
#include "core/io/image.h"
#include "tests/support/contains.h"
#include "tests/support/imported.h"
#include "tests/support/test_data.h"

#include <QTest>
#include <nlohmann/json.hpp>

#include <chrono>
#include <fstream>

using namespace nanodit;
using test::contains;
using test::noteFor;
using test::reasonFor;
namespace fs = std::filesystem;

namespace {

/// A picture that differs by `shade`.
void drawPicture(const fs::path& file, ImageSize size, int shade)
{
    fs::create_directories(file.parent_path());
    Image image{.size = size, .rgb = std::vector<std::uint8_t>(static_cast<std::size_t>(3 * size.width * size.height))};
    for (std::size_t i = 0; i < image.rgb.size(); ++i)
        image.rgb[i] = static_cast<std::uint8_t>(shade + static_cast<int>(i) / 7);
    writePng(file, image);
}

/// A workspace and a folder of pictures beside it.
struct Fixture {
    test::TemporaryFolder folder;
    Workspace workspace;
    fs::path pictures = folder / "pictures";

    Fixture()
    {
        WorkspaceConfig config;
        config.buckets = {{64, 64}, {96, 64}, {64, 96}};
        config.exclusions.nearDuplicateBits = -1; // they differ by their shade only
        workspace = Workspace::create(folder / "workspace", config);
    }
    ImportReport import(const fs::path& source) const { return test::importInto(workspace, source); }
    ImportReport import() const { return import(pictures); }
    Record record(const std::string& id) const { return test::recordIn(workspace, id); }
    std::int64_t count() const { return Catalog::open(workspace).recordCount(); }
};

} // namespace

class TestImport : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void folderIsWalkedWithItsSidecars()
    {
        const Fixture f;
        drawPicture(f.pictures / "one.png", {90, 60}, 1);
        test::writeText(f.pictures / "one.txt", "\xEF\xBB\xBF  a red\r\ncircle \n");
        drawPicture(f.pictures / "deep/er/two.png", {60, 90}, 2);
        test::writeText(f.pictures / "deep/er/two.json",
                        R"({"caption": "a blue square", "split": "val", "camera": {"iso": 100}})");
        drawPicture(f.pictures / "three.png", {64, 64}, 3);
        test::writeText(f.pictures / "three.png.txt", "a green star");
        drawPicture(f.pictures / "four.png", {64, 64}, 4);
        test::writeText(f.pictures / "four.json", R"({"prompt": "a prompt", "aspect_bucket": "96x64"})");
        drawPicture(f.pictures / "five.png", {64, 64}, 5);
        test::writeText(f.pictures / ".hidden.png", "no picture, and not looked at");
        test::writeText(f.pictures / "notes.md", "not a picture");

        const auto report = f.import();
        QCOMPARE(report.rejects.size(), 0U);
        QCOMPARE(report.added, 5);
        QCOMPARE(f.record("one").caption, std::string("a red circle"));
        QVERIFY((f.record("one").bucket == ImageSize{96, 64} && f.record("one").original == ImageSize{90, 60}));
        QCOMPARE(f.record("one").image, f.pictures / "one.png");
        const auto two = f.record("deep__er__two");
        QCOMPARE(two.caption, std::string("a blue square"));
        QCOMPARE(two.split, std::string("val"));
        QVERIFY(nlohmann::json::parse(two.extra) == nlohmann::json::parse(R"({"camera": {"iso": 100}})"));
        QCOMPARE(f.record("three").caption, std::string("a green star"));
        QCOMPARE(f.record("four").caption, std::string("a prompt"));
        QVERIFY((f.record("four").bucket == ImageSize{96, 64}));
        QCOMPARE(f.record("five").caption, std::string());
    }

    void whatThisProgramMadeIsNotImported()
    {
        const Fixture f;
        drawPicture(f.workspace.imagesFolder() / "good.png", {64, 64}, 1);
        drawPicture(f.workspace.runsFolder() / "a/samples/preview.png", {64, 64}, 2);
        drawPicture(f.workspace.derivedFolder() / "x.png", {64, 64}, 3);
        fs::create_directory_symlink(f.workspace.imagesFolder(), f.workspace.root / "again");
        QCOMPARE(f.import(f.workspace.root).added, 1);
        QCOMPARE(f.record("data__images__good").image, f.workspace.imagesFolder() / "good.png");
    }

    void sidecarIdsAreNoIdentity()
    {
        const Fixture f;
        for (const char* name : {"a", "b"}) {
            drawPicture(f.pictures / (std::string(name) + ".png"), {64, 64}, *name);
            test::writeText(f.pictures / (std::string(name) + ".json"), R"({"id": 7, "caption": "the same"})");
        }
        QCOMPARE(f.import().added, 2);
        QVERIFY(contains(f.record("a").extra, "\"id\":7"));
    }

    void whatGivesNoRecordIsARejectWithItsReason()
    {
        const Fixture f;
        drawPicture(f.pictures / "good.png", {64, 64}, 1);
        fs::create_symlink(f.pictures / "nowhere.png", f.pictures / "link.png");
        drawPicture(f.pictures / "latin.png", {64, 64}, 3);
        test::writeText(f.pictures / "latin.txt", "ein gr\xFCner Kreis");
        drawPicture(f.pictures / "list.png", {64, 64}, 4);
        test::writeText(f.pictures / "list.json", "[1, 2]");
        drawPicture(f.pictures / "bad\xFF.png", {64, 64}, 5);
        drawPicture(f.pictures / "tags.png", {64, 64}, 6);
        test::writeText(f.pictures / "tags.json", R"({"tags": [[1], 2]})");

        const auto report = f.import();
        QVERIFY(contains(reasonFor(report, "link.png"), "link.png"));
        QVERIFY(contains(reasonFor(report, "bad"), "UTF-8"));
        QCOMPARE(report.rejects.size(), 2U);
        QCOMPARE(report.added, 4); // what stands beside a picture never costs it
        QCOMPARE(f.count(), 4);
        QVERIFY(contains(noteFor(report, "latin.png"), "latin.txt"));
        QVERIFY(contains(noteFor(report, "list.png"), "list.json"));
        QVERIFY(contains(noteFor(report, "tags.png"), "list of texts"));
        QCOMPARE(report.notes.size(), 3U);
    }

    void namesThatCollideGetDifferentIdsAndKeepThem()
    {
        const Fixture f;
        int shade = 0;
        for (const char* name : {"x.png", "x.PNG", "a.b.png", "a_b.png", "a/b.png", "a__b.png", "a b.png"})
            drawPicture(f.pictures / name, {64, 64}, ++shade);
        QCOMPARE(f.import().added, 7);
        std::map<std::string, std::string> before;
        for (const auto& record : Catalog::open(f.workspace).records()) {
            QVERIFY(isSafeId(record.id));
            before[record.image.string()] = record.id;
        }
        drawPicture(f.pictures / "a,b.png", {64, 64}, 99);
        const auto again = f.import();
        QCOMPARE(again.added, 1);
        QCOMPARE(again.unchanged, 7);
        for (const auto& [image, id] : before)
            QCOMPARE(Catalog::open(f.workspace).findByImage(image)->id, id);

        const Fixture other; // another workspace, the same names: the same ids
        shade = 0;
        for (const char* name : {"x.png", "x.PNG", "a.b.png", "a_b.png", "a/b.png", "a__b.png", "a b.png"})
            drawPicture(other.pictures / name, {64, 64}, ++shade);
        other.import();
        for (const auto& record : Catalog::open(other.workspace).records())
            QCOMPARE(before.at((f.pictures / record.image.lexically_relative(other.pictures)).string()), record.id);
    }

    void importingAgainUpdatesWhatChangedOnly()
    {
        const Fixture f;
        for (int i = 0; i < 4; ++i) {
            drawPicture(f.pictures / (std::to_string(i) + ".png"), {64, 64}, i);
            test::writeText(f.pictures / (std::to_string(i) + ".txt"), "caption");
        }
        QCOMPARE(f.import().added, 4);
        const auto hash = f.record("1").imageHash;
        test::writeText(f.pictures / "0.txt", "another caption");
        drawPicture(f.pictures / "1.png", {96, 64}, 50);
        fs::last_write_time(f.pictures / "2.png", fs::file_time_type::clock::now() + std::chrono::hours(1));
        const auto report = f.import();
        QCOMPARE(report.added, 0);
        QCOMPARE(report.updated, 2);
        QCOMPARE(report.unchanged, 2);
        QCOMPARE(f.record("0").caption, std::string("another caption"));
        QVERIFY(f.record("1").imageHash != hash);
        QVERIFY((f.record("1").bucket == ImageSize{96, 64}));
    }

    void picturesAreNeitherCopiedNorTouched()
    {
        const Fixture f;
        drawPicture(f.pictures / "a.png", {64, 64}, 1);
        const auto bytes = readTextFile(f.pictures / "a.png");
        const auto time = fs::last_write_time(f.pictures / "a.png");
        f.import();
        QCOMPARE(readTextFile(f.pictures / "a.png"), bytes);
        QVERIFY(fs::last_write_time(f.pictures / "a.png") == time);
        QVERIFY(!fs::exists(f.workspace.imagesFolder()));
    }

    void recordsFileKeepsItsUnknownFields()
    {
        const Fixture f;
        drawPicture(f.pictures / "img/a.png", {64, 64}, 1);
        drawPicture(f.pictures / "img/b.png", {64, 64}, 2);
        const std::string lines =
            R"({"id": "first", "image": "img/a.png", "caption": "one", "aspect_bucket": "64x96", "split": "train", "score": 0.5, "tags": [" night", "city", "night"]})"
            "\n\n"
            R"({"id": 17, "image": "img/b.png", "caption": null})"
            "\n";
        test::writeText(f.pictures / "records.jsonl", lines);
        const auto report = f.import(f.pictures / "records.jsonl");
        QCOMPARE(report.rejects.size(), 0U);
        QCOMPARE(report.added, 2);
        QVERIFY((f.record("first").bucket == ImageSize{64, 96}));
        QVERIFY((f.record("first").tags == std::vector<std::string>{"city", "night"}));
        QVERIFY(!contains(f.record("first").extra, "tags"));
        QCOMPARE(f.record("17").image, f.pictures / "img/b.png");
        QCOMPARE(f.import().unchanged, 2); // the folder holds a records.jsonl: the same

        const auto exported = f.workspace.root / "data/records.jsonl";
        QCOMPARE(exportRecords(f.workspace, exported), 2);
        std::ifstream stream(exported);
        std::map<std::string, nlohmann::json> written;
        for (std::string line; std::getline(stream, line);) {
            auto json = nlohmann::json::parse(line);
            written[json.at("id")] = json;
        }
        QCOMPARE(written.at("first").at("score").get<double>(), 0.5);
        QCOMPARE(written.at("first").at("aspect_bucket").get<std::string>(), std::string("64x96"));
        QVERIFY(written.at("first").at("tags") == nlohmann::json::parse(R"(["city", "night"])"));
        QVERIFY(!written.at("17").contains("tags"));
        QCOMPARE(written.at("17").at("caption").get<std::string>(), std::string());

        const auto records = Catalog::open(f.workspace).records();
        QCOMPARE(f.import(exported).unchanged, 2); // exporting and importing changes nothing
        QVERIFY(Catalog::open(f.workspace).records() == records);
    }

    void whatAPersonExcludedIsExported()
    {
        const Fixture f, other;
        for (const auto* const name : {"a.png", "b.png", "c.png"})
            drawPicture(f.pictures / name, {64, 64}, name[0]);
        f.import();
        setExcluded(f.workspace, {"a"}, "too blurred");
        setExcluded(f.workspace, {"b"}, "");
        const auto exported = f.folder / "records.jsonl";
        exportRecords(f.workspace, exported);
        const auto report = other.import(exported);
        QCOMPARE(report.added, 3);
        QVERIFY(contains(report.remarks.back(), "1 record is excluded"));
        for (const auto* const id : {"a", "b", "c"}) {
            QCOMPARE(other.record(id).excluded, f.record(id).excluded);
            QCOMPARE(other.record(id).exclusionEdited, f.record(id).exclusionEdited);
            QCOMPARE(other.record(id).extra, std::string("{}"));
        }
        QCOMPARE(f.import(exported).unchanged, 3);
    }

    void onlyATextSaysWhyARecordIsExcluded()
    {
        const Fixture f;
        for (const auto* const name : {"a.png", "b.png", "c.png", "d.png"})
            drawPicture(f.pictures / name, {64, 64}, name[0]);
        test::writeText(f.pictures / "records.jsonl", R"({"image": "a.png", "excluded": true}
{"image": "b.png", "excluded": 0}
{"image": "c.png", "excluded": null}
{"image": "d.png", "excluded": "too blurred"}
)");
        const auto report = f.import();
        QCOMPARE(report.added, 2);
        QVERIFY(contains(reasonFor(report, "line 1"), "\"excluded\", where a text was expected"));
        QVERIFY(contains(reasonFor(report, "line 2"), "a JSON number as \"excluded\""));
        QCOMPARE(f.record("c").exclusionEdited, false);
        QCOMPARE(f.record("d").excluded, std::string("too blurred"));
    }

    void aFieldOfAnotherProgramExcludesNothing()
    {
        const Fixture f, other;
        for (const auto* const name : {"a.png", "b.png"})
            drawPicture(f.pictures / name, {64, 64}, name[0]);
        test::writeText(f.pictures / "a.json", R"({"excluded": "by its shop"})");
        test::writeText(f.pictures / "b.json", R"({"excluded": true})");
        QCOMPARE(f.import().added, 2);
        QCOMPARE(f.record("a").excluded, std::string());
        const auto exported = f.folder / "records.jsonl";
        exportRecords(f.workspace, exported);
        QCOMPARE(other.import(exported).added, 2);
        QCOMPARE(other.record("a").excluded, std::string());
    }

    void editedTagsOutliveTheirSource()
    {
        const Fixture f;
        drawPicture(f.pictures / "a.png", {64, 64}, 1);
        const auto tags = [&f](const std::string& text) {
            test::writeText(f.pictures / "a.json", R"({"tags": )" + text + "}");
            f.import();
            return f.record("a").tags;
        };
        using List = std::vector<std::string>;
        QVERIFY((tags(R"("b, a,")") == List{"a", "b"}));
        QVERIFY(tags("null").empty());
        QVERIFY((tags(R"(["c"])") == List{"c"}));
        setTags(f.workspace, {"a"}, {"mine"});
        QVERIFY((tags(R"(["d"])") == List{"mine"}));
        setTags(f.workspace, {"a"}, {});
        QVERIFY(tags(R"(["e"])").empty());
    }

    void wrongRecordLinesAreRejectsThatNameTheLine()
    {
        const Fixture f;
        drawPicture(f.pictures / "a.png", {64, 64}, 1);
        test::writeText(f.pictures / "records.jsonl", R"({"id": "good", "image": "a.png", "caption": "fine"}
not json
["a", "list"]
{"id": "no-image"}
{"id": "gone", "image": "nowhere.png"}
{"id": "good", "image": "a.png", "caption": "again"}
{"id": "split", "image": "a.png", "split": "../up"}
{"id": "bucket", "image": "a.png", "aspect_bucket": "big"}
{"id": "other", "image": "a.png", "aspect_bucket": "512x512"}
{"id": "type", "image": "a.png", "caption": {"a": 1}}
{"image": "a.png"}
)");
        const auto report = f.import();
        QCOMPARE(report.added, 2); // the first, and the one whose bucket the workspace lacks
        QCOMPARE(f.record("good").caption, std::string("fine"));
        QVERIFY(contains(reasonFor(report, "line 2"), "JSON"));
        QVERIFY(contains(reasonFor(report, "line 3"), "array"));
        QVERIFY(contains(reasonFor(report, "line 4"), "image"));
        QVERIFY(contains(reasonFor(report, "line 5"), "nowhere.png"));
        QVERIFY(contains(reasonFor(report, "line 6"), "good"));
        QVERIFY(contains(reasonFor(report, "line 7"), "../up"));
        QVERIFY(contains(reasonFor(report, "line 8"), "big"));
        QCOMPARE(report.notes.size(), std::size_t{1});
        QVERIFY(contains(report.notes[0].reason, "512x512"));
        QVERIFY(contains(reasonFor(report, "line 10"), "caption"));
        QVERIFY(contains(reasonFor(report, "line 11"), "second"));
    }

    void splitFollowsTheAskedShare()
    {
        Fixture f;
        f.workspace.config.validationShare = 0.5;
        for (int i = 0; i < 40; ++i)
            drawPicture(f.pictures / (std::to_string(i) + ".png"), {64, 64}, i);
        f.import();
        int validation = 0;
        for (const auto& record : Catalog::open(f.workspace).records()) {
            QCOMPARE(record.split, splitOf(record.id, 0.5));
            validation += record.split == "val";
        }
        QVERIFY(validation > 8 && validation < 32);
    }

    void stoppedImportKeepsWhatItHadAndGoesOn()
    {
        const Fixture f;
        for (int i = 0; i < 200; ++i)
            drawPicture(f.pictures / (std::to_string(i) + ".png"), {64, 64}, i);
        JobContext context;
        context.report = [&](const Progress& progress) {
            if (progress.done > 0)
                context.control->requestStop();
        };
        ImportReport report;
        const auto end =
            makeImportJob(
                {.workspace = f.workspace, .source = f.pictures, .finished = [&](const auto& r) { report = r; }})
                ->run(context);
        QVERIFY(end == JobEnd::Cancelled);
        QVERIFY(report.added > 0 && report.added < 200);
        QCOMPARE(f.count(), report.added);
        const auto rest = f.import();
        QCOMPARE(rest.added + rest.unchanged, 200);
        QCOMPARE(rest.unchanged, report.added);
    }

    void absentSourceIsNamed()
    {
        const Fixture f;
        QVERIFY(contains(test::errorOf([&] { f.import(f.folder / "nothing"); }), "nothing does not exist"));
        test::writeText(f.folder / "list.csv", "a,b");
        QVERIFY(contains(test::errorOf([&] { f.import(f.folder / "list.csv"); }), "records.jsonl"));
    }
};

QTEST_APPLESS_MAIN(TestImport)
#include "tst_import.moc"
