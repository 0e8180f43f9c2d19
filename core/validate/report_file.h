#pragma once

#include "core/validate/validation.h"

#include <nlohmann/json_fwd.hpp>

namespace nanodit {

/// report.json, but for the folder. Numbers that are not finite become null.
nlohmann::ordered_json toJson(const ValidationReport& report);
nlohmann::ordered_json toJson(const ValidationSettings& settings);

/// A self-contained page, light or dark as the browser wishes: milestones, numbers with intervals, pictures beside the
/// originals they stand against. Pictures are read from the report's folder.
void writeReportPage(const ValidationReport& report, const std::filesystem::path& file);

/// A record's bucket image, relative to the report's folder.
std::string originalFile(const std::string& record);

} // namespace nanodit
