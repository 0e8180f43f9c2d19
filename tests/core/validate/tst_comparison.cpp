#include "core/io/atomic_file.h"
#include "core/runs/catalogue.h"
#include "core/runs/metrics_file.h"
#include "core/runtime/error.h"
#include "core/validate/bootstrap.h"
#include "core/validate/comparison.h"
#include "core/validate/line_chart.h"
#include "core/validate/report_file.h"
#include "core/validate/weights_agreement.h"
#include "tests/support/test_data.h"

#include <QRegularExpression>
#include <QTest>
#include <nlohmann/json.hpp>

#include <cmath>
#include <limits>
#include <random>
#include <set>
#include <vector>

using namespace nanodit;
namespace fs = std::filesystem;

namespace {

const std::vector<std::string> records = {"a", "b<c", "d"};

/// A report in runs/RUN/validation/STEP with a picture a record, of these DINO-patch distances.
ValidationReport writeReport(const fs::path& root, const std::string& run, std::int64_t step,
                             const std::vector<double>& distances, std::int64_t samplerSteps = 20)
{
    ValidationReport report;
    report.run = run;
    report.step = step;
    report.model = run + ", step " + std::to_string(step);
    report.settings.steps = samplerSteps;
    report.folder = root / "runs" / run / "validation" / ("step-" + std::to_string(step));
    Image image{.size = {.width = 800, .height = 400}, .rgb = std::vector<std::uint8_t>(3 * 800 * 400, 120)};
    double sum = 0;
    for (std::size_t i = 0; i < distances.size(); ++i) {
        ValidationPicture picture;
        picture.record = records[i];
        picture.caption = "a \"" + records[i] + "\", drawn";
        picture.seed = i;
        picture.file = "pictures/reconstruction/" + std::to_string(i) + ".png";
        picture.values["dino_distance"] = distances[i];
        report.pictures.push_back(picture);
        sum += distances[i];
        writePng(report.folder / picture.file, image);
        writePng(report.folder / referenceFile(picture), image);
    }
    report.summaries.push_back({.task = ValidationTask::Reconstruction,
                                .metric = "dino_distance",
                                .mean = sum / static_cast<double>(distances.size()),
                                .interval = bootstrapInterval(distances),
                                .n = static_cast<std::int64_t>(distances.size())});
    writeFileAtomically(report.folder / "report.json", toJson(report).dump());
    return report;
}

qsizetype count(const std::string& text, const char* what)
{
    return QString::fromStdString(text).count(QLatin1String(what));
}

constexpr double notANumber = std::numeric_limits<double>::quiet_NaN();

} // namespace

