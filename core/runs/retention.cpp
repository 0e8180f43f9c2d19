#include "core/runs/retention.h"

#include "core/io/atomic_file.h"
#include "core/runs/catalogue.h"
#include "core/runs/run_record.h"
#include "core/runtime/error.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <system_error>

namespace nanodit {

namespace fs = std::filesystem;

namespace {

/// Not-a-number where there is none of this name.
double meanOf(const ValidationMeans& validation, const std::string& name)
{
    for (const auto& [metric, value] : validation.means) {
        if (metric == name)
            return value;
    }
    return std::numeric_limits<double>::quiet_NaN();
}

/// The step whose validation has the best mean of those in `among`; empty where none was measured.
std::optional<std::int64_t> bestStep(const std::vector<ValidationMeans>& validations, const SavingConfig& rule,
                                     const std::vector<CheckpointStanding>& among)
{
    std::optional<std::int64_t> best;
    double bestMean = 0;
    for (const auto& validation : validations) {
        const auto mean = meanOf(validation, rule.bestBy);
        const bool there = std::any_of(among.begin(), among.end(), [&validation](const CheckpointStanding& standing) {
            return standing.step == validation.step;
        });
        if (!there || !std::isfinite(mean))
            continue;
        if (!best || (rule.best == BestIs::Lowest ? mean < bestMean : mean > bestMean)) {
            best = validation.step;
            bestMean = mean;
        }
    }
    return best;
}

/// Those that the rule needs. Throws DataError.
std::vector<ValidationMeans> validationsFor(const fs::path& runFolder, const SavingConfig& rule)
{
    return rule.bestBy.empty() ? std::vector<ValidationMeans>() : readValidations(runFolder);
}

/// Also where the file system does not answer, as one of a network may for a while.
bool mayBeThere(const fs::path& path)
{
    std::error_code error;
    return fs::exists(path, error) || error;
}

std::vector<CheckpointStanding> standingsBy(const fs::path& runFolder, const SavingConfig& rule,
                                            const std::vector<ValidationMeans>& validations)
{
    std::vector<CheckpointStanding> standings;
    for (const auto& folder : listCheckpoints(runFolder))
        standings.push_back(
            {.folder = folder, .step = checkpointStep(folder.filename().string()).value_or(0), .reasons = {}});
    const auto best = bestStep(validations, rule, standings);
    const auto newest = rule.keep <= 0 ? standings.size() : static_cast<std::size_t>(rule.keep);
    for (std::size_t i = 0; i < standings.size(); ++i) {
        auto& [folder, step, reasons] = standings[i];
        const auto name = folder.filename();
        if (i + newest >= standings.size())
            reasons.push_back(KeptAs::Newest);
        if (rule.keepEvery > 0 && step > 0 && step % rule.keepEvery == 0)
            reasons.push_back(KeptAs::EveryNth);
        const auto wasValidated = [&](const std::string& report) {
            return mayBeThere(runFolder / "validation" / report / "report.json");
        };
        if (rule.keepValidated && (wasValidated(name.string()) || wasValidated(name.string() + "-raw")))
            reasons.push_back(KeptAs::Validated);
        if (best == step)
            reasons.push_back(KeptAs::Best);
        if (mayBeThere(folder / "star"))
            reasons.push_back(KeptAs::Starred);
        if (mayBeThere(runFolder / "nonfinite" / (name.string() + ".json")))
            reasons.push_back(KeptAs::Evidence);
    }
    return standings;
}

} // namespace

std::string keptAsText(KeptAs reason, const SavingConfig& rule)
{
    switch (reason) {
    case KeptAs::Newest:
        return rule.keep == 1 ? "newest" : "one of the newest";
    case KeptAs::EveryNth:
        return "every " + std::to_string(rule.keepEvery) + " steps";
    case KeptAs::Validated:
        return "validated";
    case KeptAs::Best:
        return "best by " + rule.bestBy;
    case KeptAs::Starred:
        return "starred";
    case KeptAs::Evidence:
        break;
    }
    return "of a step that was not finite";
}

std::vector<CheckpointStanding> checkpointStandings(const fs::path& runFolder, const SavingConfig& rule)
{
    std::vector<ValidationMeans> validations;
    try {
        validations = validationsFor(runFolder, rule);
    } catch (const DataError&) { // without them all the rest can be told
    }
    return standingsBy(runFolder, rule, validations);
}

std::vector<fs::path> thinCheckpoints(const fs::path& runFolder, const SavingConfig& rule)
{
    std::vector<fs::path> removed;
    std::vector<ValidationMeans> validations;
    try {
        validations = validationsFor(runFolder, rule);
    } catch (const DataError&) { // any of them may be the best
        return removed;
    }
    for (const auto& standing : standingsBy(runFolder, rule, validations)) {
        if (!standing.reasons.empty())
            continue;
        try {
            removeFolderAtOnce(standing.folder);
            removed.push_back(standing.folder);
        } catch (const StoreError&) { // the next thinning comes here again
        }
    }
    return removed;
}

void starCheckpoint(const fs::path& checkpoint, bool starred)
{
    if (starred)
        return writeFileAtomically(checkpoint / "star", "");
    std::error_code error;
    fs::remove(checkpoint / "star", error);
    if (error)
        throw StoreError((checkpoint / "star").string() + " could not be removed: " + error.message());
}

bool isStarred(const fs::path& checkpoint)
{
    std::error_code none;
    return fs::exists(checkpoint / "star", none);
}

} // namespace nanodit
