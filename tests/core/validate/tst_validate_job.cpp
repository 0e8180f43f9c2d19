#include "core/config/workspace_config.h"
#include "core/dataset/catalog.h"
#include "core/demo/demo_job.h"
#include "core/front/sampling.h"
#include "core/front/validation.h"
#include "core/inspect/inspection.h"
#include "core/io/atomic_file.h"
#include "core/io/image.h"
#include "core/preprocess/derived_array.h"
#include "core/preprocess/workspace_state.h"
#include "core/runs/catalogue.h"
#include "core/runs/checkpoint.h"
#include "core/runtime/error.h"
#include "core/runtime/job.h"
#include "core/validate/measures.h"
#include "core/validate/validate_job.h"
#include "tests/support/file_size_limit.h"
#include "tests/support/files_below.h"
#include "tests/support/test_data.h"

#include <QTest>

#include <algorithm>
#include <cmath>
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
        QVERIFY(makeDemoJob({.folder = folder_ / "demo", .scenes = 40})->run({}) == JobEnd::Finished);
        workspace_ = Workspace::open(folder_ / "demo");
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
        // The model is a trained one: with a record's own DINO it paints what is nearer to the original than with another's.
        const auto* const own = report.find(ValidationTask::Reconstruction, "dino_distance");
        const auto* const others = report.find(ValidationTask::DinoSwap, "dino_distance_own");
        QVERIFY(own != nullptr && others != nullptr);
        QVERIFY2(own->mean < others->mean, qPrintable(QStringLiteral("%1, %2").arg(own->mean).arg(others->mean)));
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

    void ofManyPicturesNoMoreThanTheirClsIsKept()
    {
        Measures measures(workspace_, {}, {}, Compute{});
        const auto records = listRecords(workspace_, Look::Catalog);
        QVERIFY(records.size() > seenPicturesKept);
        const auto patches = measures.original(records.front()).patches;
        for (const auto& record : records)
            measures.original(record);
        QVERIFY(patches.use_count() == 1); // ours: the picture was let go
        const auto cls = measures.originalCls(records.front());
        QVERIFY2(cls.storage().nbytes() == cls.nbytes(), "and its CLS does not hold its patches");
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

    void whatAKillLeftOfAPictureIsCleared()
    {
        const auto killed = folder_ / "killed";
        fs::copy(whole_, killed, fs::copy_options::recursive);
        fs::remove(killed / "report.json");
        const auto picture = killed / readValidationReport(whole_).pictures.front().file;
        const auto left = picture.parent_path() / ".nanodit-0123456789abcdef.tmp";
        test::writeText(left, "half a picture");
        validate(request(killed));
        QVERIFY(!fs::exists(left));
        QCOMPARE(difference(whole_, killed), QString());
    }

    void aRecordWhoseArraysAreNotMadeYetIsLeftOut()
    {
        const auto first = readValidationReport(whole_).pictures.front().record;
        const auto array = arrayFile(workspace_, ArrayKind::DinoCls, first), aside = folder_ / "aside.npy";
        fs::rename(array, aside); // as that of a picture that was imported while the run trains
        Outcome outcome;
        const auto error = test::errorOf([&] { outcome = validate(request(folder_ / "fewer")); });
        fs::rename(aside, array);
        QVERIFY2(error.empty(), error.c_str());
        QVERIFY(outcome.report && !outcome.report->pictures.empty());
        for (const auto& picture : outcome.report->pictures)
            QVERIFY(picture.record != first && picture.other != first);
        QVERIFY(std::ranges::any_of(outcome.report->notes, [](const std::string& note) {
            return note.find("leaves out 1 record whose text or DINO arrays") != std::string::npos;
        }));
    }

    void aDiskThatIsFullFromTheBeginningLeavesNothingInTheWay()
    {
        const auto full = folder_ / "full-at-once";
        std::string message;
        {
            const auto catalog = Catalog::open(workspace_); // whose own files need no more room then
            QVERIFY(catalog.recordCount() > 0);
            const test::FileSizeLimit limit(64);
            message = test::errorOf([&] { validate(request(full)); });
        }
        QVERIFY2(message.find("plan.json") != std::string::npos, message.c_str());
        test::writeText(full / ".nanodit-0123456789abcdef.tmp", "{"); // as a kill leaves it
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

    test::TemporaryFolder folder_;
    Workspace workspace_;
    fs::path checkpoint_, whole_;
};

QTEST_GUILESS_MAIN(TestValidateJob)
#include "tst_validate_job.moc"
