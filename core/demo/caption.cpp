#include "core/demo/caption.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <sstream>

namespace nanodit {

namespace {

/// "left of" another thing.
struct Relation {
    std::size_t thing = 0, other = 0;
    const char* words = "";
};

/// Collects words, each with what it is about.
class CaptionWriter {
public:
    void say(const std::string& words, int about)
    {
        std::istringstream parts(words);
        for (std::string word; parts >> word;)
            words_.push_back({.text = word, .about = about});
    }
    /// Behind the last word.
    void punctuate(char mark) { words_.back().text += mark; }
    std::vector<CaptionWord> take() { return std::move(words_); }

private:
    std::vector<CaptionWord> words_;
};

std::string withArticle(const std::string& words)
{
    return (std::string("aeiou").find(words.front()) != std::string::npos ? "an " : "a ") + words;
}

std::string nameOf(const SceneThing& thing)
{
    return std::string(colourNames[static_cast<std::size_t>(thing.colour)]) + " " +
           shapeNames[static_cast<std::size_t>(thing.shape)];
}

std::string phraseOf(const SceneThing& thing)
{
    const auto size = sizeWord(thing);
    const char* const word = size == SizeWord::Small ? "small " : size == SizeWord::Large ? "large " : "";
    return withArticle(word + nameOf(thing));
}

std::string backgroundOf(const Scene& scene)
{
    static constexpr std::array<const char*, 3> lights = {"lit from the left", "lit from above", "lit from the right"};
    return withArticle(std::string(tintNames[static_cast<std::size_t>(scene.tint)]) + " " +
                       textureNames[static_cast<std::size_t>(scene.texture)] + " background " +
                       lights[static_cast<std::size_t>(lightSide(scene))]);
}

/// How a thing lies to another, where their ninths do not say so: along the axis on which they are further apart they
/// are in the same third.
std::optional<const char*> relationOf(const SceneThing& thing, const SceneThing& other)
{
    constexpr double leastApart = 0.06;
    const double dx = thing.x - other.x, dy = thing.y - other.y;
    const int place = placeOf(thing), otherPlace = placeOf(other);
    if (std::max(std::abs(dx), std::abs(dy)) < leastApart)
        return std::nullopt;
    if (std::abs(dx) > std::abs(dy))
        return place % 3 == otherPlace % 3 ? std::optional(dx < 0 ? "left of" : "right of") : std::nullopt;
    return place / 3 == otherPlace / 3 ? std::optional(dy < 0 ? "above" : "below") : std::nullopt;
}

/// At most one a thing, to one named before it; and no more than leave the caption short enough.
std::vector<Relation> relationsOf(const Scene& scene, CounterRandom& random)
{
    std::vector<Relation> all;
    for (std::size_t i = 1; i < scene.things.size(); ++i) {
        std::vector<Relation> own;
        for (std::size_t j = 0; j < i; ++j) {
            if (const auto words = relationOf(scene.things[i], scene.things[j]))
                own.push_back({.thing = i, .other = j, .words = *words});
        }
        if (!own.empty())
            all.push_back(own[static_cast<std::size_t>(random.below(static_cast<std::int64_t>(own.size())))]);
    }
    const std::size_t most = scene.things.size() <= 3 ? 2 : 1;
    while (all.size() > most)
        all.erase(all.begin() + random.below(static_cast<std::int64_t>(all.size())));
    return all;
}

/// "a red ring at the top, a blue square in the middle, left of the red ring and a green star on the left"; with the
/// places first: "at the top a red ring and ..."
void sayThings(CaptionWriter& writer, const Scene& scene, const std::vector<Relation>& relations, bool placesFirst)
{
    for (std::size_t i = 0; i < scene.things.size(); ++i) {
        if (i > 0 && i + 1 == scene.things.size())
            writer.say("and", aboutNothing);
        else if (i > 0)
            writer.punctuate(',');
        const auto& thing = scene.things[i];
        const auto about = static_cast<int>(i);
        const auto place = placeName(thing.x, thing.y);
        writer.say(placesFirst ? place + " " + phraseOf(thing) : phraseOf(thing) + " " + place, about);
        for (const auto& relation : relations) {
            if (relation.thing != i)
                continue;
            writer.punctuate(',');
            writer.say(relation.words, about);
            writer.say("the " + nameOf(scene.things[relation.other]), static_cast<int>(relation.other));
        }
    }
}

} // namespace

LightSide lightSide(const Scene& scene)
{
    constexpr double aslant = 0.3;
    return scene.light[0] < -aslant ? LightSide::Left : scene.light[0] > aslant ? LightSide::Right : LightSide::Above;
}

SizeWord sizeWord(const SceneThing& thing)
{
    return thing.size < 0.235 ? SizeWord::Small : thing.size > 0.33 ? SizeWord::Large : SizeWord::None;
}

std::vector<CaptionWord> describe(const Scene& scene, CounterRandom& random)
{
    static constexpr std::array<const char*, 6> numbers = {"no", "one", "two", "three", "four", "five"};
    const auto phrasing = random.below(8);
    const auto relations = relationsOf(scene, random);
    CaptionWriter writer;
    const auto things = [&](bool placesFirst = false) { sayThings(writer, scene, relations, placesFirst); };
    const auto background = [&](const char* before) {
        writer.say(std::string(before) + " " + backgroundOf(scene), aboutBackground);
    };
    switch (phrasing) {
    case 0:
        things();
        background("on");
        break;
    case 1:
        background("on");
        writer.punctuate(':');
        things();
        break;
    case 2:
        writer.say("a picture of", aboutNothing);
        things();
        writer.punctuate(',');
        background("with");
        break;
    case 3:
        things(true);
        writer.punctuate(',');
        background("on");
        break;
    case 4:
        writer.say("there is", aboutNothing);
        things();
        background("against");
        break;
    case 5:
        writer.say(std::string(numbers.at(scene.things.size())) + " shapes", aboutNothing);
        background("on");
        writer.punctuate(':');
        things();
        break;
    case 6:
        background("");
        writer.say("with", aboutNothing);
        things();
        break;
    default:
        background("");
        writer.punctuate(';');
        things(true);
        break;
    }
    return writer.take();
}

std::string captionText(const std::vector<CaptionWord>& words)
{
    std::string text;
    for (const auto& word : words)
        text += (text.empty() ? "" : " ") + word.text;
    return text;
}

} // namespace nanodit
