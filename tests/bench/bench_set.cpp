/// Time and peak memory of what follows the import of a large set: dry run, passes, states, packing, loading:
/// bench_set [count] [folder]. The pictures are small and the encoders computed by hand, so that what is measured is
/// all but the encoders: reading, resizing, writing and syncing four files a record, the catalog. A folder that was
/// filled before is used again; its workspace is made anew.

#include "core/dataset/import_job.h"
#include "core/dataset/loader.h"
#include "core/dataset/shard_check.h"
#include "core/preprocess/jobs.h"
#include "tests/bench/measured_step.h"
#include "tests/bench/small_pictures.h"
#include "tests/core/preprocess/pass_fixture.h"

#include <chrono>
#include <optional>
#include <thread>

using namespace nanodit;
namespace fs = std::filesystem;

namespace {

/// From the request to the end of the passes, asked for in the middle of their work; empty when they ended before.
std::optional<double> secondsToStop(const Workspace& workspace, const PassEncoders& encoders)
{
    using Clock = std::chrono::steady_clock;
    JobContext context;
    Clock::time_point asked;
    std::jthread stopper([&] {
        std::this_thread::sleep_for(std::chrono::seconds(3));
        asked = Clock::now();
        context.control->requestStop();
    });
    makePreprocessJobWith({.workspace = workspace, .device = {}}, encoders)->run(context);
    const auto ended = Clock::now();
    stopper.join();
    if (ended < asked)
        return std::nullopt;
    return std::chrono::duration<double>(ended - asked).count();
}

} // namespace

int main(int argc, char** argv)
{
    const auto [count, folder, pictures] = bench::smallSet(argc, argv);
    WorkspaceConfig config;
    config.buckets = {{64, 64}};
    config.textTokens = 16;
    config.exclusions.exactDuplicates = false;
    config.exclusions.nearDuplicateBits = -1;
    const auto workspace = Workspace::create(folder / "workspace", config);
    test::FakeEncoders fakes;
    const auto encoders = fakes.encoders();

    bench::measure("import", count, [&] { makeImportJob({.workspace = workspace, .source = pictures})->run({}); });
    const auto forecast = [&] {
        makeForecastJobWith({.workspace = workspace, .passes = {Pass::T5, Pass::Vae, Pass::Dino}, .device = {}},
                            encoders)
            ->run({});
    };
    bench::measure("dry run, all missing", count, forecast);
    if (const auto seconds = secondsToStop(workspace, encoders))
        std::printf("stopped in %.3f s\n", *seconds);
    for (const auto pass : {Pass::T5, Pass::Vae, Pass::Dino}) {
        bench::measure(("pass " + passName(pass)).c_str(), count, [&] {
            makePreprocessJobWith({.workspace = workspace, .passes = {pass}, .device = {}}, encoders)->run({});
        });
    }
    bench::measure("dry run, all whole", count, forecast);
    bench::measure("passes, all whole", count,
                   [&] { makePreprocessJobWith({.workspace = workspace, .device = {}}, encoders)->run({}); });
    bench::measure("verify, every array read", count,
                   [&] { makeVerifyJobWith({.workspace = workspace}, encoders)->run({}); });
    bench::measure("list, from the catalog", count, [&] { listRecords(workspace, Look::Catalog); });
    bench::measure("list, from disk", count, [&] { listRecords(workspace, Look::Disk); });
    bench::measure("status", count, [&] { status(workspace); });
    bench::measure("packing", count,
                   [&] { makeShardJobWith({.workspace = workspace, .shardSize = 10000}, encoders)->run({}); });
    bench::measure("check of the packed sets", count, [&] { makeShardCheckJob({.workspace = workspace})->run({}); });
    std::shared_ptr<const ShardSet> set;
    bench::measure("opening the set", count, [&] { set = ShardSet::open(workspace.shardsFolder() / "train"); });
    const auto samples = static_cast<std::int64_t>(set->entries().size());
    for (const std::int64_t batch : {1, 16}) {
        for (const char* const epoch : {"first", "second"}) {
            Loader loader(set, {.batchSize = batch});
            bench::measure(("loading, batches of " + std::to_string(batch) + ", " + epoch + " time").c_str(), samples,
                           [&] {
                               for (std::int64_t i = 0; i < loader.batchesPerEpoch(); ++i)
                                   loader.next();
                           });
        }
    }
    std::printf("catalog %lld MB\n", static_cast<long long>(fs::file_size(workspace.catalogFile()) / 1'000'000));
    return 0;
}
