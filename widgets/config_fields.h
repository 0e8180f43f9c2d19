#pragma once

#include "core/config/field.h"
#include "core/config/yaml.h"

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

namespace nanodit {

using FieldValue =
    std::variant<bool, std::int64_t, double, std::string, std::array<double, 2>, std::vector<std::string>>;

/// One setting of a configuration as a value, for forms and tables.
struct ConfigField {
    std::string key;   ///< Dotted: "optimiser.lr".
    std::string group; ///< "optimiser"; empty at the top.
    std::string groupHelp;
    std::string name; ///< "lr"
    std::string help;
    double minimum = 0, maximum = 0;
    std::string unit;
    std::vector<std::string> names; ///< What a choice may be, or what a list may hold; empty for other kinds.
    std::string zero;               ///< What 0 stands for where it is no number, such as "from the data"; else empty.
    FieldValue value;
    bool path = false; ///< A text that names a file or a folder.
};

/// Every setting, in the configuration's own order.
std::vector<ConfigField> readFields(const VisitFunction& visit);
/// Sets those whose dotted key is in `values`.
void writeFields(const VisitFunction& visit, const std::map<std::string, FieldValue>& values);

} // namespace nanodit
