#pragma once

#include "core/inspect/feature_grid.h"

#include <functional>
#include <memory>

namespace nanodit {

/// Number of cosines along each side that a place field is made of.
inline constexpr std::int64_t placeWaves = 6;

/// The part of patch features that depends on where a patch lies and on nothing else, which DINOv3 is known for: the
/// mean over many pictures as a smooth function of the place, a sum of 6 x 6 cosines over the picture's unit square
/// (so that one field serves every bucket), fitted by least squares.
struct PlaceField {
    std::int64_t width = 0;          ///< D
    std::vector<float> coefficients; ///< [36, D]; the first row, the mean over all places, is not taken away.
    std::int64_t pictures = 0;       ///< That it was fitted on.
    double share = 0;                ///< Of the features' variance that the place explains, 0 to 1.

    bool empty() const { return coefficients.empty(); }
};

/// The features without what depends on their place alone. Throws UsageError when the widths differ.
FeatureGrid withoutPlace(const PlaceField& field, FeatureGrid features);

/// Gives picture `i`, or nothing when it cannot be had; called for 0, 1... as often as a fit needs.
using GridReader = std::function<std::optional<FeatureGrid>(std::size_t)>;

/// Collects pictures, then solves for the field.
class PlaceFit {
public:
    PlaceFit();
    ~PlaceFit();
    void add(const FeatureGrid& features);
    /// Throws UsageError when no picture was added.
    PlaceField solve() const;

private:
    struct State;
    std::unique_ptr<State> state_;
};

} // namespace nanodit
