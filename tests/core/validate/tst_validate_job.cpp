#include "core/config/train_config.h"
#include "core/config/workspace_config.h"
#include "core/demo/demo_job.h"
#include "core/front/sampling.h"
#include "core/front/training.h"
#include "core/front/validation.h"
#include "core/inspect/inspection.h"
#include "core/io/atomic_file.h"
#include "core/io/image.h"
#include "core/preprocess/workspace_state.h"
#include "core/runs/catalogue.h"
#include "core/runs/checkpoint.h"
#include "core/runs/metrics_file.h"
#include "core/runtime/error.h"
#include "core/runtime/job.h"
#include "core/validate/interval_validation.h"
#include "core/validate/validate_job.h"
#include "tests/support/file_size_limit.h"
#include "tests/support/files_below.h"
#include "tests/support/test_data.h"

#include <QtTest>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <set>

using namespace nanodit;
namespace fs = std::filesystem;

namespace {

struct Outcome {
    JobEnd end = JobEnd::Finished;
    std::optional<ValidationReport> report;
    std::string log;
    std::int64_t painted = 0; ///< Pictures that this run made itself.
};

/// Whether the two hold the same files; says which one differs.
QString difference(const fs::path& a, const fs::path& b)
{
    const auto first = test::filesBelow(a), second = test::filesBelow(b);
    for (const auto& [name, bytes] : first) {
        if (second.count(name) == 0)
            return QString::fromStdString(name + " is missing");
        if (second.at(name) != bytes)
            return QString::fromStdString(name + " differs");
    }
    return first.size() == second.size() ? QString() : QStringLiteral("there are more files than there should be");
}

} // namespace

