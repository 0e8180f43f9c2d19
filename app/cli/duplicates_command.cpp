#include "app/cli/commands.h"
#include "app/cli/number_checks.h"
#include "app/cli/report_text.h"
#include "core/config/workspace_config.h"
#include "core/front/curation.h"

#include <algorithm>
#include <memory>

namespace nanodit::cli {

namespace {

struct DuplicatesArguments {
    double cosine = usualDuplicateCosine;
    bool exclude = false;
    std::size_t most = 50;
};

std::string sentenceOn(const DuplicatesReport& report)
{
    auto text = count(static_cast<std::int64_t>(report.pairs.size()), "duplicate") + " among " +
                count(report.compared, "record") + "\n";
    if (report.cosine <= 1 && report.withoutCls > 0)
        text += count(report.withoutCls, "record") +
                " could not be compared by CLS: \"nanodit preprocess\" makes the tokens, dinov3\n";
    return text;
}

void runDuplicates(const DuplicatesArguments& arguments, Options& options)
{
    const auto workspace = Workspace::open(options.workspace);
    DuplicatesReport report;
    const auto job =
        makeDuplicatesJob({.workspace = workspace, .cosine = arguments.cosine, .finished = [&report](const auto& made) {
                               report = made;
                           }});
    if (runJob(*job, options.output, "") == JobEnd::Cancelled)
        return;
    std::vector<std::vector<std::string>> rows = {{"record", "duplicate of", "found by", "excluded"}};
    auto list = nlohmann::json::array();
    for (const auto& pair : report.pairs) {
        if (list.size() < arguments.most)
            rows.push_back({pair.id, pair.of, foundBy(pair), pair.excluded.empty() ? "no" : "yes"});
        nlohmann::json one = {
            {"id", pair.id}, {"of", pair.of}, {"measure", measureName(pair.measure)}, {"excluded", pair.excluded}};
        if (pair.measure == DuplicatePair::Measure::Hash)
            one["bits"] = pair.bits;
        if (pair.measure == DuplicatePair::Measure::Cls)
            one["cosine"] = pair.cosine;
        list.push_back(std::move(one));
    }
    auto text = sentenceOn(report);
    if (!report.pairs.empty())
        text += table(rows);
    if (report.pairs.size() > arguments.most)
        text += "and " + std::to_string(report.pairs.size() - arguments.most) + " more (--most, or --json for all)\n";
    nlohmann::json result = {{"duplicates", list}, {"compared", report.compared}, {"without_cls", report.withoutCls}};
    const auto taking = std::ranges::count_if(report.pairs, [](const auto& pair) { return pair.excluded.empty(); });
    if (arguments.exclude) {
        const auto excluded = excludeDuplicates(workspace, report.pairs);
        text += count(excluded, "record") + " excluded; \"nanodit edit ID --include\" includes one again\n";
        result["newly_excluded"] = excluded;
    } else if (taking > 0) {
        text += count(taking, "record") + " of them are still included; --exclude excludes them\n";
    }
    printResult(options.output, text, result);
}

} // namespace

void registerDuplicates(CLI::App& app, Options& options)
{
    auto* const command = app.add_subcommand(
        "duplicates", "List duplicate pictures and what found each: bytes, pixels, hash or CLS tokens");
    const auto arguments = std::make_shared<DuplicatesArguments>();
    command
        ->add_option("--cosine", arguments->cosine,
                     "Lowest cosine of CLS tokens that makes two pictures duplicates; 2: do not compare CLS tokens")
        ->check(number(0.5, 2))
        ->capture_default_str();
    command->add_flag("--exclude", arguments->exclude, "Exclude the duplicates that are still included, for good");
    command->add_option("--most", arguments->most, "Show so many")->check(notNegative())->capture_default_str();
    command->callback([arguments, &options] { runDuplicates(*arguments, options); });
}

} // namespace nanodit::cli
