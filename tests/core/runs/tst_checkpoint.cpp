#include "core/io/atomic_file.h"
#include "core/model/stored_weights.h"
#include "core/runs/catalogue.h"
#include "core/runs/checkpoint.h"
#include "core/runs/metrics_file.h"
#include "core/runs/retention.h"
#include "tests/support/another_process.h"
#include "tests/support/file_size_limit.h"
#include "tests/support/test_data.h"

#include <QtTest/QTest>

#include <csignal>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <sys/resource.h>

using namespace nanodit;
using namespace nanodit::test;

namespace {

CheckpointState stateAt(std::int64_t step)
{
    CheckpointState state;
    state.run = "a run";
    state.step = step;
    state.samplePosition = 16 * step;
    state.config.model.hiddenSize = 32;
    state.config.model.numHeads = 4;
    state.config.optimiser.lr = 1.25e-4;
    state.config.seed = 9;
    state.textTokens = 32;
    state.encoders = {{"t5", {{"fingerprint", "abc"}}}};
    return state;
}

CheckpointTensors tensorsOf(double value)
{
    return {.model = {{"w", at::full({4, 3}, value)}},
            .ema = {{"w", at::full({4, 3}, value / 2)}},
            .optimiser = {{"w.exp_avg", at::zeros({4, 3})}, {"w.step", at::full({1}, 3, at::kLong)}}};
}

std::vector<std::int64_t> stepsIn(const std::filesystem::path& run)
{
    std::vector<std::int64_t> steps;
    for (const auto& checkpoint : listCheckpoints(run))
        steps.push_back(*checkpointStep(checkpoint.filename().string()));
    return steps;
}

int namesIn(const std::filesystem::path& folder)
{
    return static_cast<int>(std::distance(std::filesystem::directory_iterator(folder), {}));
}

} // namespace