/// Validations of the demo's reference model, as a user runs, stops, breaks and repeats them.
class TestValidateJob : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        DemoRequest demo;
        demo.folder = folder_ / "demo";
        demo.scenes = 40;
        demo.preprocess = true;
        QVERIFY(makeDemoJob(demo)->run({}) == JobEnd::Finished);
        workspace_ = Workspace::open(demo.folder);
        checkpoint_ = listRuns(workspace_).front().checkpoints.back();
        whole_ = folder_ / "whole";
        const auto outcome = validate(request(whole_));
        QVERIFY(outcome.end == JobEnd::Finished);
        QVERIFY(outcome.painted >= 12);
    }

    void theSameValidationTwiceIsEqualToTheByte()
    {
        validate(request(folder_ / "again"));
        QCOMPARE(difference(whole_, folder_ / "again"), QString());
    }

    void everyTaskHasItsPicturesAndMeasures()
    {
        const auto report = readValidationReport(whole_);
        std::set<ValidationTask> tasks;
        for (const auto& picture : report.pictures) {
            tasks.insert(picture.task);
            QVERIFY2(picture.values.count(keyMetric(picture.task)) == 1, picture.file.c_str());
            QVERIFY(fs::exists(whole_ / picture.file));
            QVERIFY(fs::exists(whole_ / referenceFile(picture)));
        }
        QCOMPARE(tasks.size(), validationTaskNames.size());
        QCOMPARE(report.milestones.size(), std::size_t(8));
        // The model is a trained one: what it paints with DINO is nearer to the original than what it paints without.
        const auto* const withDino = report.find(ValidationTask::Reconstruction, "layout_error");
        const auto* const textAlone = report.find(ValidationTask::TextOnly, "layout_error");
        QVERIFY(withDino != nullptr && textAlone != nullptr);
        QVERIFY2(withDino->mean < textAlone->mean,
                 qPrintable(QStringLiteral("%1, %2").arg(withDino->mean).arg(textAlone->mean)));
    }

    void conditionsAreWorthSomethingToATrainedModel()
    {
        const auto report = readValidationReport(whole_);
        QCOMPARE(report.weights, std::string("ema"));
        double caption = 0, patches = 0, dino = 0;
        std::int64_t pictures = 0;
        for (const auto& picture : report.pictures) {
            if (picture.task != ValidationTask::Reconstruction) {
                QVERIFY(picture.values.count("fixed_loss") == 0);
                continue;
            }
            ++pictures;
            QVERIFY(picture.values.at("fixed_loss") > 0);
            caption += picture.values.at("caption_gain");
            patches += picture.values.at("patch_gain");
            dino += picture.values.at("dino_gain");
        }
        QVERIFY(pictures > 0);
        // The reference model was trained on such scenes: it loses by each condition that is taken away.
        QVERIFY2(caption > 0 && patches > 0 && dino > 0,
                 qPrintable(QStringLiteral("%1 %2 %3").arg(caption).arg(patches).arg(dino)));
        const auto* const mean = report.find(ValidationTask::Reconstruction, "patch_gain");
        QVERIFY(mean != nullptr && std::abs(mean->mean - patches / static_cast<double>(pictures)) < 1e-9);
    }

    void numbersThatAreNotFiniteAreLeftOutOfAReportThatCanBeRead()
    {
        auto some = request(folder_ / "diverged");
        some.settings.tasks = {ValidationTask::Reconstruction};
        some.settings.records = 2;
        KnownTruth truth;
        truth.measure = [](const Workspace&, const PlannedPicture& planned, const Image&,
                           std::map<std::string, double>& values) {
            values["layout_error"] = planned.seed == 0 ? std::numeric_limits<double>::quiet_NaN() : 0.25;
        };
        QVERIFY(makeValidateJobWith(some, truth)->run({}) == JobEnd::Finished);
        const auto report = readValidationReport(some.folder);
        const auto* const summary = report.find(ValidationTask::Reconstruction, "layout_error");
        QVERIFY(summary != nullptr);
        QCOMPARE(summary->n, std::int64_t(1));
        QCOMPARE(summary->mean, 0.25);
        QVERIFY(std::ranges::any_of(
            report.notes, [](const std::string& note) { return note.find("not finite") != std::string::npos; }));
    }

    void theNearestTrainingPictureIsShownBesideATextsPicture()
    {
        const auto report = readValidationReport(whole_);
        std::set<std::string> training;
        for (const auto& record : listRecords(workspace_, Look::Catalog)) {
            if (record.split == "train")
                training.insert(record.id);
        }
        std::int64_t pictures = 0;
        for (const auto& picture : report.pictures) {
            QCOMPARE(picture.nearest.empty(), picture.task != ValidationTask::TextOnly);
            if (picture.nearest.empty())
                continue;
            ++pictures;
            QVERIFY2(training.count(picture.nearest) == 1, picture.nearest.c_str());
            QVERIFY(fs::exists(whole_ / nearestFile(picture)));
            for (const auto* const metric : {"nearest_training", "nearest_training_original"}) {
                const auto similarity = picture.values.at(metric);
                QVERIFY2(similarity > -1 && similarity <= 1.0001, metric);
            }
        }
        QVERIFY(pictures > 0);
        QVERIFY(report.find(ValidationTask::TextOnly, "nearest_training") != nullptr);
        QVERIFY(readTextFile(whole_ / "report.html").find("nearest in training") != std::string::npos);
    }

    void editsAreMeasuredAgainstThePictureWithoutThem()
    {
        const auto report = readValidationReport(whole_);
        std::int64_t edits = 0;
        for (const auto& picture : report.pictures) {
            if (picture.task != ValidationTask::RegionEdit && picture.task != ValidationTask::TextOverDino)
                continue;
            ++edits;
            QCOMPARE(referenceFile(picture), picture.unchanged);
            const auto painted = sampleRequestFromPng(whole_ / picture.file);
            const auto unchanged = sampleRequestFromPng(whole_ / picture.unchanged);
            QVERIFY(painted && unchanged);
            QCOMPARE(painted->prompt, picture.caption);
            QCOMPARE(painted->erasedPatches, picture.erasedPatches);
            QCOMPARE(painted->seed, unchanged->seed);
            QCOMPARE(painted->textScale, unchanged->textScale);
            QCOMPARE(unchanged->textRecord, std::optional(picture.record));
            if (picture.task == ValidationTask::TextOverDino) {
                QVERIFY(painted->textScale > painted->dinoScale);
                continue;
            }
            QVERIFY(!picture.erasedPatches.empty() && unchanged->erasedPatches.empty());
            const auto before = readImage(whole_ / picture.unchanged), after = readImage(whole_ / picture.file);
            QVERIFY(before.rgb != after.rgb);
            const auto outside = picture.values.at("outside_change");
            QVERIFY2(outside > 0 && outside < 0.5, std::to_string(outside).c_str());
        }
        QVERIFY(edits >= 6);
    }

    void aStoppedValidationGoesOnToTheSameReport()
    {
        const auto parts = folder_ / "parts";
        auto stopped = validate(request(parts), 3);
        QVERIFY(stopped.end == JobEnd::Cancelled);
        QVERIFY(!fs::exists(parts / "report.json"));
        const auto all = newest(whole_).size(); // also pictures that others are compared with
        const auto before = stopped.painted;
        QVERIFY(before >= 3 && before < static_cast<std::int64_t>(all));
        stopped = validate(request(parts), 2);
        QVERIFY(stopped.end == JobEnd::Cancelled);
        QVERIFY(stopped.painted >= 2);
        const auto resumed = validate(request(parts));
        QVERIFY(resumed.end == JobEnd::Finished);
        QCOMPARE(before + stopped.painted + resumed.painted, static_cast<std::int64_t>(all));
        QCOMPARE(difference(whole_, parts), QString());
    }

    void aFinishedValidationIsGivenBackAsItIs()
    {
        const auto time = fs::last_write_time(whole_ / "report.json");
        const auto outcome = validate(request(whole_));
        QCOMPARE(outcome.painted, 0);
        QCOMPARE(outcome.report->pictures.size(), readValidationReport(whole_).pictures.size());
        QVERIFY(fs::last_write_time(whole_ / "report.json") == time);
    }

    void whatIsDamagedInAPartialResultIsMadeAgain()
    {
        const auto damaged = folder_ / "damaged";
        fs::copy(whole_, damaged, fs::copy_options::recursive);
        const auto file = damaged / readValidationReport(whole_).pictures.front().file;
        fs::resize_file(file, fs::file_size(file) / 2);
        fs::resize_file(damaged / "report.json", 100);
        const auto outcome = validate(request(damaged));
        QVERIFY(outcome.end == JobEnd::Finished);
        QCOMPARE(outcome.painted, 1);
        QVERIFY2(outcome.log.find(file.string()) != std::string::npos, outcome.log.c_str());
        QVERIFY2(outcome.log.find("report.json") != std::string::npos, outcome.log.c_str());
        QCOMPARE(difference(whole_, damaged), QString());
    }

    void otherSettingsAreRefusedUnlessTold()
    {
        const auto other = folder_ / "other";
        fs::copy(whole_, other, fs::copy_options::recursive);
        auto changed = request(other);
        changed.settings.seed = 9;
        const auto remedy = test::remedyOf([&] { validate(changed); });
        QVERIFY(test::remedyAs<remedy::ReplaceValidation>(remedy) != nullptr);
        QCOMPARE(difference(whole_, other), QString()); // and nothing was touched
        changed.replaceOther = true;
        validate(changed);
        QCOMPARE(readValidationReport(other).settings.seed, std::uint64_t(9));
        QVERIFY(!difference(whole_, other).isEmpty());
        // Told to replace others, it leaves the same alone.
        QCOMPARE(validate(changed).painted, 0);
    }

    void aWorkspaceThatWasMovedKnowsItsValidation()
    {
        const auto copy = folder_ / "moved";
        fs::create_directories(copy / "runs/reference/checkpoints");
        fs::copy(checkpoint_, copy / "runs/reference/checkpoints" / checkpoint_.filename(),
                 fs::copy_options::recursive);
        fs::copy(whole_, folder_ / "moved-report", fs::copy_options::recursive);
        auto moved = request(folder_ / "moved-report");
        moved.checkpoint = copy / "runs/reference/checkpoints" / checkpoint_.filename();
        QCOMPARE(validate(moved).painted, 0);
    }

    void aFullDiskEndsItWithTheFilesNameAndItGoesOnLater()
    {
        const auto full = folder_ / "full";
        fs::copy(whole_, full, fs::copy_options::recursive);
        fs::remove(full / "report.json");
        std::string message;
        {
            const test::FileSizeLimit limit(100'000); // pictures fit, the page with its pictures does not
            message = test::errorOf([&] { validate(request(full)); });
        }
        QVERIFY2(message.find("report.html") != std::string::npos, message.c_str());
        QVERIFY(!fs::exists(full / "report.json"));
        validate(request(full));
        QCOMPARE(difference(whole_, full), QString());
    }

    void aFolderThatCannotBeMadeIsASentence()
    {
        const auto inTheWay = folder_ / "file"; // root may write to any folder, but not below a file
        test::writeText(inTheWay, "a file");
        const auto message = test::errorOf([&] { validate(request(inTheWay / "report")); });
        QVERIFY2(message.find(inTheWay.string()) != std::string::npos, message.c_str());
        const auto remedy = test::remedyOf([&] { validate(request(inTheWay / "report")); });
        QVERIFY(test::remedyAs<remedy::ChooseFolder>(remedy) != nullptr);
    }

    void aFolderWithSomethingElseIsLeftAlone()
    {
        const auto mine = folder_ / "mine";
        test::writeText(mine / "letter.txt", "dear");
        QVERIFY(test::errorOf([&] { validate(request(mine)); }).find("holds no validation") != std::string::npos);
        QCOMPARE(test::filesBelow(mine).size(), std::size_t(1));
    }

    void aRunIsValidatedAtIntervalsAndIsTheSameRun()
    {
        const auto plain = train("plain", 0);
        std::int64_t validated = 0;
        const auto measured = train("measured", 3, 0, &validated);
        QCOMPARE(validated, std::int64_t(2));
        for (const auto* file : {"model.safetensors", "ema.safetensors", "optimizer.safetensors"})
            QVERIFY2(readTextFile(plain / "checkpoints/step-00000006" / file) ==
                         readTextFile(measured / "checkpoints/step-00000006" / file),
                     file);
        const auto a = readMetrics(plain), b = readMetrics(measured);
        QCOMPARE(a.size(), std::size_t(6));
        QCOMPARE(b.size(), std::size_t(6)); // lines of validations are none of steps
        for (std::size_t i = 0; i < a.size(); ++i)
            QCOMPARE(a[i].loss, b[i].loss);
        for (const auto* step : {"step-00000003", "step-00000006"})
            QVERIFY(fs::exists(measured / "validation" / step / "report.html"));
        const auto lines = validationLines(measured);
        QCOMPARE(lines.size(), std::size_t(2));
        const auto report = readValidationReport(measured / "validation/step-00000003");
        QCOMPARE(lines[0]["step"].toInt(), 3);
        QCOMPARE(lines[0]["validation"]["reconstruction"]["dino_distance"].toDouble(),
                 report.find(ValidationTask::Reconstruction, "dino_distance")->mean);
        bool event = false;
        for (const auto& entry : fs::directory_iterator(measured)) {
            if (entry.path().filename().string().starts_with("events.out.tfevents."))
                event =
                    event || readTextFile(entry.path()).find("validation/text_only/text_match") != std::string::npos;
        }
        QVERIFY(event);
    }

    void aRunWhoseShiftGoesByTheBucketIsValidatedWithIt()
    {
        const auto run = workspace_.runsFolder() / "shifted";
        const auto checkpoint = run / "checkpoints" / checkpoint_.filename();
        fs::create_directories(checkpoint.parent_path());
        fs::copy(checkpoint_, checkpoint, fs::copy_options::recursive);
        TrainRequest training;
        training.workspace = workspace_;
        training.config = tinyConfig(3);
        training.config.flow.shift = 1.5;
        training.config.flow.shiftByBucket = true;
        training.config.validation.records = 1;
        training.config.validation.tasks = {"reconstruction"};
        training.device.threads = 2;
        std::optional<ValidationReport> report;
        training.onValidation = [&report](const ValidationReport& made) { report = made; };
        QVERIFY(suiteAtIntervals(training, {})(checkpoint, {}, {}).has_value());
        QVERIFY(report && report->settings.shiftByBucket);
        const auto picture = sampleRequestFromPng(report->folder / report->pictures.front().file);
        QVERIFY(picture.has_value());
        const auto channels = readCheckpointState(checkpoint_).config.model.latentChannels;
        const auto numbers = static_cast<double>(channels * (picture->size.height / 8) * (picture->size.width / 8));
        QVERIFY2(std::abs(picture->shift - 1.5 * std::sqrt(numbers / 4096)) < 1e-9,
                 std::to_string(picture->shift).c_str());
        fs::remove_all(run);
    }

    void bothWeightsAreValidatedAndKeptApart()
    {
        std::int64_t validated = 0;
        const auto run = train("both", 6, 0, &validated, ValidatedWeights::Both);
        QCOMPARE(validated, std::int64_t(2));
        const auto average = readValidationReport(run / "validation/step-00000006"),
                   raw = readValidationReport(run / "validation/step-00000006-raw");
        QCOMPARE(average.weights, std::string("ema"));
        QCOMPARE(raw.weights, std::string("raw"));
        const auto lines = validationLines(run);
        QCOMPARE(lines.size(), std::size_t(1)); // one of the step
        const auto means = lines[0]["validation"].toObject();
        const auto ofAverage = means["reconstruction"].toObject()["dino_distance"].toDouble();
        const auto ofRaw = means["raw"].toObject()["reconstruction"].toObject()["dino_distance"].toDouble();
        QCOMPARE(ofAverage, average.find(ValidationTask::Reconstruction, "dino_distance")->mean);
        QCOMPARE(ofRaw, raw.find(ValidationTask::Reconstruction, "dino_distance")->mean);
        bool event = false;
        for (const auto& entry : fs::directory_iterator(run)) {
            if (entry.path().filename().string().starts_with("events.out.tfevents."))
                event = event ||
                        readTextFile(entry.path()).find("validation/raw/text_only/text_match") != std::string::npos;
        }
        QVERIFY(event);
        // The training is the same as without validations.
        QVERIFY(readTextFile(run / "checkpoints/step-00000006/model.safetensors") ==
                readTextFile(workspace_.runsFolder() / "plain/checkpoints/step-00000006/model.safetensors"));
    }

    void rawWeightsAreValidatedUntilTheyAgreeWithTheAverage()
    {
        std::int64_t validated = 0;
        const auto run = train("agreeing", 3, 0, &validated, ValidatedWeights::Both, 1); // any two agree
        QCOMPARE(validated, std::int64_t(3));
        QVERIFY(fs::exists(run / "validation/step-00000003-raw/report.json"));
        QVERIFY(fs::exists(run / "validation/step-00000006/report.json"));
        QVERIFY(!fs::exists(run / "validation/step-00000006-raw"));
        const auto log = readTextFile(run / "log.txt");
        QVERIFY2(log.find("the average alone is validated from now on") != std::string::npos, log.c_str());
        validated = 0;
        train("disagreeing", 3, 0, &validated, ValidatedWeights::Both, 0);
        QCOMPARE(validated, std::int64_t(4));
    }

    void rawWeightsAloneAreValidated()
    {
        std::int64_t validated = 0;
        const auto run = train("raw", 6, 0, &validated, ValidatedWeights::Raw);
        QCOMPARE(validated, std::int64_t(1));
        QVERIFY(fs::exists(run / "validation/step-00000006-raw/report.json"));
        QVERIFY(!fs::exists(run / "validation/step-00000006"));
        const auto means = validationLines(run).at(0)["validation"].toObject();
        QCOMPARE(means.keys(), QStringList("raw"));
    }

    void aRunThatIsStoppedWhileItIsValidatedGoesOnWithThat()
    {
        const auto whole = workspace_.runsFolder() / "measured"; // of the test above
        QVERIFY(fs::exists(whole / "metrics.jsonl"));
        const auto run = train("stopped", 3, 3);
        QVERIFY(!fs::exists(run / "validation/step-00000003/report.json"));
        QVERIFY(fs::exists(run / "validation/step-00000003/pictures"));
        QCOMPARE(readMetrics(run).size(), std::size_t(3));
        train("stopped", 3);
        QCOMPARE(validationLines(run).size(), std::size_t(2));
        QVERIFY(readTextFile(whole / "checkpoints/step-00000006/model.safetensors") ==
                readTextFile(run / "checkpoints/step-00000006/model.safetensors"));
        for (const auto* step : {"step-00000003", "step-00000006"}) {
            const auto a = readValidationReport(whole / "validation" / step),
                       b = readValidationReport(run / "validation" / step);
            QCOMPARE(picturesAsCsv(a), picturesAsCsv(b));
        }
        // Resuming a run that has nothing left to do adds no second line.
        train("stopped", 3);
        QCOMPARE(validationLines(run).size(), std::size_t(2));
    }

    void whatCannotBeValidatedDoesNotEndTheTraining()
    {
        const auto run = workspace_.runsFolder() / "blocked";
        test::writeText(run / "validation", "a file where a folder should be");
        train("blocked", 3);
        QCOMPARE(readMetrics(run).size(), std::size_t(6));
        QVERIFY(readTextFile(run / "log.txt").find("no validation at step 3") != std::string::npos);
    }

    void ofBothWeightsOneCountsWhereTheOtherCannotBeValidated_data()
    {
        QTest::addColumn<QString>("blocked");
        QTest::addColumn<QStringList>("measured");
        QTest::newRow("raw") << "step-00000006-raw" << QStringList{"reconstruction", "text_only"};
        QTest::newRow("averaged") << "step-00000006" << QStringList{"raw"};
    }
    void ofBothWeightsOneCountsWhereTheOtherCannotBeValidated()
    {
        QFETCH(QString, blocked);
        QFETCH(QStringList, measured);
        const auto name = "without-" + std::string(QTest::currentDataTag());
        const auto run = workspace_.runsFolder() / name;
        test::writeText(run / "validation" / blocked.toStdString() / "mine.txt", "not a part of any validation");
        std::int64_t validated = 0;
        train(name, 6, 0, &validated, ValidatedWeights::Both);
        QCOMPARE(validated, std::int64_t(1));
        const auto lines = validationLines(run);
        QCOMPARE(lines.size(), std::size_t(1));
        const auto means = lines[0]["validation"].toObject();
        for (const auto& task : measured)
            QVERIFY2(means.contains(task), qPrintable(task));
        QCOMPARE(means.contains("raw"), measured.contains("raw"));
        QCOMPARE(means.contains("reconstruction"), measured.contains("reconstruction"));
        const auto log = readTextFile(run / "log.txt");
        const auto warning = "no validation of the " + std::string(QTest::currentDataTag()) + " weights at this step";
        QVERIFY2(log.find(warning) != std::string::npos, log.c_str());
        QVERIFY2(log.find("no validation at step") == std::string::npos, log.c_str());
    }

    void aTaskThatThereIsNotIsRefusedBeforeTheFirstStep()
    {
        auto config = tinyConfig(3);
        config.validation.tasks = {"reconstuction"};
        TrainRequest request;
        request.workspace = workspace_;
        request.config = config;
        request.runName = "misspelt";
        const auto message = test::errorOf([&] { makeTrainJob(request)->run({}); });
        QVERIFY2(message.find("reconstuction") != std::string::npos, message.c_str());
        QVERIFY(!fs::exists(workspace_.runsFolder() / "misspelt"));
    }

private:
    ValidateRequest request(const fs::path& out) const
    {
        ValidateRequest request;
        request.workspace = workspace_;
        request.checkpoint = checkpoint_;
        request.folder = out;
        request.settings.records = 4;
        request.settings.steps = 2;
        request.device.threads = 2;
        return request;
    }

    /// Stops after so many pictures; 0: never.
    static Outcome validate(ValidateRequest request, std::int64_t stopAfter = 0)
    {
        Outcome outcome;
        JobContext context;
        context.log = [&outcome](LogLevel, const std::string& text) { outcome.log += text + "\n"; };
        const auto count = [&request] {
            std::error_code none;
            std::int64_t pictures = 0;
            for (const auto& entry : fs::recursive_directory_iterator(request.folder / "pictures", none))
                pictures += entry.is_regular_file() && entry.file_size() > 0;
            return pictures;
        };
        const auto before = newest(request.folder);
        const auto atFirst = count();
        context.report = [&](const Progress&) {
            if (stopAfter > 0 && count() - atFirst >= stopAfter)
                context.control->requestStop();
        };
        request.finished = [&outcome](const ValidationReport& report) { outcome.report = report; };
        outcome.end = makeValidateJob(request)->run(context);
        for (const auto& [file, time] : newest(request.folder)) {
            const auto found = before.find(file);
            outcome.painted += found == before.end() || found->second != time;
        }
        return outcome;
    }

    /// When each picture was written.
    static std::map<std::string, fs::file_time_type> newest(const fs::path& folder)
    {
        std::map<std::string, fs::file_time_type> times;
        std::error_code none;
        for (const auto& entry : fs::recursive_directory_iterator(folder / "pictures", none)) {
            if (entry.is_regular_file())
                times[entry.path().string()] = entry.last_write_time();
        }
        return times;
    }

    static TrainConfig tinyConfig(std::int64_t validateEvery)
    {
        TrainConfig config;
        config.model.hiddenSize = 32;
        config.model.depth = 1;
        config.model.numHeads = 2;
        config.model.frequencyDim = 16;
        config.data.batchSize = 2;
        config.schedule = {.steps = 6, .warmupSteps = 1, .decay = Decay::Constant};
        config.ema.decay = 0.9;
        config.previews.every = 0;
        config.validation.every = validateEvery;
        config.validation.records = 2;
        config.validation.samplerSteps = 1;
        return config;
    }

    /// The run's folder. Continues a run that is there; stops after so many pictures of a validation.
    fs::path train(const std::string& name, std::int64_t validateEvery, std::int64_t stopAfterPictures = 0,
                   std::int64_t* validations = nullptr, ValidatedWeights weights = ValidatedWeights::Average,
                   double rawUntil = 0) const
    {
        const auto folder = workspace_.runsFolder() / name;
        TrainRequest request;
        request.workspace = workspace_;
        request.config = tinyConfig(validateEvery);
        request.config.validation.weights = weights;
        request.config.validation.rawUntil = rawUntil;
        request.runName = name;
        request.resume = fs::exists(folder / "metrics.jsonl");
        request.device.threads = 2;
        request.onValidation = [validations](const ValidationReport&) {
            if (validations != nullptr)
                ++*validations;
        };
        JobContext context;
        context.report = [&](const Progress& progress) {
            if (stopAfterPictures > 0 && progress.stage == Stage::GeneratingPictures &&
                progress.done >= stopAfterPictures)
                context.control->requestStop();
        };
        const auto end = makeTrainJob(request)->run(context);
        if ((end == JobEnd::Cancelled) != (stopAfterPictures > 0))
            throw Error("the training ended otherwise than it should have");
        return folder;
    }

    static std::vector<QJsonObject> validationLines(const fs::path& run)
    {
        std::vector<QJsonObject> lines;
        std::ifstream stream(run / "metrics.jsonl");
        for (std::string line; std::getline(stream, line);) {
            const auto json = QJsonDocument::fromJson(QByteArray::fromStdString(line)).object();
            if (json.contains("validation"))
                lines.push_back(json);
        }
        return lines;
    }

    test::TemporaryFolder folder_;
    Workspace workspace_;
    fs::path checkpoint_, whole_;
};

QTEST_GUILESS_MAIN(TestValidateJob)
#include "tst_validate_job.moc"
