#pragma once

#include "core/front/data.h"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <vector>

namespace nanodit::cli {

std::string joined(const std::vector<std::string>& parts, const char* between = ", ");

/// "t5 stale (the caption), vae missing"; empty when every array is up to date.
std::string arraysText(const RecordInfo& record);

/// Everything that is known of a record.
nlohmann::json recordJson(const RecordInfo& record);

} // namespace nanodit::cli
