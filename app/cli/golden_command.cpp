#include "app/cli/commands.h"
#include "app/cli/shared_options.h"
#include "app/cli/wording.h"
#include "core/front/golden.h"
#include "core/runtime/compute_info.h"
#include "core/runtime/error.h"
#include "core/runtime/number_text.h"

#include <cmath>

namespace nanodit::cli {

namespace {

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

GoldenReport reportOf(const std::filesystem::path& folder, const ComputeChoice& device)
{
    try {
        return runGolden(folder, device);
    } catch (const std::exception& error) { // one broken case must not hide the others
        return {.folder = folder, .kind = "unreadable", .lines = {{.name = "case", .note = errorText(error)}}};
    }
}

std::string textOf(const GoldenReport& report, const std::string& where)
{
    std::vector<std::vector<std::string>> rows;
    for (const auto& line : report.lines)
        rows.push_back({line.passed ? "  ok" : "  FAILED", line.name, roughText(line.largestError),
                        "<= " + roughText(line.tolerance), line.note});
    return report.folder.string() + " (" + report.kind + ", " + where + ")\n" + table(rows);
}

void runGoldens(const std::vector<std::filesystem::path>& given, Options& options)
{
    const auto compute = chosenCompute(options.device);
    if (!compute.problem.empty())
        throw UsageError(compute.problem, remedy::ChooseDevice{});
    std::vector<std::filesystem::path> folders;
    for (const auto& folder : given) {
        const auto cases = goldenCases(folder);
        folders.insert(folders.end(), cases.begin(), cases.end());
    }
    std::int64_t passed = 0, missed = 0;
    auto cases = nlohmann::json::array();
    const auto job = makeJob([&](const JobContext& context) {
        for (const auto& folder : folders) {
            if (context.shouldStop())
                return JobEnd::Cancelled;
            const auto report = reportOf(folder, options.device);
            cases.push_back(toJson(report));
            for (const auto& line : report.lines)
                (line.passed ? passed : missed) += 1;
            if (!options.output.json) { // as each is known, for they take long
                std::fputs(textOf(report, compute.text).c_str(), stdout);
                std::fflush(stdout);
            }
        }
        return JobEnd::Finished;
    });
    runJob(*job, options.output, "the cases above are done");
    printResult(options.output, std::to_string(passed) + " passed, " + std::to_string(missed) + " failed",
                {{"device", compute.text}, {"passed", passed}, {"failed", missed}, {"cases", cases}});
    if (missed > 0 || passed == 0)
        options.exitCode = exitFailed;
}

} // namespace

void registerGolden(CLI::App& app, Options& options)
{
    auto* const command = app.add_subcommand("golden", "Compare this program's results with outputs of the upstream "
                                                       "libraries, in folders with a case.json: element by "
                                                       "element on the CPU in float32, as a whole elsewhere");
    const auto folders = std::make_shared<std::vector<std::filesystem::path>>();
    command->add_option("CASE_FOLDER", *folders, "Folders with a case.json, or folders of such folders")
        ->required()
        ->check(notEmpty("a folder"));
    command->callback([folders, &options] { runGoldens(*folders, options); });
}

} // namespace nanodit::cli