class TestCheckpoint : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void comesBackAsItWasWritten()
    {
        const TemporaryFolder run;
        const auto folder = writeCheckpoint(run.path(), stateAt(7), tensorsOf(2));
        QCOMPARE(folder, run.path() / "checkpoints" / "step-00000007");
        const auto state = readCheckpointState(folder);
        QCOMPARE(state.run, "a run");
        QCOMPARE(state.step, 7);
        QCOMPARE(state.samplePosition, 112);
        QCOMPARE(state.config.model.hiddenSize, 32);
        QCOMPARE(state.config.optimiser.lr, 1.25e-4);
        QCOMPARE(state.config.seed, 9);
        QCOMPARE(state.textTokens, 32);
        QCOMPARE(state.encoders.at("t5").at("fingerprint").get<std::string>(), "abc");
        QVERIFY(state.dino.empty());
        const auto tensors = readCheckpointTensors(folder);
        QVERIFY(at::equal(tensors.model.at("w"), at::full({4, 3}, 2.0)));
        QVERIFY(at::equal(tensors.ema.at("w"), at::full({4, 3}, 1.0)));
        QVERIFY(tensors.projector.empty()); // as in those of earlier versions
        QCOMPARE(tensors.optimiser.at("w.step").item<std::int64_t>(), 3);
        QVERIFY(at::equal(readWeights(folder).at("w"), tensors.model.at("w")));
    }

    void holdsTheAgreedFiles()
    {
        const TemporaryFolder run;
        std::set<std::string> names;
        for (const auto& entry :
             std::filesystem::directory_iterator(writeCheckpoint(run.path(), stateAt(7), tensorsOf(2))))
            names.insert(entry.path().filename().string());
        QCOMPARE(names, (std::set<std::string>{"ema.safetensors", "model.safetensors", "optimizer.safetensors",
                                               "state.json"}));
        QCOMPARE(namesIn(run / "checkpoints"), 1); // and no temporary folder is left
    }

    void aWriterThatIsKilledLeavesThePreviousOneWhole()
    {
        const TemporaryFolder run;
        writeCheckpoint(run.path(), stateAt(1), tensorsOf(1));
        for (const int limit : {1, 100, 1500, 20000}) { // bytes after which the disk is full for the child
            const int end = inAnotherProcess([&] {
                const rlimit bytes{static_cast<rlim_t>(limit), static_cast<rlim_t>(limit)};
                setrlimit(RLIMIT_FSIZE, &bytes); // Writing past it kills the process (SIGXFSZ).
                CheckpointTensors tensors = tensorsOf(3);
                tensors.optimiser["w.exp_avg_sq"] = at::zeros({100, 100});
                writeCheckpoint(run.path(), stateAt(1), tensors);
            });
            QCOMPARE(end, -SIGXFSZ);
            QCOMPARE(listCheckpoints(run.path()).size(), 1U);
            const auto tensors = readCheckpointTensors(listCheckpoints(run.path())[0]);
            QVERIFY(at::equal(tensors.model.at("w"), at::full({4, 3}, 1.0)));
        }
    }

    void aFullDiskFailsTheWriteAndKeepsWhatWasWhole()
    {
        const TemporaryFolder run;
        writeCheckpoint(run.path(), stateAt(1), tensorsOf(1));
        const int code = inAnotherProcess([&] {
            const FileSizeLimit full(2000);
            CheckpointTensors tensors = tensorsOf(3);
            tensors.optimiser["w.exp_avg_sq"] = at::zeros({100, 100});
            const auto message = errorOf([&] { writeCheckpoint(run.path(), stateAt(2), tensors); });
            return message.empty() ? 1 : 0;
        });
        QCOMPARE(code, 0);
        QCOMPARE(listCheckpoints(run.path()), std::vector{run.path() / "checkpoints" / "step-00000001"});
        QCOMPARE(namesIn(run.path() / "checkpoints"), 1); // nothing half-written beside it
    }

    void keepsTheNewest()
    {
        const TemporaryFolder run;
        for (const auto step : {5, 1, 30, 4})
            writeCheckpoint(run.path(), stateAt(step), tensorsOf(1));
        QVERIFY(thinCheckpoints(run.path(), {.keep = 0}).empty());
        QCOMPARE(stepsIn(run.path()).size(), 4U);
        const auto removed = thinCheckpoints(run.path(), {.keep = 2});
        QCOMPARE(removed.size(), 2U);
        QCOMPARE(stepsIn(run.path()), (std::vector<std::int64_t>{5, 30}));
        QCOMPARE(namesIn(run.path() / "checkpoints"), 2);
    }

    void keepsWhatSomebodyPointsTo()
    {
        const TemporaryFolder run;
        for (int step = 100; step <= 1000; step += 100)
            writeCheckpoint(run.path(), stateAt(step), tensorsOf(1));
        const SavingConfig rule{.keep = 2, .keepEvery = 400, .bestBy = "reconstruction/lpips"};
        writeText(run.path() / "validation/step-00000200/report.json", "{}");
        writeText(run.path() / "nonfinite/step-00000300.json", "{}");
        {
            MetricsFile metrics(run.path(), 0);
            metrics.appendValidation(500, {{"reconstruction/lpips", 0.4}});
            metrics.appendValidation(600, {{"reconstruction/lpips", 0.3}, {"reconstruction/ssim", 0.5}});
            metrics.appendValidation(650, {{"reconstruction/lpips", 0.1}}); // its checkpoint is gone
            metrics.appendValidation(700, {{"reconstruction/lpips", 0.35}, {"reconstruction/ssim", 0.4}});
        }
        starCheckpoint(run.path() / "checkpoints/step-00000100", true);
        thinCheckpoints(run.path(), rule);
        QCOMPARE(stepsIn(run.path()), (std::vector<std::int64_t>{100, 200, 300, 400, 600, 800, 900, 1000}));
        std::map<std::int64_t, std::string> reasons;
        for (const auto& standing : checkpointStandings(run.path(), rule)) {
            for (const auto reason : standing.reasons)
                reasons[standing.step] += keptAsText(reason, rule) + ";";
        }
        QCOMPARE(reasons[100], std::string("starred;"));
        QCOMPARE(reasons[200], std::string("validated;"));
        QCOMPARE(reasons[300], std::string("of a step that was not finite;"));
        QCOMPARE(reasons[400], std::string("every 400 steps;"));
        QCOMPARE(reasons[600], std::string("best by reconstruction/lpips;"));
        QCOMPARE(reasons[1000], std::string("one of the newest;"));

        starCheckpoint(run.path() / "checkpoints/step-00000100", false);
        auto other = rule;
        other.keepEvery = 0;
        other.keepValidated = false;
        other.best = BestIs::Highest;
        other.bestBy = "reconstruction/ssim";
        thinCheckpoints(run.path(), other);
        QCOMPARE(stepsIn(run.path()), (std::vector<std::int64_t>{300, 600, 900, 1000}));
    }

    void whatCannotBeLookedAtIsNotRemoved()
    {
        const TemporaryFolder run;
        for (int step = 100; step <= 500; step += 100)
            writeCheckpoint(run.path(), stateAt(step), tensorsOf(1));
        const SavingConfig rule{.keep = 1, .bestBy = "reconstruction/lpips"};
        // Looking there fails, and says nothing: as of a network folder that does not answer for a while.
        const auto silent = [](const std::filesystem::path& path) {
            std::filesystem::create_directories(path.parent_path());
            std::filesystem::create_symlink(path.filename(), path);
        };
        silent(run / "checkpoints/step-00000100/star");
        silent(run / "validation/step-00000200");
        thinCheckpoints(run.path(), rule);
        QCOMPARE(stepsIn(run.path()), (std::vector<std::int64_t>{100, 200, 500}));
        std::filesystem::create_directories(run / "elsewhere");
        std::filesystem::create_directory_symlink("elsewhere", run / "metrics.jsonl"); // it opens, and cannot be read
        writeCheckpoint(run.path(), stateAt(600), tensorsOf(1));
        QVERIFY(thinCheckpoints(run.path(), rule).empty()); // the best is not known
        QCOMPARE(stepsIn(run.path()), (std::vector<std::int64_t>{100, 200, 500, 600}));
        QCOMPARE(checkpointStandings(run.path(), rule).size(), std::size_t{4});
    }

    void namesWhatIsBroken()
    {
        const TemporaryFolder run;
        const auto folder = writeCheckpoint(run.path(), stateAt(1), tensorsOf(1));
        std::filesystem::remove(folder / "optimizer.safetensors");
        QVERIFY(errorOf([&] { readCheckpointTensors(folder); }).find("optimizer.safetensors") != std::string::npos);
        writeText(folder / "state.json", readTextFile(folder / "state.json").substr(0, 50));
        QVERIFY(errorOf([&] { readCheckpointState(folder); }).find("state.json") != std::string::npos);
        writeText(folder / "state.json", "{\"format\": 99}");
        QVERIFY(errorOf([&] { readCheckpointState(folder); }).find("99") != std::string::npos);
    }

    void aFieldOfAnotherTypeIsReadOrNamedWithItsFile()
    {
        const TemporaryFolder run;
        const auto folder = writeCheckpoint(run.path(), stateAt(1), tensorsOf(1));
        const auto file = folder / "state.json";
        const auto good = nlohmann::json::parse(readTextFile(file));
        const std::vector<nlohmann::json> values = {
            nullptr, true, "x", -1, 1.5, nlohmann::json::array({1}), nlohmann::json::object()};
        int refused = 0;
        for (const auto& field : good.items()) {
            for (const auto& value : values) {
                auto spoilt = good;
                spoilt[field.key()] = value;
                writeText(file, spoilt.dump());
                const auto message = errorOf([&] { readCheckpointState(folder); });
                refused += !message.empty();
                QVERIFY2(message.empty() || message.starts_with(file.string()), (field.key() + ": " + message).c_str());
            }
            auto lacking = good;
            lacking.erase(field.key());
            writeText(file, lacking.dump());
            const auto message = errorOf([&] { readCheckpointState(folder); });
            QVERIFY2(message.empty() || message.starts_with(file.string()), message.c_str());
        }
        QVERIFY(refused > 20);
        // A configuration of nothing is not one of defaults, and a model of no width none.
        for (const auto& [config, said] : std::map<std::string, std::string>{
                 {"null", "has null where a group of settings was expected"},
                 {R"({"model": {"hidden_size": 0}})", "model.hidden_size must be between"},
                 {R"({"model": {"depth": 1000000000}})", "model.depth must be between"},
                 {R"({"model": {"hidden_size": 32, "num_heads": 7}})", "model.num_heads must divide"}}) {
            auto spoilt = good;
            spoilt["config"] = nlohmann::json::parse(config);
            writeText(file, spoilt.dump());
            const auto message = errorOf([&] { readCheckpointState(folder); });
            QVERIFY2(message.starts_with(file.string()) && message.find(said) != std::string::npos, message.c_str());
        }
    }
};

QTEST_APPLESS_MAIN(TestCheckpoint)
#include "tst_checkpoint.moc"
