#pragma once

#include "core/golden/golden.h"

#include <nlohmann/json_fwd.hpp>

#include <cstddef>
#include <filesystem>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

namespace nanodit {

/// A line for what matches or does not: the error is 0 or infinite, the tolerance 0. `difference` is empty for a match.
GoldenLine exactLine(const std::string& name, const std::string& difference);
/// "" when they are equal.
std::string differs(const std::string& what, const std::string& ours, const std::string& expected);
/// "" or the first of several differences.
std::string firstOf(std::initializer_list<std::string> differences);
std::string shaOf(std::span<const std::byte> bytes);

/// A case's expected.json, the order of its entries kept. Throws DataError.
nlohmann::ordered_json readExpected(const std::filesystem::path& caseFolder);

/// What an expectation holds under a key. Throws DataError naming `where` (whose expectation it is) and the key.
const nlohmann::ordered_json& member(const nlohmann::ordered_json& expected, std::string_view key,
                                     std::string_view where);
/// The same where it must be a text.
std::string textMember(const nlohmann::ordered_json& expected, const std::string& key, const std::string& where);

std::vector<GoldenLine> runWebdatasetCase(const std::filesystem::path& caseFolder);
std::vector<GoldenLine> runTorchFileCase(const std::filesystem::path& caseFolder);

} // namespace nanodit
