#pragma once

#include "core/runtime/error.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace nanodit {

/// One setting, described once; YAML, the command line, the form and the documentation all read this.
struct FieldInfo {
    std::string_view key;  ///< snake_case, as in YAML.
    std::string_view help; ///< One sentence.
    double minimum = -std::numeric_limits<double>::infinity();
    double maximum = std::numeric_limits<double>::infinity();
    std::string_view unit = ""; ///< "steps", "px"... for the form.
};

/// Visits the settings of a configuration in their order. A configuration struct has `void visit(FieldVisitor&)`.
class FieldVisitor {
public:
    virtual ~FieldVisitor() = default;
    virtual void beginGroup(std::string_view key, std::string_view help) = 0;
    virtual void endGroup() = 0;
    virtual void field(const FieldInfo& info, bool& value) = 0;
    virtual void field(const FieldInfo& info, std::int64_t& value) = 0;
    virtual void field(const FieldInfo& info, double& value) = 0;
    virtual void field(const FieldInfo& info, std::string& value) = 0;
    virtual void field(const FieldInfo& info, std::array<double, 2>& value) = 0;
    virtual void field(const FieldInfo& info, std::vector<std::string>& value) = 0;
    /// One of a few names.
    virtual void choice(const FieldInfo& info, std::string& value, std::span<const std::string_view> names) = 0;

    /// Tells of an item of the list that was just given that it is not what the field holds ("sizes like 1216x832").
    /// Throws ConfigError; a reader of a file notes where the item stands instead.
    virtual void rejectItem(const FieldInfo& info, std::size_t item, std::string_view expected)
    {
        throw ConfigError(std::string(info.key) + " must be " + std::string(expected) + ", and item " +
                          std::to_string(item + 1) + " is not");
    }

    /// An enumeration whose names are given in the order of its values 0, 1, 2...
    template<typename Enum>
    void enumeration(const FieldInfo& info, Enum& value, std::span<const std::string_view> names)
    {
        std::string name(names[static_cast<std::size_t>(value)]);
        choice(info, name, names);
        for (std::size_t i = 0; i < names.size(); ++i) {
            if (names[i] == name)
                value = static_cast<Enum>(i);
        }
    }
};

/// What is wrong with one setting.
struct ConfigIssue {
    std::string key;     ///< Dotted: "optimiser.lr".
    std::string message; ///< A sentence.
};

/// The known name that is nearest to what was typed, or empty when none is near.
std::string nearestName(std::string_view typed, std::span<const std::string> known);

} // namespace nanodit
