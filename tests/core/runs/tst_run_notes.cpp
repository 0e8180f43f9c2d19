#include "core/io/atomic_file.h"
#include "core/runs/catalogue.h"
#include "core/runs/run_lock.h"
#include "core/runs/run_notes.h"
#include "core/runtime/error.h"
#include "tests/support/contains.h"
#include "tests/support/test_data.h"

#include <QTest>

using namespace nanodit;

class TestRunNotes : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init()
    {
        folder_ = std::make_unique<test::TemporaryFolder>();
        workspace_ = Workspace::create(*folder_ / "work space", {});
        test::writeText(workspace_.runsFolder() / "mine/config.yaml", "");
        test::writeText(workspace_.runsFolder() / "other/config.yaml", "");
    }

    void notesComeBackAndEmptyOnesLeaveNoFile()
    {
        const auto run = workspace_.runsFolder() / "mine";
        QCOMPARE(readRunNotes(run).value, RunNotes());
        const RunNotes notes{.note = "with \"quotes\" and\nlines, äöü", .tags = {"small", "sincos"}};
        writeRunNotes(run, notes);
        QCOMPARE(readRunNotes(run).value, notes);
        QCOMPARE(readRunNotes(workspace_.runsFolder() / "other").value, RunNotes());
        writeRunNotes(run, {});
        QVERIFY(!std::filesystem::exists(run / "about.json"));
        writeRunNotes(run, {}); // nothing to remove
    }

    void aDamagedFileIsMovedAsideAndTold()
    {
        const auto run = workspace_.runsFolder() / "mine";
        const auto aside = run / "about.json.damaged";
        for (const char* text :
             {"", "[1, 2]", R"({"note": 3, "tags": []})", "{", R"({"note": "n", "tags": ["a", 3]})"}) {
            test::writeText(run / "about.json", text);
            const auto found = readRunNotes(run);
            QCOMPARE(found.value, RunNotes());
            QVERIFY2(test::contains(found.damage, "about.json holds the note and the tags of a run and is damaged"),
                     found.damage.c_str());
            QVERIFY(!std::filesystem::exists(run / "about.json"));
            QCOMPARE(readTextFile(aside), std::string(text));
            std::filesystem::remove(aside);
        }
        test::writeText(run / "about.json", R"({"note": "by hand"})"); // what is not there is empty
        QCOMPARE(readRunNotes(run).value, (RunNotes{.note = "by hand", .tags = {}}));
        QVERIFY(readRunNotes(run).damage.empty());
    }

    void notesThatAreWrittenAfterDamageLeaveItBesideThem()
    {
        const auto run = workspace_.runsFolder() / "mine";
        test::writeText(run / "about.json", "{\"note\": \"half");
        QVERIFY(!readRunNotes(run).damage.empty());
        writeRunNotes(run, {.note = "anew", .tags = {}});
        QCOMPARE(readRunNotes(run).value.note, std::string("anew"));
        QCOMPARE(readTextFile(run / "about.json.damaged"), std::string("{\"note\": \"half"));
    }

    void tagsAreReadFromALine()
    {
        QCOMPARE(tagsOf(" small, sincos ,small,, two words"),
                 (std::vector<std::string>{"small", "sincos", "two words"}));
        QVERIFY(tagsOf("  , ").empty());
    }

    void aRenamedRunKeepsItsFiles()
    {
        renameRun(workspace_, "mine", "patches and text");
        const auto runs = listRuns(workspace_);
        QCOMPARE(runs.size(), std::size_t(2));
        QCOMPARE(runs[1].name, std::string("patches and text"));
        QVERIFY(std::filesystem::exists(runs[1].folder / "config.yaml"));
    }

    void namesThatAreTakenOrNoneAreRefused()
    {
        for (const auto& [from, to] : std::vector<std::pair<std::string, std::string>>{{"mine", "other"},
                                                                                       {"mine", ""},
                                                                                       {"mine", ".hidden"},
                                                                                       {"mine", "../mine"},
                                                                                       {"mine", "a/b"},
                                                                                       {"nobody", "somebody"},
                                                                                       {"..", "up"}})
            QVERIFY_EXCEPTION_THROWN(renameRun(workspace_, from, to), UsageError);
        QCOMPARE(listRuns(workspace_).size(), std::size_t(2));
    }

    void aRunThatIsTrainedKeepsItsName()
    {
        const RunLock lock(workspace_.runsFolder() / "mine", "mine");
        QVERIFY_EXCEPTION_THROWN(renameRun(workspace_, "mine", "yours"), StoreError);
        QVERIFY(std::filesystem::exists(workspace_.runsFolder() / "mine"));
    }

private:
    std::unique_ptr<test::TemporaryFolder> folder_;
    Workspace workspace_;
};

QTEST_APPLESS_MAIN(TestRunNotes)
#include "tst_run_notes.moc"
