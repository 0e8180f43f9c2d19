/// Time and peak memory of a large data set's records, on small drawn pictures: bench_import [count] [folder]. A
/// folder that was filled before is used again; its catalog is made anew.

#include "core/dataset/catalog_part.h"
#include "core/dataset/duplicates.h"
#include "core/dataset/fingerprint_store.h"
#include "core/dataset/import_rules.h"
#include "core/workbench.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <random>
#include <unistd.h>

using namespace nanodit;
namespace fs = std::filesystem;

namespace {

/// Kilobytes of the line that begins with `name` in /proc/self/status.
long memory(const std::string& name)
{
    std::ifstream stream("/proc/self/status");
    for (std::string line; std::getline(stream, line);) {
        if (line.starts_with(name))
            return std::atol(line.c_str() + name.size() + 1);
    }
    return 0;
}

/// Runs a step; its memory is the peak while it runs.
template<typename Step>
void measure(const char* what, std::int64_t count, Step&& step)
{
    std::ofstream("/proc/self/clear_refs") << "5"; // forgets the peak so far
    const auto start = std::chrono::steady_clock::now();
    step();
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    std::printf("%-34s %8.2f s  %9.0f /s  peak %5ld MB\n", what, seconds, static_cast<double>(count) / seconds,
                memory("VmHWM") / 1024);
    std::fflush(stdout);
}

/// 4 x 4 colours, blended to 32 x 32.
Image drawn(std::mt19937_64& random)
{
    Image seeds{.size = {4, 4}, .rgb = std::vector<std::uint8_t>(48)};
    for (auto& value : seeds.rgb)
        value = static_cast<std::uint8_t>(random());
    return resizeForDisplay(seeds, {32, 32});
}

/// Distinct pictures with captions, of which one in a hundred is there twice and one in a hundred nearly so.
void draw(const fs::path& folder, std::int64_t count)
{
    std::mt19937_64 random(1);
    Image image;
    for (std::int64_t i = 0; i < count; ++i) {
        if (i % 100 == 51) {
            for (auto& value : image.rgb)
                value = static_cast<std::uint8_t>(std::min(255, value + 2));
        } else if (i % 100 != 50) {
            image = drawn(random);
        }
        char name[64];
        std::snprintf(name, sizeof name, "%03lld/%07lld", static_cast<long long>(i / 1000), static_cast<long long>(i));
        fs::create_directories((folder / name).parent_path());
        const auto png = encodePng(image);
        std::ofstream(folder / (std::string(name) + ".png"), std::ios::binary)
            .write(reinterpret_cast<const char*>(png.data()), static_cast<std::streamsize>(png.size()));
        std::ofstream(folder / (std::string(name) + ".txt")) << "drawn picture number " << i;
    }
}

ImportReport import(const Workspace& workspace, const fs::path& pictures)
{
    ImportReport report;
    makeImportJob({.workspace = workspace, .source = pictures, .finished = [&](const auto& r) { report = r; }})
        ->run({});
    return report;
}

void compare(const Workspace& workspace)
{
    auto catalog = Catalog::open(workspace);
    std::vector<DuplicateCandidate> candidates;
    const auto fingerprints = FingerprintStore(catalog).all();
    for (const auto& record : catalog.records())
        candidates.push_back({.id = record.id,
                              .file = record.image.string(),
                              .imageHash = record.imageHash,
                              .fingerprint = fingerprints.at(record.id).fingerprint,
                              .pixelCount = 1024});
    const auto count = static_cast<std::int64_t>(candidates.size());
    for (const int bits : {0, 4, 8, 12}) {
        std::size_t found = 0;
        measure(("duplicates, " + std::to_string(bits) + " bits").c_str(), count,
                [&] { found = findDuplicates(candidates, {.exact = true, .nearBits = bits}, {})->size(); });
        std::printf("  found %zu\n", found);
    }
}

} // namespace

int main(int argc, char** argv)
{
    const std::int64_t count = argc > 1 ? std::atoll(argv[1]) : 100000;
    const fs::path folder = argc > 2 ? fs::path(argv[2]) : fs::temp_directory_path() / "nanodit-bench-import";
    const auto pictures = folder / "pictures";
    fs::remove_all(folder / "workspace");
    if (!fs::exists(pictures))
        measure("drawing the pictures", count, [&] { draw(pictures, count); });
    WorkspaceConfig config;
    config.exclusions.largestEnlargement = 0;
    const auto workspace = Workspace::create(folder / "workspace", config);

    ImportReport report;
    measure("import", count, [&] { report = import(workspace, pictures); });
    std::printf("  added %lld", static_cast<long long>(report.added));
    for (const auto& [rule, number] : report.excluded)
        std::printf(", %s %lld", rule.c_str(), static_cast<long long>(number));
    std::printf("\n");
    measure("import again, unchanged", count, [&] { report = import(workspace, pictures); });
    std::printf("  unchanged %lld\n", static_cast<long long>(report.unchanged));
    measure("list, from the catalog", count, [&] { listRecords(workspace, Look::Catalog); });
    measure("list, from disk", count, [&] { listRecords(workspace, Look::Disk); });
    measure("status", count, [&] { status(workspace); });
    measure("find one record", 1, [&] { findRecord(workspace, "000__0000000"); });
    measure("export records.jsonl", count, [&] { exportRecords(workspace, folder / "workspace/records.jsonl"); });
    compare(workspace);
    measure("a rank's part, one of eight", count, [&] { CatalogPart(workspace, {.rank = 3, .worldSize = 8}); });
    measure("merge", count, [&] { mergeRanks(workspace); });
    std::printf("catalog %lld MB\n", static_cast<long long>(fs::file_size(workspace.catalogFile()) / 1'000'000));
    return 0;
}
