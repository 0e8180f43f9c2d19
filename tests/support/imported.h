#pragma once

#include "core/config/workspace_config.h"
#include "core/dataset/catalog.h"
#include "core/dataset/import_job.h"
#include "core/runtime/error.h"
#include "core/runtime/job.h"

#include <cstdint>
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

/// What is said of the first picture that was taken with a remark and whose name contains `what`; empty when there is
/// none.
inline std::string noteFor(const ImportReport& report, const std::string& what)
{
    for (const auto& note : report.notes) {
        if (note.what.find(what) != std::string::npos)
            return note.reason;
    }
    return {};
}

/// How many files of that kind the import passed by.
inline std::int64_t passedBy(const ImportReport& report, const std::string& kind)
{
    const auto found = report.passedBy.kinds().find(kind);
    return found == report.passedBy.kinds().end() ? 0 : found->second.count;
}

} // namespace nanodit::test
