#include "app/cli/commands.h"
#include "app/cli/report_text.h"
#include "core/config/workspace_config.h"
#include "core/front/data.h"

#include <nlohmann/json.hpp>

#include <cstdio>

namespace nanodit::cli {

namespace {

/// What was met and not taken, and below it what to do about those kinds that something can be done about.
std::string passedByText(const PassedBy& passedBy)
{
    std::string kinds, advice;
    for (const auto& [kind, what] : passedBy.kinds()) {
        kinds += (kinds.empty() ? "" : ", ") + std::to_string(what.count) + " " + kind;
        if (!what.advice.empty())
            advice += "  " + kind + " (" + what.example + "): " + what.advice + "\n";
    }
    return "not imported: " + kinds + "\n" + advice;
}

void runImport(const std::filesystem::path& source, Options& options)
{
    // Importing is how people begin, so it makes the workspace where there is none.
    std::error_code ignored; // what is wrong with the path is told when the workspace is made
    const bool isNew = !std::filesystem::exists(options.workspace / "workspace.yaml", ignored);
    requireImportSource(source);
    const auto workspace = isNew ? Workspace::create(options.workspace) : Workspace::open(options.workspace);
    if (isNew && !options.output.quiet)
        std::fprintf(stderr, "created the workspace %s; set its encoders and buckets in workspace.yaml\n",
                     workspace.root.c_str());
    ImportReport report;
    const auto job =
        makeImportJob({.workspace = workspace, .source = source, .finished = [&report](const auto& r) { report = r; }});
    if (runJob(*job, options.output) == JobEnd::Cancelled)
        return;
    auto text = std::to_string(report.added) + " added, " + std::to_string(report.updated) + " updated, " +
                std::to_string(report.unchanged) + " unchanged, " + std::to_string(report.rejects.size()) +
                " left out\n" + listText(report.rejects);
    if (report.passedBy.count() > 0)
        text += passedByText(report.passedBy);
    if (!report.notes.empty())
        text += "imported, with parts left out:\n" + listText(report.notes);
    for (const auto& remark : report.remarks)
        text += remark + "\n";
    if (!report.excluded.empty())
        text += "excluded by rule: " + countsText(report.excluded) + "\n" + listText(report.newlyExcluded);
    auto passedBy = nlohmann::json::array();
    for (const auto& [kind, what] : report.passedBy.kinds())
        passedBy.push_back({{"kind", kind}, {"count", what.count}, {"example", what.example}, {"advice", what.advice}});
    printResult(options.output, text,
                {{"found", report.found()},
                 {"passed_by", passedBy},
                 {"notes", rejectsJson(report.notes)},
                 {"remarks", report.remarks},
                 {"added", report.added},
                 {"updated", report.updated},
                 {"unchanged", report.unchanged},
                 {"excluded", report.excluded},
                 {"newly_excluded", rejectsJson(report.newlyExcluded)},
                 {"rejects", rejectsJson(report.rejects)}});
}

} // namespace

void registerImport(CLI::App& app, Options& options)
{
    auto* const command = app.add_subcommand(
        "import",
        "Add a folder of pictures with captions beside them, a records.jsonl or a WebDataset tar, compressed or not");
    const auto source = std::make_shared<std::filesystem::path>();
    command->add_option("SOURCE", *source, "A folder, a records.jsonl or a tar")->required();
    command->callback([source, &options] { runImport(*source, options); });
}

} // namespace nanodit::cli
