#include "core/runtime/error.h"
#include "core/validate/plan.h"
#include "core/validate/report_file.h"

#include <QFile>
#include <QTemporaryDir>
#include <QTest>
#include <nlohmann/json.hpp>

#include <cmath>

using namespace nanodit;

namespace {

RecordInfo record(const std::string& id, const std::string& caption, ImageSize bucket = {128, 128},
                  const std::string& split = "val")
{
    RecordInfo info;
    info.id = id;
    info.caption = caption;
    info.split = split;
    info.bucket = bucket;
    return info;
}

/// Reconstructions of records a, b, c... with these DINO-patch distances.
ValidationReport reportOf(const std::vector<double>& distances)
{
    ValidationReport report;
    double sum = 0;
    for (std::size_t i = 0; i < distances.size(); ++i) {
        ValidationPicture picture;
        picture.record = std::string(1, static_cast<char>('a' + i));
        picture.values["dino_distance"] = distances[i];
        report.pictures.push_back(picture);
        sum += distances[i];
    }
    report.summaries.push_back({.task = ValidationTask::Reconstruction,
                                .metric = "dino_distance",
                                .mean = sum / static_cast<double>(distances.size()),
                                .interval = bootstrapInterval(distances),
                                .n = static_cast<std::int64_t>(distances.size())});
    return report;
}

Milestone::State stateOf(const std::vector<Milestone>& milestones, const std::string& name)
{
    for (const auto& milestone : milestones) {
        if (milestone.name == name)
            return milestone.state;
    }
    throw UsageError("no milestone " + name);
}

} // namespace

class ValidationPlanTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void aColourWordBecomesOneThatTheCaptionDoesNotName();
    void aHueBecomesAnotherHueWhileThereIsOne();
    void aColourThatIsNamedTwiceIsReplacedTwice();
    void theArticleFollowsTheNewColour();
    void captionsWithoutColourAreLeftAlone();
    void swapsStayInTheBucketAndAreNeverWithOneself();
    void manipulationPaintsTheUnchangedPictureToo();
    void textOverDinoIsComparedAtItsOwnScales();
    void aRegionEditErasesPatchesAndIsComparedWithTheReconstruction();
    void withoutATruthThereIsNoRegionEdit();
    void trainingRecordsAndExcludedOnesAreNotPainted();
    void aSplitWithoutRecordsIsAnError();
    void differencesArePairedByPicture();
    void reportsOfOtherSettingsAreNotCompared();
    void withoutLpipsTheReconstructionIsJudgedByDinoDistance();
    void aRegionEditIsJudgedByBothOfItsMeasures();
    void textManipulationIsJudgedWhereTheTextCanWin();
    void aReportSurvivesItsFile();
};

void ValidationPlanTest::aColourWordBecomesOneThatTheCaptionDoesNotName()
{
    const auto change = changeColourWord("A Red circle, an orange star and a yellow ring");
    QVERIFY(change.has_value());
    QCOMPARE(change->from, std::string("red"));
    QCOMPARE(change->to, std::string("green"));
    QCOMPARE(change->caption, std::string("A green circle, an orange star and a yellow ring"));
    QCOMPARE(changeColourWord("a bored blue cat")->from, std::string("blue")); // not the "red" in "bored"
}

void ValidationPlanTest::aHueBecomesAnotherHueWhileThereIsOne()
{
    QCOMPARE(changeColourWord("a pink circle and a red star")->to, std::string("orange")); // not brown
    QCOMPARE(changeColourWord("a black cat")->caption, std::string("a red cat"));
    QCOMPARE(changeColourWord("red orange yellow green cyan blue purple pink")->to, std::string("brown"));
    // A white background is no thing whose colour could be obeyed.
    QCOMPARE(changeColourWord("on a white background: a blue ring")->caption,
             std::string("on a white background: a purple ring"));
}

void ValidationPlanTest::aColourThatIsNamedTwiceIsReplacedTwice()
{
    QCOMPARE(changeColourWord("a red ring and a blue star, left of the red ring")->caption,
             std::string("an orange ring and a blue star, left of the orange ring"));
}

