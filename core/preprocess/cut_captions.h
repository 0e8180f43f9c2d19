#pragma once

#include "core/dataset/catalog.h"
#include "core/preprocess/pass_encoders.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace nanodit {

/// Tells whether captions are longer than the text encoder takes. The tokenizer is read when it is first needed.
class CaptionLength {
public:
    explicit CaptionLength(const PassEncoders& encoders);
    /// `rows`: of the caption's text array, which has all that the encoder takes where it may have been cut. False also
    /// where the tokenizer cannot be read.
    bool isCut(const std::string& caption, std::int64_t rows);
    /// "the caption is longer than 512 tokens: ...", for the record's list of problems.
    std::string sentence() const;

private:
    const PassEncoders& encoders_;
    std::optional<std::function<std::int64_t(const std::string&)>> count_;
};

/// Records whose captions the text encoder does not see as they are.
struct FoundCaptions {
    std::int64_t count = 0;
    std::vector<std::string> first; ///< The first 20 ids.
};
/// Those that were cut, of the records that are not excluded and have a text array. Empty when stopped.
std::optional<FoundCaptions> findCutCaptions(const Catalog& catalog, const PassEncoders& encoders,
                                             const JobContext& context);
/// Those in letters that the encoder hardly knows, of the same records. Empty when stopped.
std::optional<FoundCaptions> findUnknownLetters(const Catalog& catalog, const PassEncoders& encoders,
                                                const JobContext& context);

} // namespace nanodit
