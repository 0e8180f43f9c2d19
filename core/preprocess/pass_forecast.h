#pragma once

#include "core/config/workspace_config.h"
#include "core/dataset/pass.h"
#include "core/geometry/bucket.h"
#include "core/preprocess/forecast_job.h"
#include "core/preprocess/survey.h"
#include "core/runtime/job.h"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace nanodit {

/// Bytes that this user may still write where a folder is, or will be.
using FreeBytes = std::function<std::int64_t(const std::filesystem::path&)>;
std::int64_t freeBytesFor(const std::filesystem::path& folder);

/// How long the file is that a pass makes; empty when the encoder is not known. `tokens`: valid ones, of t5.
std::optional<std::int64_t> arrayFileBytes(ArrayKind kind, ImageSize bucket, const ArrayExpectations& expected,
                                           std::optional<std::int64_t> tokens);

/// Valid tokens of captions; its tokenizer is loaded for the first ones.
class TokenCounts {
public:
    explicit TokenCounts(const PassEncoders& encoders)
        : encoders_(encoders)
    {
    }
    /// In the order of the captions; nothing at all when no tokenizer is known. Throws what loading it throws.
    std::vector<std::int64_t> of(const std::vector<const std::string*>& captions);

private:
    const PassEncoders& encoders_;
    std::function<std::int64_t(const std::string&)> count_;
};

/// What the passes would do now. Empty when stopped.
std::optional<PreprocessForecast> forecastPasses(const std::vector<Pass>& passes, const Workspace& workspace,
                                                 Catalog& catalog, const PassEncoders& encoders,
                                                 const JobContext& context, const FreeBytes& freeBytes = freeBytesFor);

/// Why a pass would run out of disk, or "". `before`: bytes that passes before it will have taken of those that are
/// free.
std::string refusalOf(const PassForecast& pass, const std::filesystem::path& folder, std::int64_t bytesFree,
                      std::int64_t before = 0);

} // namespace nanodit
