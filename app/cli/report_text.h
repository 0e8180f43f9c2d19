#pragma once

#include "core/front/data.h"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace nanodit::cli {

/// "  what: reason" a line. Long lists are cut for people; JSON has them whole.
std::string listText(const std::vector<Reject>& rejects, std::size_t most = 20);
nlohmann::json rejectsJson(const std::vector<Reject>& rejects);

std::string count(std::int64_t n, const std::string& noun); ///< "1 record", "2 records"
/// "train 95, val 5"
std::string countsText(const std::map<std::string, std::int64_t>& counts);
/// "picture", "settings": what an array is made of, as JSON and tables call it.
std::string inputName(ArrayInput input);
std::map<std::string, std::int64_t> byName(const std::map<ArrayInput, std::int64_t>& counts);

} // namespace nanodit::cli
