#include "app/cli/commands.h"
#include "app/cli/number_checks.h"
#include "app/cli/report_text.h"
#include "core/config/workspace_config.h"
#include "core/front/data.h"
#include "core/runtime/error.h"

#include <algorithm>

namespace nanodit::cli {

namespace {

struct CaptionsArguments {
    CaptionEdit edit;
    std::string where; ///< A query.
    bool dryRun = false;
    std::size_t most = 50;
};

void printChanges(const std::vector<CaptionChange>& changes, const std::string& what, Options& options)
{
    constexpr std::size_t shown = 10;
    auto text = count(static_cast<std::int64_t>(changes.size()), "caption") + " " + what + "\n";
    auto list = nlohmann::json::array();
    for (const auto& change : changes) {
        if (list.size() < shown)
            text += "  " + change.id + ": " + change.before + " -> " + change.after + "\n";
        list.push_back({{"id", change.id}, {"before", change.before}, {"after", change.after}});
    }
    if (changes.size() > shown)
        text += "  and " + std::to_string(changes.size() - shown) + " more (--json lists all)\n";
    printResult(options.output, text, {{"changes", list}});
}

void requireWork(const CaptionEdit& edit)
{
    if (!edit.replacement.empty() && edit.find.empty())
        throw UsageError("--replace needs --find with the text to replace");
    if (!edit.fromName && edit.find.empty() && edit.before.empty() && edit.after.empty())
        throw UsageError("there is nothing to change: pass --find, --before or --after with a text, or --from-name");
}

void runEdit(const CaptionsArguments& arguments, Options& options)
{
    requireWork(arguments.edit);
    const auto workspace = Workspace::open(options.workspace);
    std::vector<std::string> ids;
    if (!arguments.where.empty()) {
        const RecordQuery query(arguments.where);
        for (const auto& record : listRecords(workspace)) {
            if (query.accepts(record))
                ids.push_back(record.id);
        }
        if (ids.empty())
            return printChanges({}, "changed: no record matches " + arguments.where, options);
    }
    if (arguments.dryRun)
        return printChanges(previewCaptionEdit(workspace, ids, arguments.edit), "would change", options);
    printChanges(applyCaptionEdit(workspace, ids, arguments.edit), "changed", options);
}

void runTags(const CaptionsArguments& arguments, Options& options)
{
    std::string text;
    auto list = nlohmann::json::array();
    for (const auto& [tag, number] : captionTagCounts(Workspace::open(options.workspace))) {
        if (list.size() < arguments.most)
            text += std::to_string(number) + "  " + tag + "\n";
        list.push_back({{"tag", tag}, {"count", number}});
    }
    if (list.size() > arguments.most)
        text += "and " + std::to_string(list.size() - arguments.most) + " more (--most, or --json for all)\n";
    printResult(options.output, text, {{"tags", list}});
}

} // namespace

void registerCaptions(CLI::App& app, Options& options)
{
    auto* const command = app.add_subcommand("captions", "Change many captions at once, and count their tags");
    command->require_subcommand(1);
    const auto arguments = std::make_shared<CaptionsArguments>();

    auto* const edit = command->add_subcommand(
        "edit", "Find and replace, add text, or take captions from file names; \"captions undo\" undoes it");
    edit->add_option("--find", arguments->edit.find, "Text to replace, in exactly this spelling");
    edit->add_option("--replace", arguments->edit.replacement, "Replacement; nothing if not given");
    edit->add_option("--before", arguments->edit.before,
                     "Text to add to the start of captions that do not begin with it");
    edit->add_option("--after", arguments->edit.after, "Text to add to the end of captions that do not end with it");
    edit->add_flag("--from-name", arguments->edit.fromName,
                   "Give records without a caption the words of their picture's name");
    edit->add_option("--where", arguments->where, "Only records that match this query, as in \"nanodit records\"");
    edit->add_flag("--dry-run", arguments->dryRun, "Only show what would change");
    edit->callback([arguments, &options] { runEdit(*arguments, options); });

    auto* const undo = command->add_subcommand("undo", "Undo the last edit; run it again for the one before");
    undo->callback(
        [&options] { printChanges(undoCaptionEdit(Workspace::open(options.workspace)), "undone", options); });

    auto* const tags = command->add_subcommand("tags", "Count the comma-separated tags of all captions");
    tags->add_option("--most", arguments->most, "Show so many")->check(notNegative())->capture_default_str();
    tags->callback([arguments, &options] { runTags(*arguments, options); });
}

} // namespace nanodit::cli
