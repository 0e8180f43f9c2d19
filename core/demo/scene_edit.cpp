#include "core/demo/scene_edit.h"

#include "core/demo/scene_measures.h"
#include "core/demo/truth.h"
#include "core/encoders/encoder_info.h"
#include "core/validate/indefinite_article.h"

#include <algorithm>
#include <cctype>

namespace nanodit {

namespace {

const char* nameOf(ThingColour colour)
{
    return colourNames[static_cast<std::size_t>(colour)];
}

const char* nameOf(ThingShape shape)
{
    return shapeNames[static_cast<std::size_t>(shape)];
}

/// The first colour behind a thing's own that no thing of the scene has.
ThingColour freeColour(const Scene& scene, ThingColour own)
{
    for (std::size_t step = 1; step < colourNames.size(); ++step) {
        const auto colour = static_cast<ThingColour>((static_cast<std::size_t>(own) + step) % colourNames.size());
        if (std::none_of(scene.things.begin(), scene.things.end(),
                         [colour](const SceneThing& thing) { return thing.colour == colour; }))
            return colour;
    }
    return own;
}

std::optional<WordChange> changeWord(const Scene& scene, const SceneThing& thing, const std::string& caption,
                                     bool colour)
{
    const std::string oldColour = nameOf(thing.colour), oldShape = nameOf(thing.shape);
    const auto words = oldColour + " " + oldShape;
    if (findWords(caption, words) == std::string::npos)
        return std::nullopt;
    const auto next = (static_cast<std::size_t>(thing.shape) + 1) % shapeNames.size();
    WordChange change{.caption = caption,
                      .from = colour ? oldColour : oldShape,
                      .to = colour ? nameOf(freeColour(scene, thing.colour)) : shapeNames[next]};
    // A caption that names a thing's place by another's names that one twice.
    for (auto at = findWords(change.caption, words); at != std::string::npos; at = findWords(change.caption, words)) {
        if (colour) {
            change.caption.replace(at, oldColour.size(), change.to);
            setIndefiniteArticle(change.caption, at);
        } else {
            change.caption.replace(at + oldColour.size() + 1, oldShape.size(), change.to);
        }
    }
    return change;
}

std::vector<std::int64_t> patchesAround(const Scene& scene, const SceneThing& thing, GridSize grid)
{
    const auto [x, y] = centreInBucket(thing, scene.picture, scene.bucket);
    const double centreX = x * static_cast<double>(scene.bucket.width);
    const double centreY = y * static_cast<double>(scene.bucket.height);
    const auto seen = bucketCrop(scene.picture, scene.bucket);
    const double scale = static_cast<double>(scene.bucket.width) / (seen.right - seen.left);
    const double radius =
        0.5 * thing.size * static_cast<double>(std::min(scene.picture.width, scene.picture.height)) * scale;
    std::vector<std::int64_t> patches;
    for (std::int64_t patch = 0; patch < grid.count(); ++patch) {
        const auto box = cellBox(scene.bucket, grid, {.row = patch / grid.cols, .col = patch % grid.cols});
        const double dx = std::clamp(centreX, box.left, box.right) - centreX;
        const double dy = std::clamp(centreY, box.top, box.bottom) - centreY;
        if (dx * dx + dy * dy < radius * radius)
            patches.push_back(patch);
    }
    return patches;
}

std::optional<RegionChange> editRecord(const Workspace& workspace, const RecordInfo& record, std::size_t number)
{
    const auto scene = storedTruth(workspace, record.id);
    if (!scene || !(scene->bucket == record.bucket) || workspace.config.dinoEncoder.empty())
        return std::nullopt;
    return editScene(*scene, record.caption, dinoGrid(record.bucket, dinoEncoderInfo(workspace).patchSize), number);
}

} // namespace

std::size_t findWords(const std::string& text, const std::string& words)
{
    const auto isLetter = [&text](std::size_t at) {
        return at < text.size() && std::isalpha(static_cast<unsigned char>(text[at])) != 0;
    };
    for (auto at = text.find(words); at != std::string::npos; at = text.find(words, at + 1)) {
        if ((at == 0 || !isLetter(at - 1)) && !isLetter(at + words.size()))
            return at;
    }
    return std::string::npos;
}

std::optional<RegionChange> editScene(const Scene& scene, const std::string& caption, GridSize grid, std::size_t number)
{
    for (std::size_t step = 0; step < scene.things.size(); ++step) {
        const auto index = (number / 2 + step) % scene.things.size();
        const auto& thing = scene.things[index];
        if (auto change = changeWord(scene, thing, caption, number % 2 == 0))
            return RegionChange{.change = std::move(*change),
                                .region = {.thing = index, .grid = grid, .patches = patchesAround(scene, thing, grid)}};
    }
    return std::nullopt;
}

KnownTruth sceneTruth()
{
    return {.measure = measureScene, .regionChange = editRecord};
}

} // namespace nanodit
