#include "app/cli/commands.h"
#include "app/cli/compute_options.h"
#include "app/cli/interrupts.h"
#include "app/cli/shared_options.h"
#include "app/cli/usage_text.h"
#include "app/cli/wording.h"
#include "core/runtime/error.h"
#include "core/runtime/failure.h"
#include "core/runtime/standard_streams.h"
#include "core/runtime/waiting_threads.h"

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace nanodit;
using namespace nanodit::cli;

/// Whether a word excludes records, as "-split:val" does.
bool isExclusion(std::string_view word)
{
    const auto key = word.substr(0, word.find(':'));
    return key.size() < word.size() && key.size() > 1 && key.front() == '-' &&
           key.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_", 1) == std::string_view::npos;
}

/// The command: the first word that is neither an option nor the value of one that every command has.
std::string_view commandOf(const std::vector<std::string>& words)
{
    static constexpr std::array<std::string_view, 5> withValue = {"-w", "--workspace", "--device", "--precision",
                                                                  "--threads"};
    for (std::size_t i = 1; i < words.size(); ++i) {
        if (!words[i].starts_with('-') && std::ranges::count(withValue, std::string_view(words[i - 1])) == 0)
            return words[i];
    }
    return {};
}

/// The command line, with a blank before the exclusions of "nanodit records": CLI11 would take them for options.
std::vector<std::string> commandLine(int argc, char** argv)
{
    std::vector<std::string> words(argv, argv + argc);
    if (commandOf(words) == "records") {
        for (auto& word : words)
            word.insert(0, isExclusion(word) ? " " : "");
    }
    return words;
}

/// Help without the earlier spellings of options, of which CLI11 leaves a gap among what an option excludes.
class HelpFormatter : public CLI::Formatter {
public:
    std::string make_option_opts(const CLI::Option* option) const override
    {
        auto text = CLI::Formatter::make_option_opts(option);
        for (auto gap = text.find("  "); gap != std::string::npos; gap = text.find("  "))
            text.erase(gap, 1);
        if (text.ends_with(' '))
            text.pop_back();
        constexpr std::string_view ofNothing = " Excludes:";
        if (text.ends_with(ofNothing))
            text.erase(text.size() - ofNothing.size());
        return text;
    }
};

void parseAndRun(int argc, char** argv, Options& options)
{
    const auto words = commandLine(argc, argv);
    std::vector<const char*> arguments;
    for (const auto& word : words)
        arguments.push_back(word.c_str());
    CLI::App app("NanoDiT Workbench: train and understand small text-to-image diffusion transformers", "nanodit");
    app.formatter(std::make_shared<HelpFormatter>()); // before the commands, which take it over
    app.require_subcommand(1);
    app.fallthrough();
    app.set_version_flag("--version", "nanodit " NANODIT_VERSION);
    app.add_option("-w,--workspace", options.workspace, "The workspace's folder")
        ->check(notEmpty("a folder"))
        ->capture_default_str();
    addComputeOptions(app, options);
    app.add_flag("--json", options.output.json, "Print the result as one JSON object");
    app.add_flag("-q,--quiet", options.output.quiet, "No progress and no notes");
    for (auto* const add : registerCommands)
        add(app, options);
    try {
        app.parse(static_cast<int>(arguments.size()), arguments.data()); // runs the command
    } catch (const CLI::ParseError& error) {
        if (error.get_exit_code() != static_cast<int>(CLI::ExitCodes::Success))
            throw UsageError(usageText(app, error));
        app.exit(error); // prints the help or the version
        options.output.json = false;
    }
}

/// For programs that read the JSON.
const char* kindOf(const std::exception& error)
{
    if (dynamic_cast<const ConfigError*>(&error) != nullptr)
        return "config";
    if (dynamic_cast<const UsageError*>(&error) != nullptr)
        return "usage";
    if (dynamic_cast<const DataError*>(&error) != nullptr)
        return "data";
    if (dynamic_cast<const StoreError*>(&error) != nullptr)
        return "store";
    return dynamic_cast<const Error*>(&error) != nullptr ? "failed" : "unexpected";
}

bool isBadInput(const std::exception& error)
{
    return dynamic_cast<const UsageError*>(&error) != nullptr || dynamic_cast<const DataError*>(&error) != nullptr;
}

/// Says what went wrong, and gives the exit code.
int report(const std::exception& error, nlohmann::json& object)
{
    auto failure = failureOf(error);
    if (const auto* const ours = dynamic_cast<const Error*>(&error))
        failure.message = noticeText(failure.message, ours->remedy());
    std::fprintf(stderr, "nanodit: %s\n", withoutControls(failure.message).c_str());
    object["error"] = {{"kind", kindOf(error)}, {"message", failure.message}};
    if (!failure.detail.empty()) {
        std::fprintf(stderr, "detail: %s\n", withoutControls(failure.detail).c_str());
        object["error"]["detail"] = failure.detail;
    }
    return isBadInput(error) ? exitBadUsage : exitFailed;
}

/// Runs the program; `object` is what --json prints. Gives the exit code.
int run(int argc, char** argv, Options& options, nlohmann::json& object)
{
    auto& output = options.output;
    int code = exitDone;
    try {
        parseAndRun(argc, argv, options);
        object = output.result.value_or(nlohmann::json::object());
        code = options.exitCode;
    } catch (const std::exception& error) {
        object = output.result.value_or(nlohmann::json::object());
        code = report(error, object);
    }
    if (output.cancelled) {
        object["cancelled"] = true;
        code = exitCancelled;
    }
    return code;
}

} // namespace

int main(int argc, char** argv)
{
    letWaitingThreadsSleep(argv);
    holdStandardStreams();
    std::signal(SIGXFSZ, SIG_IGN); // a file that may not grow (ulimit -f) is an error of the write, not the end
    Options options;
    // Also a command line that cannot be read gets its answer as JSON.
    auto** const words = std::find(argv + 1, argv + argc, std::string_view("--"));
    options.output.json = std::find(argv + 1, words, std::string_view("--json")) != words;
    Interrupts interrupts([json = options.output.json] {
        if (!json || printOnce({{"cancelled", true}}))
            std::_Exit(exitCancelled);
    });
    options.output.interrupts = &interrupts;
    auto object = nlohmann::json::object();
    const int code = run(argc, argv, options, object);
    if (options.output.json)
        printOnce(object);
    if (!std::cout.flush()) {
        std::fprintf(stderr, "nanodit: the result could not be written to the standard output\n");
        return exitFailed;
    }
    return code;
}
