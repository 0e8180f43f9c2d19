#include "app/cli/commands.h"
#include "core/config/json.h"
#include "core/config/settings.h"
#include "core/config/train_config.h"
#include "core/config/workspace_config.h"
#include "core/front/training.h"
#include "core/io/atomic_file.h"
#include "core/runtime/error.h"

#include <algorithm>
#include <cmath>

namespace nanodit::cli {

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

/// A training configuration, or a workspace's: the two that people write.
struct AnyConfig {
    bool isWorkspace = false;
    TrainConfig training;
    WorkspaceConfig workspace;

    const char* kind() const { return isWorkspace ? "workspace" : "training"; }
    void visit(FieldVisitor& v) { isWorkspace ? workspace.visit(v) : training.visit(v); }
    VisitFunction visitor()
    {
        return [this](FieldVisitor& v) { visit(v); };
    }
    std::vector<ConfigIssue> validate() const { return isWorkspace ? workspace.validate() : training.validate(); }
};

struct ConfigArguments {
    std::string file, kind;
    std::vector<std::string> set;
    bool list = false, markdown = false, yaml = false;
};

/// The file that is meant by a path, by a workspace's or a run's folder, or by the name of a shipped configuration.
fs::path fileOf(const std::string& given)
{
    std::error_code none;
    for (const auto* const name : {"workspace.yaml", "config.yaml"}) {
        if (fs::is_regular_file(fs::path(given) / name, none))
            return fs::path(given) / name;
    }
    return configurationFile(given);
}

json limitJson(double value)
{
    return std::isfinite(value) ? json(value) : json();
}

/// The settings of a configuration as JSON; with `read`, also their values in a file.
json toJson(AnyConfig defaults, AnyConfig* read)
{
    const auto values = writeJson(defaults.visitor());
    const auto ownValues = read != nullptr ? writeJson(read->visitor()) : values;
    auto list = json::array();
    for (const auto& setting : settingsOf(defaults.visitor())) {
        auto path = "/" + setting.key;
        std::ranges::replace(path, '.', '/');
        const nlohmann::ordered_json::json_pointer pointer(path);
        json line = {{"key", setting.key},
                     {"type", setting.type},
                     {"default", values[pointer]},
                     {"minimum", limitJson(setting.minimum)},
                     {"maximum", limitJson(setting.maximum)},
                     {"choices", setting.choices},
                     {"unit", setting.unit},
                     {"help", setting.help}};
        if (read != nullptr)
            line["value"] = ownValues[pointer];
        list.push_back(line);
    }
    return list;
}

std::string orNone(const std::string& value)
{
    return value.empty() ? "(none)" : value;
}

/// A line for each setting; with `read`, its value in a file beside the default.
std::string listText(AnyConfig defaults, AnyConfig* read)
{
    const auto settings = settingsOf(defaults.visitor());
    const auto own = read != nullptr ? settingsOf(read->visitor()) : settings;
    std::vector<std::vector<std::string>> rows = {{"setting"}};
    if (read != nullptr)
        rows[0].emplace_back("value");
    rows[0].insert(rows[0].end(), {"default", "range", "what it is"});
    for (std::size_t i = 0; i < settings.size(); ++i) {
        const auto& setting = settings[i];
        rows.push_back({setting.key});
        if (read != nullptr)
            rows.back().push_back(orNone(own[i].value));
        rows.back().insert(rows.back().end(),
                           {orNone(setting.value),
                            setting.range() + (setting.unit.empty() ? std::string() : " " + setting.unit),
                            setting.help});
    }
    return table(rows);
}

/// `text` in a cell of a Markdown table.
std::string cell(const std::string& text)
{
    std::string escaped;
    for (const char c : text) {
        if (c == '|')
            escaped += '\\';
        escaped += c;
    }
    return escaped;
}

/// The chapter of docs/configuration.md about one kind of configuration: a table for each of its sections.
std::string listMarkdown(AnyConfig defaults)
{
    std::string text = defaults.isWorkspace ? "## workspace.yaml\n" : "## Training configurations\n";
    std::string section = "?";
    for (const auto& setting : settingsOf(defaults.visitor())) {
        const auto dot = setting.key.find('.');
        const auto own = dot == std::string::npos ? std::string() : setting.key.substr(0, dot);
        if (own != section) {
            section = own;
            text += (own.empty() ? "" : "\n### " + own + "\n") +
                    std::string("\n| Setting | Default | Range | Meaning |\n| --- | --- | --- | --- |\n");
        }
        const auto range = setting.range() + (setting.unit.empty() ? std::string() : " " + setting.unit);
        text += "| `" + setting.key + "` | " + (setting.value.empty() ? "" : "`" + cell(setting.value) + "`") + " | " +
                cell(range) + " | " + cell(setting.help) + " |\n";
    }
    return text;
}

/// The settings of both kinds, or of the one that was asked for.
void listAll(const std::string& kind, bool markdown, Options& options)
{
    std::string text;
    auto configurations = json::array();
    for (const bool isWorkspace : {false, true}) {
        const AnyConfig defaults{.isWorkspace = isWorkspace, .training = {}, .workspace = {}};
        if (!kind.empty() && kind != defaults.kind())
            continue;
        text += text.empty() ? "" : "\n";
        if (markdown)
            text += listMarkdown(defaults);
        else
            text += std::string(isWorkspace ? "workspace.yaml:\n"
                                            : "training configurations (configs/*.yaml, or --set KEY=VALUE of nanodit "
                                              "train):\n") +
                    listText(defaults, nullptr);
        configurations.push_back({{"kind", defaults.kind()}, {"settings", toJson(defaults, nullptr)}});
    }
    printResult(options.output, text, {{"configurations", configurations}});
}

/// Reads and validates a file. Throws ConfigError with every issue of it.
AnyConfig readConfig(const fs::path& file, const ConfigArguments& arguments)
{
    AnyConfig config{.isWorkspace =
                         arguments.kind.empty() ? file.filename() == "workspace.yaml" : arguments.kind == "workspace",
                     .training = {},
                     .workspace = {}};
    const auto yaml = readTextFile(file);
    readYaml(yaml, file.string(), config.visitor());
    for (const auto& assignment : arguments.set)
        setField(assignment, config.visitor());
    throwIfAny(config.validate(), file.string(), arguments.set.empty() ? yaml : std::string());
    return config;
}

void runConfig(const ConfigArguments& arguments, Options& options)
{
    if (arguments.file.empty()) {
        if (!arguments.list)
            throw UsageError("name a configuration to check, or pass --list to see every setting");
        if (arguments.yaml || !arguments.set.empty())
            throw UsageError("--yaml and --set need a configuration to start from, for example: nanodit config base");
        listAll(arguments.kind, arguments.markdown, options);
        return;
    }
    const auto file = fileOf(arguments.file);
    auto config = readConfig(file, arguments);
    AnyConfig defaults{.isWorkspace = config.isWorkspace, .training = {}, .workspace = {}};
    std::vector<std::vector<std::string>> rows = {{"setting", "value", "default"}};
    auto changed = json::array();
    for (const auto& difference : differences({defaults.visitor(), config.visitor()})) {
        rows.push_back({difference.key, orNone(difference.values[1]), orNone(difference.values[0])});
        changed.push_back(difference.key);
    }
    std::string text;
    if (arguments.yaml)
        text = writeYaml(config.visitor(), true);
    else if (arguments.list)
        text = listText(defaults, &config);
    else
        text =
            file.string() + " is a valid " + config.kind() + " configuration" +
            (rows.size() > 1 ? "; it changes these settings:\n" + table(rows) : ", with every setting at its default");
    printResult(options.output, text,
                {{"file", file.string()},
                 {"kind", config.kind()},
                 {"valid", true},
                 {"changed", changed},
                 {"settings", toJson(defaults, &config)}});
}

} // namespace

