#include "app/cli/caption_command.h"
#include "app/cli/commands.h"
#include "app/cli/rank_options.h"
#include "core/runtime/waiting_threads.h"

#include <nlohmann/json.hpp>

#include <cstdio>

namespace {

constexpr int failed = 1, badUsage = 2;

void printError(const nanodit::cli::Options& options, const char* what)
{
    std::fprintf(stderr, "nanodit: %s\n", what);
    if (options.output.json)
        nanodit::cli::printResult(options.output, "", nlohmann::json{{"error", what}});
}

int run(int argc, char** argv, nanodit::cli::Options& options)
{
    using namespace nanodit;
    CLI::App app("NanoDiT Workbench: train and understand small text-to-image diffusion transformers");
    app.require_subcommand(1);
    app.fallthrough();
    app.set_version_flag("--version", NANODIT_VERSION);
    app.add_option("-w,--workspace", options.workspace, "The workspace's folder")->capture_default_str();
    app.add_option("--device", options.device.device, "cpu, cuda or cuda:N")->capture_default_str();
    app.add_option("--threads", options.device.threads, "Compute threads; 0: as many as cores")->capture_default_str();
    app.add_flag("--json", options.output.json, "Print the result as JSON");
    app.add_flag("-q,--quiet", options.output.quiet, "No progress and no notes");
    cli::addDataCommands(app, options);
    cli::addRecordCommands(app, options);
    cli::addMergeCommand(app, options);
    cli::addCaptionCommand(app, options);
    cli::addTrainCommand(app, options);
    cli::addSampleCommand(app, options);
    cli::addValidateCommands(app, options);
    cli::addExperimentCommand(app, options);
    cli::addRunsCommand(app, options);
    cli::addDemoCommand(app, options);
    cli::addAttentionCommand(app, options);
    cli::addGoldenCommand(app, options);
    app.parse_complete_callback([&options] {
        setUpCompute(options.device);
        const auto warning = computeInfo().warning;
        if (!warning.empty() && !options.output.quiet)
            std::fprintf(stderr, "warning: %s\n", warning.c_str());
    });
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : badUsage;
    }
    return options.exitCode;
}

} // namespace

int main(int argc, char** argv)
{
    nanodit::letWaitingThreadsSleep(argv);
    nanodit::cli::Options options;
    try {
        return run(argc, argv, options);
    } catch (const nanodit::UsageError& error) {
        printError(options, error.what());
        return badUsage;
    } catch (const nanodit::DataError& error) {
        printError(options, error.what());
        return badUsage;
    } catch (const std::exception& error) {
        printError(options, error.what());
        return failed;
    }
}