void ValidationPlanTest::theArticleFollowsTheNewColour()
{
    QCOMPARE(changeColourWord("An orange cat")->caption, std::string("A yellow cat"));
    QCOMPARE(changeColourWord("sofa red and pizza red")->caption, std::string("sofa orange and pizza orange"));
    QCOMPARE(changeColourWord("the red cat")->caption, std::string("the orange cat"));
    QCOMPARE(changeColourWord("red")->caption, std::string("orange"));
}

void ValidationPlanTest::captionsWithoutColourAreLeftAlone()
{
    QVERIFY(!changeColourWord("a cat").has_value());
    QVERIFY(!changeColourWord("").has_value());
}

void ValidationPlanTest::swapsStayInTheBucketAndAreNeverWithOneself()
{
    ValidationSettings settings;
    settings.tasks = {ValidationTask::DinoSwap};
    const auto plan = planValidation({record("a", "x"), record("b", "x", {160, 112}), record("c", "x")}, settings);
    QCOMPARE(plan.pictures.size(), std::size_t(2));
    QCOMPARE(plan.pictures[0].other->id, std::string("c"));
    QCOMPARE(plan.pictures[1].other->id, std::string("a"));
    QCOMPARE(plan.notes.size(), std::size_t(1)); // b has nobody to swap with
}

void ValidationPlanTest::manipulationPaintsTheUnchangedPictureToo()
{
    ValidationSettings settings;
    settings.tasks = {ValidationTask::TextManipulation};
    settings.seed = 7;
    const auto plan = planValidation({record("a", "a red cat")}, settings);
    QCOMPARE(plan.pictures.size(), std::size_t(2));
    QVERIFY(!plan.pictures[0].reported);
    QVERIFY(plan.pictures[1].reported);
    QCOMPARE(plan.pictures[0].seed, plan.pictures[1].seed);
    QCOMPARE(plan.pictures[1].request(settings).prompt, std::string("an orange cat"));
}

void ValidationPlanTest::textOverDinoIsComparedAtItsOwnScales()
{
    ValidationSettings settings;
    settings.tasks = {ValidationTask::TextOverDino};
    settings.textScale = 1.5;
    settings.dinoScale = 3;
    const auto plan = planValidation({record("a", "a red cat"), record("b", "a cat")}, settings);
    QCOMPARE(plan.pictures.size(), std::size_t(2));
    const auto& unchanged = plan.pictures[0];
    const auto& changed = plan.pictures[1];
    QVERIFY(!unchanged.reported && !unchanged.change && unchanged.unchanged.empty());
    QVERIFY(changed.reported);
    QCOMPARE(changed.unchanged, unchanged.file());
    QVERIFY(changed.file() != unchanged.file());
    QCOMPARE(changed.seed, unchanged.seed);
    QCOMPARE(changed.request(settings).prompt, std::string("an orange cat"));
    for (const auto& picture : plan.pictures) {
        QCOMPARE(picture.request(settings).textScale, 6.0);
        QCOMPARE(picture.request(settings).dinoScale, 0.75);
    }
    QCOMPARE(plan.notes, std::vector<std::string>{"Text over DINO leaves out 1 record whose caption names no colour."});
}

void ValidationPlanTest::aRegionEditErasesPatchesAndIsComparedWithTheReconstruction()
{
    ValidationSettings settings;
    settings.tasks = {ValidationTask::RegionEdit};
    settings.guidance = GuidanceMode::Chained;
    settings.seed = 3;
    std::vector<std::size_t> numbers;
    const auto edits = [&](const RecordInfo& of, std::size_t number) -> std::optional<RegionChange> {
        numbers.push_back(number);
        if (of.id == "b")
            return std::nullopt;
        return RegionChange{.change = {.caption = "a blue cat", .from = "red", .to = "blue"},
                            .region = {.thing = 1, .grid = {.rows = 8, .cols = 8}, .patches = {9, 10, 17, 18}}};
    };
    const auto plan = planValidation({record("a", "a red cat"), record("b", "x")}, settings, edits);
    QCOMPARE(numbers, (std::vector<std::size_t>{0, 1}));
    QCOMPARE(plan.pictures.size(), std::size_t(3)); // two reconstructions
    QVERIFY(!plan.pictures[0].reported && !plan.pictures[1].reported);
    const auto& edited = plan.pictures[2];
    QVERIFY(edited.reported && edited.task == ValidationTask::RegionEdit);
    QCOMPARE(edited.unchanged, plan.pictures[0].file());
    QCOMPARE(edited.seed, plan.pictures[0].seed);
    const auto before = plan.pictures[0].request(settings), after = edited.request(settings);
    QVERIFY(before.erasedPatches.empty());
    QCOMPARE(after.erasedPatches, (std::vector<std::int64_t>{9, 10, 17, 18}));
    QVERIFY(before.dinoWeights.empty());
    QCOMPARE(after.dinoWeights.size(), std::size_t(64));
    for (std::size_t patch = 0; patch < 64; ++patch)
        QCOMPARE(after.dinoWeights[patch], patch == 9 || patch == 10 || patch == 17 || patch == 18 ? 0.0 : 1.0);
    QCOMPARE(after.prompt, std::string("a blue cat"));
    QVERIFY(before.guidance == GuidanceMode::Chained && after.guidance == GuidanceMode::Chained);
    QCOMPARE(after.textScale, before.textScale);
    QCOMPARE(plan.notes.size(), std::size_t(1)); // b
}

