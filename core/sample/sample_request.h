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
    std::string id; ///< Its stored CLS and patches; at another size than its bucket's its picture is encoded anew.
};
struct PictureReference {
    std::filesystem::path file; ///< Encoded on demand.
};

enum class GuidanceMode { Additive, Chained };
enum class Solver { Euler, Heun };

struct SampleRequest {
    std::string prompt;                    ///< Empty: null text, unless textRecord is set.
    std::optional<std::string> textRecord; ///< Use this record's stored text instead of the prompt.
    std::variant<NoReference, RecordReference, PictureReference> reference;
    std::vector<std::int64_t> erasedPatches; ///< Of the reference's, row by row: they leave the context.
    ImageSize size;
    std::int64_t steps = 30;
    Solver solver = Solver::Euler;
    double shift = 1.0;
    double textScale = 2.0; ///< s_text
    double dinoScale = 2.0; ///< s_dino
    GuidanceMode guidance = GuidanceMode::Additive;
    std::array<double, 2> guidanceInterval = {0.0,
                                              1.0}; ///< t in which scales apply; outside, the fully conditioned model.
    std::uint64_t seed = 0;
    std::int64_t previewEvery = 0; ///< Decode a preview every n steps; 0 never.
};

PngText settingsOf(const SampleRequest& request);
/// Empty when the PNG carries no settings of ours.
std::optional<SampleRequest> sampleRequestFromPng(const std::filesystem::path& file);

} // namespace nanodit
