/// Samples a second of the loader on a shard set: bench_loader SET_FOLDER [threads] [epochs] [batch size].

#include "core/dataset/loader.h"

#include <ATen/Parallel.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>

using namespace nanodit;

int main(int argc, char** argv)
{
    if (argc < 2) {
        std::fprintf(stderr, "usage: bench_loader SET_FOLDER [threads] [epochs] [batch size]\n");
        return 2;
    }
    at::set_num_threads(1);
    const auto number = [&](int place, int otherwise) { return argc > place ? std::atoi(argv[place]) : otherwise; };
    const auto set = ShardSet::open(argv[1]);
    double bytes = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(argv[1]))
        bytes += entry.path().extension() == ".tar" ? static_cast<double>(std::filesystem::file_size(entry)) : 0;
    DinoStatistics statistics; // As the peer's benchmark: patches by a fixed mean and deviation.
    const auto width = static_cast<std::size_t>(set->dinoWidth());
    statistics.cls =
        statistics.patches = {.mean = std::vector<float>(width, 0.1f), .deviation = std::vector<float>(width, 1.5f)};
    Loader loader(set, {.batchSize = number(4, 1), .statistics = statistics, .threads = number(2, 2)});
    for (int epoch = 0; epoch < number(3, 4); ++epoch) {
        const auto start = std::chrono::steady_clock::now();
        std::size_t samples = 0;
        for (std::int64_t i = 0; i < loader.batchesPerEpoch(); ++i)
            samples += loader.next().ids.size();
        const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
        std::printf("epoch %d: %.1f samples/s, %.2f GB/s of shards, %zu damaged\n", epoch + 1,
                    static_cast<double>(samples) / seconds, bytes / seconds / 1e9, loader.corrupt().size());
    }
    return 0;
}
