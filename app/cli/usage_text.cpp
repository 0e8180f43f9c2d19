#include "app/cli/usage_text.h"

#include "core/config/field.h"

namespace nanodit::cli {

namespace {

const CLI::App& innermost(const CLI::App& app)
{
    const auto inner = app.get_subcommands();
    return inner.empty() ? app : innermost(*inner.front());
}

/// Of commands within each other, what was typed of them: "nanodit demo create".
std::string commandLineOf(const CLI::App& app)
{
    const auto inner = app.get_subcommands();
    return app.get_name() + (inner.empty() ? "" : " " + commandLineOf(*inner.front()));
}

std::string didYouMean(const std::string& typed, const std::vector<std::string>& known)
{
    const auto near = nearestName(typed, known);
    return near.empty() ? std::string() : " (did you mean \"" + near + "\"?)";
}

/// The long options that a command takes, its own and those of the commands around it.
std::vector<std::string> optionsOf(const CLI::App& command)
{
    std::vector<std::string> names;
    for (const auto* app = &command; app != nullptr; app = app->get_parent()) {
        for (const auto* const option : app->get_options()) {
            if (option->get_group().empty())
                continue; // an earlier spelling
            for (const auto& name : option->get_lnames())
                names.push_back("--" + name);
        }
    }
    return names;
}

/// Names the first word that means nothing; empty when there is none.
std::string wrongWord(const CLI::App& app)
{
    const auto& command = innermost(app);
    const auto words = app.remaining(true);
    if (words.empty())
        return {};
    const auto& word = words.front();
    if (word.starts_with('-'))
        return "there is no option " + word + didYouMean(word.substr(0, word.find('=')), optionsOf(command));
    if (command.get_require_subcommand_min() == 0)
        return {};
    std::vector<std::string> known;
    for (const auto* const one : command.get_subcommands([](const CLI::App*) { return true; }))
        known.push_back(one->get_name());
    return "there is no command \"" + word + "\"" + didYouMean(word, known);
}

/// "--count excludes --records", of which CLI11 names only the one that is not an earlier spelling.
std::string withEarlierName(std::string text, const CLI::App& command)
{
    for (const auto* const option : command.get_options()) {
        if (!option->get_group().empty() || option->count() == 0 || option->get_lnames().empty())
            continue;
        const auto name = "--" + option->get_lnames().front();
        if (text.ends_with(" excludes "))
            text += name;
        else if (text.starts_with(" excludes "))
            text.insert(0, name);
    }
    return text;
}

} // namespace

std::string usageText(const CLI::App& app, const CLI::ParseError& error)
{
    auto text = wrongWord(app);
    if (text.empty())
        text = withEarlierName(error.what(), innermost(app));
    if (text.starts_with(": ")) // of an option that CLI11 does not name
        text.erase(0, 2);
    return text + "; see \"" + commandLineOf(app) + " --help\"";
}

} // namespace nanodit::cli
