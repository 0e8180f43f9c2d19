#include "core/io/atomic_file.h"
#include "core/runs/checkpoint.h"
#include "core/runs/previews.h"
#include "core/runs/run_history.h"
#include "core/runs/run_record.h"
#include "core/train/resume.h"
#include "tests/support/tiny_training.h"

#include <QtTest/QTest>

#include <cmath>
#include <map>
#include <sstream>
#include <stdexcept>

using namespace nanodit;
using namespace nanodit::test;

namespace fs = std::filesystem;

namespace {

TrainRequest resumption(const TinyWorkspace& tiny, const std::string& run, const TrainConfig& config)
{
    auto request = requestFor(tiny, run, config);
    request.resume = true;
    return request;
}

bool has(const std::string& text, const std::string& part)
{
    return text.find(part) != std::string::npos;
}

bool sameTensors(const fs::path& a, const fs::path& b)
{
    for (const auto* name : {"model.safetensors", "ema.safetensors", "optimizer.safetensors"}) {
        if (readTextFile(a / name) != readTextFile(b / name))
            return false;
    }
    return true;
}

std::vector<std::int64_t> metricSteps(const fs::path& run)
{
    std::vector<std::int64_t> steps;
    for (const auto& metrics : readMetrics(run))
        steps.push_back(metrics.step);
    return steps;
}

std::vector<std::int64_t> upTo(std::int64_t last)
{
    std::vector<std::int64_t> steps;
    for (std::int64_t step = 1; step <= last; ++step)
        steps.push_back(step);
    return steps;
}

/// What lies below samples/, by path: the bytes of each picture.
std::map<std::string, std::string> pictures(const fs::path& run)
{
    std::map<std::string, std::string> found;
    for (const auto& entry : fs::recursive_directory_iterator(run / "samples")) {
        if (entry.is_regular_file())
            found[entry.path().lexically_relative(run).string()] = readTextFile(entry.path());
    }
    return found;
}

/// What was measured at intervals: "4 preview/raw_difference 0.25".
std::vector<std::string> measuredValues(const fs::path& run)
{
    std::vector<std::string> lines;
    for (const auto& measured : readRunRecord(run, 0, 1 << 20).measured) {
        for (const auto& [key, value] : measured.values)
            lines.push_back(std::to_string(measured.step) + " " + key + " " + std::to_string(value));
    }
    return lines;
}

/// Leaves of metrics.jsonl the lines that say nothing of `word`.
void dropLinesWith(const fs::path& run, const std::string& word)
{
    std::istringstream lines(readTextFile(run / "metrics.jsonl"));
    std::string kept;
    for (std::string line; std::getline(lines, line);)
        kept += has(line, word) ? "" : line + "\n";
    writeFileAtomically(run / "metrics.jsonl", kept);
}

void cutOff(const fs::path& file)
{
    fs::resize_file(file, fs::file_size(file) / 2);
}

} // namespace

