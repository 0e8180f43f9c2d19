/// A moved slider, a cancelled picture, several seeds one by one and as one batch, what a second session of the
/// checkpoint adds to memory, and a guidance plane of 7 x 7: bench_sampling [WORKSPACE [RECORD]], a demo workspace with
/// a run; without one it makes a small one. Everything is of one opened model, as in the window.

#include "core/dataset/record_info.h"
#include "core/demo/demo_job.h"
#include "core/inspect/attention_session.h"
#include "core/preprocess/workspace_state.h"
#include "core/runs/catalogue.h"
#include "core/runtime/median.h"
#include "core/sample/models_in_memory.h"
#include "core/sample/sampling_session.h"
#include "tests/bench/measured_step.h"
#include "tests/support/test_data.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <future>
#include <thread>
#include <unistd.h>
#include <vector>

using namespace nanodit;

namespace {

constexpr int moves = 60;

template<typename Step>
double seconds(Step&& step)
{
    const auto start = std::chrono::steady_clock::now();
    step();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void slider(SamplingSession& session, SampleRequest request)
{
    std::vector<double> sketches, refined;
    for (int i = 0; i < moves; ++i) {
        request.textScale = 0.1 * i;
        sketches.push_back(seconds([&] { session.sketch(request, liveSketchSeconds, {}); }));
        if (i % 10 == 0)
            refined.push_back(seconds([&] { session.sample(request, {}, [](const SamplePreview&) {}); }));
    }
    std::printf("slider: sketch median %.0f ms, slowest %.0f ms; refined in %lld steps, median %.0f ms\n",
                1000 * medianOf(sketches), 1000 * *std::ranges::max_element(sketches),
                static_cast<long long>(request.steps), 1000 * medianOf(refined));
}

/// From the wish that a picture stops until it has, at moments all over its steps.
void cancel(SamplingSession& session, const SampleRequest& request)
{
    std::vector<double> ends;
    for (int i = 0; i < 20; ++i) {
        const JobContext context;
        auto painting =
            std::async(std::launch::async, [&] { session.sample(request, context, [](const SamplePreview&) {}); });
        std::this_thread::sleep_for(std::chrono::milliseconds(40 + 7 * i));
        ends.push_back(seconds([&] {
            context.control->requestStop();
            painting.get();
        }));
    }
    std::printf("cancel: ends after %.0f ms at the median, %.0f ms at worst\n", 1000 * medianOf(ends),
                1000 * *std::ranges::max_element(ends));
}

void seeds(SamplingSession& session, const SampleRequest& request)
{
    const std::vector<std::uint64_t> wanted = {1, 2, 3, 4, 5, 6, 7, 8};
    const auto together = seconds([&] { session.sampleSeeds(request, wanted, {}, [](const SeedPicture&) {}); });
    const auto apart = seconds([&] {
        for (const auto seed : wanted) {
            auto one = request;
            one.seed = seed;
            session.sample(one, {}, [](const SamplePreview&) {});
        }
    });
    std::printf("%zu seeds: one by one %.0f ms, together %.0f ms\n", wanted.size(), 1000 * apart, 1000 * together);
}

double residentMegabytes()
{
    std::int64_t mapped = 0, resident = 0; // pages
    std::ifstream("/proc/self/statm") >> mapped >> resident;
    return static_cast<double>(resident * ::sysconf(_SC_PAGESIZE)) / (1 << 20);
}

/// What the Attention page adds when it looks at the checkpoint that is sampled from.
void secondSession(const Workspace& workspace, const std::filesystem::path& checkpoint, const std::string& record)
{
    const auto before = residentMegabytes();
    const auto attention = AttentionSession::open(workspace, checkpoint, {.threads = 2});
    const auto opened = residentMegabytes();
    AttentionSubject subject;
    subject.record = record;
    attention->look(subject);
    const auto held = modelsInMemory();
    std::printf(
        "attention on the same checkpoint: opening adds %.1f MB of resident memory, looking %.1f MB; %zu weights "
        "and encoders of %.1f MB are in memory\n",
        opened - before, residentMegabytes() - opened, held.values, static_cast<double>(held.bytes) / 1e6);
}

void plane(SamplingSession& session, const SampleRequest& request)
{
    const auto wanted = guidancePlaneFrom("text=0:6:7,dino=0:6:7");
    double first = 0;
    const auto start = std::chrono::steady_clock::now();
    bench::measure("plane of 7 x 7, pictures", static_cast<std::int64_t>(wanted.count()), [&] {
        session.samplePlane(request, wanted, {}, [&](const PlanePicture&) {
            if (first == 0)
                first = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
        });
    });
    std::printf("  its first picture after %.0f ms\n", 1000 * first);
}

} // namespace

int main(int argc, char** argv)
{
    try {
        std::setvbuf(stdout, nullptr, _IOLBF, 0); // each line when it is known, also into a file
        const test::TemporaryFolder made;
        const std::filesystem::path folder = argc > 1 ? argv[1] : made / "demo";
        if (argc < 2)
            makeDemoJob({.folder = folder, .scenes = 20})->run({});
        const auto workspace = Workspace::open(folder);
        const auto records = listRecords(workspace, Look::Catalog);
        const std::string id = argc > 2 ? argv[2] : records.front().id;
        const auto record = std::ranges::find(records, id, &RecordInfo::id);
        if (record == records.end()) {
            std::fprintf(stderr, "bench_sampling: %s has no record %s\n", folder.c_str(), id.c_str());
            return 1;
        }
        const auto checkpoint = newestCheckpoint(workspace);
        const auto session = SamplingSession::open(workspace, checkpoint, {.threads = 2});
        std::printf("%s\n", session->description().c_str());
        SampleRequest request;
        request.prompt = record->caption;
        request.reference = RecordReference{record->id};
        request.size = record->bucket;
        request.steps = 30;
        std::printf("first picture, with encoders and the hash of the weights: %.0f ms\n",
                    1000 * seconds([&] { session->sample(request, {}, [](const SamplePreview&) {}); }));
        slider(*session, request);
        cancel(*session, request);
        seeds(*session, request);
        secondSession(workspace, checkpoint, record->id);
        plane(*session, request);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "bench_sampling: %s\n", error.what());
        return 1;
    }
    return 0;
}
