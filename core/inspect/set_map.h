#pragma once

/// A map of a data set: records whose pictures are alike lie near each other. Part of the front: free of torch types.

#include "core/config/workspace_config.h"
#include "core/runtime/job.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace nanodit {

/// A record's place on the map, in the unit square.
struct SetMapPoint {
    std::string id;
    float x = 0, y = 0;
};

struct SetMap {
    std::vector<SetMapPoint> points; ///< Of the records whose CLS token is there, by id.
    std::int64_t without = 0;        ///< Records without one.
};

struct SetMapRequest {
    Workspace workspace;
    std::function<void(const SetMap&)> finished = [](const auto&) {};
};
/// Lays the stored CLS tokens out in two dimensions by their nearest neighbours (UMAP, McInnes, Healy and Melville
/// 2018): begun at their principal components, deterministic. The map is kept in the workspace's cache/set_map.json and
/// given again until a token is another. Throws DataError when no record has a CLS token.
std::unique_ptr<Job> makeSetMapJob(SetMapRequest request);

/// The layout alone: `rows` of `width` numbers each. [rows, 2] in the unit square; empty when `context` said stop.
std::vector<float> layOut(const std::vector<float>& values, std::int64_t width, const JobContext& context = {});

} // namespace nanodit
