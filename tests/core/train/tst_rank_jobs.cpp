#include "core/train/launcher.h"
#include "core/train/same_everywhere.h"
#include "core/train/train_job.h"
#include "tests/support/another_process.h"
#include "tests/support/rank_room.h"
#include "tests/support/tiny_training.h"

#include <ATen/Parallel.h>
#include <QtTest/QTest>

#include <array>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <vector>

using namespace nanodit;
using namespace nanodit::test;

namespace {

/// That of one of two processes on this machine.
TrainRequest requestOfRank(const TinyWorkspace& tiny, const TrainConfig& config, std::int64_t rank, int port)
{
    auto request = requestFor(tiny, "run", config);
    request.meeting = {.rank = rank, .size = 2, .port = port};
    request.device.threads = 1;
    return request;
}

/// A person stops the training while it validates.
std::optional<EventFile::Scalars> stopped(const std::filesystem::path&, const std::vector<ValidationMeans>&,
                                          const JobContext& context)
{
    context.control->requestStop();
    return std::nullopt;
}

CheckpointState stateOfRank()
{
    CheckpointState state;
    state.config.seed = 3;
    state.textTokens = 8;
    state.circumstances = {
        .dataSet = "train, 12 samples, 0123456789ab", .libTorch = "2.6.0", .computedOn = "", .ranks = "3"};
    return state;
}

} // namespace

/// Whole trainings by several processes.
class TestRankJobs : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { at::set_num_threads(1); }

    void aStopWhileRank0WorksAloneIsAStopOfAll()
    {
#ifndef NANODIT_GLOO
        QSKIP("built without Gloo");
#endif
        const TinyWorkspace tiny;
        auto config = tinyConfig(6);
        config.validation.every = 2;
        const ReservedPort port;
        const auto rankProcess = [&](std::int64_t rank) {
            return startProcess([&, rank] {
                auto request = requestOfRank(tiny, config, rank, port.number());
                const JobContext context;
                const auto end = makeTrainJobWith(std::move(request), stopped)->run(context);
                return end == JobEnd::Cancelled ? 0 : 1;
            });
        };
        const auto first = rankProcess(0), second = rankProcess(1);
        QCOMPARE(endOf(first), 0);
        QCOMPARE(endOf(second), 0); // not by the end of rank 0
        const auto runs = listRuns(tiny.workspace);
        QCOMPARE(runs.size(), std::size_t{1});
        QCOMPARE(runs[0].checkpoints.back().filename(), "step-00000002");
    }

    void processesWithOtherSettingsDoNotTrainTogether()
    {
#ifndef NANODIT_GLOO
        QSKIP("built without Gloo");
#endif
        const TinyWorkspace tiny;
        const ReservedPort port;
        const auto rankProcess = [&](std::int64_t rank) {
            return startProcess([&, rank] {
                auto config = tinyConfig(2);
                config.seed += rank;
                auto request = requestOfRank(tiny, config, rank, port.number());
                const JobContext context;
                const auto message = errorOf([&] { makeTrainJobWith(std::move(request), stopped)->run(context); });
                return message.find("rank 1 of 2 has the seed 4, but rank 0 has 3") != std::string::npos ? 0 : 1;
            });
        };
        const auto first = rankProcess(0), second = rankProcess(1);
        QCOMPARE(endOf(first), 0);
        QCOMPARE(endOf(second), 0);
    }

    void aRankThatDiffersIsNamed()
    {
        struct Case {
            std::function<void(CheckpointState&, Compute&)> change;
            std::string message; ///< A part of it; empty for none.
        };
        const std::vector<Case> cases = {
            {.change = [](CheckpointState&, Compute&) {}, .message = ""},
            {.change = [](CheckpointState& state, Compute&) { state.config.seed = 4; },
             .message = "rank 2 of 3 has the seed 4, but rank 0 has 3"},
            {.change = [](CheckpointState& state, Compute&) { state.config.optimiser.lr = 0.5; },
             .message = "rank 2 of 3 has the optimiser.lr 0.5, but rank 0 has 0.0003"},
            {.change = [](CheckpointState& state, Compute&) { state.circumstances.dataSet = "train, 11 samples"; },
             .message = "rank 2 of 3 has the data set \"train, 11 samples\", but rank 0 has \"train, 12 samples"},
            {.change = [](CheckpointState& state, Compute&) { state.textTokens = 16; },
             .message = "has the text tokens of the workspace 16, but rank 0 has 8"},
            {.change = [](CheckpointState&, Compute& compute) { compute.precision = Precision::Bf16; },
             .message = "has the precision of products \"bf16\""},
            // Each has its own.
            {.change = [](CheckpointState& state, Compute&) { state.circumstances.computedOn = "cuda:1"; },
             .message = ""},
        };
        for (const auto& row : cases) {
            RankRoom room(3);
            std::array<std::string, 3> found;
            std::vector<std::jthread> threads;
            for (std::size_t rank = 0; rank < 3; ++rank) {
                threads.emplace_back([&, rank] {
                    auto state = stateOfRank();
                    Compute compute{.device = at::kCPU, .threads = 1};
                    if (rank == 2)
                        row.change(state, compute);
                    RankRoom::Seat seat(room, static_cast<std::int64_t>(rank));
                    found[rank] = errorOf([&] { expectSameEverywhere(seat, state, compute); });
                });
            }
            threads.clear();
            for (const auto& one : found) {
                QCOMPARE(one, found[0]);
                QVERIFY2(row.message.empty() ? one.empty() : one.find(row.message) != std::string::npos, one.c_str());
            }
        }
    }
};

QTEST_APPLESS_MAIN(TestRankJobs)
#include "tst_rank_jobs.moc"
