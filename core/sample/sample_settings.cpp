#include "core/geometry/bucket.h"
#include "core/io/atomic_file.h"
#include "core/io/comparable_name.h"
#include "core/io/file_kind.h"
#include "core/io/foreign_text.h"
#include "core/io/image.h"
#include "core/io/json_fault.h"
#include "core/runtime/error.h"
#include "core/sample/sample_request.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace nanodit {

namespace {

constexpr std::array<const char*, 2> guidanceNames = {"additive", "chained"};

template<typename Enum, std::size_t N>
Enum fromName(const std::array<const char*, N>& names, const std::string& name, const std::filesystem::path& file)
{
    const auto found = std::ranges::find(names, name);
    if (found == names.end())
        throw DataError(file.string() + " carries settings with \"" + name +
                        "\", which this program does not know: use the version that made it, or use the picture as a "
                        "reference instead");
    return static_cast<Enum>(found - names.begin());
}

template<typename... Kinds>
nlohmann::ordered_json toJson(const std::variant<Kinds...>& reference)
{
    if (const auto* record = std::get_if<RecordReference>(&reference))
        return {{"record", record->id}};
    if (const auto* picture = std::get_if<PictureReference>(&reference))
        return {{"picture", picture->file.string()}};
    return nullptr;
}

std::variant<NoReference, RecordReference, PictureReference> referenceFrom(const nlohmann::json& json)
{
    if (json.contains("record"))
        return RecordReference{json.at("record")};
    if (json.contains("picture"))
        return PictureReference{json.at("picture").get<std::string>()};
    return NoReference{};
}

/// Of a setting that always names one.
std::variant<RecordReference, PictureReference> pictureFrom(const nlohmann::json& json)
{
    const auto reference = referenceFrom(json);
    if (const auto* picture = std::get_if<PictureReference>(&reference))
        return *picture;
    const auto* record = std::get_if<RecordReference>(&reference);
    return record != nullptr ? *record : RecordReference{};
}

/// `advice`: what to do when the settings are damaged.
SampleRequest requestFrom(const std::string& text, const std::filesystem::path& source, const std::string& advice)
{
    try {
        const auto json = nlohmann::json::parse(text);
        SampleRequest request;
        request.prompt = json.at("prompt");
        if (json.at("text_record").is_string())
            request.textRecord = json.at("text_record");
        request.reference = referenceFrom(json.at("reference"));
        if (json.contains("cls_from"))
            request.clsFrom = referenceFrom(json.at("cls_from"));
        if (json.contains("blend")) {
            const auto& blend = json.at("blend");
            request.blend = {.with = pictureFrom(blend.at("with")), .weight = blend.at("weight")};
        }
        if (json.contains("erased_patches"))
            request.erasedPatches = json.at("erased_patches").get<std::vector<std::int64_t>>();
        if (json.contains("dino_weights"))
            request.dinoWeights = json.at("dino_weights").get<std::vector<double>>();
        const auto size = sizeFromName(json.at("size").get<std::string>());
        if (!size)
            throw DataError(source.string() + " carries settings with the size " + json.at("size").dump() +
                            ", which is not WIDTHxHEIGHT: " + advice);
        request.size = *size;
        const auto whole = [&](const char* key, bool isWhole) {
            if (!isWhole) // which a conversion would cut or wrap around
                throw DataError(source.string() + " carries settings with \"" + key + "\": " + json.at(key).dump() +
                                ", where a whole number was expected: " + advice);
        };
        whole("steps", json.at("steps").is_number_integer());
        whole("seed", json.at("seed").is_number_unsigned());
        request.steps = json.at("steps");
        request.solver = fromName<Solver>(solverNames, json.at("solver"), source);
        request.shift = json.at("shift");
        request.textScale = json.at("text_scale");
        request.dinoScale = json.at("dino_scale");
        request.guidance = fromName<GuidanceMode>(guidanceNames, json.at("guidance"), source);
        request.guidanceInterval = json.at("guidance_interval");
        if (json.contains("guidance_rule"))
            request.guidanceRule = fromName<GuidanceRule>(guidanceRuleNames, json.at("guidance_rule"), source);
        if (json.contains("projected")) {
            const auto& projected = json.at("projected");
            request.projected = {.parallel = projected.at("parallel"),
                                 .momentum = projected.at("momentum"),
                                 .threshold = projected.at("threshold")};
        }
        if (json.contains("internal_scale"))
            request.internalScale = json.at("internal_scale");
        if (json.contains("weak_guide")) {
            const auto& guide = json.at("weak_guide");
            request.weakGuide = {.checkpoint = guide.at("checkpoint").get<std::string>(), .scale = guide.at("scale")};
        }
        if (json.contains("start")) {
            const auto& start = json.at("start");
            request.start = {.picture = pictureFrom(start.at("picture")), .time = start.at("time")};
        }
        request.seed = json.at("seed");
        return request;
    } catch (const nlohmann::json::exception& error) {
        throw DataError(source.string() + " carries settings of a picture that are damaged (" + jsonFault(error) +
                        "): " + advice);
    }
}

/// What a file is that settings are read from; one that is named as a PNG is expected to be one.
FileKind kindOfSettings(const std::filesystem::path& file)
{
    return comparableName(file.extension().string()) == ".png" ? FileKind::Png : fileKindOf(file);
}

} // namespace

