#include "app/cli/commands.h"
#include "app/cli/record_text.h"
#include "core/config/workspace_config.h"
#include "core/front/data.h"

namespace nanodit::cli {

namespace {

using nlohmann::json;

/// The options as words of a query.
struct Filter {
    std::string state, tag, split, text;
    std::string reason; ///< No word: a part of why a record is excluded.
    std::vector<std::string> words;

    std::string query() const
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
        return all;
    }
};

void runRecords(const Filter& filter, Options& options)
{
    std::string text;
    auto records = json::array();
    const auto words = filter.query();
    const RecordQuery query(words);
    bool any = false;
    for (const auto& record : listRecords(Workspace::open(options.workspace))) {
        if (!query.accepts(record) || record.excluded.find(filter.reason) == std::string::npos)
            continue;
        any = true;
        if (options.output.json) {
            records.push_back(recordJson(record));
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
    if (const auto meant = any ? std::string() : misspeltTerm(words); !meant.empty())
        printNote(options.output, meant);
    printResult(options.output, text, {{"records", records}});
}

} // namespace

void registerRecords(CLI::App& app, Options& options)
{
    auto* const command = app.add_subcommand("records", "List records with the states of their arrays and the reasons");
    const auto filter = std::make_shared<Filter>();
    command->add_option("QUERY", filter->words,
                        "Only records that match, for example: bucket:1024x1024 state:stale -split:val red circle");
    command
        ->add_option("--state", filter->state, "Only records with an array in this state; valid: all four arrays are")
        ->check(CLI::IsMember({"missing", "valid", "stale", "invalid", "excluded"}))
        ->transform(CLI::Transformer(CLI::TransformPairs<std::string>{{"whole", "valid"}, {"wrong", "invalid"}})
                        .description("")); // earlier names
    command->add_option("--tag", filter->tag, "Only records with this tag");
    command->add_option("--split", filter->split, "Only records of this split");
    command->add_option("--text", filter->text, "Only records with this text in their id or caption");
    command->add_option("--reason", filter->reason,
                        "Only records that are excluded for a reason that contains this, for example \"duplicate\"");
    command->callback([filter, &options] { runRecords(*filter, options); });
}

} // namespace nanodit::cli
