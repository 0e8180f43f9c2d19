#include "app/pages/validate/validation_view.h"
#include "app/validating.h"
#include "app/validation_subjects.h"
#include "tests/support/test_data.h"
#include "widgets/heat_colours.h"

#include <QImage>
#include <QTest>

using namespace nanodit;
namespace fs = std::filesystem;

namespace {

/// Reconstructions of records a, b, c, with these DINO-patch distances.
ValidationReport reportOf(const std::string& run, const std::vector<double>& distances)
{
    ValidationReport report;
    report.run = run;
    report.step = 100;
    report.folder = fs::path("/runs") / run;
    double sum = 0;
    for (std::size_t i = 0; i < distances.size(); ++i) {
        ValidationPicture picture;
        picture.record = std::string(1, static_cast<char>('a' + i));
        picture.caption = "caption of " + picture.record;
        picture.seed = i;
        picture.file = "pictures/" + picture.record + ".png";
        picture.values["dino_distance"] = distances[i];
        report.pictures.push_back(picture);
        sum += distances[i];
    }
    report.summaries.push_back({.task = ValidationTask::Reconstruction,
                                .metric = "dino_distance",
                                .mean = sum / static_cast<double>(distances.size()),
                                .interval = Interval{.low = 0.1, .high = 0.5},
                                .n = static_cast<std::int64_t>(distances.size())});
    report.summaries.push_back(
        {.task = ValidationTask::Reconstruction, .metric = "frechet_dino", .mean = 12.345, .interval = {}, .n = 24});
    return report;
}

constexpr auto reconstruction = ValidationTask::Reconstruction;

QImage plain(int width, int height, QRgb colour)
{
    QImage image(width, height, QImage::Format_RGB32);
    image.fill(colour);
    return image;
}

} // namespace