const char* nameOf(Solver solver)
{
    return solverNames[static_cast<std::size_t>(solver)];
}

const char* nameOf(GuidanceRule rule)
{
    return guidanceRuleNames[static_cast<std::size_t>(rule)];
}

PngText settingsOf(const SampleRequest& request)
{
    nlohmann::ordered_json json;
    json["format"] = 1;
    json["prompt"] = request.prompt;
    json["text_record"] = request.textRecord ? nlohmann::ordered_json(*request.textRecord) : nlohmann::ordered_json();
    json["reference"] = toJson(request.reference);
    if (!std::holds_alternative<NoReference>(request.clsFrom))
        json["cls_from"] = toJson(request.clsFrom);
    if (request.blend)
        json["blend"] = {{"with", toJson(request.blend->with)}, {"weight", request.blend->weight}};
    if (!request.erasedPatches.empty())
        json["erased_patches"] = request.erasedPatches;
    if (!request.dinoWeights.empty())
        json["dino_weights"] = request.dinoWeights;
    json["size"] = bucketName(request.size);
    json["steps"] = request.steps;
    json["solver"] = nameOf(request.solver);
    json["shift"] = request.shift;
    json["text_scale"] = request.textScale;
    json["dino_scale"] = request.dinoScale;
    json["guidance"] = guidanceNames[static_cast<std::size_t>(request.guidance)];
    json["guidance_interval"] = request.guidanceInterval;
    if (request.guidanceRule != GuidanceRule::Plain)
        json["guidance_rule"] = nameOf(request.guidanceRule);
    if (request.guidanceRule == GuidanceRule::Projected)
        json["projected"] = {{"parallel", request.projected.parallel},
                             {"momentum", request.projected.momentum},
                             {"threshold", request.projected.threshold}};
    if (request.guidanceRule == GuidanceRule::Internal)
        json["internal_scale"] = request.internalScale;
    if (request.weakGuide)
        json["weak_guide"] = {{"checkpoint", request.weakGuide->checkpoint.string()},
                              {"scale", request.weakGuide->scale}};
    if (request.start)
        json["start"] = {{"picture", toJson(request.start->picture)}, {"time", request.start->time}};
    json["seed"] = request.seed;
    // Paths may be no UTF-8.
    return {{settingsKeyword, json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace)}};
}

bool isPng(const std::filesystem::path& file)
{
    return kindOfSettings(file) == FileKind::Png;
}

std::optional<SampleRequest> sampleRequestFromPng(const std::filesystem::path& file)
{
    const auto text = readPngText(file);
    const auto found = text.find(settingsKeyword);
    if (found == text.end())
        return std::nullopt;
    return requestFrom(found->second, file, "use it as a reference picture instead");
}

SampleRequest readSampleRequest(const std::filesystem::path& file)
{
    if (const auto kind = kindOfSettings(file); kind != FileKind::Png) {
        const auto text = utf8FromFile(readTextFile(file)); // editors of Windows may save UTF-16
        if (!text || (kind != FileKind::Json && kind != FileKind::Text && kind != FileKind::Unknown))
            throw DataError(wrongKindMessage(
                file.string(), kind, "a PNG that this program generated, or a file with the JSON of its settings"));
        return requestFrom(*text, file, "take the JSON of a picture's settings as it is");
    }
    const auto request = sampleRequestFromPng(file);
    if (!request)
        throw DataError(file.string() + " carries no settings of a picture: name a PNG that this program generated");
    return *request;
}

} // namespace nanodit
