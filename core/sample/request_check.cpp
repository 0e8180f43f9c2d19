#include "core/sample/request_check.h"

#include "core/runs/checkpoint.h"
#include "core/runtime/error.h"

#include <nlohmann/json.hpp>

#include <cmath>
#include <tuple>

namespace nanodit {

void checkRequest(const SampleRequest& request, std::int64_t unit)
{
    constexpr std::int64_t longestSide = 8192, mostSteps = 10000;
    const auto fits = [unit](std::int64_t side) { return side > 0 && side <= longestSide && side % unit == 0; };
    if (!fits(request.size.width) || !fits(request.size.height))
        throw UsageError("no picture of " + bucketName(request.size) +
                         " pixels can be generated: both sides must be multiples of " + std::to_string(unit) +
                         ", and at most " + std::to_string(longestSide));
    if (request.steps < 1 || request.steps > mostSteps)
        throw UsageError("no picture can be generated in " + std::to_string(request.steps) + " steps: take 1 to " +
                         std::to_string(mostSteps));
    if (!(request.shift > 0) || !std::isfinite(request.shift))
        throw UsageError("the timestep shift must be a number above 0");
    if (!std::isfinite(request.textScale) || !std::isfinite(request.dinoScale))
        throw UsageError("the guidance scales must be numbers");
    if (!std::isfinite(request.internalScale))
        throw UsageError("the scale of internal guidance must be a number");
    if (request.weakGuide && !std::isfinite(request.weakGuide->scale))
        throw UsageError("the scale of the weak guide must be a number");
    const auto& projected = request.projected;
    if (!(std::abs(projected.momentum) < 1) || !(projected.threshold >= 0) || !std::isfinite(projected.parallel))
        throw UsageError("projected guidance needs a momentum between -1 and 1 and a threshold of 0 or more");
    if (request.blend && !(request.blend->weight >= 0 && request.blend->weight <= 1))
        throw UsageError("the weight of the reference in a blend must be from 0 to 1");
    if (request.start && !(request.start->time > 0 && request.start->time <= 1))
        throw UsageError("the flow time to start at must be above 0 and at most 1");
    if (!(request.guidanceInterval[0] <= request.guidanceInterval[1]))
        throw UsageError("the interval of t in which guidance applies must begin at its lower end");
}

void checkWeakGuide(const std::filesystem::path& guide, const CheckpointState& theirs, const CheckpointState& ours)
{
    const auto conditions = [](const CheckpointState& state) {
        const auto& model = state.config.model;
        return std::tuple(model.latentChannels, model.patchSize, model.textDim, model.dinoDim, state.textTokens);
    };
    const auto identity = [](const nlohmann::json& encoder) { // other versions say more beside the fingerprint
        return encoder.is_object() && encoder.contains("fingerprint") ? encoder.at("fingerprint") : encoder;
    };
    bool same = conditions(theirs) == conditions(ours) && theirs.dino.toJson() == ours.dino.toJson();
    for (const auto& [name, encoder] : theirs.encoders.items()) {
        const auto own = ours.encoders.find(name);
        same = same && (own == ours.encoders.end() || identity(*own) == identity(encoder));
    }
    if (!same)
        throw UsageError("the weak guide " + guide.string() +
                         " was trained on other latents or conditions than the model: name an earlier checkpoint of "
                         "the same run");
}

} // namespace nanodit
