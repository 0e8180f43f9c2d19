#include "core/golden/exact.h"
#include "core/io/atomic_file.h"
#include "core/io/sha256.h"
#include "core/runtime/error.h"

#include <nlohmann/json.hpp>

#include <limits>

namespace nanodit {

GoldenLine exactLine(const std::string& name, const std::string& difference)
{
    const bool same = difference.empty();
    return {.name = name,
            .largestError = same ? 0 : std::numeric_limits<double>::infinity(),
            .tolerance = 0,
            .passed = same,
            .note = difference};
}

std::string differs(const std::string& what, const std::string& ours, const std::string& expected)
{
    return ours == expected ? "" : what + " is " + ours + ", expected " + expected;
}

std::string firstOf(std::initializer_list<std::string> differences)
{
    for (const auto& difference : differences)
        if (!difference.empty())
            return difference;
    return {};
}

std::string shaOf(std::span<const std::byte> bytes)
{
    Sha256 sum;
    sum.update(bytes);
    return sum.hex();
}

nlohmann::ordered_json readExpected(const std::filesystem::path& caseFolder)
{
    const auto file = caseFolder / "expected.json";
    auto parsed = nlohmann::ordered_json::parse(readTextFile(file), nullptr, false);
    if (!parsed.is_object())
        throw DataError(file.string() + " is damaged: it must hold a JSON object");
    return parsed;
}

const nlohmann::ordered_json& member(const nlohmann::ordered_json& expected, std::string_view key,
                                     std::string_view where)
{
    const auto found = expected.find(std::string(key));
    if (found == expected.end())
        throw DataError("expected.json lacks \"" + std::string(key) + "\" of " + std::string(where));
    return *found;
}

std::string textMember(const nlohmann::ordered_json& expected, const std::string& key, const std::string& where)
{
    const auto& value = member(expected, key, where);
    if (!value.is_string())
        throw DataError("expected.json has " + value.dump() + " as \"" + key + "\" of " + where +
                        ", where a text was expected");
    return value.get<std::string>();
}

std::map<std::string, GoldenRunner> fileGoldenRunners()
{
    return {{"webdataset", [](const auto& folder, const Compute&) { return runWebdatasetCase(folder); }},
            {"torch_pt", [](const auto& folder, const Compute&) { return runTorchFileCase(folder); }}};
}

} // namespace nanodit
