#include "app/cli/caption_command.h"
#include "app/cli/commands.h"
#include "app/cli/rank_options.h"
#include "app/cli/wording.h"
#include "core/config/field.h"
#include "core/runtime/compute_info.h"
#include "core/runtime/torch_version.h"
#include "core/runtime/waiting_threads.h"

#include <nlohmann/json.hpp>

#include <cstdio>
#include <string>
#include <vector>

namespace {

constexpr int failed = 1, badUsage = 2;

void printError(const nanodit::cli::Options& options, const char* what)
{
    std::fprintf(stderr, "nanodit: %s\n", what);
    if (options.output.json)
        nanodit::cli::printResult(options.output, "", nlohmann::json{{"error", what}});
}

/// Of commands within each other, what was typed of them: "nanodit demo create".
std::string commandLineOf(const CLI::App& app)
{
    const auto inner = app.get_subcommands();
    return app.get_name() + (inner.empty() ? "" : " " + commandLineOf(*inner.front()));
}

/// The first word that is neither an option nor known, where a command was expected; CLI11 only says that one is
/// missing.
std::string wrongWord(const CLI::App& app)
{
    const auto* innermost = &app;
    while (!innermost->get_subcommands().empty())
        innermost = innermost->get_subcommands().front();
    const auto words = app.remaining(true);
    if (words.empty() || innermost->get_require_subcommand_min() == 0)
        return {};
    if (words.front().starts_with('-'))
        return "there is no option " + words.front();
    std::vector<std::string> known;
    for (const auto* const command : innermost->get_subcommands([](const CLI::App*) { return true; }))
        known.push_back(command->get_name());
    const auto near = nanodit::nearestName(words.front(), known);
    return "there is no command \"" + words.front() + "\"" + (near.empty() ? "" : " (did you mean \"" + near + "\"?)");
}

/// What is wrong with the words that were typed, as one sentence.
std::string usageText(const CLI::App& app, const CLI::ParseError& error)
{
    auto text = wrongWord(app);
    if (text.empty())
        text = error.what();
    return text + "; \"" + commandLineOf(app) + " --help\" tells what there is";
}

int run(int argc, char** argv, nanodit::cli::Options& options)
{
    using namespace nanodit;
    CLI::App app("NanoDiT Workbench: train and understand small text-to-image diffusion transformers", "nanodit");
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
        requireBuiltTorch();
        setUpCompute(options.device);
        const auto warning = computeInfo().warning;
        if (!warning.empty() && !options.output.quiet)
            std::fprintf(stderr, "warning: %s\n", warning.c_str());
    });
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success)) // help or version was asked for
            return app.exit(error);
        printError(options, usageText(app, error).c_str());
        return badUsage;
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
        printError(options, nanodit::cli::errorText(error).c_str());
        return badUsage;
    } catch (const nanodit::DataError& error) {
        printError(options, nanodit::cli::errorText(error).c_str());
        return badUsage;
    } catch (const std::exception& error) {
        printError(options, nanodit::cli::errorText(error).c_str());
        return failed;
    }
}
