#pragma once

#include "core/preprocess/survey.h"

#include <cstddef>
#include <string>
#include <vector>

namespace nanodit {

/// Indices of the records with these ids (all when there are none), at most `sample` of them (0: all): a choice by a
/// hash of the id, which is the same each time and spread over the set. In the survey's order. Throws UsageError for an
/// id that no record has.
std::vector<std::size_t> chooseRecords(const std::vector<SurveyedRecord>& survey, const std::vector<std::string>& ids,
                                       std::int64_t sample);

} // namespace nanodit
