#pragma once

#include "core/config/workspace_config.h"
#include "core/dataset/catalog.h"
#include "core/dataset/import_job.h"
#include "core/runtime/error.h"
#include "core/runtime/job.h"

#include <filesystem>
#include <string>

namespace nanodit::test {

/// Imports pictures of `source` and gives the report.
inline ImportReport importInto(const Workspace& workspace, const std::filesystem::path& source,
                               const JobContext& context = {})
{
    ImportReport report;
    makeImportJob({.workspace = workspace, .source = source, .finished = [&](const auto& r) { report = r; }})
        ->run(context);
    return report;
}

/// The record as the catalog has it now; throws when there is none.
inline Record recordIn(const Workspace& workspace, const std::string& id)
{
    const auto found = Catalog::open(workspace).find(id);
    if (!found)
        throw DataError("there is no record " + id);
    return *found;
}

/// Why the first reject was rejected whose name contains `what`; empty when there is none.
inline std::string reasonFor(const ImportReport& report, const std::string& what)
{
    for (const auto& reject : report.rejects) {
        if (reject.what.find(what) != std::string::npos)
            return reject.reason;
    }
    return {};
}

} // namespace nanodit::test
