/// The loader on a shard set against plain reading of the same files, one behind the other in each round:
/// bench_loader SET_FOLDER [threads] [rounds] [batch size].

#include "core/dataset/loader.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <unistd.h>
#include <vector>

using namespace nanodit;
namespace fs = std::filesystem;

namespace {

double secondsOf(const auto& work)
{
    const auto start = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// Into one buffer, from the page cache once it is there.
void readAll(const std::vector<fs::path>& files)
{
    static std::vector<char> buffer(std::size_t{1} << 20);
    for (const auto& file : files) {
        const int descriptor = open(file.c_str(), O_RDONLY | O_CLOEXEC);
        while (descriptor >= 0 && read(descriptor, buffer.data(), buffer.size()) > 0) {
        }
        close(descriptor);
    }
}

} // namespace

int main(int argc, char** argv)
{
    if (argc < 2) {
        std::fprintf(stderr, "usage: bench_loader SET_FOLDER [threads] [rounds] [batch size]\n");
        return 2;
    }
    at::set_num_threads(1);
    const auto number = [&](int place, int otherwise) { return argc > place ? std::atoi(argv[place]) : otherwise; };
    const auto set = ShardSet::open(argv[1]);
    double bytes = 0;
    std::vector<fs::path> files;
    for (const auto& entry : fs::recursive_directory_iterator(argv[1])) {
        if (entry.path().extension() == ".tar") {
            bytes += static_cast<double>(fs::file_size(entry));
            files.push_back(entry.path());
        }
    }
    DinoStatistics statistics; // As the peer's benchmark: patches by a fixed mean and deviation.
    const auto width = static_cast<std::size_t>(set->dinoWidth());
    statistics.cls =
        statistics.patches = {.mean = std::vector<float>(width, 0.1f), .deviation = std::vector<float>(width, 1.5f)};
    Loader loader(set, {.batchSize = number(4, 1), .statistics = statistics, .threads = number(2, 2)});
    std::vector<double> ratios;
    for (int round = 0; round < number(3, 4); ++round) {
        std::size_t samples = 0;
        const auto reading = secondsOf([&] { readAll(files); });
        const auto loading = secondsOf([&] {
            for (std::int64_t i = 0; i < loader.batchesPerEpoch(); ++i)
                samples += loader.next().ids.size();
        });
        ratios.push_back(reading / loading);
        std::printf("round %d: reading %.2f GB/s; loader %.1f samples/s, %.2f GB/s of shards, %.2f of reading; %zu "
                    "damaged\n",
                    round + 1, bytes / reading / 1e9, static_cast<double>(samples) / loading, bytes / loading / 1e9,
                    ratios.back(), loader.corruptCount());
    }
    std::ranges::sort(ratios);
    std::printf("median ratio %.2f\n", ratios[ratios.size() / 2]);
    return 0;
}
