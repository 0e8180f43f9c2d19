#pragma once

#include "core/config/yaml.h"

#include <nlohmann/json_fwd.hpp>

namespace nanodit {

/// The configuration as a JSON object, with groups as objects in it.
nlohmann::ordered_json writeJson(const VisitFunction& visit);

/// Reads what writeJson wrote, with readYaml's care and messages (JSON is YAML).
void readJson(const nlohmann::json& json, const std::string& source, const VisitFunction& visit);

} // namespace nanodit
