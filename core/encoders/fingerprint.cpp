#include "core/encoders/fingerprint.h"

#include "core/io/atomic_file.h"
#include "core/io/sha256.h"
#include "core/runtime/error.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <fstream>
#include <sys/stat.h>
#include <vector>

namespace nanodit {

namespace {

/// Files whose contents decide what an encoder gives.
bool decides(const std::filesystem::path& file)
{
    const auto name = file.filename().string();
    return name == "config.json" || name == "preprocessor_config.json" || name == "spiece.model" ||
           name == "tokenizer_config.json" || name.ends_with(".safetensors") ||
           name.ends_with(".safetensors.index.json") || name.ends_with(".bin") || name.ends_with(".pth");
}

/// What changes whenever a file's contents are replaced, without reading them.
std::string stateOf(const std::filesystem::path& file)
{
    struct stat state {};
    if (stat(file.c_str(), &state) != 0)
        throw DataError(file.string() + " cannot be read");
    return std::to_string(state.st_size) + " " + std::to_string(state.st_mtim.tv_sec) + "." +
           std::to_string(state.st_mtim.tv_nsec);
}

nlohmann::json readCache(const std::filesystem::path& cacheFile)
{
    std::ifstream in(cacheFile, std::ios::binary);
    auto cache = nlohmann::json::parse(in, nullptr, false);
    return cache.is_object() ? cache : nlohmann::json::object(); // a broken cache costs a second reading, no more
}

} // namespace

std::string encoderFingerprint(const std::filesystem::path& folder, const std::filesystem::path& cacheFile,
                               const JobContext& context)
{
    if (!std::filesystem::is_regular_file(folder / "config.json"))
        throw DataError(folder.string() + " is no encoder: it has no config.json");
    std::vector<std::filesystem::path> files;
    std::int64_t bytes = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        if (entry.is_regular_file() && decides(entry.path())) {
            files.push_back(entry.path());
            bytes += std::int64_t(entry.file_size());
        }
    }
    std::sort(files.begin(), files.end());

    auto cache = readCache(cacheFile);
    bool changed = false;
    ProgressMeter meter(context, {Stage::FingerprintingEncoder, folder.filename().string()}, bytes, Unit::Bytes);
    Sha256 all;
    for (const auto& file : files) {
        const auto key = std::filesystem::canonical(file).string();
        const auto state = stateOf(file);
        auto& entry = cache[key];
        if (!entry.is_object() || entry.value("state", "") != state || entry.value("sha256", "").size() != 64) {
            const auto hash = sha256OfFile(file, [&](std::size_t read) {
                meter.advance(static_cast<std::int64_t>(read));
                return !context.shouldStop();
            });
            if (!hash)
                return {};
            entry = {{"state", state}, {"sha256", *hash}};
            changed = true;
        }
        all.update(file.filename().string() + " " + entry["sha256"].get<std::string>() + "\n");
    }
    if (changed) {
        std::error_code error;
        std::filesystem::create_directories(cacheFile.parent_path(), error);
        try {
            writeFileAtomically(cacheFile, cache.dump(1) + "\n");
        } catch (const StoreError&) { // a workspace that can only be read costs another reading, no more
        }
    }
    return all.hex();
}

} // namespace nanodit
