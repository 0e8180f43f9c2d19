#pragma once

#include "core/config/workspace_config.h"
#include "core/io/image.h"
#include "core/validate/plan.h"

#include <functional>
#include <map>
#include <string>

namespace nanodit {

/// Measures a painted picture against what is known of its records beyond their originals: what stands where. Adds
/// layout_error, region_error, not_found, things_right, place_error_other, place_error_own and obeyed (see metricInfo),
/// each where the truth says something of it, and nothing for records without a known truth. The suite knows no truth
/// itself; empty: none.
using TruthMeasure = std::function<void(const Workspace& workspace, const PlannedPicture& planned, const Image& painted,
                                        std::map<std::string, double>& values)>;

/// What a workspace knows of its records' pictures; each may be empty.
struct KnownTruth {
    TruthMeasure measure;
    std::function<std::optional<RegionChange>(const Workspace& workspace, const RecordInfo& record, std::size_t number)>
        regionChange; ///< See RegionChanges.
};

} // namespace nanodit
