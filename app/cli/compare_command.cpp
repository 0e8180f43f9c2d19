#include "app/cli/commands.h"
#include "app/cli/output_file.h"
#include "app/cli/validation_report.h"
#include "core/config/workspace_config.h"
#include "core/front/validation.h"
#include "core/io/atomic_file.h"

namespace nanodit::cli {

namespace {

namespace fs = std::filesystem;

struct CompareArguments {
    std::vector<std::string> runs;
    fs::path page;
    CLI::Option* pageOption = nullptr;
};

/// comparisons/BEFORE-MINE.html in the workspace, so that the same comparison replaces itself.
fs::path defaultPage(const Workspace& workspace, const RunComparison& comparison)
{
    std::string name;
    for (std::size_t i = 0; i < comparison.reports.size(); ++i)
        name += (i > 0 ? "-" : "") + comparison.nameOf(i);
    for (auto& letter : name) {
        if (letter == ' ' || letter == ',' || letter == '/')
            letter = '_';
    }
    return workspace.root / "comparisons" / (name + ".html");
}

std::string textOf(const RunComparison& comparison)
{
    std::string text;
    for (std::size_t i = 0; i < comparison.differences.size(); ++i) {
        std::vector<std::vector<std::string>> rows = {
            {"task", "metric", comparison.nameOf(0), comparison.nameOf(i + 1), "difference", "95 % interval", "n", ""}};
        constexpr std::array verdicts = {"worse", "", "better"};
        for (const auto& line : comparison.differences[i]) {
            const auto& info = metricInfo(line.metric);
            rows.push_back({validationTaskNames[static_cast<std::size_t>(line.task)], info.label,
                            decimalText(line.first, info.decimals), decimalText(line.other, info.decimals),
                            decimalText(line.difference, info.decimals), intervalText(line.interval, info.decimals),
                            std::to_string(line.n), verdicts[static_cast<std::size_t>(line.verdict + 1)]});
        }
        text += table(rows) + "\n";
    }
    return text;
}

void runCompare(const CompareArguments& arguments, Options& options)
{
    const auto workspace = Workspace::open(options.workspace);
    if (arguments.pageOption->count() > 0)
        prepareOutputFile(arguments.page, ".html", "--out");
    std::vector<fs::path> folders;
    for (const auto& name : arguments.runs)
        folders.push_back(reportFolder(workspace, name));
    const auto comparison = compareRuns(folders);
    const auto page = arguments.page.empty() ? defaultPage(workspace, comparison) : arguments.page;
    writeComparison(comparison, page);
    auto json = nlohmann::json::parse(readTextFile(fs::path(page).replace_extension(".json")));
    json["page"] = page.string();
    printResult(options.output, textOf(comparison) + page.string() + "\n", json);
}

} // namespace

void registerCompare(CLI::App& app, Options& options)
{
    auto* const command =
        app.add_subcommand("compare", "Compare validated runs, picture by picture: a page and a JSON");
    const auto a = std::make_shared<CompareArguments>();
    command
        ->add_option("RUNS", a->runs,
                     "Validated runs or folders of validations; the others are compared with the first")
        ->required()
        ->expected(2, 100);
    a->pageOption =
        command->add_option("-o,--out", a->page, "The page, .html (default: in the workspace's folder comparisons)");
    command->callback([a, &options] { runCompare(*a, options); });
}

} // namespace nanodit::cli
