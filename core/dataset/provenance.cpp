#include "core/dataset/provenance.h"

#include "core/io/sha256.h"

#include <nlohmann/json.hpp>

#include <ctime>

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
        throw DataError("the catalog's provenance \"" + text + "\" is not as this program writes it: " + error.what());
    }
}

std::vector<std::string> changedParts(const ArrayInputs& before, const ArrayInputs& now, ArrayKind kind)
{
    std::vector<std::string> parts;
    if (before.source != now.source)
        parts.push_back(kind == ArrayKind::T5 ? "the caption" : "the picture");
    if (before.bucket != now.bucket)
        parts.push_back("the bucket (" + before.bucket + " before, " + now.bucket + " now)");
    if (before.parameters != now.parameters)
        parts.push_back("the pass's settings (" + before.parameters + " before, " + now.parameters + " now)");
    if (before.encoder != now.encoder)
        parts.push_back("the encoder");
    return parts;
}

std::string utcNow()
{
    const std::time_t now = std::time(nullptr);
    std::tm parts{};
    gmtime_r(&now, &parts);
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
