#include "app/cli/commands.h"
#include "app/cli/wording.h"
#include "core/front/data.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace nanodit::cli {

namespace {

using nlohmann::json;

std::string joined(const std::vector<std::string>& parts, const char* between = ", ")
{
    std::string text;
    for (const auto& part : parts)
        text += (text.empty() ? "" : between) + part;
    return text;
}

/// "t5 stale (the caption), vae missing"; empty when everything is whole.
std::string arraysText(const RecordInfo& record)
{
    std::vector<std::string> parts;
    for (std::size_t i = 0; i < record.arrays.size(); ++i) {
        if (record.arrays[i] == ArrayState::Whole)
            continue;
        std::vector<std::string> changes;
        for (const auto& change : record.changes[i])
            changes.push_back(inWords(change));
        parts.push_back(std::string(arrayFolderNames[i]) + " " +
                        stateNames[static_cast<std::size_t>(record.arrays[i])] +
                        (changes.empty() ? "" : " (" + joined(changes) + ")"));
    }
    return joined(parts);
}

json toJson(const RecordInfo& record)
{
    auto arrays = json::object();
    for (std::size_t i = 0; i < record.arrays.size(); ++i) {
        auto changes = json::array();
        for (const auto& change : record.changes[i])
            changes.push_back(inWords(change));
        arrays[arrayFolderNames[i]] = {{"state", stateNames[static_cast<std::size_t>(record.arrays[i])]},
                                       {"changed", changes},
                                       {"adopted", record.adopted[i]}};
    }
    return {{"id", record.id},
            {"image", record.image.string()},
            {"caption", record.caption},
            {"split", record.split},
            {"original", bucketName(record.original)},
            {"bucket", bucketName(record.bucket)},
            {"tags", record.tags},
            {"excluded", record.excluded},
            {"excluded_by_rule", record.excludedByRule},
            {"problem", noticeText(record.problem, record.remedy)},
            {"arrays", arrays}};
}

/// The options as words of a query.
struct Filter {
    std::string state, tag, split, text;
    std::string reason; ///< No word: a part of why a record is excluded.
    std::vector<std::string> words;

    RecordQuery query() const
    {
        std::string all = joined(words, " ");
        const auto add = [&all](const std::string& term) { all += " " + term; };
        if (!state.empty())
            add(state == "excluded" ? "is:excluded" : termText("state", state));
        if (!tag.empty())
            add(termText("tag", tag));
        if (!split.empty())
            add(termText("split", split));
        if (!text.empty())
            add('"' + text + '"');
        return RecordQuery(all);
    }
};

void runRecords(const Filter& filter, Options& options)
{
    std::string text;
    auto records = json::array();
    const auto query = filter.query();
    for (const auto& record : listRecords(Workspace::open(options.workspace))) {
        if (!query.accepts(record) || record.excluded.find(filter.reason) == std::string::npos)
            continue;
        if (options.output.json) {
            records.push_back(toJson(record));
            continue;
        }
        text += record.id + "  " + record.split + " " + bucketName(record.bucket);
        if (!record.tags.empty())
            text += "  [" + joined(record.tags) + "]";
        if (!record.excluded.empty())
            text += "  excluded: " + record.excluded;
        else if (const auto arrays = arraysText(record); !arrays.empty())
            text += "  " + arrays;
        text += "\n";
    }
    printResult(options.output, text, {{"records", records}});
}

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
    const auto workspace = Workspace::open(options.workspace);
    if (!edits.any())
        throw UsageError("there is nothing to change: pass --caption, --split, --tags, --exclude or --include");
    if (*edits.captionGiven && edits.ids.size() > 1)
        throw UsageError("--caption is for one record: name only one");
    if (*edits.captionGiven)
        setCaption(workspace, edits.ids.front(), edits.caption);
    if (*edits.splitGiven)
        setSplit(workspace, edits.ids, edits.split == "rule" ? "" : edits.split);
    if (*edits.tagsGiven)
        setTags(workspace, edits.ids, edits.tags);
    if (*edits.excludeGiven || edits.include)
        setExcluded(workspace, edits.ids, edits.exclude);
    std::string text;
    auto records = json::array();
    for (const auto& id : edits.ids) {
        const auto record = findRecord(workspace, id);
        if (!record)
            throw DataError("the workspace " + workspace.root.string() + " has no record \"" + id + "\"");
        records.push_back(toJson(*record));
        text += id + "  " + record->split + "  " + (record->excluded.empty() ? arraysText(*record) : record->excluded) +
                "\n";
    }
    printResult(options.output, text, {{"records", records}});
}

} // namespace

void addRecordCommands(CLI::App& app, Options& options)
{
    auto* const records = app.add_subcommand("records", "List records with the state of their arrays and why it is so");
    const auto filter = std::make_shared<Filter>();
    records->add_option("QUERY", filter->words,
                        "Only those that it finds, for example: bucket:1024x1024 state:stale -split:val red circle");
    records->add_option("--state", filter->state, "Only those with an array in this state; whole: with all of them")
        ->check(CLI::IsMember({"missing", "whole", "stale", "wrong", "excluded"}));
    records->add_option("--tag", filter->tag, "Only those with this tag");
    records->add_option("--split", filter->split, "Only those of this split");
    records->add_option("--text", filter->text, "Only those with this in id or caption");
    records->add_option("--reason", filter->reason,
                        "Only those that are excluded for a reason with this in it, for example \"duplicate\"");
    records->callback([filter, &options] { runRecords(*filter, options); });

    auto* const edit = app.add_subcommand("edit", "Change caption, split, tags of records; exclude or include them");
    const auto edits = std::make_shared<Edits>();
    edit->add_option("ID", edits->ids, "Records")->required();
    edits->captionGiven = edit->add_option("--caption", edits->caption, "The new caption (of one record)");
    edits->splitGiven = edit->add_option("--split", edits->split, "train, val...; rule: by validation_share again");
    edits->tagsGiven = edit->add_option("--tags", edits->tags, "Tags, with commas between; replaces those there are")
                           ->delimiter(',')
                           ->expected(0, -1);
    edits->excludeGiven =
        edit->add_option("--exclude", edits->exclude, "Take out of passes and packing, for this reason");
    edit->add_flag("--include", edits->include, "Take in again")->excludes(edits->excludeGiven);
    edit->callback([edits, &options] { runEdit(*edits, options); });
}

} // namespace nanodit::cli
