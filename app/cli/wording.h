#pragma once

#include "core/runtime/job.h"
#include "core/runtime/remedy.h"

#include <exception>
#include <string>

namespace nanodit::cli {

/// What a job is doing: "t5: encoding records", "model 2 of 6 (text-1): training".
std::string stageText(const Progress& progress);
std::string unitText(Unit unit); ///< "pictures"; empty for Unit::None.
/// "12/40 records"; "12 records" where the total is unknown.
std::string amountText(const Progress& progress);
/// "3.1 records/s", "2.5 s each".
std::string rateText(const Progress& progress);

/// What to type or to set: "run \"nanodit shard\"".
std::string remedyText(const Remedy& remedy);
/// The fact and, where there is one, the remedy: one sentence.
std::string noticeText(const std::string& fact, const std::optional<Remedy>& remedy);
std::string noticeText(const Notice& notice);
std::string errorText(const std::exception& error);

} // namespace nanodit::cli
