/// Time and peak memory of a large data set's records, on small drawn pictures: bench_import [count] [folder]. A
/// folder that was filled before is used again; its catalog is made anew.

#include "core/config/workspace_config.h"
#include "core/dataset/catalog_part.h"
#include "core/dataset/duplicates.h"
#include "core/dataset/fingerprint_store.h"
#include "core/dataset/import_job.h"
#include "core/dataset/rank_share.h"
#include "core/dataset/records_export.h"
#include "core/preprocess/workspace_state.h"
#include "tests/bench/measured_step.h"
#include "tests/bench/small_pictures.h"

#include <cstdio>
#include <cstdlib>

using namespace nanodit;
namespace fs = std::filesystem;

namespace {

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
    const FingerprintStore fingerprints(catalog);
    for (const auto& record : catalog.records())
        candidates.push_back({.id = record.id,
                              .file = record.image.string(),
                              .imageHash = record.imageHash,
                              .fingerprint = fingerprints.find(record.id, record.imageHash),
                              .pixelCount = 1024});
    const auto count = static_cast<std::int64_t>(candidates.size());
    for (const int bits : {0, 4, 8}) { // more take very long
        std::size_t found = 0;
        bench::measure(("duplicates, " + std::to_string(bits) + " bits").c_str(), count,
                       [&] { found = findDuplicates(candidates, {.exact = true, .nearBits = bits}, {})->size(); });
        std::printf("  found %zu\n", found);
    }
}

} // namespace

int main(int argc, char** argv)
{
    const auto [count, folder, pictures] = bench::smallSet(argc, argv);
    WorkspaceConfig config;
    config.exclusions.largestEnlargement = 0;
    const auto workspace = Workspace::create(folder / "workspace", config);

    ImportReport report;
    bench::measure("import", count, [&] { report = import(workspace, pictures); });
    std::printf("  added %lld", static_cast<long long>(report.added));
    for (const auto& [rule, number] : report.excluded)
        std::printf(", %s %lld", rule.c_str(), static_cast<long long>(number));
    std::printf("\n");
    bench::measure("import again, unchanged", count, [&] { report = import(workspace, pictures); });
    std::printf("  unchanged %lld\n", static_cast<long long>(report.unchanged));
    bench::measure("list, from the catalog", count, [&] { listRecords(workspace, Look::Catalog); });
    bench::measure("list, from disk", count, [&] { listRecords(workspace, Look::Disk); });
    bench::measure("status", count, [&] { status(workspace); });
    bench::measure("find one record", 1, [&] { findRecord(workspace, "000__0000000"); });
    bench::measure("export records.jsonl", count,
                   [&] { exportRecords(workspace, folder / "workspace/records.jsonl"); });
    bench::measure("a rank's part, one of eight", count, [&] { CatalogPart(workspace, {.rank = 3, .worldSize = 8}); });
    bench::measure("merge", count, [&] { mergeRanks(workspace); });
    compare(workspace);
    std::printf("catalog %lld MB\n", static_cast<long long>(fs::file_size(workspace.catalogFile()) / 1'000'000));
    return 0;
}
