#include "app/cli/commands.h"
#include "app/cli/report_text.h"
#include "app/cli/shared_options.h"
#include "core/config/workspace_config.h"
#include "core/front/data.h"

namespace nanodit::cli {

namespace {

struct Places {
    std::filesystem::path from, to;
};

void runRelocate(const Places& places, Options& options)
{
    RelocateReport report;
    const auto job = makeRelocateJob({.workspace = Workspace::open(options.workspace),
                                      .from = places.from,
                                      .to = places.to,
                                      .finished = [&report](const auto& r) { report = r; }});
    if (runJob(*job, options.output) == JobEnd::Cancelled)
        return;
    const auto text = count(report.moved, "record") + " relocated, " + std::to_string(report.left.size()) +
                      " left as they are, " + std::to_string(report.elsewhere) + " elsewhere\n" + listText(report.left);
    printResult(options.output, text,
                {{"moved", report.moved}, {"elsewhere", report.elsewhere}, {"left", rejectsJson(report.left)}});
    if (!report.left.empty())
        options.exitCode = exitFailed;
}

} // namespace

void registerRelocate(CLI::App& app, Options& options)
{
    auto* const command = app.add_subcommand(
        "relocate", "Point the records to the new place of a folder of pictures; ids, edits and arrays stay");
    const auto places = std::make_shared<Places>();
    command->add_option("OLD", places->from, "Where it was")->required()->check(notEmpty("a folder"));
    command->add_option("NEW", places->to, "Where it is now")->required()->check(notEmpty("a folder"));
    command->callback([places, &options] { runRelocate(*places, options); });
}

} // namespace nanodit::cli
