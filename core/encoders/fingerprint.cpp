#include "core/encoders/fingerprint.h"

#include "core/encoders/image_processor.h"
#include "core/encoders/t5_tokenizer.h"
#include "core/io/atomic_file.h"
#include "core/io/file_identity.h"
#include "core/io/foreign_text.h"
#include "core/io/model_folder.h"
#include "core/io/sha256.h"
#include "core/runtime/error.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace nanodit {

namespace {

/// Whether the folder's config.json calls for a T5, so that a tokenizer beside it is its own.
bool holdsT5(const std::filesystem::path& folder)
{
    std::ifstream in(folder / "config.json", std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    const auto config = nlohmann::json::parse(utf8FromFile(bytes).value_or(bytes), nullptr, false); // as JsonFields do
    return config.is_object() && config.contains("model_type") && config["model_type"] == "t5";
}

nlohmann::json readCache(const std::filesystem::path& cacheFile)
{
    std::ifstream in(cacheFile, std::ios::binary);
    auto cache = nlohmann::json::parse(in, nullptr, false);
    return cache.is_object() ? cache : nlohmann::json::object(); // a broken cache costs a second reading, no more
}

/// What the cache holds for a file in this state; empty where it holds nothing, or nothing that makes sense.
std::string remembered(const nlohmann::json& cache, const std::string& file, const std::string& state)
{
    const auto entry = cache.find(file);
    if (entry == cache.end() || !entry->is_object())
        return {};
    const auto text = [&](const char* key) {
        const auto found = entry->find(key);
        return found != entry->end() && found->is_string() ? found->get<std::string>() : std::string();
    };
    const auto hash = text("sha256");
    constexpr std::size_t hexDigits = 64;
    return text("state") == state && hash.size() == hexDigits ? hash : std::string();
}

} // namespace

std::vector<std::filesystem::path> encoderFiles(const std::filesystem::path& folder)
{
    std::error_code ignored; // names that no file system takes, and links that lead to themselves
    if (!std::filesystem::is_regular_file(folder / "config.json", ignored))
        throw DataError(folder.string() + " is not an encoder: it has no config.json; " + adviceWithoutConfig(folder));
    const auto weights = findModelFiles(folder);
    auto files = weights.files;
    files.push_back(folder / "config.json");
    for (const auto& file : {weights.index, ImageProcessor::fileIn(folder)}) {
        if (!file.empty())
            files.push_back(file);
    }
    const auto tokenizer = T5Tokenizer::fileFor(folder);
    const bool beside = !tokenizer.empty() && tokenizer.parent_path() != folder;
    if (!tokenizer.empty() && (holdsT5(folder) || (!beside && tokenizer.filename() == "spiece.model"))) {
        files.push_back(tokenizer);
        if (const auto config = tokenizer.parent_path() / "tokenizer_config.json";
            tokenizer.filename() == "spiece.model" && std::filesystem::is_regular_file(config, ignored))
            files.push_back(config);
    }
    std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) { return a.filename() < b.filename(); });
    return files;
}

std::string encoderFingerprint(const std::filesystem::path& folder, const std::filesystem::path& cacheFile,
                               const JobContext& context)
{
    const auto files = encoderFiles(folder);
    std::int64_t bytes = 0;
    for (const auto& file : files) {
        std::error_code missing;
        const auto size = std::filesystem::file_size(file, missing);
        if (missing)
            throw DataError(file.string() + " cannot be read (" + missing.message() +
                            "), which is a part of the encoder: fetch it again");
        bytes += static_cast<std::int64_t>(size);
    }
    auto cache = readCache(cacheFile);
    bool changed = false;
    ProgressMeter meter(context, {Stage::FingerprintingEncoder, folder.filename().string()}, bytes, Unit::Bytes);
    Sha256 all;
    for (const auto& file : files) {
        const auto key = printableText(std::filesystem::canonical(file).native());
        const auto state = fileIdentity(file);
        auto hash = remembered(cache, key, state);
        if (hash.empty()) {
            const auto computed = sha256OfFile(file, [&](std::size_t read) {
                meter.advance(static_cast<std::int64_t>(read));
                return !context.shouldStop();
            });
            if (!computed)
                return {};
            hash = *computed;
            cache[key] = {{"state", state}, {"sha256", hash}};
            changed = true;
        }
        all.update(file.filename().string() + " " + hash + "\n");
    }
    if (changed) {
        std::error_code error;
        std::filesystem::create_directories(cacheFile.parent_path(), error);
        try {
            writeFileAtomically(cacheFile, dumpForeignJson(cache) + "\n");
        } catch (const StoreError&) { // a workspace that can only be read costs another reading, no more
        }
    }
    return all.hex();
}

} // namespace nanodit
