#include "app/cli/validation_report.h"

#include "app/cli/terminal.h"
#include "core/runtime/error.h"

namespace nanodit::cli {

namespace fs = std::filesystem;

fs::path reportFolder(const Workspace& workspace, const std::string& runOrFolder)
{
    std::error_code none;
    if (fs::exists(fs::path(runOrFolder) / "report.json", none))
        return runOrFolder;
    fs::path newest; // of a step, before those of raw weights and other files
    for (const auto& folder : listValidationReports(workspace)) {
        const bool ofStep = checkpointStep(folder.filename().string()).has_value();
        if (folder.parent_path().parent_path().filename() == runOrFolder &&
            (newest.empty() || ofStep || !checkpointStep(newest.filename().string())))
            newest = folder;
    }
    if (newest.empty())
        throw UsageError("\"" + runOrFolder +
                         "\" is neither the folder of a validation nor a validated run: run \"nanodit validate --run " +
                         runOrFolder + "\" first");
    return newest;
}

std::string intervalText(const std::optional<Interval>& interval, int decimals)
{
    return interval ? decimalText(interval->low, decimals) + " to " + decimalText(interval->high, decimals) : "-";
}

} // namespace nanodit::cli
