#pragma once

/// Preview pictures of a run: samples/step-00000500-RECORD.png.

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace nanodit {

std::filesystem::path previewFile(const std::filesystem::path& runFolder, std::int64_t step,
                                  const std::string& recordId);

struct PreviewFile {
    std::string recordId;
    std::filesystem::path file;
};
/// By step, each step's by record. Files of other names are left out.
std::map<std::int64_t, std::vector<PreviewFile>> listPreviews(const std::filesystem::path& runFolder);

} // namespace nanodit
