#include "app/cli/caption_command.h"

#include "core/config/workspace_config.h"
#include "core/front/data.h"
#include "core/runtime/job.h"

#include <nlohmann/json.hpp>

namespace nanodit::cli {

namespace {

void runCaption(const std::vector<std::string>& ids, bool overwrite, Options& options)
{
    CaptionReport report;
    const auto end = runJob(*makeCaptionJob({.workspace = Workspace::open(options.workspace),
                                             .ids = ids,
                                             .overwrite = overwrite,
                                             .finished = [&report](const auto& r) { report = r; }}),
                            options.output);
    auto text = std::to_string(report.made) + " captions written, " + std::to_string(report.same) + " the same, " +
                std::to_string(report.had) + " there already, " + std::to_string(report.failures.size()) + " failed" +
                (end == JobEnd::Cancelled ? "; stopped, run it again to go on\n" : "\n");
    auto failures = nlohmann::json::array();
    for (const auto& [id, reason] : report.failures) {
        text += "  " + id + ": " + reason + "\n";
        failures.push_back({{"what", id}, {"reason", reason}});
    }
    printResult(options.output, text,
                {{"made", report.made},
                 {"same", report.same},
                 {"had", report.had},
                 {"failures", failures},
                 {"stopped", end == JobEnd::Cancelled}});
    if (!report.failures.empty() || end == JobEnd::Cancelled)
        options.exitCode = 1;
}

} // namespace

void addCaptionCommand(CLI::App& app, Options& options)
{
    auto* const caption =
        app.add_subcommand("caption", "Let caption_command of workspace.yaml write the captions that are missing");
    const auto ids = std::make_shared<std::vector<std::string>>();
    const auto overwrite = std::make_shared<bool>(false);
    caption->add_option("ID", *ids, "Only these records, whatever caption they have");
    caption->add_flag("--overwrite", *overwrite, "Also where there is a caption that this command has not written");
    caption->callback([ids, overwrite, &options] { runCaption(*ids, *overwrite, options); });
}

} // namespace nanodit::cli
