#include "core/dataset/provenance.h"

#include "core/io/json_fault.h"
#include "core/io/sha256.h"
#include "core/runtime/error.h"

#include <nlohmann/json.hpp>

#include <ctime>
#include <sys/stat.h>

namespace nanodit {

std::string ArrayInputs::toJson() const
{
    return nlohmann::json{{"source", source}, {"bucket", bucket}, {"parameters", parameters}, {"encoder", encoder}}
        .dump();
}

std::string ArrayInputs::fingerprint() const
{
    return sha256Hex(toJson());
}

ArrayInputs ArrayInputs::fromJson(const std::string& text)
{
    try {
        const auto json = nlohmann::json::parse(text);
        return {.source = json.at("source"),
                .bucket = json.at("bucket"),
                .parameters = json.at("parameters"),
                .encoder = json.at("encoder")};
    } catch (const nlohmann::json::exception& error) {
        throw DataError("the catalog's provenance \"" + text +
                        "\" is not as this program writes it: " + jsonFault(error));
    }
}

std::vector<InputChange> changesBetween(const ArrayInputs& before, const ArrayInputs& now, ArrayKind kind)
{
    constexpr std::size_t shownDigits = 12;
    std::vector<InputChange> changes;
    if (before.source != now.source)
        changes.push_back({kind == ArrayKind::T5 ? ArrayInput::Caption : ArrayInput::Picture, {}, {}});
    if (before.bucket != now.bucket)
        changes.push_back({ArrayInput::Bucket, before.bucket, now.bucket});
    if (before.parameters != now.parameters)
        changes.push_back({ArrayInput::PassSettings, before.parameters, now.parameters});
    if (!now.encoder.empty() && before.encoder != now.encoder)
        changes.push_back(
            {ArrayInput::Encoder, before.encoder.substr(0, shownDigits), now.encoder.substr(0, shownDigits)});
    return changes;
}

std::string inWords(const InputChange& change)
{
    const auto both = " (" + change.before + " before, " + change.now + " now)";
    switch (change.input) {
    case ArrayInput::Picture:
        return "the picture";
    case ArrayInput::Caption:
        return "the caption";
    case ArrayInput::Bucket:
        return "the bucket" + both;
    case ArrayInput::PassSettings:
        return "the pass's settings" + both;
    case ArrayInput::Encoder:
        return "the encoder" + both;
    }
    return {};
}

std::string fileMarkOf(const std::filesystem::path& file)
{
    struct stat status {};
    if (::stat(file.c_str(), &status) != 0 || !S_ISREG(status.st_mode))
        return {};
    const auto nanoseconds = [](const timespec& time) {
        return std::to_string(std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec);
    };
    return std::to_string(status.st_size) + " " + nanoseconds(status.st_mtim) + " " + nanoseconds(status.st_ctim) +
           " " + std::to_string(status.st_ino);
}

std::string utcNow()
{
    return utcText(std::time(nullptr));
}

std::string utcText(std::int64_t seconds)
{
    const auto time = static_cast<std::time_t>(seconds);
    std::tm parts{};
    gmtime_r(&time, &parts);
    char text[32];
    return {text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

Pass passOf(ArrayKind kind)
{
    switch (kind) {
    case ArrayKind::T5:
        return Pass::T5;
    case ArrayKind::Vae:
        return Pass::Vae;
    case ArrayKind::DinoCls:
    case ArrayKind::DinoPatches:
        return Pass::Dino;
    }
    return Pass::T5;
}

std::vector<ArrayKind> arraysOf(Pass pass)
{
    switch (pass) {
    case Pass::T5:
        return {ArrayKind::T5};
    case Pass::Vae:
        return {ArrayKind::Vae};
    case Pass::Dino:
        return {ArrayKind::DinoCls, ArrayKind::DinoPatches};
    }
    return {};
}

std::string passName(Pass pass)
{
    switch (pass) {
    case Pass::T5:
        return "t5";
    case Pass::Vae:
        return "vae";
    case Pass::Dino:
        return "dinov3";
    }
    return {};
}

Pass passFromName(const std::string& name)
{
    for (const auto pass : {Pass::T5, Pass::Vae, Pass::Dino}) {
        if (passName(pass) == name)
            return pass;
    }
    throw UsageError("there is no pass \"" + name + "\": the passes are t5, vae and dinov3");
}

} // namespace nanodit
