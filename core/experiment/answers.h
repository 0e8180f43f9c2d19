#pragma once

#include "core/dataset/pass.h"
#include "core/experiment/experiment.h"

namespace nanodit {

/// What the numbers say to the questions that the experiment was made for; those whose arms are missing are left out.
std::vector<ExperimentAnswer> answersOf(const ExperimentReport& report);

/// "0.412 to 0.250: 39.3 % better (difference -0.180 to -0.140 with 95 % confidence; 3 seeds, 24 pictures each)"
std::string inWords(const ArmDifference& line);
/// "0.412 (0.398 to 0.425)"
std::string inWords(const ArmNumber& number);

} // namespace nanodit