/// Comparisons of reports, the intervals that they are made with, and when raw and averaged weights agree.
class TestComparison : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void curvesJoinTheStepsOfARunThatWerePaintedAlike()
    {
        const test::TemporaryFolder folder;
        writeReport(folder.path(), "mine", 300, {0.2, 0.2, 0.2});
        writeReport(folder.path(), "mine", 100, {0.6, 0.6, 0.6});
        writeReport(folder.path(), "mine", 200, {0.9, 0.9, 0.9}, 4);             // another sampler: not on the curve
        auto chained = writeReport(folder.path(), "mine", 250, {0.9, 0.9, 0.9}); // nor other guidance
        chained.settings.guidance = GuidanceMode::Chained;
        writeFileAtomically(chained.folder / "report.json", toJson(chained).dump());
        test::writeText(folder / "runs/mine/validation/step-400/report.json", "{");
        const auto mine = readValidationReport(folder / "runs/mine/validation/step-300");
        const auto before = writeReport(folder.path(), "before", 50, {0.5, 0.5, 0.5});
        const auto courses = metricCourses({before, mine, mine});
        QCOMPARE(courses.size(), std::size_t(2)); // a run counts once
        QCOMPARE(courses[0].run, std::string("before"));
        QCOMPARE(courses[0].points.size(), std::size_t(1));
        QCOMPARE(courses[1].points.size(), std::size_t(2));
        QCOMPARE(courses[1].points[0].step, std::int64_t(100));
        QCOMPARE(courses[1].points[1].mean, 0.2);
    }

    void curvesOfLpipsAreOfOneNetwork()
    {
        const test::TemporaryFolder folder;
        for (const auto& [step, network] : {std::pair{100, "vgg"}, {200, "alex"}, {300, "alex"}}) {
            auto report = writeReport(folder.path(), "mine", step, {0.5});
            report.lpips = network;
            report.summaries.push_back({.task = ValidationTask::Reconstruction,
                                        .metric = "lpips",
                                        .mean = 0.001 * step,
                                        .interval = Interval{0, 1},
                                        .n = 1});
            writeFileAtomically(report.folder / "report.json", toJson(report).dump());
        }
        for (const auto& course : metricCourses({readValidationReport(folder / "runs/mine/validation/step-300")}))
            QCOMPARE(course.points.size(), course.metric == "lpips" ? std::size_t(2) : std::size_t(3));
    }

    void theLossIsThinnedOutToMeans()
    {
        const test::TemporaryFolder folder;
        std::string lines;
        for (int step = 1; step <= 10; ++step) {
            const std::string loss = step == 4 ? "null" : std::to_string(step);
            lines += R"({"step": )" + std::to_string(step) + R"(, "loss": )" + loss +
                     R"(, "velocity_norm": 1, "grad_norm": 1, "grad_norm_dino_patch_proj": 1, "lr": 1,)"
                     R"("loss_by_t": {"0-0.25": 1, "0.25-0.5": 1, "0.5-0.75": 1, "0.75-1": 1},)"
                     R"("loss_by_drop": {"none": 1, "text": 1, "dino": 1, "both": 1},)"
                     R"("samples_by_drop": {"none": 1, "text": 1, "dino": 1, "both": 1},)"
                     R"("samples_per_second": 1, "data_wait_seconds": 0, "resident_megabytes": 1, "skipped": false})" +
                     "\n";
        }
        test::writeText(folder / "metrics.jsonl", lines);
        std::vector<std::pair<std::int64_t, double>> losses;
        forEachStep(folder.path(), [&](const StepMetrics& step) { losses.emplace_back(step.step, step.loss); });
        const auto course = LossCourse::of("mine", losses, 3);
        QCOMPARE(course.points.size(), std::size_t(3));
        QCOMPARE(course.points[0].step, std::int64_t(4));
        QCOMPARE(course.points[0].mean, 2.0); // 1, 2, 3: the fourth was not finite
        QCOMPARE(course.points[2].mean, 9.5);
        QCOMPARE(lossCourse(folder.path()).points.size(), std::size_t(9)); // each step that was finite
        QVERIFY(lossCourse(folder / "nothing").points.empty());
    }

    void thePageHoldsTableCurvesAndPictures()
    {
        const test::TemporaryFolder folder;
        writeReport(folder.path(), "before", 100, {0.5, 0.6, 0.7});
        writeReport(folder.path(), "mine", 50, {0.6, 0.7, 0.8});
        writeReport(folder.path(), "mine", 100, {0.2, 0.3, 0.4});
        const auto comparison =
            compareRuns({folder / "runs/before/validation/step-100", folder / "runs/mine/validation/step-100"});
        QCOMPARE(comparison.differences[0][0].verdict, 1);
        writeComparison(comparison, folder / "out/page.html");
        const auto page = readTextFile(folder / "out/page.html");
        QVERIFY(page.find("prefers-color-scheme:dark") != std::string::npos);
        QVERIFY(page.find("\u25bc better") != std::string::npos); // it fell, which is good
        QVERIFY(page.find("-0.300") != std::string::npos);
        QCOMPARE(count(page, "<svg"), 1);
        QCOMPARE(count(page, "<img"), 9); // reference, before, mine of three records
        QVERIFY(page.find("b&lt;c") != std::string::npos && page.find("b<c") == std::string::npos);
        QVERIFY(page.find("http") == std::string::npos);                         // self-contained
        QVERIFY(page.find("width=\"384\" height=\"192\"") != std::string::npos); // made small enough to be opened

        const auto json = nlohmann::json::parse(readTextFile(folder / "out/page.json"));
        QCOMPARE(json["differences"][0]["verdict"].get<std::string>(), std::string("better"));
        QCOMPARE(json["courses"].size(), std::size_t(2));
        QCOMPARE(json["courses"][1]["points"].size(), std::size_t(2));
    }

    void aRunAgainstAnEarlierStepOfItselfIsNamedByStep()
    {
        const test::TemporaryFolder folder;
        writeReport(folder.path(), "mine", 50, {0.6});
        writeReport(folder.path(), "mine", 100, {0.2});
        const auto comparison =
            compareRuns({folder / "runs/mine/validation/step-50", folder / "runs/mine/validation/step-100"});
        QCOMPARE(comparison.nameOf(0), std::string("mine, step 50"));
        QCOMPARE(comparison.nameOf(1), std::string("mine, step 100"));
        QCOMPARE(comparison.courses.size(), std::size_t(1));
    }

    void rawWeightsAreHeldAgainstTheirAverageByName()
    {
        const test::TemporaryFolder folder;
        const auto validation = folder / "runs/mine/validation";
        const auto write = [&](const std::string& weights, std::int64_t step, double distance) {
            auto report = writeReport(folder.path(), "mine", step, {distance, distance});
            report.weights = weights;
            const auto name = checkpointName(step) + (weights == "raw" ? "-raw" : "");
            fs::rename(report.folder, validation / name);
            writeFileAtomically(validation / name / "report.json", toJson(report).dump());
        };
        write("ema", 50, 0.4);
        write("ema", 100, 0.3);
        write("raw", 50, 0.6);
        write("raw", 100, 0.2);
        const auto comparison = compareRuns({validation / "step-00000100", validation / "step-00000100-raw"});
        QCOMPARE(comparison.nameOf(0), std::string("mine, step 100"));
        QCOMPARE(comparison.nameOf(1), std::string("mine, step 100, raw weights"));
        QCOMPARE(comparison.courses.size(), std::size_t(2)); // a curve each
        QCOMPARE(comparison.courses[0].run, std::string("mine"));
        QCOMPARE(comparison.courses[1].run, std::string("mine, raw weights"));
        QCOMPARE(comparison.courses[0].points.size(), std::size_t(2));
        QCOMPARE(comparison.courses[0].points[1].mean, 0.3);
        QCOMPARE(comparison.courses[1].points[0].mean, 0.6);
        QCOMPARE(comparison.courses[1].points[1].mean, 0.2);
        const auto alone = readValidationReport(validation / "step-00000100-raw");
        QCOMPARE(courseName(alone, {alone}), std::string("mine")); // there is nothing to tell it from
        QCOMPARE(meansOf(alone).front().first, std::string("raw/reconstruction/dino_distance"));
        QCOMPARE(meansOf(comparison.reports[0]).front().first, std::string("reconstruction/dino_distance"));
    }

    void aPictureThatIsGoneIsNamed()
    {
        const test::TemporaryFolder folder;
        writeReport(folder.path(), "before", 100, {0.5});
        writeReport(folder.path(), "mine", 100, {0.2});
        const auto comparison =
            compareRuns({folder / "runs/before/validation/step-100", folder / "runs/mine/validation/step-100"});
        const auto gone = folder / "runs/mine/validation/step-100/pictures/reconstruction/0.png";
        fs::remove(gone);
        const auto message = test::errorOf([&] { writeComparison(comparison, folder / "page.html"); });
        QVERIFY2(message.find(gone.string()) != std::string::npos, message.c_str());
        QVERIFY(!fs::exists(folder / "page.html"));
    }

    void axesAreLabelledWithRoundNumbers()
    {
        const auto ticks = html::axisTicks(0.13, 0.47, 4);
        QCOMPARE(ticks.size(), std::size_t(3));
        QVERIFY(std::abs(ticks[0] - 0.2) < 1e-12 && std::abs(ticks[2] - 0.4) < 1e-12);
        QCOMPARE(html::axisTicks(0, 7000, 5).size(), std::size_t(4)); // every 2000
        QVERIFY(html::lineChart("nothing", {{.name = "a", .points = {}}}, 2, true).empty());
    }

    void aCurveWithoutPointsKeepsItsColourFromOthers()
    {
        const std::vector<CoursePoint> points = {{.step = 1, .mean = 1, .interval = {}}};
        const auto svg =
            html::lineChart("loss", {{.name = "first", .points = {}}, {.name = "second", .points = points}}, 2, true);
        QVERIFY(svg.find("var(--s0)") == std::string::npos && svg.find("first") == std::string::npos);
        QVERIFY(svg.find("var(--s1)") != std::string::npos);
        QVERIFY(svg.find("<text x=\"28.0\"") != std::string::npos); // where the first entry of the legend begins
    }

    void aLegendWiderThanTheChartGoesOnBelow()
    {
        std::vector<html::ChartCurve> curves;
        for (int i = 0; i < 5; ++i)
            curves.push_back({.name = "a run with a name of thirty " + std::to_string(i),
                              .points = {{.step = 1, .mean = 1.0 + i, .interval = {}}}});
        const auto svg = QString::fromStdString(html::lineChart("loss", curves, 2, true));
        const QRegularExpression entry("<text x=\"([\\d.]+)\" y=\"([\\d.]+)\">a run with a name of thirty \\d");
        std::set<QString> places;
        for (auto found = entry.globalMatch(svg); found.hasNext();) {
            const auto match = found.next();
            QVERIFY(match.captured(1).toDouble() + 6.6 * 29 < 520);
            places.insert(match.captured(0).section('>', 0, 0));
        }
        QCOMPARE(places.size(), curves.size()); // none over another
        const auto firstCurve = svg.indexOf("<g style");
        const auto lastTick = svg.lastIndexOf("class=\"axis\"", firstCurve); // the highest value's
        const auto heightOfTick = svg.mid(lastTick).section('"', 3, 3).section('H', 0, 0).section(' ', 1, 1).toDouble();
        QVERIFY(heightOfTick > 0);
        for (const auto& place : places) // nor over the curves
            QVERIFY(place.section('"', 3, 3).toDouble() < heightOfTick);
    }

    void theWorstComesFirstAndWhatWasNotMeasuredLast()
    {
        ValidationReport report;
        for (const double value : {0.3, 0.9, 0.5}) {
            ValidationPicture picture;
            picture.values["dino_distance"] = value;
            picture.values["ssim"] = value;
            report.pictures.push_back(picture);
        }
        report.pictures.push_back({});
        auto& other = report.pictures.emplace_back();
        other.task = ValidationTask::TextOnly;
        other.values["dino_distance"] = 2.0;
        using Order = std::vector<std::size_t>;
        QVERIFY((worstFirst(report, ValidationTask::Reconstruction, "dino_distance") == Order{1, 2, 0, 3}));
        QVERIFY((worstFirst(report, ValidationTask::Reconstruction, "ssim") == Order{0, 2, 1, 3})); // higher is better
        QVERIFY((worstFirst(report, ValidationTask::Reconstruction, "beauty") == Order{0, 1, 2, 3})); // of no picture
    }

    void aTableOfPicturesQuotesWhatNeedsIt()
    {
        const test::TemporaryFolder folder;
        const auto csv = picturesAsCsv(writeReport(folder.path(), "mine", 1, {0.25}));
        QCOMPARE(csv,
                 std::string("task,record,other,seed,caption,file,nearest,dino_distance\r\n"
                             "reconstruction,a,,0,\"a \"\"a\"\", drawn\",pictures/reconstruction/0.png,,0.250000\r\n"));
    }

    /// 300 samples of 40 normal values: the interval of 90 % should hold the true mean in about 270 of them.
    void anIntervalHoldsTheTrueMeanAboutAsOftenAsItSays()
    {
        std::mt19937 random(5);
        std::normal_distribution<double> normal(3, 2);
        int held = 0;
        for (std::uint64_t trial = 0; trial < 300; ++trial) {
            std::vector<double> values(40);
            for (auto& value : values)
                value = normal(random);
            const auto interval = bootstrapInterval(values, 0.9, trial, 400);
            held += interval.low <= 3 && 3 <= interval.high;
        }
        QVERIFY2(held > 250 && held < 288, std::to_string(held).c_str());
    }

    void anIntervalIsTheSameForTheSameSeed()
    {
        const std::vector<double> values{1, 5, 2, 8, 3};
        const auto a = bootstrapInterval(values), b = bootstrapInterval(values);
        QCOMPARE(a.low, b.low);
        QCOMPARE(a.high, b.high);
        QVERIFY(a.low < 3.8 && 3.8 < a.high);
    }

    void theIntervalOfOneValueIsThatValue()
    {
        const std::vector<double> values{7};
        QCOMPARE(bootstrapInterval(values).low, 7.0);
        QCOMPARE(bootstrapInterval(values).high, 7.0);
    }

    void ofNoValuesThereIsNoInterval()
    {
        QVERIFY_EXCEPTION_THROWN(bootstrapInterval({}), UsageError);
        const std::vector<double> values{7};
        QVERIFY_EXCEPTION_THROWN(bootstrapInterval(values, 1.0), UsageError);
    }

    void weightsDifferByAMeanOfShares()
    {
        const auto difference = weightsDifference({{"reconstruction/ssim", 0.5},
                                                   {"raw/reconstruction/ssim", 0.4}, // 0.2 of the larger
                                                   {"text_only/layout_error", 30},
                                                   {"raw/text_only/layout_error", 50}, // 0.4
                                                   {"text_only/same", 0.0},
                                                   {"raw/text_only/same", 0.0}, // 0
                                                   {"text_only/alone", 1},      // of the average only
                                                   {"raw/dino_swap/alone", 1},  // of raw weights only
                                                   {"text_only/none", notANumber},
                                                   {"raw/text_only/none", 1}});
        QVERIFY(difference.has_value());
        QVERIFY(std::abs(*difference - 0.2) < 1e-12);
        QCOMPARE(weightsDifference({{"a/b", 1}, {"raw/a/b", -1}}).value_or(0), 1.0);
        QVERIFY(!weightsDifference({}));
        QVERIFY(!weightsDifference({{"a/b", 1}, {"a/c", 2}}));
    }

    void weightsAgreeBelowTheLimitAndNeverWithoutOne()
    {
        const EventFile::Scalars near = {{"a/b", 100}, {"raw/a/b", 98}}, same = {{"a/b", 1}, {"raw/a/b", 1}};
        QVERIFY(WeightsAgreement{.limit = 0.05}.reached(near));
        QVERIFY(!WeightsAgreement{.limit = 0.01}.reached(near));
        QVERIFY(WeightsAgreement{.limit = 0.01}.reached(same));
        QVERIFY(!WeightsAgreement{}.reached(same));
        QVERIFY(!WeightsAgreement{.limit = 1}.reached({{"a/b", 1}})); // nothing to compare it with
    }

    void weightsThatAgreedOnceDoSoForGood()
    {
        std::vector<ValidationMeans> validations = {{.step = 10, .means = {{"a/b", 2}, {"raw/a/b", 1}}}};
        const WeightsAgreement agreement{.limit = 0.05};
        QVERIFY(!agreement.reachedIn({}));
        QVERIFY(!agreement.reachedIn(validations));
        validations.push_back({.step = 20, .means = {{"a/b", 2}, {"raw/a/b", 2}}});
        validations.push_back({.step = 30, .means = {{"a/b", 3}}});
        QVERIFY(agreement.reachedIn(validations));
    }
};

QTEST_APPLESS_MAIN(TestComparison)
#include "tst_comparison.moc"
