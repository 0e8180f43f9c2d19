#include "app/cli/commands.h"
#include "app/cli/record_text.h"
#include "app/cli/shared_options.h"
#include "core/config/workspace_config.h"
#include "core/front/data.h"
#include "core/io/utf8.h"
#include "core/runtime/error.h"

namespace nanodit::cli {

namespace {

struct Edits {
    std::vector<std::string> ids, tags;
    std::string caption, split, exclude;
    CLI::Option* captionGiven = nullptr;
    CLI::Option* splitGiven = nullptr;
    CLI::Option* tagsGiven = nullptr;
    CLI::Option* excludeGiven = nullptr;
    bool include = false;

    bool any() const { return *captionGiven || *splitGiven || *tagsGiven || *excludeGiven || include; }
};

void runEdit(const Edits& edits, Options& options)
{
    if (!edits.any())
        throw UsageError("there is nothing to change: pass --caption, --split, --tags, --exclude or --include");
    if (*edits.captionGiven && edits.ids.size() > 1)
        throw UsageError("--caption is for one record: name only one");
    if (*edits.splitGiven && edits.split.empty())
        throw UsageError("--split must be train, val or another name, or rule, but is empty");
    for (const auto& tag : edits.tags) { // before anything is changed
        if (!isUtf8(tag))
            throw UsageError("--tags is not UTF-8 text");
    }
    if (*edits.excludeGiven && edits.exclude.find_first_not_of(" \t\r\n") == std::string::npos)
        throw UsageError("--exclude needs a reason; --include includes a record again");
    if (!isUtf8(edits.exclude))
        throw UsageError("--exclude is not UTF-8 text");
    const auto workspace = Workspace::open(options.workspace);
    if (*edits.captionGiven)
        setCaption(workspace, edits.ids.front(), edits.caption);
    if (*edits.splitGiven)
        setSplit(workspace, edits.ids, edits.split == "rule" ? "" : edits.split);
    if (*edits.tagsGiven)
        setTags(workspace, edits.ids, edits.tags);
    if (*edits.excludeGiven || edits.include)
        setExcluded(workspace, edits.ids, edits.exclude);
    std::string text, otherSplit;
    auto records = nlohmann::json::array();
    for (const auto& id : edits.ids) {
        const auto record = findRecord(workspace, id);
        if (!record)
            throw DataError("the workspace " + workspace.root.string() + " has no record \"" + id + "\"");
        records.push_back(recordJson(*record));
        if (*edits.splitGiven && record->split != "train" && record->split != "val")
            otherSplit = record->split;
        text += id + "  " + record->split + "  " + (record->excluded.empty() ? arraysText(*record) : record->excluded) +
                "\n";
    }
    if (!otherSplit.empty())
        text += "packing makes a set of the name \"" + otherSplit +
                "\", and training uses it only when data.shards names it\n";
    printResult(options.output, text, {{"records", records}});
}

} // namespace

void registerEdit(CLI::App& app, Options& options)
{
    auto* const command =
        app.add_subcommand("edit", "Change caption, split or tags of records; exclude or include records");
    const auto edits = std::make_shared<Edits>();
    command->add_option("ID", edits->ids, "Records")->required();
    edits->captionGiven = command->add_option("--caption", edits->caption, "The new caption, of one record");
    edits->splitGiven =
        command->add_option("--split", edits->split, "train, val or another; rule: chosen by validation_share again");
    edits->tagsGiven = addTags(*command, edits->tags);
    edits->excludeGiven =
        command->add_option("--exclude", edits->exclude, "Exclude from passes and packing, for this reason");
    command->add_flag("--include", edits->include, "Include again")->excludes(edits->excludeGiven);
    command->callback([edits, &options] { runEdit(*edits, options); });
}

} // namespace nanodit::cli
