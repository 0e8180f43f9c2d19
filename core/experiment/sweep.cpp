#include "core/config/train_config.h"
#include "core/config/yaml.h"
#include "core/experiment/experiment.h"
#include "core/runtime/error.h"

#include <algorithm>
#include <cctype>
#include <utility>

namespace nanodit {

namespace {

/// Parts between commas that are in no brackets.
std::vector<std::string> partsOf(const std::string& text)
{
    std::vector<std::string> parts;
    std::string part;
    int depth = 0;
    for (const char c : text) {
        depth += c == '[' ? 1 : c == ']' ? -1 : 0;
        if (c == ',' && depth == 0)
            parts.push_back(std::exchange(part, {}));
        else
            part += c;
    }
    parts.push_back(part);
    return parts;
}

/// It becomes a part of names of folders.
bool isArmName(const std::string& name)
{
    return !name.empty() && name.size() <= 60 && name.front() != '.' && std::ranges::all_of(name, [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_' || c == '.';
    });
}

} // namespace

ExperimentArm sweepArm(const std::string& text)
{
    const auto colon = text.find(':');
    ExperimentArm arm{.name = text.substr(0, colon), .label = {}, .what = {}};
    if (!isArmName(arm.name))
        throw UsageError("the arm \"" + text +
                         "\" has no name that a folder can have: write NAME:KEY=VALUE,KEY=VALUE with "
                         "a name of letters, digits, -, _ and .");
    arm.label = arm.name;
    if (colon != std::string::npos)
        arm.settings = partsOf(text.substr(colon + 1));
    for (const auto& setting : arm.settings) {
        const auto equals = setting.find('=');
        if (equals == std::string::npos || equals == 0)
            throw UsageError("\"" + setting + "\" of the arm \"" + arm.name +
                             "\" is not KEY=VALUE, for example optimiser.lr=1e-4");
        if (setting.substr(0, equals) == "seed")
            throw UsageError("the arm \"" + arm.name +
                             "\" sets the seed, which the experiment does: ask for more of "
                             "them (--seeds)");
        arm.what += (arm.what.empty() ? "" : ", ") + setting;
    }
    if (arm.what.empty())
        arm.what = "The configuration as it is.";
    return arm;
}

TrainConfig sweepConfig(const ExperimentArm& arm, std::int64_t seed, TrainConfig config)
{
    for (const auto& setting : arm.settings)
        setField(setting, [&config](FieldVisitor& v) { config.visit(v); });
    config.seed = seed;
    config.previews.every = 0;
    config.saving.keep = 1;
    throwIfAny(config.validate(), "the arm \"" + arm.name + "\"");
    return config;
}

} // namespace nanodit
