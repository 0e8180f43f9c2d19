#include "app/cli/commands.h"
#include "app/cli/report_text.h"
#include "core/config/workspace_config.h"
#include "core/front/data.h"

namespace nanodit::cli {

namespace {

void runCaption(const std::vector<std::string>& ids, bool overwrite, Options& options)
{
    CaptionReport report;
    runJob(*makeCaptionJob({.workspace = Workspace::open(options.workspace),
                            .ids = ids,
                            .overwrite = overwrite,
                            .finished = [&report](const auto& r) { report = r; }}),
           options.output);
    auto text = count(report.made, "caption") + " written, " + std::to_string(report.same) + " unchanged, " +
                std::to_string(report.had) + " already present, " + std::to_string(report.failures.size()) +
                " failed\n" + listText(report.failures);
    printResult(options.output, text,
                {{"made", report.made},
                 {"same", report.same},
                 {"had", report.had},
                 {"failures", rejectsJson(report.failures)}});
    if (!report.failures.empty())
        options.exitCode = exitFailed;
}

} // namespace

void registerCaption(CLI::App& app, Options& options)
{
    auto* const command =
        app.add_subcommand("caption", "Run caption_command of workspace.yaml for the records without a caption");
    const auto ids = std::make_shared<std::vector<std::string>>();
    const auto overwrite = std::make_shared<bool>(false);
    command->add_option("ID", *ids, "Only these records, whether they have a caption or not");
    command->add_flag("--overwrite", *overwrite, "Also replace captions that this command has not written");
    command->callback([ids, overwrite, &options] { runCaption(*ids, *overwrite, options); });
}

} // namespace nanodit::cli
