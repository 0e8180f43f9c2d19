#include "core/config/train_config.h"
#include "core/validate/report_file.h"
#include "core/validate/run_overview.h"
#include "tests/support/test_data.h"

#include <QTest>
#include <nlohmann/json.hpp>

using namespace nanodit;

namespace {

std::string stepLine(int step, double loss, double samplesPerSecond)
{
    return R"({"step": )" + std::to_string(step) + R"(, "loss": )" + std::to_string(loss) +
           R"(, "velocity_norm": 1, "grad_norm": 1, "grad_norm_dino_patch_proj": 1, "lr": 1,)"
           R"("loss_by_t": {"0-0.25": 1, "0.25-0.5": 1, "0.5-0.75": 1, "0.75-1": 1},)"
           R"("loss_by_drop": {"none": 1, "text": 1, "dino": 1, "both": 1},)"
           R"("samples_by_drop": {"none": 5, "text": 1, "dino": 1, "both": 1}, "samples_per_second": )" +
           std::to_string(samplesPerSecond) +
           R"(, "data_wait_seconds": 0, "resident_megabytes": 1, "skipped": false})" + "\n";
}

} // namespace

class TestRunOverview : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init()
    {
        folder_ = std::make_unique<test::TemporaryFolder>();
        workspace_ = Workspace::create(*folder_ / "workspace", {});
    }

    void aRunIsSummedUpFromItsFiles()
    {
        const auto run = workspace_.runsFolder() / "mine";
        TrainConfig config;
        config.schedule.steps = 3;
        test::writeText(run / "config.yaml", toYaml(config));
        test::writeText(run / "metrics.jsonl", stepLine(1, 1.5, 4) + stepLine(2, 1.0, 8) + stepLine(3, 0.5, 8) +
                                                   R"({"step": 3, "validation": {}})" + "\n");
        ValidationReport report;
        report.step = 3;
        report.summaries.push_back(
            {.task = ValidationTask::Reconstruction, .metric = "dino_distance", .mean = 0.25, .interval = {}, .n = 4});
        test::writeText(run / "validation/step-00000003/report.json", toJson(report).dump());
        test::writeText(run / "validation/step-00000009/report.json", "{"); // damaged: the newest, but unreadable

        auto overviews = overviewRuns(workspace_);
        QCOMPARE(overviews.size(), std::size_t(1));
        const auto& overview = overviews[0];
        QCOMPARE(overview.steps, std::int64_t(3));
        QCOMPARE(overview.state(), RunState::Finished);
        QCOMPARE(overview.seconds, 2.0 + 1.0 + 1.0); // 8 samples a step
        QCOMPARE(*overview.loss, 1.0);
        QCOMPARE(overview.course.points.size(), std::size_t(3));
        QCOMPARE(overview.validatedStep, std::int64_t(0));
        QVERIFY(overview.bytes > 500);

        std::filesystem::remove_all(run / "validation/step-00000009");
        overviews = overviewRuns(workspace_);
        QCOMPARE(overviews[0].validatedStep, std::int64_t(3));
        QCOMPARE(overviews[0].measured.size(), std::size_t(1));
        QCOMPARE(overviews[0].measured[0].mean, 0.25);
        QVERIFY(!overviews[0].validatedRaw);

        // Raw weights stand in where no others were validated.
        report.step = 5;
        report.summaries[0].mean = 0.5;
        test::writeText(run / "validation/step-00000005-raw/report.json", toJson(report).dump());
        QCOMPARE(overviewRuns(workspace_)[0].validatedStep, std::int64_t(3));
        std::filesystem::remove_all(run / "validation/step-00000003");
        overviews = overviewRuns(workspace_);
        QCOMPARE(overviews[0].validatedStep, std::int64_t(5));
        QCOMPARE(overviews[0].measured[0].mean, 0.5);
        QVERIFY(overviews[0].validatedRaw);
    }

    void aRecordOfEveryTenthStepCountsForTen()
    {
        const auto run = workspace_.runsFolder() / "exported";
        test::writeText(run / "config.yaml", toYaml(TrainConfig()));
        test::writeText(run / "metrics.jsonl", stepLine(10, 1, 4) + stepLine(20, 1, 8));
        QCOMPARE(overviewRuns(workspace_).at(0).seconds, 20.0 + 10.0); // 8 samples a step
    }

    void saysWhenPatchesBrokeThrough()
    {
        // The loss of samples with nothing dropped; without DINO it is 1.
        const auto fiftySteps = [](int first, const std::string& loss) {
            std::string lines;
            for (int step = first; step < first + 50; ++step) {
                auto line = stepLine(step, 1, 8);
                line.replace(line.find("\"none\": 1"), 9, "\"none\": " + loss);
                lines += line;
            }
            return lines;
        };
        const auto run = workspace_.runsFolder() / "mine";
        test::writeText(run / "metrics.jsonl", fiftySteps(1, "0.97") + fiftySteps(51, "0.96"));
        QVERIFY(!overviewRuns(workspace_)[0].patchesBreakThrough.has_value());
        test::writeText(run / "metrics.jsonl", fiftySteps(1, "0.97") + fiftySteps(51, "0.7") + fiftySteps(101, "0.6"));
        QCOMPARE(overviewRuns(workspace_)[0].patchesBreakThrough, std::optional<std::int64_t>(51));
    }

    void aRunWithoutMetricsOrPlanIsStillListed()
    {
        const auto run = workspace_.runsFolder() / "brought";
        test::writeText(run / "config.yaml", "no: such key\n");
        const auto overviews = overviewRuns(workspace_);
        QCOMPARE(overviews.size(), std::size_t(1));
        QCOMPARE(overviews[0].planned, std::int64_t(0));
        QVERIFY(overviews[0].state() != RunState::Finished);
        QVERIFY(!overviews[0].loss.has_value());
    }

    void onlySettingsThatDifferAreListed()
    {
        std::vector<RunInfo> runs;
        for (const double rate : {1e-3, 2e-3, 1e-3}) {
            TrainConfig config;
            config.optimiser.lr = rate;
            config.model.patchPosition = rate > 1e-3 ? PatchPosition::Sincos : PatchPosition::None;
            RunInfo run;
            run.name = "run" + std::to_string(runs.size());
            run.folder = workspace_.runsFolder() / run.name;
            test::writeText(run.folder / "config.yaml", toYaml(config));
            runs.push_back(run);
        }
        const auto differences = configurationDifferences(runs);
        QCOMPARE(differences.size(), std::size_t(2));
        QCOMPARE(differences[0].key, std::string("model.patch_position")); // in the configuration's order
        QCOMPARE(differences[0].values, (std::vector<std::string>{"none", "sincos", "none"}));
        QCOMPARE(differences[1].key, std::string("optimiser.lr"));
        QCOMPARE(differences[1].values, (std::vector<std::string>{"0.001", "0.002", "0.001"}));
        QVERIFY(configurationDifferences({runs[0], runs[2]}).empty());
        std::filesystem::remove(runs[0].folder / "config.yaml");
        QCOMPARE(configurationDifferences({runs[0], runs[2]})[0].values.front(), std::string());
    }

private:
    std::unique_ptr<test::TemporaryFolder> folder_;
    Workspace workspace_;
};

QTEST_APPLESS_MAIN(TestRunOverview)
#include "tst_run_overview.moc"