void ValidationPlanTest::withoutATruthThereIsNoRegionEdit()
{
    ValidationSettings settings;
    settings.tasks = {ValidationTask::RegionEdit};
    const auto plan = planValidation({record("a", "a red cat"), record("b", "a blue cat")}, settings);
    QVERIFY(plan.pictures.empty());
    QCOMPARE(plan.notes, std::vector<std::string>{"Region edit leaves out 2 records whose layout is not known."});
}

void ValidationPlanTest::trainingRecordsAndExcludedOnesAreNotPainted()
{
    auto excluded = record("b", "x");
    excluded.excluded = "blurred";
    const auto plan = planValidation({record("a", "x", {128, 128}, "train"), excluded, record("c", "x")}, {});
    QCOMPARE(plan.records.size(), std::size_t(1));
    QCOMPARE(plan.records[0].id, std::string("c"));
}

void ValidationPlanTest::aSplitWithoutRecordsIsAnError()
{
    QVERIFY_THROWS_EXCEPTION(DataError, planValidation({record("a", "x", {128, 128}, "train")}, {}));
}

void ValidationPlanTest::differencesArePairedByPicture()
{
    // Every picture is 0.1 nearer, though pictures differ by far more than that among themselves.
    const auto lines = compareReports(reportOf({0.2, 0.5, 0.9, 0.4}), reportOf({0.1, 0.4, 0.8, 0.3}));
    QCOMPARE(lines.size(), std::size_t(1));
    QVERIFY(std::abs(lines[0].difference + 0.1) < 1e-12);
    QVERIFY(lines[0].interval->high < -0.09);
    QCOMPARE(lines[0].verdict, 1);
    QCOMPARE(compareReports(reportOf({0.1, 0.2}), reportOf({0.3, 0.5}))[0].verdict, -1);
    QCOMPARE(compareReports(reportOf({0.1, 0.5}), reportOf({0.3, 0.3}))[0].verdict, 0);
}

void ValidationPlanTest::reportsOfOtherSettingsAreNotCompared()
{
    auto other = reportOf({0.1});
    other.settings.dinoScale = 5;
    QVERIFY_THROWS_EXCEPTION(UsageError, compareReports(reportOf({0.1}), other));
    other = reportOf({0.1});
    other.settings.guidance = GuidanceMode::Chained;
    QVERIFY_THROWS_EXCEPTION(UsageError, compareReports(reportOf({0.1}), other));
}

void ValidationPlanTest::withoutLpipsTheReconstructionIsJudgedByDinoDistance()
{
    const auto baseline = reportOf({0.5, 0.5});
    const std::string name = "Reconstruction better than the baseline";
    QCOMPARE(stateOf(judgeMilestones(reportOf({0.4, 0.4}), &baseline), name), Milestone::State::Met);
    QCOMPARE(stateOf(judgeMilestones(reportOf({0.46, 0.46}), &baseline), name), Milestone::State::Missed);
    QCOMPARE(stateOf(judgeMilestones(reportOf({0.4, 0.4}), nullptr), name), Milestone::State::Unknown);
    QCOMPARE(stateOf(judgeMilestones(baseline, nullptr), "Reconstruction LPIPS below 0.4"), Milestone::State::Unknown);
}

