#pragma once

#include "core/runtime/job.h"

#include <filesystem>
#include <string>

namespace nanodit {

/// SHA-256 (64 hex digits) over the names and contents of the files that decide what an encoder gives: config.json,
/// preprocessor_config.json, tokenizer files, weights. The hash of each file is remembered in `cacheFile` by path, size
/// and time of change, so that gigabytes are read once. Throws DataError when the folder holds no config.json.
/// Empty when the context said stop.
std::string encoderFingerprint(const std::filesystem::path& folder, const std::filesystem::path& cacheFile,
                               const JobContext& context = {});

} // namespace nanodit
