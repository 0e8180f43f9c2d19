#include "app/cli/commands.h"
#include "app/cli/output_file.h"
#include "app/cli/report_text.h"
#include "core/config/workspace_config.h"
#include "core/front/data.h"

namespace nanodit::cli {

namespace {

void runExport(const std::filesystem::path& file, Options& options)
{
    prepareOutputFile(file, ".jsonl", "FILE");
    const auto lines = exportRecords(Workspace::open(options.workspace), file);
    printResult(options.output, count(lines, "record") + " written to " + file.string() + "\n",
                {{"records", lines}, {"file", file.string()}});
}

} // namespace

void registerExport(CLI::App& app, Options& options)
{
    auto* const command =
        app.add_subcommand("export", "Write the records to a records.jsonl, which can be imported again");
    const auto file = std::make_shared<std::filesystem::path>();
    command->add_option("FILE", *file, "The file to write")->required();
    command->callback([file, &options] { runExport(*file, options); });
}

} // namespace nanodit::cli
