#include "app/cli/commands.h"
#include "app/cli/wording.h"
#include "core/front/golden.h"
#include "core/runtime/error.h"

#include <nlohmann/json.hpp>

#include <cmath>
#include <cstdio>

namespace nanodit::cli {

namespace {

std::string number(double value)
{
    char text[32];
    std::snprintf(text, sizeof text, "%.2g", value);
    return text;
}

nlohmann::json toJson(const GoldenReport& report)
{
    auto lines = nlohmann::json::array();
    for (const auto& line : report.lines)
        lines.push_back(
            {{"name", line.name},
             {"largest_error", std::isfinite(line.largestError) ? nlohmann::json(line.largestError) : nlohmann::json()},
             {"tolerance", line.tolerance},
             {"passed", line.passed},
             {"note", line.note}});
    return {{"case", report.folder.string()}, {"kind", report.kind}, {"passed", report.passed()}, {"outputs", lines}};
}

void runGoldens(const std::vector<std::filesystem::path>& given, Options& options)
{
    std::vector<std::filesystem::path> folders;
    for (const auto& folder : given) {
        const auto cases = goldenCases(folder);
        folders.insert(folders.end(), cases.begin(), cases.end());
    }
    std::int64_t passed = 0, missed = 0;
    auto cases = nlohmann::json::array();
    for (const auto& folder : folders) {
        GoldenReport report;
        try {
            report = runGolden(folder);
        } catch (const Error& error) { // one broken case must not hide the others
            report = {.folder = folder, .kind = "unreadable", .lines = {{.name = "case", .note = errorText(error)}}};
        }
        cases.push_back(toJson(report));
        std::vector<std::vector<std::string>> rows;
        for (const auto& line : report.lines) {
            (line.passed ? passed : missed) += 1;
            rows.push_back({line.passed ? "  ok" : "  FAILED", line.name, number(line.largestError),
                            "<= " + number(line.tolerance), line.note});
        }
        if (!options.output.json) {
            std::printf("%s (%s)\n%s", folder.c_str(), report.kind.c_str(), table(rows).c_str());
            std::fflush(stdout);
        }
    }
    const auto summary = std::to_string(passed) + " passed, " + std::to_string(missed) + " failed";
    printResult(options.output, summary, {{"passed", passed}, {"failed", missed}, {"cases", cases}});
    if (missed > 0 || passed == 0)
        options.exitCode = 1;
}

} // namespace

void addGoldenCommand(CLI::App& app, Options& options)
{
    auto* const command = app.add_subcommand(
        "golden", "Compare our code with outputs of the upstream libraries: any folder with a case.json");
    const auto folders = std::make_shared<std::vector<std::filesystem::path>>();
    command->add_option("CASE_FOLDER", *folders, "Folders that hold a case.json, or whose folders do")->required();
    command->callback([folders, &options] { runGoldens(*folders, options); });
}

} // namespace nanodit::cli