void registerConfig(CLI::App& app, Options& options)
{
    auto* const command =
        app.add_subcommand("config", "List every setting with its default and range, or check a configuration");
    const auto a = std::make_shared<ConfigArguments>();
    auto* const file = command->add_option(
        "FILE", a->file,
        "A YAML file, the folder of a run or workspace, or demo, base or plan: check it, and show what it "
        "changes");
    auto* const check = command->add_option("--check", a->file, "The same as FILE")->excludes(file);
    auto* const list = command->add_flag("--list", a->list,
                                         "List every setting with its default, range and meaning; with FILE also its "
                                         "value there");
    command->add_flag("--markdown", a->markdown, "With --list and no FILE: as tables in Markdown")
        ->needs(list)
        ->excludes(file)
        ->excludes(check);
    command->add_option("--set", a->set, "Change a setting before the check: --set optimiser.lr=1e-4")
        ->allow_extra_args(false) // so that FILE may follow
        ->take_all();
    command
        ->add_flag("--yaml", a->yaml, "Print the configuration with an explanation of every setting, as a file to edit")
        ->excludes(list);
    command->add_option("--kind", a->kind, "training or workspace (default: workspace for a file named workspace.yaml)")
        ->check(CLI::IsMember({"training", "workspace"}));
    command->callback([a, &options] { runConfig(*a, options); });
}

} // namespace nanodit::cli