void ValidationPlanTest::aRegionEditIsJudgedByBothOfItsMeasures()
{
    const auto judged = [](double obeyed, double outside) {
        ValidationReport report;
        for (const auto& [metric, mean] : {std::pair{"obeyed", obeyed}, std::pair{"outside_change", outside}})
            report.summaries.push_back(
                {.task = ValidationTask::RegionEdit, .metric = metric, .mean = mean, .interval = Interval{}, .n = 10});
        return judgeMilestones(report, nullptr).back();
    };
    QCOMPARE(judged(0.8, 0.049).state, Milestone::State::Met);
    QCOMPARE(judged(0.8, 0.049).found, std::string("obeyed in 80.0 %, change outside 4.9 %"));
    QCOMPARE(judged(0.79, 0.01).state, Milestone::State::Missed);
    QCOMPARE(judged(1, 0.05).state, Milestone::State::Missed);
    QCOMPARE(judgeMilestones({}, nullptr).back().state, Milestone::State::Unknown);
}

void ValidationPlanTest::textManipulationIsJudgedWhereTheTextCanWin()
{
    using enum ValidationTask;
    const std::string name = "Text manipulation stays strong";
    ValidationReport report;
    const auto add = [&report](ValidationTask task, double mean, double low) {
        report.summaries.push_back(
            {.task = task, .metric = "obeyed", .mean = mean, .interval = Interval{.low = low, .high = 1}, .n = 20});
    };
    add(TextManipulation, 0.0, 0.0); // with every patch of the old thing in the context
    QCOMPARE(stateOf(judgeMilestones(report, nullptr), name), Milestone::State::Missed);
    add(RegionEdit, 0.9, 0.8);
    QCOMPARE(stateOf(judgeMilestones(report, nullptr), name), Milestone::State::Met);
    add(TextOverDino, 0.7, 0.55);
    QCOMPARE(stateOf(judgeMilestones(report, nullptr), name), Milestone::State::Met);
    std::string found;
    for (const auto& line : judgeMilestones(report, nullptr))
        found += line.name == name ? line.found : "";
    QCOMPARE(found, std::string("patches erased 0.900 (0.800 to 1.000); text over DINO 0.700 (0.550 to 1.000)"));
    report.summaries.back().interval->low = 0.45;
    QCOMPARE(stateOf(judgeMilestones(report, nullptr), name), Milestone::State::Missed);
    // Against a baseline it is the change that counts.
    report.summaries.push_back(
        {.task = TextManipulation, .metric = "change", .mean = 0.2, .interval = Interval{}, .n = 20});
    auto baseline = report;
    QCOMPARE(stateOf(judgeMilestones(report, &baseline), name), Milestone::State::Met);
    baseline.summaries.back().mean = 0.3;
    QCOMPARE(stateOf(judgeMilestones(report, &baseline), name), Milestone::State::Missed);
}

void ValidationPlanTest::aReportSurvivesItsFile()
{
    QTemporaryDir folder;
    auto report = reportOf({0.2, 0.4});
    report.folder = folder.path().toStdString();
    report.run = "mine";
    report.loss = 0.5;
    report.notes = {"a note"};
    report.settings.guidance = GuidanceMode::Chained;
    report.pictures[1].task = ValidationTask::RegionEdit;
    report.pictures[1].unchanged = "pictures/reconstruction/b.png";
    report.pictures[1].erasedPatches = {3, 4};
    report.milestones = judgeMilestones(report, nullptr);
    QFile file(folder.filePath("report.json"));
    QVERIFY(file.open(QIODevice::WriteOnly));
    file.write(QByteArray::fromStdString(toJson(report).dump()));
    file.close();
    const auto read = readValidationReport(report.folder);
    QCOMPARE(toJson(read).dump(), toJson(report).dump());
    QVERIFY(read.settings.guidance == GuidanceMode::Chained);
    QCOMPARE(read.pictures[1].erasedPatches, (std::vector<std::int64_t>{3, 4}));
    QCOMPARE(referenceFile(read.pictures[1]), std::string("pictures/reconstruction/b.png"));
    QCOMPARE(referenceFile(read.pictures[0]), originalFile("a"));
    QVERIFY(file.open(QIODevice::WriteOnly));
    file.write("{\"format\": \"nanodit-validation\"");
    file.close();
    QVERIFY_THROWS_EXCEPTION(DataError, readValidationReport(report.folder));
}

QTEST_GUILESS_MAIN(ValidationPlanTest)
#include "tst_validation_plan.moc"