class TestResume : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void aRunThatIsTrainedIsRefusedToOthers()
    {
        const TinyWorkspace tiny;
        auto request = requestFor(tiny, "busy", tinyConfig(6));
        std::string refused;
        JobContext context;
        request.onStep = [&](const StepMetrics& metrics) {
            if (metrics.step == 5) // there is a checkpoint by then
                refused = errorOf([&] { train(resumption(tiny, "busy", tinyConfig(8))); });
        };
        QVERIFY(makeTrainJob(std::move(request))->run(context) == JobEnd::Finished);
        QVERIFY2(refused.starts_with("the run \"busy\" is being trained by this program since"), refused.c_str());
        QCOMPARE(metricSteps(tiny.workspace.runsFolder() / "busy"), upTo(6));
        QCOMPARE(train(resumption(tiny, "busy", tinyConfig(8))).report.lastStep, 8);
    }

    void refusesWhatWouldBeAnotherFunction_data()
    {
        QTest::addColumn<QString>("setting");
        QTest::newRow("heads") << "num_heads";
        QTest::newRow("place of patches") << "patch_position";
        QTest::newRow("normalisation") << "normalise_dino";
        QTest::newRow("text tokens") << "text tokens";
        QTest::newRow("internal head") << "internal_head";
        QTest::newRow("alignment") << "repa.weight";
    }
    void refusesWhatWouldBeAnotherFunction()
    {
        QFETCH(QString, setting);
        TinyWorkspace tiny;
        auto config = tinyConfig(2);
        train(requestFor(tiny, "run", config));
        config.schedule.steps = 4;
        if (setting == "num_heads")
            config.model.numHeads = 2; // no tensor has another shape
        if (setting == "patch_position")
            config.model.patchPosition = PatchPosition::Rope;
        if (setting == "normalise_dino")
            config.data.normaliseDino = false;
        if (setting == "internal_head")
            config.model.internalHead = 1;
        if (setting == "repa.weight")
            config.repa.weight = 0.5;
        if (setting == "text tokens")
            tiny.workspace.config.textTokens = 9;
        const auto message = errorOf([&] { train(resumption(tiny, "run", config)); });
        QVERIFY2(has(message, "cannot be resumed with another model") && has(message, setting.toStdString()),
                 message.c_str());
        QCOMPARE(metricSteps(tiny.workspace.runsFolder() / "run"), upTo(2));
    }

    void otherEncodersAreRefused()
    {
        CheckpointState before, now;
        before.encoders = {{"t5", {{"fingerprint", "abc"}}}, {"dino", {{"fingerprint", "d"}}}};
        now.encoders = {{"t5", {{"fingerprint", "xyz"}}}, {"dino", {{"fingerprint", "d"}}}};
        const auto message = errorOf([&] { refuseAnotherFunction(resumeDifferences(before, now), "r"); });
        QVERIFY2(has(message, "encoder t5") && !has(message, "dino"), message.c_str());
        before.encoders = nlohmann::json::object(); // a set that was made elsewhere names none
        QVERIFY(resumeDifferences(before, now).empty());
    }

    void whatElseChangedIsToldAndKept()
    {
        const TinyWorkspace tiny;
        auto config = tinyConfig(2);
        train(requestFor(tiny, "run", config));
        const auto run = tiny.workspace.runsFolder() / "run";
        const auto before = readTextFile(run / "config.yaml");
        config.schedule.steps = 4;
        config.data.batchSize = 3;
        config.optimiser.lr = 1e-5;
        const auto outcome = train(resumption(tiny, "run", config));
        QVERIFY2(has(outcome.log, "the run continues, but not exactly as before: data.batch_size 2 -> 3; optimiser.lr"),
                 outcome.log.c_str());
        QVERIFY2(has(outcome.log, "changed since the checkpoint: schedule.steps 2 -> 4"), outcome.log.c_str());
        QCOMPARE(outcome.steps.back().lr, 1e-5);
        QCOMPARE(readTextFile(run / "config-until-step-00000002.yaml"), before);
        const auto history = readRunHistory(run);
        QCOMPARE(history.size(), std::size_t{2});
        QCOMPARE(history[0].kind, std::string("begun"));
        QCOMPARE(history[1].kind, std::string("resumed"));
        QCOMPARE(history[1].step, 2);
        QVERIFY(history[1].details.at("data.batch_size") == nlohmann::json({"2", "3"}));
        QCOMPARE(metricSteps(run), upTo(4));
    }

    void anUnchangedRunGoesOnWithoutAWord()
    {
        const TinyWorkspace tiny;
        const auto config = tinyConfig(4);
        train(requestFor(tiny, "run", config), 2);
        const auto outcome = train(resumption(tiny, "run", config));
        QVERIFY2(!has(outcome.log, "not exactly as before") && !has(outcome.log, "changed"), outcome.log.c_str());
    }

    void aDamagedNewestCheckpointIsReplacedByTheOneBefore_data()
    {
        QTest::addColumn<QString>("file");
        for (const auto* file : {"model.safetensors", "optimizer.safetensors", "state.json"})
            QTest::newRow(file) << file;
    }
    void aDamagedNewestCheckpointIsReplacedByTheOneBefore()
    {
        QFETCH(QString, file);
        const TinyWorkspace tiny;
        const auto config = tinyConfig(10);
        const auto whole = train(requestFor(tiny, "whole", config));
        train(requestFor(tiny, "parts", config), 9); // checkpoints of steps 8 and 9
        const auto run = tiny.workspace.runsFolder() / "parts";
        cutOff(run / "checkpoints/step-00000009" / file.toStdString());
        const auto outcome = train(resumption(tiny, "parts", config));
        QVERIFY2(has(outcome.log, "the checkpoint step-00000009 cannot be used") &&
                     has(outcome.log, file.toStdString()),
                 outcome.log.c_str());
        QCOMPARE(outcome.report.firstStep, 8);
        QVERIFY(sameTensors(outcome.report.checkpoint, whole.report.checkpoint));
        QVERIFY(fs::exists(run / "set-aside/behind-step-00000008/step-00000009" / file.toStdString()));
        QCOMPARE(metricSteps(run), upTo(10));
    }

    void aCheckpointWhoseConfigurationMakesNoSenseIsPassedOver_data()
    {
        QTest::addColumn<QString>("setting");
        QTest::addColumn<int>("value");
        QTest::newRow("no such model") << "hidden_size" << -1;
        QTest::newRow("unknown setting") << "wings" << 2;
    }
    void aCheckpointWhoseConfigurationMakesNoSenseIsPassedOver()
    {
        QFETCH(QString, setting);
        QFETCH(int, value);
        const TinyWorkspace tiny;
        const auto config = tinyConfig(10);
        train(requestFor(tiny, "run", config), 9); // checkpoints of steps 8 and 9
        const auto checkpoints = tiny.workspace.runsFolder() / "run/checkpoints";
        const auto spoil = [&](const char* checkpoint) {
            const auto file = checkpoints / checkpoint / "state.json";
            auto state = nlohmann::ordered_json::parse(readTextFile(file));
            state.at("config").at("model")[setting.toStdString()] = value;
            writeFileAtomically(file, state.dump());
        };
        spoil("step-00000009");
        const auto outcome = train(resumption(tiny, "run", config));
        QVERIFY2(has(outcome.log, "the checkpoint step-00000009 cannot be used") &&
                     has(outcome.log, setting.toStdString()),
                 outcome.log.c_str());
        QCOMPARE(outcome.report.firstStep, 8);
        QCOMPARE(metricSteps(tiny.workspace.runsFolder() / "run"), upTo(10));
        spoil("step-00000008");
        spoil("step-00000010");
        const auto message = errorOf([&] { train(resumption(tiny, "run", tinyConfig(12))); });
        QVERIFY2(has(message, "step-00000008/state.json") && has(message, setting.toStdString()), message.c_str());
    }

    void aRunWithoutAnyWholeCheckpointSaysWhatIsWrong()
    {
        const TinyWorkspace tiny;
        train(requestFor(tiny, "run", tinyConfig(1)));
        cutOff(tiny.workspace.runsFolder() / "run/checkpoints/step-00000001/model.safetensors");
        const auto message = errorOf([&] { train(resumption(tiny, "run", tinyConfig(2))); });
        QVERIFY2(has(message, "step-00000001/model.safetensors"), message.c_str());
    }

    void goesOnFromTheStepThatIsAskedFor()
    {
        const TinyWorkspace tiny;
        auto config = tinyConfig(8);
        config.saving = {.every = 2, .keep = 0};
        const auto whole = train(requestFor(tiny, "run", config));
        const auto run = tiny.workspace.runsFolder() / "run";
        fs::copy(whole.report.checkpoint, run / "of the first life", fs::copy_options::recursive);
        auto request = resumption(tiny, "run", config);
        request.from = 4;
        const auto again = train(std::move(request));
        QCOMPARE(again.report.firstStep, 4);
        QVERIFY(sameTensors(again.report.checkpoint, run / "of the first life"));
        QCOMPARE(metricSteps(run), upTo(8));
        const auto aside = run / "set-aside/behind-step-00000004";
        QVERIFY(fs::exists(aside / "step-00000008/state.json"));
        std::error_code none;
        QVERIFY(fs::file_size(aside / "metrics.jsonl", none) > 0);

        request = resumption(tiny, "run", config);
        request.from = 5;
        const auto message = errorOf([&] { train(std::move(request)); });
        QVERIFY2(has(message, "no checkpoint of step 5; there are those of 2, 4, 6, 8"), message.c_str());
    }

    void fewerStepsThanDoneIsASentence()
    {
        const TinyWorkspace tiny;
        train(requestFor(tiny, "run", tinyConfig(4)));
        const auto run = tiny.workspace.runsFolder() / "run";
        const auto checkpoint = readTextFile(run / "checkpoints/step-00000004/state.json");
        for (const std::int64_t steps : {3, 4}) {
            const auto outcome = train(resumption(tiny, "run", tinyConfig(steps)));
            QVERIFY(outcome.end == JobEnd::Finished && outcome.steps.empty());
            QVERIFY2(has(outcome.log, "nothing is left to train: the run has done 4 steps"), outcome.log.c_str());
            QCOMPARE(metricSteps(run), upTo(4));
            QCOMPARE(readTextFile(run / "checkpoints/step-00000004/state.json"), checkpoint);
        }
    }

    void whatEndsARunLeavesACheckpoint()
    {
        const TinyWorkspace tiny;
        auto config = tinyConfig(6);
        const auto whole = train(requestFor(tiny, "whole", config));
        auto request = requestFor(tiny, "ended", config);
        request.config.saving.every = 1000;
        request.device.threads = 2; // as train() has: the number of threads changes the last bits
        request.onStep = [](const StepMetrics& metrics) {
            if (metrics.step == 3)
                throw std::runtime_error("something of a library");
        };
        QCOMPARE(errorOf([&] { makeTrainJob(std::move(request))->run({}); }), std::string("something of a library"));
        const auto run = tiny.workspace.runsFolder() / "ended";
        QVERIFY(fs::exists(run / "checkpoints/step-00000003/state.json"));
        const auto log = readTextFile(run / "log.txt");
        QVERIFY2(has(log, "something of a library") && has(log, "the last checkpoint is"), log.c_str());
        QVERIFY(!fs::exists(run / "lock"));
        const auto outcome = train(resumption(tiny, "ended", config));
        QVERIFY(sameTensors(outcome.report.checkpoint, whole.report.checkpoint));
    }

    void whatCannotBeValidatedOrPaintedIsAWarning()
    {
        const TinyWorkspace tiny;
        auto config = tinyConfig(4);
        config.validation.every = 2;
        config.saving.every = 2;
        config.previews.every = 3;
        fs::remove_all(tiny.workspace.path("models/vae"));
        auto request = requestFor(tiny, "run", config);
        std::string log;
        JobContext context;
        context.log = [&log](LogLevel, const std::string& text) { log += text + "\n"; };
        const auto end =
            makeTrainJobWith(std::move(request),
                             [](const auto&, const auto&, const auto&) -> std::optional<EventFile::Scalars> {
                                 throw std::runtime_error("DefaultCPUAllocator: can't allocate memory");
                             })
                ->run(context);
        QVERIFY(end == JobEnd::Finished);
        QVERIFY2(has(log, "no validation at step 2: the device did not have enough memory"), log.c_str());
        QVERIFY2(has(log, "no preview pictures at this step"), log.c_str());
        // A step that a validation needs saved is not saved again.
        const auto lines = readTextFile(tiny.workspace.runsFolder() / "run/log.txt");
        const auto first = lines.find("saved step-00000002");
        QVERIFY2(first != std::string::npos && lines.find("saved step-00000002", first + 1) == std::string::npos,
                 lines.c_str());
    }

    void previewsThatAKillCutShortArePaintedByTheResume()
    {
        const TinyWorkspace tiny;
        auto config = tinyConfig(8);
        config.previews.every = 4;
        config.previews.conditions = 1;
        config.previews.rawUntil = 1e-9; // raw weights paint beside the average all the time,
        config.optimiser.lr = 0.1;       // from which these are far
        config.metrics.worthEvery = 4;
        train(requestFor(tiny, "whole", config));
        const auto whole = tiny.workspace.runsFolder() / "whole", cut = tiny.workspace.runsFolder() / "cut";
        auto shorter = config;
        shorter.schedule.steps = 4;
        train(requestFor(tiny, "cut", shorter));
        // As a kill leaves it that comes between the checkpoint and the third picture of its step.
        const auto painted = pictures(cut);
        QCOMPARE(painted.size(), std::size_t{4 + 5}); // both weights of 2 records, parts of the conditions of one
        fs::remove_all(cut / "samples/raw");
        for (const auto* const kind : {"text_only", "dino_only", "cls_only", "swapped", "shuffled"})
            fs::remove_all(cut / "samples" / kind);
        fs::remove(listPreviews(cut).at(4).back().file);
        QCOMPARE(pictures(cut).size(), std::size_t{1});
        fs::create_directories(cut / "samples/raw");
        writeFileAtomically(cut / "samples/raw/.nanodit-0123456789abcdef.tmp", "half a picture");
        dropLinesWith(cut, "\"measured\"");
        QVERIFY(measuredValues(cut).empty());

        const auto resumed = train(resumption(tiny, "cut", config));
        QCOMPARE(resumed.previews.size(), painted.size() - 1 + painted.size()); // what was missing, and those of step 8
        QCOMPARE(resumed.previews.front().step, 4);
        QCOMPARE(resumed.previews.back().step, 8);
        QVERIFY(pictures(cut) == pictures(whole));
        QVERIFY(!measuredValues(whole).empty());
        QCOMPARE(measuredValues(cut), measuredValues(whole));
        // What is there is not painted again.
        QVERIFY(train(resumption(tiny, "cut", config)).previews.empty());
        QCOMPARE(measuredValues(cut), measuredValues(whole));
    }

    void aResumedRunKnowsWhetherRawAndAveragedPicturesAgreed()
    {
        const TinyWorkspace tiny;
        auto config = tinyConfig(3); // its checkpoint is of a step without previews
        config.previews.every = 2;
        config.previews.rawUntil = 1; // any two pictures agree
        train(requestFor(tiny, "run", config));
        const auto run = tiny.workspace.runsFolder() / "run";
        QCOMPARE(listPreviews(run, PreviewKind::Raw).size(), std::size_t{1});
        config.schedule.steps = 4;
        train(resumption(tiny, "run", config));
        QCOMPARE(listPreviews(run).size(), std::size_t{2});
        QCOMPARE(listPreviews(run, PreviewKind::Raw).size(), std::size_t{1});
    }

    void aStepThatWasSkippedIsNotPaintedByTheResume()
    {
        const TinyWorkspace tiny;
        auto config = tinyConfig(4);
        train(requestFor(tiny, "run", config));
        const auto run = tiny.workspace.runsFolder() / "run";
        auto lines = readTextFile(run / "metrics.jsonl");
        const std::string flag = "\"skipped\":false";
        const auto last = lines.rfind(flag);
        QVERIFY(last != std::string::npos);
        writeFileAtomically(run / "metrics.jsonl", lines.replace(last, flag.size(), "\"skipped\":true"));
        config.previews.every = 2;
        config.schedule.steps = 6;
        const auto resumed = train(resumption(tiny, "run", config));
        QCOMPARE(resumed.previews.size(), std::size_t{2});
        QCOMPARE(resumed.previews.front().step, 6);
    }

    void picturesBehindTheCheckpointDoNotStayForThoseOfTheNewCourse()
    {
        const TinyWorkspace tiny;
        auto config = tinyConfig(8);
        config.saving = {.every = 4, .keep = 0};
        config.previews.every = 2;
        train(requestFor(tiny, "run", config));
        const auto run = tiny.workspace.runsFolder() / "run";
        const auto before = pictures(run);
        config.schedule.steps = 4; // only what the resume itself does
        auto request = resumption(tiny, "run", config);
        request.from = 4;
        train(std::move(request));
        QCOMPARE(listPreviews(run).rbegin()->first, 4);
        const auto aside = run / "set-aside/behind-step-00000004/samples/step-00000008-val0.png";
        QVERIFY(fs::exists(aside));
        QVERIFY(readTextFile(aside) == before.at("samples/step-00000008-val0.png"));
        // Without a checkpoint behind it they go.
        fs::copy_file(aside, previewFile(run, 6, "val0"));
        train(resumption(tiny, "run", config));
        QVERIFY(!fs::exists(previewFile(run, 6, "val0")));
    }

    void reportsOfLaterStepsAreNotMistakenForThoseOfTheNewCourse()
    {
        const TemporaryFolder run;
        const std::vector<std::string> earlier = {
            "checkpoints/step-00000004/state.json", "nonfinite/step-00000003.json",
            "validation/step-00000004/report.json", "validation/mine/report.json"};
        const std::vector<std::string> later = {"nonfinite/step-00000007.json", "validation/step-00000008/report.json",
                                                "validation/step-00000008-raw/report.json"};
        for (const auto& file : earlier)
            writeText(run / file, file);
        for (const auto& file : later)
            writeText(run / file, file);
        writeText(run / "checkpoints/step-00000008/state.json", "{}");
        const auto aside = setAsideBehind(run.path(), 4);
        QVERIFY(fs::exists(aside / "step-00000008/state.json"));
        for (const auto& file : earlier)
            QVERIFY2(readTextFile(run / file) == file, file.c_str());
        for (const auto& file : later)
            QVERIFY2(!fs::exists(run / file) && readTextFile(aside / file) == file, file.c_str());
    }

    /// As when a run is killed between a step that was not finite and the next checkpoint.
    void reportsThatNoCheckpointIsBehindAreSetAsideToo()
    {
        const TemporaryFolder run;
        const std::string report = "nonfinite/step-00000007.json";
        writeText(run / "checkpoints/step-00000004/state.json", "{}");
        writeText(run / report, "7");
        const auto aside = setAsideBehind(run.path(), 4);
        QVERIFY(!fs::exists(run / report));
        QCOMPARE(readTextFile(aside / report), std::string("7"));
        QVERIFY(fs::exists(run / "checkpoints/step-00000004"));
        QVERIFY(setAsideBehind(run.path(), 4).empty());
    }

    void checkpointsAreCopiesOfTheirStep()
    {
        // Written while training goes on, they hold what was there when they were begun.
        const TinyWorkspace tiny;
        auto config = tinyConfig(6);
        config.saving = {.every = 1, .keep = 0};
        train(requestFor(tiny, "each", config));
        for (std::int64_t step : {2, 4, 5}) {
            auto shorter = config;
            shorter.schedule.steps = step;
            const auto name = "to-" + std::to_string(step);
            const auto outcome = train(requestFor(tiny, name, shorter));
            QVERIFY(sameTensors(outcome.report.checkpoint, tiny.workspace.runsFolder() / "each/checkpoints" /
                                                               outcome.report.checkpoint.filename()));
        }
    }
};

QTEST_APPLESS_MAIN(TestResume)
#include "tst_resume.moc"
