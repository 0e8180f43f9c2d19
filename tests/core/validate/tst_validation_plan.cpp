#include "core/runtime/error.h"
#include "core/validate/plan.h"
#include "core/validate/report_file.h"

#include <QtTest>
#include <nlohmann/json.hpp>

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
    void captionsWithoutColourAreLeftAlone();
    void swapsStayInTheBucketAndAreNeverWithOneself();
    void manipulationPaintsTheUnchangedPictureToo();
    void trainingRecordsAndExcludedOnesAreNotPainted();
    void aSplitWithoutRecordsIsAnError();
    void differencesArePairedByPicture();
    void reportsOfOtherSettingsAreNotCompared();
    void withoutLpipsTheReconstructionIsJudgedByDinoDistance();
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
    QCOMPARE(plan.pictures[1].request(settings).prompt, std::string("a orange cat"));
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

void ValidationPlanTest::aReportSurvivesItsFile()
{
    QTemporaryDir folder;
    auto report = reportOf({0.2, 0.4});
    report.folder = folder.path().toStdString();
    report.run = "mine";
    report.loss = 0.5;
    report.notes = {"a note"};
    report.milestones = judgeMilestones(report, nullptr);
    QFile file(folder.filePath("report.json"));
    QVERIFY(file.open(QIODevice::WriteOnly));
    file.write(QByteArray::fromStdString(toJson(report).dump()));
    file.close();
    QCOMPARE(toJson(readValidationReport(report.folder)).dump(), toJson(report).dump());
    QVERIFY(file.open(QIODevice::WriteOnly));
    file.write("{\"format\": \"nanodit-validation\"");
    file.close();
    QVERIFY_THROWS_EXCEPTION(DataError, readValidationReport(report.folder));
}

QTEST_GUILESS_MAIN(ValidationPlanTest)
#include "tst_validation_plan.moc"
