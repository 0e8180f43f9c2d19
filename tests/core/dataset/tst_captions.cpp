#include "core/config/workspace_config.h"
#include "core/dataset/caption_job.h"
#include "core/dataset/catalog.h"
#include "core/dataset/import_job.h"
#include "core/dataset/record_edits.h"
#include "core/io/atomic_file.h"
#include "core/io/image.h"
#include "core/runtime/job.h"
#include "tests/support/drawn_picture.h"
#include "tests/support/test_data.h"

#include <QTest>

#include <chrono>
#include <fstream>
#include <thread>
#include <utility>

using namespace nanodit;
namespace fs = std::filesystem;

namespace {

/// A workspace with pictures a, b, c, of which b has a caption.
struct Fixture {
    test::TemporaryFolder folder;
    Workspace workspace = Workspace::create(folder / "workspace");
    fs::path pictures = folder / "my pictures";

    Fixture()
    {
        workspace.config.buckets = {{64, 64}};
        fs::create_directories(pictures);
        for (const std::uint64_t i : {0U, 1U, 2U})
            writePng(pictures / (std::string(1, static_cast<char>('a' + i)) + ".png"), test::drawnPicture(i, {64, 64}));
        test::writeText(pictures / "b.txt", "a caption that is there");
        import();
        command("echo \"  a picture of\"; basename \"$1\"; echo x >> runs");
    }
    void import() const { makeImportJob({.workspace = workspace, .source = pictures})->run({}); }
    /// A shell script whose first argument is the picture.
    void command(const std::string& script) { workspace.config.captionCommand = {"sh", "-c", script, "sh", "{image}"}; }
    CaptionReport run(std::vector<std::string> ids = {}, bool overwrite = false, const JobContext& context = {})
    {
        CaptionReport report;
        end = makeCaptionJob({.workspace = workspace,
                              .ids = std::move(ids),
                              .overwrite = overwrite,
                              .finished = [&report](const auto& r) { report = r; }})
                  ->run(context);
        return report;
    }
    std::string caption(const std::string& id) const { return Catalog::open(workspace).find(id)->caption; }
    /// How often the command was run.
    std::size_t runs() const
    {
        const auto file = workspace.root / "runs";
        return fs::exists(file) ? readTextFile(file).size() / 2 : 0;
    }
    JobEnd end = JobEnd::Finished;
};

} // namespace

