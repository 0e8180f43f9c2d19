#include "core/golden/golden.h"

#include "core/io/atomic_file.h"
#include "core/runtime/error.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace nanodit {

namespace {

std::map<std::string, GoldenRunner> allRunners()
{
    std::map<std::string, GoldenRunner> runners;
    runners.merge(fileGoldenRunners());
    runners.merge(encoderGoldenRunners());
    runners.merge(autoencoderGoldenRunners());
    runners.merge(lpipsGoldenRunners());
    runners.merge(modelGoldenRunners());
    return runners;
}

} // namespace

bool GoldenReport::passed() const
{
    return !lines.empty() &&
           std::all_of(lines.begin(), lines.end(), [](const GoldenLine& line) { return line.passed; });
}

GoldenReport runGolden(const std::filesystem::path& caseFolder)
{
    const auto caseFile = caseFolder / "case.json";
    const auto description = nlohmann::json::parse(readTextFile(caseFile), nullptr, false);
    if (!description.is_object() || !description.contains("kind") || !description["kind"].is_string())
        throw DataError(caseFile.string() + " is no golden case: it must be a JSON object with a \"kind\"");
    GoldenReport report{.folder = caseFolder, .kind = description["kind"], .lines = {}};
    const auto runners = allRunners();
    const auto runner = runners.find(report.kind);
    if (runner == runners.end()) {
        std::string known;
        for (const auto& [kind, unused] : runners)
            known += (known.empty() ? "" : ", ") + kind;
        throw DataError(caseFile.string() + " is of kind \"" + report.kind +
                        "\", which is not among those known here: " + known);
    }
    try {
        report.lines = runner->second(caseFolder);
    } catch (const nlohmann::json::exception& error) {
        throw DataError(caseFolder.string() + " is no whole golden case: " + error.what());
    }
    return report;
}

std::vector<std::filesystem::path> goldenCases(const std::filesystem::path& folder)
{
    if (std::filesystem::exists(folder / "case.json") || !std::filesystem::is_directory(folder))
        return {folder};
    std::vector<std::filesystem::path> cases;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        if (std::filesystem::exists(entry.path() / "case.json"))
            cases.push_back(entry.path());
    }
    if (cases.empty())
        return {folder}; // running it says what is missing
    std::sort(cases.begin(), cases.end());
    return cases;
}

} // namespace nanodit
