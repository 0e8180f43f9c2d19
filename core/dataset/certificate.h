#pragma once

#include "core/geometry/bucket.h"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace nanodit {

/// What an alignment certificate found out about an array of patches.
enum class AlignmentVerdict {
    True,       ///< Each patch is what the encoder gives for its place of the bucket image.
    Misaligned, ///< The array fits one of the alternatives better.
    Partly,     ///< In place, but some patches are something else.
    Unlike      ///< Neither in place nor any of the alternatives: another picture, another encoder, damaged.
};
/// "true", "misaligned", "partly", "unlike"
std::string verdictName(AlignmentVerdict verdict);

/// How well an array fits what a certain bug would have written in its place.
struct AlternativeMatch {
    std::string name;       ///< In words: "one column right".
    double cosine = 0;      ///< Mean over the patches that both have.
    std::int64_t cells = 0; ///< How many those are.
};

/// Says whether stored patches lie where they should: a comparison with recomputed patches of the bucket image, and
/// with what known bugs would have stored.
struct AlignmentCertificate {
    AlignmentVerdict verdict = AlignmentVerdict::Unlike;
    GridSize grid;            ///< Of the bucket.
    std::int64_t patches = 0; ///< Stored; when it is not grid.count(), the four numbers below mean nothing.
    double cosine = 0;        ///< Mean over all patches.
    double lowestCosine = 0;  ///< Of a single patch.
    GridCell lowestCell;
    double largestDifference = 0;               ///< Of a single number.
    std::int64_t deviating = 0;                 ///< Patches with a cosine below 0.5.
    std::vector<AlternativeMatch> alternatives; ///< Best first.

    bool fitsGrid() const { return patches == grid.count(); }
    /// For a person: "true; best alternative: one column right, cosine 0.71".
    std::string sentence() const;
    nlohmann::json toJson() const;
    /// Throws DataError when it is not as toJson writes it.
    static AlignmentCertificate fromJson(const nlohmann::json& json);
};

} // namespace nanodit
