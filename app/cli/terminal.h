#pragma once

#include "core/runtime/job.h"

#include <nlohmann/json_fwd.hpp>

#include <memory>
#include <string>
#include <vector>

namespace nanodit::cli {

/// How results and progress are shown.
struct Output {
    bool json = false;  ///< Results as one JSON object on stdout, nothing else there.
    bool quiet = false; ///< No progress and no notes; results and errors only.
};

/// Runs a job on this thread. Progress goes to stderr: one line that is rewritten where it is a terminal, a line every
/// ten seconds where it is not. The first Ctrl-C (or SIGTERM) asks the job to stop, a second one ends the program.
JobEnd runJob(Job& job, const Output& output);

/// Prints a result: `text` for people, or `json` when asked for.
void printResult(const Output& output, const std::string& text, const nlohmann::json& json);

/// Left-aligned columns, the first row a heading.
std::string table(const std::vector<std::vector<std::string>>& rows);

/// "1:07:12", "3:05", "12 s"
std::string durationText(double seconds);

} // namespace nanodit::cli
