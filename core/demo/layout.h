#pragma once

#include "core/demo/scene.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace nanodit {

/// A coloured thing that was found in a picture.
struct FoundThing {
    ThingColour colour = ThingColour::Red;
    ThingShape shape = ThingShape::Circle; ///< Whose outline, at this area, overlaps it best.
    double overlap = 0;                    ///< Intersection over union with that outline.
    double x = 0, y = 0;                   ///< Centre of mass, in fractions of the picture's width and height.
    double area = 0;                       ///< Share of the picture.
};

/// Finds things by colour: for each of the eight hues the largest connected region of saturated pixels, if it covers at
/// least 0.6 % of the picture and is compact.
std::vector<FoundThing> findThings(const Image& picture);

/// How far coloured things are from where they should be. Sums, so that pictures add up.
struct LayoutScore {
    /// What a thing that is not found counts as, in fractions of the diagonal.
    static constexpr double missingPenalty = 0.5;

    std::int64_t pictures = 0;
    std::int64_t things = 0; ///< That should be there.
    std::int64_t missing = 0;
    std::int64_t spurious = 0;   ///< Found, of a colour that should not be there.
    std::int64_t rightShape = 0; ///< Of those found.
    std::int64_t inRegion = 0;   ///< Of those found: in the region that the caption names.
    double distance = 0;         ///< Over found things, in fractions of the diagonal.
    double regionDistance = 0;   ///< The same to the edge of the named region; 0 inside.

    /// Layout error: mean distance over all things, a missing one counting missingPenalty.
    double error() const;
    /// The same by regionDistance: all that a caption says of places is asked, and no more.
    double regionError() const;
    LayoutScore& operator+=(const LayoutScore& other);
};

/// The ninth of the picture that the caption names for a thing, in fractions of the bucket image's sides.
struct PlaceRegion {
    double left = 0, top = 0, right = 1, bottom = 1;
};
PlaceRegion namedRegion(const Scene& scene, const SceneThing& thing);

/// `picture` shows the scene's bucket image, or an attempt at it.
LayoutScore scoreLayout(const Scene& truth, const Image& picture);

/// How far the picture's things, of whatever colour, are from the scene's places, in fractions of the diagonal: every
/// place gets one thing, nearest pairs first; one that gets none counts LayoutScore::missingPenalty.
double placeError(const Scene& truth, const Image& picture);

/// The thing of this colour that stands within `tolerance` (fractions of the diagonal) of the scene's thing; empty
/// where there is none.
std::optional<FoundThing> foundAt(const Scene& truth, const SceneThing& thing, ThingColour colour, const Image& picture,
                                  double tolerance = 0.1);
/// Whether there is one.
bool standsAt(const Scene& truth, const SceneThing& thing, ThingColour colour, const Image& picture,
              double tolerance = 0.1);

} // namespace nanodit
