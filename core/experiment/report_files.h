#pragma once

#include "core/experiment/experiment.h"
#include "core/inspect/inspection.h"
#include "core/validate/validation.h"

#include <nlohmann/json_fwd.hpp>

#include <utility>

namespace nanodit {

/// A task's picture of all arms side by side, painted by the models of one seed.
struct ExperimentSheet {
    ValidationTask task = ValidationTask::Reconstruction;
    std::vector<std::string> columns; ///< "original", "CLS only"...
    std::vector<std::string> records; ///< Of each row.
};

/// Paints sheets/TASK.png below the folder from validation reports, one of each arm in the report's order, and gives
/// what they show. `labels`: of the arms. `scenes`: rows at most.
std::vector<ExperimentSheet> writeSheets(const std::filesystem::path& folder, const std::vector<std::string>& labels,
                                         const std::vector<ValidationReport>& reports, std::size_t scenes);
/// sheets/reconstruction.png
std::filesystem::path sheetFile(const ExperimentSheet& sheet);

nlohmann::ordered_json toJson(const ExperimentReport& report);
/// Tables for a document: numbers by arm, differences by question.
std::string markdownOf(const ExperimentReport& report, const std::vector<ExperimentSheet>& sheets);
/// A self-contained page, light or dark as the browser wishes.
std::string pageOf(const ExperimentReport& report, const std::vector<ExperimentSheet>& sheets);

/// "Patches compared with CLS alone", "Sweep over 3 arms"
std::string titleOf(const ExperimentReport& report);
/// "+12.3 %" better, "-4.0 %" worse, "" where neither side is better.
std::string gainText(const ArmDifference& line);
/// Measures that an arm of the report has numbers of, in the order of experimentMeasures().
std::vector<ExperimentMeasure> measuredIn(const ExperimentReport& report);
/// Pairs of arms that are compared, in order.
std::vector<std::pair<std::string, std::string>> pairsIn(const ExperimentReport& report);

} // namespace nanodit