class TestValidationView : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void aMetricOfAnotherVersionIsShownByItsName()
    {
        auto report = reportOf("mine", {0.2, 0.4, 0.6});
        for (auto& summary : report.summaries)
            summary.metric = "crispness";
        for (auto& picture : report.pictures)
            picture.values = {{"crispness", 0.5}};
        const auto cards = validationCards(report, reconstruction, nullptr);
        QVERIFY(!cards.empty());
        QCOMPARE(cards[0].title, QStringLiteral("Crispness"));
        QVERIFY2(!cards[0].help.contains("better"), qPrintable(cards[0].help)); // nobody knows which way
        QCOMPARE(validationRows(report, nullptr, reconstruction, "crispness").size(), report.pictures.size());
        auto other = report;
        for (auto& picture : other.pictures)
            picture.values["crispness"] = 0.9;
        const auto differences = compareReports(report, other);
        QVERIFY(!differences.empty());
        for (const auto& difference : differences)
            QCOMPARE(difference.verdict, 0);
    }

    void aCardTellsValueUncertaintyAndCount()
    {
        const auto cards = validationCards(reportOf("mine", {0.2, 0.4, 0.6}), reconstruction, nullptr);
        QCOMPARE(cards.size(), std::size_t(2));
        QCOMPARE(cards[0].title, QStringLiteral("DINO-patch distance"));
        QCOMPARE(cards[0].value, QStringLiteral("0.400"));
        QCOMPARE(cards[0].spread, QStringLiteral("± 0.200"));
        QCOMPARE(cards[0].count, QStringLiteral("n = 3"));
        QVERIFY(cards[0].help.contains("0.100 to 0.500") && cards[0].help.contains("Lower is better"));
        QVERIFY(cards[0].perPicture);
        QCOMPARE(cards[0].change.verdict, ValueChange::Verdict::None);
        QVERIFY(cards[1].spread.isEmpty()); // one number over a set has no interval
        QVERIFY(!cards[1].perPicture);
        QVERIFY(validationCards(reportOf("mine", {0.2}), ValidationTask::TextOnly, nullptr).empty());
    }

    void valuesHaveTheirUnits()
    {
        auto report = reportOf("mine", {20, 30});
        report.summaries[0].metric = "psnr";
        report.summaries[1].metric = "displacement";
        for (auto& picture : report.pictures)
            picture.values = {{"psnr", 20.5}};
        const auto cards = validationCards(report, reconstruction, nullptr);
        QCOMPARE(cards[0].value, QStringLiteral("25.00"));
        QCOMPARE(cards[0].spread, QStringLiteral("± 0.20 dB"));
        QCOMPARE(cards[1].spread, QStringLiteral("patches")); // without an interval
        QCOMPARE(validationRows(report, nullptr, reconstruction, "psnr")[0].value, QStringLiteral("PSNR 20.50 dB"));
        const auto differences = differenceRows(compareReports(report, report));
        QVERIFY(!differences.empty());
        QCOMPARE(differences[0].cells[1], QStringLiteral("PSNR, dB"));
    }

    void aChangeIsToldByArrowAndWord()
    {
        const auto change = [](const std::vector<double>& before, const std::vector<double>& after) {
            const auto own = reportOf("mine", after);
            const auto differences = compareReports(reportOf("before", before), own);
            return validationCards(own, reconstruction, &differences)[0].change;
        };
        const auto better = change({0.5, 0.6, 0.7}, {0.3, 0.4, 0.5});
        QCOMPARE(better.verdict, ValueChange::Verdict::Better);
        QCOMPARE(better.arrow, QStringLiteral("▼")); // it fell; that is good, as the word says
        QCOMPARE(better.text, QStringLiteral("0.200 better"));
        const auto worse = change({0.3, 0.4, 0.5}, {0.5, 0.6, 0.7});
        QCOMPARE(worse.arrow, QStringLiteral("▲"));
        QCOMPARE(worse.text, QStringLiteral("0.200 worse"));
        const auto unclear = change({0.3, 0.5}, {0.5, 0.3});
        QCOMPARE(unclear.verdict, ValueChange::Verdict::Unclear);
        QVERIFY(unclear.arrow.isEmpty());
    }

    void picturesAreSortedWorstFirstAndPairedWithTheBaselines()
    {
        const auto own = reportOf("mine", {0.2, 0.9, 0.5});
        auto before = reportOf("before", {0.3, 0.3, 0.3});
        before.pictures[2].seed = 7; // painted from other noise: no counterpart
        const auto rows = validationRows(own, &before, reconstruction, "dino_distance");
        QCOMPARE(rows.size(), std::size_t(3));
        QCOMPARE(rows[0].record, QStringLiteral("b"));
        QCOMPARE(rows[0].value, QStringLiteral("DINO-patch distance 0.900, before 0.300"));
        QCOMPARE(rows[0].baseline, fs::path("/runs/before/pictures/b.png"));
        QCOMPARE(rows[0].reference, fs::path("/runs/mine/originals/b.png"));
        QCOMPARE(rows[1].record, QStringLiteral("c"));
        QVERIFY(rows[1].baseline.empty());
        QCOMPARE(rows[1].value, QStringLiteral("DINO-patch distance 0.500"));
        QCOMPARE(rows[2].index, std::size_t(0));
        QVERIFY(validationRows(own, nullptr, reconstruction, "dino_distance")[0].baseline.empty());
        const auto named = validationRows(own, &before, reconstruction, "dino_distance", "mine, raw weights");
        QCOMPARE(named[0].value, QStringLiteral("DINO-patch distance 0.900, mine, raw weights 0.300"));
    }

    void aSwapIsHeldAgainstWhatGaveItsPatches()
    {
        auto report = reportOf("mine", {0.2});
        report.pictures[0].task = ValidationTask::DinoSwap;
        report.pictures[0].other = "z";
        const auto rows = validationRows(report, nullptr, ValidationTask::DinoSwap, "dino_distance_other");
        QCOMPARE(rows[0].reference, fs::path("/runs/mine/originals/z.png"));
        QVERIFY(rows[0].facts.contains("CLS and patches of z"));
        QVERIFY(rows[0].value.isEmpty()); // not measured
    }

    void theNearestTrainingPictureStandsWhereThereIsNoBaseline()
    {
        auto report = reportOf("mine", {0.2});
        report.pictures[0].task = ValidationTask::TextOnly;
        report.pictures[0].nearest = "z";
        auto rows = validationRows(report, nullptr, ValidationTask::TextOnly, "nearest_training");
        QCOMPARE(rows[0].third(), fs::path("/runs/mine/nearest/z.png"));
        QVERIFY(rows[0].facts.contains("nearest in training: z"));
        rows[0].baseline = "/runs/before/pictures/a.png";
        QCOMPARE(rows[0].third(), rows[0].baseline);
        report.pictures[0].nearest.clear();
        QVERIFY(validationRows(report, nullptr, ValidationTask::TextOnly, "nearest_training")[0].third().empty());
    }

    void differencesAreSignedAndHaveTheirIntervals()
    {
        const auto rows =
            differenceRows(compareReports(reportOf("before", {0.5, 0.6, 0.7}), reportOf("mine", {0.3, 0.4, 0.5})));
        QCOMPARE(rows.size(), std::size_t(2));
        QCOMPARE(rows[0].cells, QStringList({"Reconstruction", "DINO-patch distance", "0.600", "0.400", "−0.200",
                                             "−0.200 to −0.200", "3"}));
        QCOMPARE(rows[0].change.text, QStringLiteral("0.200 better"));
        QCOMPARE(rows[1].cells[5], QStringLiteral("–")); // Fréchet distances have no interval
        QCOMPARE(rows[1].change.verdict, ValueChange::Verdict::None);
    }

    void subjectsJoinCheckpointsAndReports()
    {
        const test::TemporaryFolder folder;
        RunInfo run;
        run.name = "mine";
        run.folder = folder / "mine";
        run.checkpoints = {run.folder / "checkpoints/step-00000100", run.folder / "checkpoints/step-00000200"};
        test::writeText(run.folder / "validation/step-00000100/report.json", "{}");
        test::writeText(run.folder / "validation/step-00000050/report.json", "{}"); // its checkpoint was removed
        test::writeText(run.folder / "validation/step-00000200/plan.json", "{}");   // not finished
        const auto subjects = validationSubjects({run});
        QCOMPARE(subjects.size(), std::size_t(3));
        QCOMPARE(subjectName(subjects[0]), QStringLiteral("mine · step 200"));
        QVERIFY(subjects[0].report.empty() && !subjects[0].checkpoint.empty());
        QVERIFY(!subjects[1].report.empty() && !subjects[1].checkpoint.empty());
        QVERIFY(subjects[0].reportWritten == fs::file_time_type::min());
        QVERIFY(subjects[1].reportWritten == fs::last_write_time(subjects[1].report / "report.json"));
        QCOMPARE(subjects[2].step, qint64(50));
        QVERIFY(subjects[2].checkpoint.empty() && !subjects[2].report.empty());
    }

    void theDifferencePictureIsTheMeanOverChannels()
    {
        const auto difference = differencePicture(plain(4, 4, qRgb(10, 20, 30)), plain(4, 4, qRgb(40, 20, 90)));
        QCOMPARE(difference.pixel(2, 1), heatColour(30.0 / largestShownDifference));
        QVERIFY(differencePicture(plain(4, 4, 0), plain(4, 5, 0)).isNull());
        QVERIFY(differencePicture({}, {}).isNull());
        auto a = plain(4, 2, qRgb(0, 0, 0));
        const auto black = a;
        a.setPixel(3, 0, qRgb(90, 90, 90));
        const auto cells = differenceByCell(black, a, {.rows = 1, .cols = 2});
        QCOMPARE(cells, (std::vector<float>{0, 22.5F})); // one of four pixels
    }
};

QTEST_GUILESS_MAIN(TestValidationView)
#include "tst_validation_view.moc"
