#include "core/dataset/records_export.h"

#include "core/dataset/catalog.h"
#include "core/geometry/bucket.h"
#include "core/io/atomic_file.h"
#include "core/io/json_fault.h"

#include <nlohmann/json.hpp>

namespace nanodit {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

std::int64_t exportRecords(const Workspace& workspace, const fs::path& file)
{
    const auto folder = fs::absolute(file).lexically_normal().parent_path();
    const auto inside = [&](const fs::path& path) {
        const auto relative = path.lexically_relative(workspace.root);
        return !relative.empty() && *relative.begin() != "..";
    };
    const auto records = Catalog::open(workspace).records();
    AtomicFile target(file);
    for (const auto& record : records) {
        const bool portable = inside(record.image) && (inside(folder) || folder == workspace.root);
        ordered_json line{
            {"id", record.id},
            {"image", (portable ? record.image.lexically_relative(folder) : record.image).generic_string()},
            {"caption", record.caption},
            {"aspect_bucket", bucketName(record.bucket)},
            {"split", record.split}};
        if (!record.tags.empty())
            line["tags"] = record.tags;
        if (record.exclusionEdited) // what the rules say, they say again
            line["excluded"] = record.excluded;
        const auto extra = valueOfJson<nlohmann::json>(record.extra, "what else the catalog has of " + record.id);
        for (const auto& [key, value] : extra.items()) {
            if (!line.contains(key) && key != "excluded") // another program's; importing it would exclude the record
                line[key] = value;
        }
        target.write(line.dump() + "\n");
    }
    target.commit();
    return static_cast<std::int64_t>(records.size());
}

} // namespace nanodit
