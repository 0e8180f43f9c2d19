#pragma once

#include "core/geometry/bucket.h"
#include "core/io/image.h"

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace nanodit {

struct NoReference {};
struct RecordReference {
    std::string id; ///< Its stored CLS and patches; at a size other than its bucket's, its picture is encoded again.
};
struct PictureReference {
    std::filesystem::path file; ///< Encoded on demand.
};

enum class GuidanceMode { Additive, Chained };
/// How the branches' velocities become one: core/sample/guider.h.
enum class GuidanceRule { Plain, CfgZero, Projected, Internal };
enum class Solver { Euler, Heun, Multistep };

inline constexpr std::array<const char*, 4> guidanceRuleNames = {"plain", "cfg-zero", "projected", "internal"};
inline constexpr std::array<const char*, 3> solverNames = {"euler", "heun", "dpm++2m"};
const char* nameOf(Solver solver);
const char* nameOf(GuidanceRule rule);

/// What GuidanceRule::Projected does with each guidance term.
struct ProjectedGuidance {
    double parallel = 0;    ///< How much of the part along the prediction is kept: 0 none, 1 all.
    double momentum = -0.5; ///< How much of the previous steps is added; negative: what repeats counts less.
    double threshold = 0;   ///< Longest term, as root mean square in latents; 0: any.
};
/// A weaker model to guide away from, such as an earlier checkpoint of the run.
struct WeakGuide {
    std::filesystem::path checkpoint;
    double scale = 2; ///< 1 changes nothing.
};
/// A picture to begin with instead of noise alone.
struct PictureStart {
    std::variant<RecordReference, PictureReference> picture;
    double time = 0.6; ///< Flow time to begin at: 1 is noise alone, near 0 almost the picture.
};

/// A second picture whose CLS and patches are mixed into the reference's, patch by patch. No training picture is a
/// mixture.
struct ReferenceBlend {
    std::variant<RecordReference, PictureReference> with;
    double weight = 0.5; ///< Of the reference, in [0, 1]; `with` has the rest.
};

struct SampleRequest {
    std::string prompt;                    ///< Empty: null text, unless textRecord is set.
    std::optional<std::string> textRecord; ///< Use this record's stored text instead of the prompt.
    std::variant<NoReference, RecordReference, PictureReference> reference;
    /// Where CLS comes from; none: the reference, as its patches. A record's stored CLS is used, whatever its bucket; a
    /// picture is cropped to `size` and encoded. In training, CLS and patches always come from one picture.
    std::variant<NoReference, RecordReference, PictureReference> clsFrom;
    std::optional<ReferenceBlend> blend;
    std::vector<std::int64_t> erasedPatches; ///< Of the reference's, row by row: they leave the context.
    std::vector<double> dinoWeights;         ///< [0, 1] by patch: what of s_dino applies there; empty: all of it.
    ImageSize size;
    std::int64_t steps = 30;
    Solver solver = Solver::Euler;
    double shift = 1.0;
    double textScale = 2.0; ///< s_text
    double dinoScale = 2.0; ///< s_dino
    GuidanceMode guidance = GuidanceMode::Additive;
    std::array<double, 2> guidanceInterval = {0.0,
                                              1.0}; ///< t in which scales apply; outside, the fully conditioned model.
    GuidanceRule guidanceRule = GuidanceRule::Plain;
    ProjectedGuidance projected;
    double internalScale = 1.5; ///< With GuidanceRule::Internal: how far from the internal head; 1 is the plain rule.
    std::optional<WeakGuide> weakGuide;
    std::optional<PictureStart> start;
    std::uint64_t seed = 0;
    std::int64_t previewEvery = 0; ///< Decode a preview every n steps; 0 never.
};

PngText settingsOf(const SampleRequest& request);
/// By its name, in capitals or not, or by its first bytes.
bool isPng(const std::filesystem::path& file);
/// Empty when the PNG carries no settings of ours.
std::optional<SampleRequest> sampleRequestFromPng(const std::filesystem::path& file);
/// From a PNG of ours, or from a file with the JSON that such a PNG carries. Throws DataError naming the file and what
/// it is instead, also for a PNG without settings.
SampleRequest readSampleRequest(const std::filesystem::path& file);

} // namespace nanodit
