#include "app/cli/checkpoint_choice.h"
#include "app/cli/commands.h"
#include "app/cli/number_checks.h"
#include "core/config/workspace_config.h"
#include "core/front/training.h"

namespace nanodit::cli {

namespace {

struct ExportRunArguments {
    CheckpointOptions model;
    RunExport request;
    bool single = false;
};

void runExportRun(ExportRunArguments arguments, Options& options)
{
    auto& request = arguments.request;
    request.checkpoint = arguments.model.choose(Workspace::open(options.workspace));
    request.halfPrecision = !arguments.single;
    const auto bytes = exportRun(request);
    printResult(options.output,
                request.checkpoint.string() + " written to " + request.folder.string() + ": " +
                    decimalText(static_cast<double>(bytes) / 1e6, 1) + " MB of weights\n",
                {{"checkpoint", request.checkpoint.string()}, {"folder", request.folder.string()}, {"bytes", bytes}});
}

} // namespace

void registerExportRun(CLI::App& app, Options& options)
{
    auto* const command = app.add_subcommand(
        "export-run", "Export a model to share: averaged weights in half precision, to sample from and to start from");
    const auto a = std::make_shared<ExportRunArguments>();
    command->add_option("DIR", a->request.folder, "The new folder; in runs/ of a workspace it is a run")->required();
    a->model.addTo(*command);
    command->add_flag("--single", a->single, "Write the weights in single precision");
    command->add_option("--metrics-every", a->request.metricsEvery, "Keep the record of every n-th step")
        ->check(positive())
        ->capture_default_str();
    command->callback([a, &options] { runExportRun(*a, options); });
}

} // namespace nanodit::cli
