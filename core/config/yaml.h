#pragma once

#include "core/config/field.h"

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace nanodit {

/// Calls `visit` of a configuration, type-erased.
using VisitFunction = std::function<void(FieldVisitor&)>;

/// Reads YAML text into a configuration. Keys that are absent keep their value; unknown keys (with the nearest name),
/// wrong types and values out of range are all reported together in one ConfigError that names `source`.
void readYaml(const std::string& text, const std::string& source, const VisitFunction& visit);

/// The configuration as YAML, one comment line per key when `withHelp`.
std::string writeYaml(const VisitFunction& visit, bool withHelp = false);

/// Sets one field from a command line's "optimiser.lr=1e-4". Throws ConfigError.
void setField(const std::string& assignment, const VisitFunction& visit);

/// Values out of their FieldInfo's range.
std::vector<ConfigIssue> rangeIssues(const VisitFunction& visit);

/// Throws one ConfigError that lists all issues, or returns when there are none.
void throwIfAny(const std::vector<ConfigIssue>& issues, const std::string& source);
/// The same for what was read from `yaml`: each issue says at which line its setting stands there.
void throwIfAny(const std::vector<ConfigIssue>& issues, const std::string& source, const std::string& yaml);

/// "group.key" of a field that is not the same in all of several configurations of one type, with its values as text.
struct FieldDifference {
    std::string key;
    std::vector<std::string> values; ///< As many as configurations; "" for one that is missing.
};
/// In the configurations' order of fields. An empty function stands for a configuration that is missing.
std::vector<FieldDifference> differences(const std::vector<VisitFunction>& configurations);

} // namespace nanodit
