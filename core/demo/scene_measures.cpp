#include "core/demo/scene_measures.h"

#include "core/demo/layout.h"
#include "core/demo/truth.h"

#include <algorithm>
#include <optional>

namespace nanodit {

namespace {

std::optional<ThingColour> thingColour(const std::string& word)
{
    const auto found = std::find(colourNames.begin(), colourNames.end(), word);
    if (found == colourNames.end())
        return std::nullopt;
    return static_cast<ThingColour>(found - colourNames.begin());
}

/// Whether the thing of the old colour has the new one; empty when the scene has no such thing.
std::optional<bool> obeys(const WordChange& change, const Scene& scene, const Image& picture)
{
    const auto from = thingColour(change.from), to = thingColour(change.to);
    const auto thing = std::find_if(scene.things.begin(), scene.things.end(),
                                    [&](const SceneThing& candidate) { return from && candidate.colour == *from; });
    if (thing == scene.things.end() || !to)
        return std::nullopt;
    return standsAt(scene, *thing, *to, picture);
}

/// Whether the thing stands in its place with the new colour, or in its colour with the new shape.
bool obeysEdit(const WordChange& change, const SceneThing& thing, const Scene& scene, const Image& picture)
{
    const auto colour = thingColour(change.to);
    const auto found = foundAt(scene, thing, colour.value_or(thing.colour), picture);
    return found && (colour || change.to == shapeNames[static_cast<std::size_t>(found->shape)]);
}

} // namespace

void measureScene(const Workspace& workspace, const PlannedPicture& planned, const Image& painted,
                  std::map<std::string, double>& values)
{
    const auto scene = storedTruth(workspace, planned.record.id);
    if (!scene)
        return;
    switch (planned.task) {
    case ValidationTask::Reconstruction:
    case ValidationTask::TextOnly: {
        const auto score = scoreLayout(*scene, painted);
        values["layout_error"] = score.error();
        values["region_error"] = score.regionError();
        values["things_right"] = static_cast<double>(score.rightShape) / static_cast<double>(score.things);
        values["not_found"] = static_cast<double>(score.missing) / static_cast<double>(score.things);
        break;
    }
    case ValidationTask::DinoSwap:
        if (const auto otherScene = storedTruth(workspace, planned.other->id)) {
            values["place_error_other"] = placeError(*otherScene, painted);
            values["place_error_own"] = placeError(*scene, painted);
        }
        break;
    case ValidationTask::TextManipulation:
    case ValidationTask::TextOverDino:
        if (const auto obeyed = obeys(*planned.change, *scene, painted))
            values["obeyed"] = *obeyed ? 1 : 0;
        break;
    case ValidationTask::RegionEdit:
        values["obeyed"] = obeysEdit(*planned.change, scene->things.at(planned.region->thing), *scene, painted) ? 1 : 0;
        break;
    }
}

} // namespace nanodit
