#include "core/train/warm_start.h"

#include "core/runtime/error.h"

#include <regex>

namespace nanodit {

std::string renamed(const std::string& name, const std::vector<std::string>& rules)
{
    for (const auto& rule : rules) {
        const auto arrow = rule.find("=>");
        if (arrow == std::string::npos)
            throw ConfigError("the rename \"" + rule + "\" must have the form \"pattern=>replacement\"");
        try {
            const std::regex pattern(rule.substr(0, arrow));
            if (std::regex_search(name, pattern))
                return std::regex_replace(name, pattern, rule.substr(arrow + 2));
        } catch (const std::regex_error&) {
            throw ConfigError(
                "the rename \"" + rule +
                "\" has no regular expression before \"=>\": check its brackets, backslashes and repetitions");
        }
    }
    return name;
}

WarmStartReport warmStart(const Parameters& parameters, const TensorMap& tensors, const std::vector<std::string>& rules,
                          const std::string& source)
{
    TensorMap named;
    for (const auto& [name, tensor] : tensors) {
        const auto newName = renamed(name, rules);
        if (!named.emplace(newName, tensor).second)
            throw DataError("two tensors of " + source + " are renamed to " + newName + ": correct warm_start.rename");
    }

    const at::NoGradGuard noGradient;
    WarmStartReport report;
    for (const auto& [name, value] : parameters) {
        const auto found = named.find(name);
        if (found == named.end()) {
            report.fresh.push_back(name);
        } else if (found->second.sizes() != value.sizes()) {
            report.mismatched.push_back(
                {.name = name, .found = found->second.sizes().vec(), .expected = value.sizes().vec()});
        } else {
            auto target = value;
            target.copy_(found->second);
            report.loaded.push_back(name);
        }
        named.erase(name);
    }
    for (const auto& [name, tensor] : named)
        report.skipped.push_back(name);
    if (report.loaded.empty())
        throw DataError("none of the " + std::to_string(tensors.size()) + " tensors of " + source +
                        " fits the model: check the model's configuration, or rename them with warm_start.rename");
    return report;
}

std::string WarmStartReport::text() const
{
    std::string text = "warm start: " + std::to_string(loaded.size()) + " tensors loaded, " +
                       std::to_string(fresh.size()) + " new, " + std::to_string(skipped.size()) + " skipped, " +
                       std::to_string(mismatched.size()) + " of another shape";
    for (const auto& name : fresh)
        text += "\n  new: " + name;
    for (const auto& name : skipped)
        text += "\n  skipped: " + name;
    for (const auto& [name, found, expected] : mismatched)
        text += "\n  of another shape: " + name + ", " + shapeText(found) + " in the file, " + shapeText(expected) +
                " in the model";
    return text;
}

} // namespace nanodit