class TestCaptions : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void missingCaptionsAreWritten()
    {
        Fixture f;
        const auto report = f.run();
        QCOMPARE(report.made, 2);
        QCOMPARE(report.had, 1);
        QVERIFY(report.failures.empty());
        QCOMPARE(f.caption("a"), std::string("a picture of a.png"));
        QCOMPARE(f.caption("b"), std::string("a caption that is there"));
        QCOMPARE(f.runs(), 2U);
        QCOMPARE(f.run().had, 3); // a second time there is nothing to do
        QCOMPARE(f.runs(), 2U);
        f.import(); // the source says nothing new, so the caption stays
        QCOMPARE(f.caption("a"), std::string("a picture of a.png"));
        test::writeText(f.pictures / "a.txt", "by a person");
        f.import();
        QCOMPARE(f.caption("a"), std::string("by a person"));
    }

    void overwritingDoesNotRepeatWhatTheCommandWrote()
    {
        Fixture f;
        f.run();
        QCOMPARE(f.run({}, true).made, 1); // b
        QCOMPARE(f.caption("b"), std::string("a picture of b.png"));
        QCOMPARE(f.runs(), 3U);
        QCOMPARE(f.run({}, true).had, 3);
        writePng(f.pictures / "c.png", test::drawnPicture(9, {64, 64}));
        f.import();
        const auto changed = f.run({}, true); // the picture is another one
        QCOMPARE(changed.same, 1);
        QCOMPARE(changed.had, 2);
        f.command("echo another command for \"$1\"");
        QCOMPARE(f.run({}, true).made, 3);
    }

    void namedRecordsAreCaptionedWhateverTheyHave()
    {
        Fixture f;
        QCOMPARE(f.run({"b"}).made, 1);
        QCOMPARE(f.caption("b"), std::string("a picture of b.png"));
        QCOMPARE(f.caption("a"), std::string());
        const auto message = test::errorOf([&] { f.run({"nobody"}); });
        QVERIFY(message.find("nobody") != std::string::npos);
    }

    void excludedRecordsAreLeftOut()
    {
        Fixture f;
        setExcluded(f.workspace, {"a"}, "blurred");
        QCOMPARE(f.run().made, 1);
        QCOMPARE(f.caption("a"), std::string());
    }

    void failuresAreListedAndEndNothing()
    {
        Fixture f;
        writePng(f.pictures / "d.png", test::drawnPicture(3, {64, 64}));
        writePng(f.pictures / "e.png", test::drawnPicture(4, {64, 64}));
        writePng(f.pictures / "f.png", test::drawnPicture(5, {64, 64}));
        f.import();
        fs::remove(f.pictures / "f.png");
        f.command(R"sh(case "$1" in
            *a.png) echo 'the model is tired' >&2; exit 4;;
            *c.png) printf 'gr\374n';;
            *d.png) printf ' \n';;
            *) echo fine;;
        esac)sh");
        const auto report = f.run();
        QCOMPARE(report.made, 1);
        QCOMPARE(f.caption("e"), std::string("fine"));
        QCOMPARE(report.failures.size(), 4U);
        const std::array expected = {"ended with code 4: the model is tired", "not UTF-8", "printed nothing",
                                     "is gone"};
        for (std::size_t i = 0; i < 4; ++i)
            QVERIFY2(report.failures[i].reason.find(expected[i]) != std::string::npos,
                     report.failures[i].reason.c_str());
    }

    void timeAndOutputAreBounded()
    {
        Fixture f;
        f.workspace.config.captionSeconds = 1;
        f.command("case \"$1\" in *a.png) sleep 100;; *) yes;; esac");
        const auto report = f.run();
        QCOMPARE(report.failures.size(), 2U);
        QVERIFY(report.failures[0].reason.find("longer than 1 s") != std::string::npos);
        QVERIFY(report.failures[1].reason.find("wrote more than") != std::string::npos);
    }

    void severalProcessesRunAtTheSameTime()
    {
        Fixture f;
        f.workspace.config.captionProcesses = 2;
        // Each waits for the other, so that one after the other would take too long.
        f.workspace.config.captionSeconds = 20;
        f.command(R"sh(name=$(basename "$1"); touch here-$name
            until [ -e here-a.png ] && [ -e here-c.png ]; do sleep 0.01; done; echo "of $name")sh");
        const auto report = f.run();
        QVERIFY2(report.failures.empty(), report.failures.empty() ? "" : report.failures[0].reason.c_str());
        QCOMPARE(f.caption("a"), std::string("of a.png"));
        QCOMPARE(f.caption("c"), std::string("of c.png"));
    }

    void stoppingIsAtOnceAndTheRestFollows_data()
    {
        QTest::addColumn<int>("processes");
        QTest::newRow("one process") << 1;
        QTest::newRow("two processes") << 2;
    }
    void stoppingIsAtOnceAndTheRestFollows()
    {
        QFETCH(int, processes);
        Fixture f;
        f.workspace.config.captionProcesses = processes;
        f.command("case \"$1\" in *c.png) touch reached; sleep 100;; esac; echo fine");
        const JobContext context;
        std::jthread stopper([&] {
            while (!fs::exists(f.workspace.root / "reached") || f.caption("a").empty())
                std::this_thread::sleep_for(std::chrono::milliseconds(5));
            context.control->requestStop();
        });
        const auto report = f.run({}, false, context);
        QVERIFY(f.end == JobEnd::Cancelled);
        QCOMPARE(report.made, 1);
        QCOMPARE(f.caption("a"), std::string("fine"));
        f.command("echo fine");
        QCOMPARE(f.run().made, 1);
        QCOMPARE(f.caption("c"), std::string("fine"));
    }

    void aCaptionThatAPersonWritesMeanwhileStays()
    {
        Fixture f;
        f.command("touch reached; while [ ! -e edited ]; do sleep 0.01; done; echo by the command");
        std::jthread person([&] {
            while (!fs::exists(f.workspace.root / "reached"))
                std::this_thread::sleep_for(std::chrono::milliseconds(5));
            setCaption(f.workspace, "a", "by a person");
            test::writeText(f.workspace.root / "edited", "");
        });
        const auto report = f.run();
        QCOMPARE(report.made, 1);
        QCOMPARE(report.failures.size(), 1U);
        QCOMPARE(f.caption("a"), std::string("by a person"));
        QCOMPARE(f.caption("c"), std::string("by the command"));
    }

    void absentCommandsAreNamed()
    {
        Fixture f;
        f.workspace.config.captionCommand = {"no-such-captioner", "{image}"};
        QVERIFY(test::errorOf([&] { f.run(); }).find("no-such-captioner") != std::string::npos);
        f.workspace.config.captionCommand.clear();
        QVERIFY(test::errorOf([&] { f.run(); }).find("caption_command") != std::string::npos);
    }
};

QTEST_APPLESS_MAIN(TestCaptions)
#include "tst_captions.moc"
