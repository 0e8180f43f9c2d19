#pragma once

#include <cstdint>
#include <filesystem>

namespace nanodit {

struct RunExport {
    std::filesystem::path checkpoint; ///< A checkpoint folder of the run, or one of its files of weights.
    std::filesystem::path folder;     ///< Becomes a run folder; must not exist.
    bool halfPrecision = true;        ///< Weights as float16, but for tensors with a value that float16 cannot hold.
    std::int64_t metricsEvery = 10;   ///< Of the record of its steps, every n-th line is kept; validations all are.
};

/// Writes what others need of a run: its configuration, the record of its steps and one checkpoint with only the
/// averaged weights (the current ones if no average is kept, or if their file is named). Others can sample from it and
/// start from it, not resume it. The folder appears whole or not at all. Gives the bytes that the weights take. Throws
/// DataError, StoreError.
std::uintmax_t exportRun(const RunExport& request);

} // namespace nanodit
