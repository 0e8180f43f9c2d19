/// A moved slider and a guidance plane of 7 x 7: bench_sampling [WORKSPACE [RECORD]], a demo workspace with a run;
/// without one it makes a small one. Everything is of one opened model, as in the window.

#include "core/dataset/record_info.h"
#include "core/demo/demo_job.h"
#include "core/preprocess/workspace_state.h"
#include "core/runs/catalogue.h"
#include "core/sample/sampling_session.h"
#include "tests/bench/measured_step.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

using namespace nanodit;

namespace {

constexpr int moves = 60;
constexpr double sketchSeconds = 0.08; ///< As app/sampling.cpp asks for.

double median(std::vector<double> values)
{
    std::ranges::sort(values);
    return values[values.size() / 2];
}

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
        sketches.push_back(seconds([&] { session.sketch(request, sketchSeconds, {}); }));
        if (i % 10 == 0)
            refined.push_back(seconds([&] { session.sample(request, {}, [](const SamplePreview&) {}); }));
    }
    std::printf("slider: sketch median %.0f ms, slowest %.0f ms; refined in %lld steps, median %.0f ms\n",
                1000 * median(sketches), 1000 * *std::ranges::max_element(sketches),
                static_cast<long long>(request.steps), 1000 * median(refined));
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
        std::filesystem::path folder = argc > 1 ? argv[1] : "";
        if (folder.empty()) {
            folder = std::filesystem::temp_directory_path() / ("bench-sampling-" + std::to_string(std::rand()));
            makeDemoJob({.folder = folder, .scenes = 20})->run({});
        }
        const auto workspace = Workspace::open(folder);
        const auto records = listRecords(workspace, Look::Catalog);
        const std::string id = argc > 2 ? argv[2] : records.front().id;
        const auto record = std::ranges::find(records, id, &RecordInfo::id);
        if (record == records.end()) {
            std::fprintf(stderr, "bench_sampling: %s has no record %s\n", folder.c_str(), id.c_str());
            return 1;
        }
        const auto session = SamplingSession::open(workspace, newestCheckpoint(workspace), {.threads = 2});
        std::printf("%s\n", session->description().c_str());
        SampleRequest request;
        request.prompt = record->caption;
        request.reference = RecordReference{record->id};
        request.size = record->bucket;
        request.steps = 30;
        std::printf("first picture, with encoders and the hash of the weights: %.0f ms\n",
                    1000 * seconds([&] { session->sample(request, {}, [](const SamplePreview&) {}); }));
        slider(*session, request);
        plane(*session, request);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "bench_sampling: %s\n", error.what());
        return 1;
    }
    return 0;
}
