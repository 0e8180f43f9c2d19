#pragma once

#include <nlohmann/json.hpp>

#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <string>

namespace nanodit {

/// Layers of an encoder that a configuration may ask for: each is a list of tensors that are looked for.
inline constexpr std::int64_t mostLayers = 1000;

/// A JSON object that others wrote (config.json of a model...): typed look-ups, whose DataError names the file, the
/// key, what was found and what was expected. A key that is null counts as absent.
class JsonFields {
public:
    /// Throws DataError when the file is missing, no JSON or no object.
    static JsonFields read(const std::filesystem::path& file);
    /// `source` names the file in messages.
    JsonFields(nlohmann::json object, std::string source);

    bool has(const std::string& key) const;
    /// Throws DataError naming the first of these keys that is absent.
    void require(std::initializer_list<const char*> keys) const;
    std::int64_t integer(const std::string& key, std::int64_t absent) const;
    /// The same, at least 1 and at most `most`: sizes and counts.
    std::int64_t count(const std::string& key, std::int64_t absent, std::int64_t most = 1'000'000) const;
    double number(const std::string& key, double absent) const;
    bool boolean(const std::string& key, bool absent) const;
    std::string text(const std::string& key, const std::string& absent) const;

    /// Throws DataError when a "quantization_config" says that the weights beside the file are quantised.
    void expectUnquantised() const;

    const nlohmann::json& json() const { return object_; }
    const std::string& source() const { return source_; }

private:
    [[noreturn]] void refuse(const std::string& key, const std::string& expected) const;

    nlohmann::json object_;
    std::string source_;
};

} // namespace nanodit
