#pragma once

#include "core/runtime/job.h"

#include <filesystem>
#include <string>
#include <vector>

namespace nanodit {

/// The files that decide what an encoder gives, those that its loader reads: config.json, the image processor's
/// settings, the weights with their index, the tokenizer, also where it lies in a folder beside the encoder's. Sorted
/// by name. Throws DataError when the folder holds no config.json or no weights.
std::vector<std::filesystem::path> encoderFiles(const std::filesystem::path& folder);

/// SHA-256 (64 hex digits) over the names and contents of those files. The hash of each file is remembered in
/// `cacheFile` by path, size, number and times of change, so that gigabytes are read once. Throws DataError as above.
/// Empty when the context said stop.
std::string encoderFingerprint(const std::filesystem::path& folder, const std::filesystem::path& cacheFile,
                               const JobContext& context = {});

} // namespace nanodit
