#include "app/cli/checkpoint_choice.h"
#include "app/cli/commands.h"
#include "app/cli/number_checks.h"
#include "core/front/validation.h"
#include "core/io/atomic_file.h"
#include "core/runtime/error.h"

#include <nlohmann/json.hpp>

#include <cstdio>

namespace nanodit::cli {

namespace {

namespace fs = std::filesystem;

struct ValidateArguments {
    std::string run;
    std::vector<std::string> tasks;
    std::string baseline;
    ValidateRequest request;
};

std::string number(double value, int decimals)
{
    char text[64];
    std::snprintf(text, sizeof text, "%.*f", decimals, value);
    return text;
}

/// A report's folder, or the newest report of a run.
fs::path reportFolder(const Workspace& workspace, const std::string& runOrFolder)
{
    if (fs::exists(fs::path(runOrFolder) / "report.json"))
        return runOrFolder;
    fs::path newest;
    for (const auto& folder : listValidationReports(workspace)) {
        if (folder.parent_path().parent_path().filename() == runOrFolder)
            newest = folder;
    }
    if (newest.empty())
        throw UsageError("\"" + runOrFolder +
                         "\" is neither a validation's folder nor a run that was validated: run \"nanodit validate\" "
                         "for it first");
    return newest;
}

std::string textOf(const ValidationReport& report)
{
    std::vector<std::vector<std::string>> rows = {{"task", "metric", "mean", "95 % interval", "n"}};
    for (const auto& summary : report.summaries) {
        const auto& info = metricInfo(summary.metric);
        rows.push_back({validationTaskNames[static_cast<std::size_t>(summary.task)], info.label,
                        number(summary.mean, info.decimals),
                        summary.interval ? number(summary.interval->low, info.decimals) + " to " +
                                               number(summary.interval->high, info.decimals)
                                         : "-",
                        std::to_string(summary.n)});
    }
    auto text = table(rows) + "\n";
    constexpr std::array states = {"met", "missed", "not known"};
    rows = {{"milestone", "state", "found"}};
    for (const auto& milestone : report.milestones)
        rows.push_back({milestone.name, states[static_cast<std::size_t>(milestone.state)], milestone.found});
    text += table(rows) + "\n";
    for (const auto& note : report.notes)
        text += note + "\n";
    return text + (report.folder / "report.html").string() + "\n";
}

void runValidate(ValidateArguments arguments, Options& options)
{
    auto& request = arguments.request;
    request.workspace = Workspace::open(options.workspace);
    request.device = options.device;
    if (request.checkpoint.empty())
        request.checkpoint = newestCheckpoint(request.workspace, arguments.run);
    if (!arguments.baseline.empty())
        request.baseline = reportFolder(request.workspace, arguments.baseline);
    if (!arguments.tasks.empty()) {
        request.settings.tasks.clear();
        for (const auto& name : arguments.tasks)
            request.settings.tasks.push_back(validationTaskFromName(name));
    }
    std::optional<ValidationReport> report;
    request.finished = [&report](const ValidationReport& made) { report = made; };
    if (runJob(*makeValidateJob(request), options.output) == JobEnd::Cancelled) {
        options.exitCode = 1;
        return;
    }
    printResult(options.output, textOf(*report), nlohmann::json::parse(readTextFile(report->folder / "report.json")));
}

struct CompareArguments {
    std::vector<std::string> runs;
    fs::path page;
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
                            number(line.first, info.decimals), number(line.other, info.decimals),
                            number(line.difference, info.decimals),
                            line.interval ? number(line.interval->low, info.decimals) + " to " +
                                                number(line.interval->high, info.decimals)
                                          : "-",
                            std::to_string(line.n), verdicts[static_cast<std::size_t>(line.verdict + 1)]});
        }
        text += table(rows) + "\n";
    }
    return text;
}

void runCompare(const CompareArguments& arguments, Options& options)
{
    const auto workspace = Workspace::open(options.workspace);
    std::vector<fs::path> folders;
    for (const auto& name : arguments.runs)
        folders.push_back(reportFolder(workspace, name));
    const auto comparison = compareRuns(folders);
    const auto page = arguments.page.empty() ? defaultPage(workspace, comparison) : arguments.page;
    if (page.extension() != ".html")
        throw UsageError("--out is \"" + page.string() +
                         "\", but must be a page that ends in .html; its numbers go beside it as .json");
    writeComparison(comparison, page);
    auto json = nlohmann::json::parse(readTextFile(fs::path(page).replace_extension(".json")));
    json["page"] = page.string();
    printResult(options.output, textOf(comparison) + page.string() + "\n", json);
}

} // namespace

void addValidateCommands(CLI::App& app, Options& options)
{
    auto* const validate = app.add_subcommand("validate", "Measure a model on the validation split: a page and a JSON");
    const auto a = std::make_shared<ValidateArguments>();
    auto& settings = a->request.settings;
    auto* const checkpoint =
        validate->add_option("--checkpoint", a->request.checkpoint, "A checkpoint folder (default: the newest)");
    validate->add_option("-r,--run", a->run, "Use this run's newest checkpoint")->excludes(checkpoint);
    validate->add_option("--tasks", a->tasks, "reconstruction, dino_swap, text_only, text_manipulation (default: all)")
        ->delimiter(',');
    validate->add_option("--records", settings.records, "Validation records to paint")
        ->check(positive())
        ->capture_default_str();
    validate->add_option("--steps", settings.steps, "Sampler steps")->check(CLI::Range(1, 1000))->capture_default_str();
    validate->add_option("--shift", settings.shift, "Timestep shift")
        ->check(CLI::Range(0.05, 20.0))
        ->capture_default_str();
    validate->add_option("--text-scale", settings.textScale, "Guidance scale for text")
        ->check(CLI::Range(0.0, 50.0))
        ->capture_default_str();
    validate->add_option("--dino-scale", settings.dinoScale, "Guidance scale for DINO")
        ->check(CLI::Range(0.0, 50.0))
        ->capture_default_str();
    validate->add_option("--seed", settings.seed, "Of the first record's noise")->capture_default_str();
    validate->add_option("--baseline", a->baseline, "A validated run, or a validation's folder, to judge against");
    validate->add_option("--lpips", a->request.lpips, "Folder with LPIPS weights (default: the workspace's)");
    validate->add_option("--lpips-net", a->request.lpipsNet, "alex, vgg or squeeze")
        ->check(CLI::IsMember({"alex", "vgg", "squeeze"}))
        ->capture_default_str();
    validate->add_option("-o,--out", a->request.folder, "The report's folder (default: validation/STEP in the run's)");
    validate->add_flag("--overwrite", a->request.overwrite, "Replace a validation with other settings");
    validate->callback([a, &options] { runValidate(*a, options); });

    auto* const compare =
        app.add_subcommand("compare", "Compare validated runs, picture by picture: a page and a JSON");
    const auto c = std::make_shared<CompareArguments>();
    compare
        ->add_option("RUNS", c->runs,
                     "Validated runs or validations' folders; the first is what others are held against")
        ->required()
        ->expected(2, 100);
    compare->add_option("-o,--out", c->page, "The page, .html (default: below the workspace's comparisons)");
    compare->callback([c, &options] { runCompare(*c, options); });
}

} // namespace nanodit::cli
