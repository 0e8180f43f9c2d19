/// The passes over the records of a workspace, each round in a copy of it without derived arrays: records a second, and
/// the most memory that was accounted for. bench_passes WORKSPACE [rounds] [megabytes]

#include "core/config/workspace_config.h"
#include "core/dataset/pass.h"
#include "core/preprocess/preprocess_job.h"
#include "core/runtime/compute_info.h"
#include "core/runtime/error.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>
#include <unistd.h>
#include <utility>

namespace fs = std::filesystem;
using namespace nanodit;

int main(int argc, char** argv)
{
    if (argc < 2 || argc > 4) {
        std::fprintf(stderr, "usage: bench_passes WORKSPACE [ROUNDS] [MEGABYTES]\n");
        return 2;
    }
    const int rounds = argc > 2 ? std::atoi(argv[2]) : 3;
    const auto copy = fs::temp_directory_path() / ("bench_passes-" + std::to_string(::getpid()));
    try {
        setUpCompute({});
        std::printf("%s\n", computeInfo().description.c_str());
        for (int round = 0; round < rounds; ++round) {
            fs::remove_all(copy);
            fs::copy(argv[1], copy, fs::copy_options::recursive);
            auto workspace = Workspace::open(copy);
            fs::remove_all(workspace.derivedFolder());
            PreprocessRequest request{.workspace = workspace, .device = {}};
            std::map<Pass, PassMemory> memory;
            request.finished = [&memory](const PreprocessReport& report) {
                for (const auto& pass : report.passes)
                    std::printf("%-7s %6lld records %8.2f s %8.1f records/s %8.1f MB\n", passName(pass.pass).c_str(),
                                static_cast<long long>(pass.made), pass.seconds,
                                static_cast<double>(pass.made) / pass.seconds,
                                static_cast<double>(memory[pass.pass].most) / 1e6);
            };
            makePreprocessJob(std::move(request),
                              {.memory = argc > 3 ? std::atoi(argv[3]) : 0,
                               .onMemory = [&memory](const PassMemory& used) { memory[used.pass] = used; }})
                ->run({});
        }
    } catch (const Error& error) {
        std::fprintf(stderr, "bench_passes: %s\n", error.what());
        fs::remove_all(copy);
        return 1;
    }
    fs::remove_all(copy);
    return 0;
}
