#include "core/geometry/bucket.h"
#include "core/io/image.h"
#include "core/io/json_fault.h"
#include "core/runtime/error.h"
#include "core/sample/sample_request.h"

#include <nlohmann/json.hpp>

namespace nanodit {

namespace {

constexpr const char* keyword = "nanodit";
constexpr std::array<const char*, 2> guidanceNames = {"additive", "chained"};
constexpr std::array<const char*, 2> solverNames = {"euler", "heun"};

template<typename Enum>
Enum fromName(const std::array<const char*, 2>& names, const std::string& name)
{
    return static_cast<Enum>(name == names[1] ? 1 : 0);
}

nlohmann::ordered_json toJson(const std::variant<NoReference, RecordReference, PictureReference>& reference)
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

} // namespace

PngText settingsOf(const SampleRequest& request)
{
    nlohmann::ordered_json json;
    json["format"] = 1;
    json["prompt"] = request.prompt;
    json["text_record"] = request.textRecord ? nlohmann::ordered_json(*request.textRecord) : nlohmann::ordered_json();
    json["reference"] = toJson(request.reference);
    if (!request.erasedPatches.empty())
        json["erased_patches"] = request.erasedPatches;
    json["size"] = bucketName(request.size);
    json["steps"] = request.steps;
    json["solver"] = solverNames[static_cast<std::size_t>(request.solver)];
    json["shift"] = request.shift;
    json["text_scale"] = request.textScale;
    json["dino_scale"] = request.dinoScale;
    json["guidance"] = guidanceNames[static_cast<std::size_t>(request.guidance)];
    json["guidance_interval"] = request.guidanceInterval;
    json["seed"] = request.seed;
    return {{keyword, json.dump()}};
}

std::optional<SampleRequest> sampleRequestFromPng(const std::filesystem::path& file)
{
    const auto text = readPngText(file);
    const auto found = text.find(keyword);
    if (found == text.end())
        return std::nullopt;
    try {
        const auto json = nlohmann::json::parse(found->second);
        SampleRequest request;
        request.prompt = json.at("prompt");
        if (json.at("text_record").is_string())
            request.textRecord = json.at("text_record");
        request.reference = referenceFrom(json.at("reference"));
        if (json.contains("erased_patches"))
            request.erasedPatches = json.at("erased_patches").get<std::vector<std::int64_t>>();
        request.size = bucketFromName(json.at("size"));
        request.steps = json.at("steps");
        request.solver = fromName<Solver>(solverNames, json.at("solver"));
        request.shift = json.at("shift");
        request.textScale = json.at("text_scale");
        request.dinoScale = json.at("dino_scale");
        request.guidance = fromName<GuidanceMode>(guidanceNames, json.at("guidance"));
        request.guidanceInterval = json.at("guidance_interval");
        request.seed = json.at("seed");
        return request;
    } catch (const nlohmann::json::exception& error) {
        throw DataError(file.string() + " carries settings of a picture that are damaged (" + jsonFault(error) +
                        "): use it as a reference picture instead");
    }
}

} // namespace nanodit
