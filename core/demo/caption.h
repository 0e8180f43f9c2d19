#pragma once

#include "core/demo/counter_random.h"
#include "core/demo/scene.h"

#include <string>
#include <vector>

namespace nanodit {

/// What a word of a caption is about: a thing's index, or one of these.
inline constexpr int aboutBackground = -1; ///< Its tint, its texture, the light.
inline constexpr int aboutNothing = -2;

struct CaptionWord {
    std::string text; ///< With the punctuation behind it.
    int about = aboutNothing;
};

/// Says of a scene all that words can: of each thing its size (where it is small or large), colour, shape and ninth of
/// the picture; of things that these ninths do not tell apart, which is left of, right of, above or below the other; of
/// the background its tint and texture and where the light comes from. `random` chooses among eight phrasings.
std::vector<CaptionWord> describe(const Scene& scene, CounterRandom& random);
/// The words with blanks between them.
std::string captionText(const std::vector<CaptionWord>& words);

enum class LightSide { Left, Above, Right };
/// Where the caption says that the light comes from.
LightSide lightSide(const Scene& scene);
enum class SizeWord { Small, None, Large };
/// What the caption calls a thing.
SizeWord sizeWord(const SceneThing& thing);

} // namespace nanodit
