#pragma once

#include "core/config/workspace_config.h"
#include "core/dataset/provenance.h"
#include "core/dataset/record.h"
#include "core/dataset/record_info.h"
#include "core/geometry/bucket.h"
#include "core/io/array.h"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace nanodit {

/// What is known of the encoders without loading their weights; what is not known is not checked.
/// Shapes: L valid tokens, N patches, H W pixels of the bucket.
struct ArrayExpectations {
    std::int64_t textTokens = 512; ///< Largest L.
    std::optional<std::int64_t> textWidth;
    std::optional<std::int64_t> latentChannels;
    std::int64_t latentFactor = usualLatentFactor; ///< Pixels per latent pixel along each side.
    std::optional<std::int64_t> dinoWidth;
    std::optional<std::int64_t> patchSize; ///< p of the ViT, pixels.
    bool bf16Products = false;             ///< Of T5 and the ViT: factors rounded to bfloat16.
};

/// The settings that a pass's results depend on, with the version of its rules.
std::string passParameters(Pass pass, const ArrayExpectations& expected);

/// What there is to say of an array's file.
enum class ArrayVerdict { Missing, Whole, Stale, Misaligned, WrongShape, Nonfinite, Unreadable };

std::string verdictName(ArrayVerdict verdict); ///< "missing", "wrong shape"...

struct ArrayJudgement {
    ArrayVerdict verdict = ArrayVerdict::Missing;
    bool foreign = false;             ///< There is a file, and nothing is known of where it comes from.
    bool replaced = false;            ///< It is not the file that its provenance was written for, or a copy of that.
    bool adopted = false;             ///< It was foreign, and found good.
    std::vector<InputChange> changes; ///< Why it is stale.
    std::string fileMark;             ///< Of the file that was judged.
    std::string problem;              ///< A sentence: file, found, expected. Empty for Whole.
    DType dtype = DType::F32;         ///< As the file has it, where it could be read.
    std::vector<std::int64_t> shape;

    /// Nobody here has written this file, nor read it.
    bool isUnread() const { return foreign || replaced; }
};

/// Whether a pass that makes the array moves this file aside instead of replacing it: it may be somebody's work, not a
/// pass's. A copy of what a pass made is not.
bool isSetAside(const ArrayJudgement& judgement);

/// The pass that makes the array again. Empty for Whole.
std::optional<Remedy> remedyFor(const ArrayJudgement& judgement, ArrayKind kind);

/// data/derived/<array>/<id>.npy
std::filesystem::path arrayFile(const Workspace& workspace, ArrayKind kind, const std::string& id);

/// Judges a file by its head and its provenance, without reading the data; the head is read only where the file is not
/// the one that the provenance was written for. `now` is what the array would be made of
/// today; an empty encoder in it is not compared.
ArrayJudgement judgeArray(const std::filesystem::path& file, ArrayKind kind, const Record& record,
                          const ArrayExpectations& expected, const Provenance* provenance, const ArrayInputs& now);

/// Reads the data of an array that was judged Whole: the same judgement, or Nonfinite, or Unreadable.
ArrayJudgement judgeContents(const std::filesystem::path& file, ArrayJudgement judgement);

/// As the contract has it: Wrong for whatever is neither missing nor whole nor stale.
ArrayState stateOf(ArrayVerdict verdict);

} // namespace nanodit
