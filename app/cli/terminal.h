#pragma once

#include "core/runtime/job.h"

#include <nlohmann/json.hpp>

#include <optional>
#include <string>
#include <vector>

namespace nanodit::cli {

class Interrupts;

inline constexpr int exitDone = 0;        ///< It ran and found nothing wrong.
inline constexpr int exitFailed = 1;      ///< It failed, or it found something wrong.
inline constexpr int exitBadUsage = 2;    ///< A command line or an input that cannot be used.
inline constexpr int exitCancelled = 130; ///< Ctrl-C or SIGTERM stopped it.

/// How results and progress are shown, and what is to be shown at the end.
struct Output {
    bool json = false;                ///< One JSON object on stdout when the program ends, nothing else there.
    bool quiet = false;               ///< No progress and no notes; results and errors only.
    Interrupts* interrupts = nullptr; ///< Asks jobs to stop; none: nobody does.

    bool cancelled = false;               ///< A job was stopped.
    std::optional<nlohmann::json> result; ///< With json: what the command has to say.
};

/// Runs a job on this thread. Progress goes to stderr: one line that is rewritten where it is a terminal, a line every
/// ten seconds where it is not. The first Ctrl-C (or SIGTERM) asks the job to stop; then `output` is marked as
/// cancelled, and `toContinue` says what to do next; empty where a stop leaves nothing to go on from.
JobEnd runJob(Job& job, Output& output, const std::string& toContinue = "run the same command again to continue");

/// What others wrote, such as the name of a file or a caption, stands in messages and results: without characters that
/// would cut them short or steer the terminal, which become "?".
std::string withoutControls(std::string text);

/// A line on stderr, unless quiet; also while a job's progress is shown there.
void printNote(const Output& output, const std::string& text);

/// Gives a command's result: `text` for people at once, or `json`, an object, when the program ends. Call it once.
void printResult(Output& output, const std::string& text, const nlohmann::json& json);

/// Prints the one JSON object of this run of the program. Of several calls, on whatever threads, the first one counts;
/// false for all others.
bool printOnce(const nlohmann::json& object);

/// Left-aligned columns, the first row a heading.
std::string table(const std::vector<std::vector<std::string>>& rows);

/// "0.123"
std::string decimalText(double value, int decimals);

/// "1:07:12", "3:05", "12 s"
std::string durationText(double seconds);

} // namespace nanodit::cli
