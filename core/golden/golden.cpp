#include "core/golden/golden.h"

#include "core/io/atomic_file.h"
#include "core/runtime/compute.h"
#include "core/runtime/error.h"
#include "core/runtime/tf32.h"

#include <c10/util/Exception.h>
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
    runners.merge(optimiserGoldenRunners());
    return runners;
}

} // namespace

bool GoldenReport::passed() const
{
    return !lines.empty() &&
           std::all_of(lines.begin(), lines.end(), [](const GoldenLine& line) { return line.passed; });
}

GoldenReport runGolden(const std::filesystem::path& caseFolder, const ComputeChoice& choice)
{
    const auto caseFile = caseFolder / "case.json";
    const auto description = nlohmann::json::parse(readTextFile(caseFile), nullptr, false);
    if (!description.is_object() || !description.contains("kind") || !description["kind"].is_string())
        throw DataError(caseFile.string() + " is not a golden case: it must be a JSON object with a \"kind\"");
    GoldenReport report{.folder = caseFolder, .kind = description["kind"], .lines = {}};
    const auto runners = allRunners();
    const auto runner = runners.find(report.kind);
    if (runner == runners.end()) {
        std::string known;
        for (const auto& [kind, unused] : runners)
            known += (known.empty() ? "" : ", ") + kind;
        throw DataError(caseFile.string() + " is of kind \"" + report.kind + "\", which is not one of " + known);
    }
    const auto compute = makeCompute(choice, {.precision = Precision::Float32, .tf32 = false});
    const Tf32Hold tf32(compute.device, false);
    const auto broken = [&](const std::string& why) {
        return DataError(caseFolder.string() + " is not a complete golden case of the kind " + report.kind + ": " +
                         why + "; copy it again from where it was made");
    };
    try {
        report.lines = runner->second(caseFolder, compute);
    } catch (const Error&) {
        throw;
    } catch (const c10::Error& error) {
        const std::string text = error.what_without_backtrace();
        throw broken("its tensors do not fit together (" + text.substr(0, text.find('\n')) + ")");
    } catch (const std::exception&) { // of a library, whose words name no file
        throw broken("a part is missing or of another type than such a case has");
    }
    if (report.lines.empty())
        throw broken("it has no outputs to compare");
    return report;
}

std::vector<std::filesystem::path> goldenCases(const std::filesystem::path& folder)
{
    std::error_code none; // a folder that cannot be read has no cases in it
    if (std::filesystem::exists(folder / "case.json", none) || !std::filesystem::is_directory(folder, none))
        return {folder};
    std::vector<std::filesystem::path> cases;
    for (const auto& entry : std::filesystem::directory_iterator(folder, none)) {
        if (std::filesystem::exists(entry.path() / "case.json", none))
            cases.push_back(entry.path());
    }
    if (cases.empty())
        return {folder}; // running it says what is missing
    std::sort(cases.begin(), cases.end());
    return cases;
}

} // namespace nanodit
