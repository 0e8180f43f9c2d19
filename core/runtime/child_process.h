#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace nanodit {

/// A program to run, without a shell: each argument reaches it as it is.
struct ChildProgram {
    std::vector<std::string> arguments; ///< The program first; looked for in PATH when it names no folder.
    std::filesystem::path folder;       ///< Where it runs.
    std::string input = {};             ///< All of its standard input.
    std::chrono::milliseconds limit = std::chrono::minutes(2);
    std::size_t mostOutput = 64 * 1024; ///< Bytes on its standard output; of its errors only the end is kept.
};

struct ChildResult {
    enum class End { Exited, Killed, TooLong, TooMuch, Stopped }; ///< Killed: by a signal that was not ours.
    End end = End::Exited;
    int code = 0; ///< Of Exited: the exit code; of Killed: the signal.
    std::string output, errors;

    bool succeeded() const { return end == End::Exited && code == 0; }
    /// "ended with code 3: ValueError: no picture"
    std::string inWords(const ChildProgram& program) const;
};

/// Runs it to its end, in a process group of its own. That group is killed when the
/// program has ended, takes longer than its limit, writes more than it may, or when `shouldStop`, asked twenty times a
/// second, says so: nothing that it started stays behind. Throws DataError when it cannot be started.
ChildResult runChild(const ChildProgram& program, const std::function<bool()>& shouldStop);

} // namespace nanodit
