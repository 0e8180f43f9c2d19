#include "core/config/train_config.h"
#include "core/config/workspace_config.h"
#include "core/demo/demo_job.h"
#include "core/front/sampling.h"
#include "core/front/training.h"
#include "core/front/validation.h"
#include "core/io/atomic_file.h"
#include "core/runs/catalogue.h"
#include "core/runs/checkpoint.h"
#include "core/runs/metrics_file.h"
#include "core/runtime/error.h"
#include "core/runtime/job.h"
#include "core/sample/models_in_memory.h"
#include "core/validate/interval_validation.h"
#include "tests/support/test_data.h"

#include <QJsonDocument>
#include <QJsonObject>
#include <QTest>

#include <cmath>
#include <fstream>

using namespace nanodit;
namespace fs = std::filesystem;

/// Trainings that are validated while they run, stopped and resumed among them.
class TestIntervalValidation : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        QVERIFY(makeDemoJob({.folder = folder_ / "demo", .scenes = 40})->run({}) == JobEnd::Finished);
        workspace_ = Workspace::open(folder_ / "demo");
        checkpoint_ = listRuns(workspace_).front().checkpoints.back();
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
        const auto held = modelsInMemory();
        QCOMPARE(held.values, held.used); // nothing stays that the training does not use
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
    fs::path checkpoint_; ///< Of the demo's reference model.
};

QTEST_GUILESS_MAIN(TestIntervalValidation)
#include "tst_interval_validation.moc"
