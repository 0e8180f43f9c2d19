#include "core/train/train_job.h"
#include "tests/support/another_process.h"
#include "tests/support/tiny_training.h"

#include <ATen/Parallel.h>
#include <QtTest/QTest>

#include <optional>
#include <string>
#include <unistd.h>
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

/// Of this test alone.
int portOf(int test)
{
    return 20000 + static_cast<int>(::getpid() % 10000) * 2 + test;
}

/// A person stops the training while it validates.
std::optional<EventFile::Scalars> stopped(const std::filesystem::path&, const std::vector<ValidationMeans>&,
                                          const JobContext& context)
{
    context.control->requestStop();
    return std::nullopt;
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
        const auto rankProcess = [&](std::int64_t rank) {
            return startProcess([&, rank] {
                auto request = requestOfRank(tiny, config, rank, portOf(0));
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
};

QTEST_APPLESS_MAIN(TestRankJobs)
#include "tst_rank_jobs.moc"
