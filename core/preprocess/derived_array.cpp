#include "core/preprocess/derived_array.h"

#include "core/io/float_values.h"
#include "core/io/npy.h"
#include "core/runtime/error.h"

namespace nanodit {

namespace fs = std::filesystem;

namespace {

/// The patch sizes of the published ViTs, for arrays of which no encoder is known.
constexpr std::array<std::int64_t, 2> usualPatchSizes = {16, 14};

std::string sideText(const std::optional<std::int64_t>& side, const char* name)
{
    return side ? std::to_string(*side) : name;
}

std::string gridText(ImageSize bucket, std::int64_t patchSize)
{
    const auto grid = dinoGrid(bucket, patchSize);
    return std::to_string(grid.count()) + " (" + std::to_string(grid.rows) + " x " + std::to_string(grid.cols) +
           " at p = " + std::to_string(patchSize) + ")";
}

/// "[16, 104, 152]" of sides that may be words.
std::string bracketed(const std::vector<std::string>& sides)
{
    std::string text = "[";
    for (const auto& side : sides) {
        if (text.size() > 1)
            text += ", ";
        text += side;
    }
    return text += "]";
}

/// What the shape should be, for a person.
std::string expectedText(ArrayKind kind, ImageSize bucket, const ArrayExpectations& expected)
{
    switch (kind) {
    case ArrayKind::T5:
        return bracketed({"1 to " + std::to_string(expected.textTokens), sideText(expected.textWidth, "width")});
    case ArrayKind::Vae:
        return bracketed({sideText(expected.latentChannels, "channels"),
                          std::to_string(bucket.height / expected.latentFactor),
                          std::to_string(bucket.width / expected.latentFactor)});
    case ArrayKind::DinoCls:
        return bracketed({sideText(expected.dinoWidth, "width")});
    case ArrayKind::DinoPatches: {
        const auto patches = expected.patchSize
                                 ? std::to_string(dinoGrid(bucket, *expected.patchSize).count())
                                 : gridText(bucket, usualPatchSizes[0]) + " or " + gridText(bucket, usualPatchSizes[1]);
        return bracketed({patches, sideText(expected.dinoWidth, "width")});
    }
    }
    return {};
}

bool fits(const std::optional<std::int64_t>& expected, std::int64_t found)
{
    return found > 0 && (!expected || *expected == found);
}

bool fitsGrid(std::int64_t patches, ImageSize bucket, const ArrayExpectations& expected)
{
    if (expected.patchSize)
        return patches == dinoGrid(bucket, *expected.patchSize).count();
    for (const auto patchSize : usualPatchSizes) {
        if (patches == dinoGrid(bucket, patchSize).count())
            return true;
    }
    return false;
}

bool fitsShape(const std::vector<std::int64_t>& shape, ArrayKind kind, ImageSize bucket,
               const ArrayExpectations& expected)
{
    switch (kind) {
    case ArrayKind::T5:
        return shape.size() == 2 && shape[0] >= 1 && shape[0] <= expected.textTokens &&
               fits(expected.textWidth, shape[1]);
    case ArrayKind::Vae:
        return shape.size() == 3 && fits(expected.latentChannels, shape[0]) &&
               shape[1] == bucket.height / expected.latentFactor && shape[2] == bucket.width / expected.latentFactor;
    case ArrayKind::DinoCls:
        return shape.size() == 1 && fits(expected.dinoWidth, shape[0]);
    case ArrayKind::DinoPatches:
        return shape.size() == 2 && fits(expected.dinoWidth, shape[1]) && fitsGrid(shape[0], bucket, expected);
    }
    return false;
}

/// Patches of the right width that do not lie on the bucket's grid.
bool isMisaligned(const std::vector<std::int64_t>& shape, ArrayKind kind, const ArrayExpectations& expected)
{
    return kind == ArrayKind::DinoPatches && shape.size() == 2 && shape[0] > 0 && fits(expected.dinoWidth, shape[1]);
}

std::string misalignedText(const fs::path& file, std::int64_t patches, ImageSize bucket,
                           const ArrayExpectations& expected)
{
    std::string text = file.string() + " is misaligned: it holds " + std::to_string(patches) + " patches, the bucket " +
                       bucketName(bucket) + " has " + gridText(bucket, expected.patchSize.value_or(usualPatchSizes[0]));
    if (!expected.patchSize)
        text += " or " + gridText(bucket, usualPatchSizes[1]);
    if (isCentreCropPatchCount(patches))
        text += "; an older pipeline made it from a 224 x 224 centre crop, so its patches do not match the latents";
    return text;
}

bool isReadType(DType type)
{
    return type == DType::F16 || type == DType::BF16 || type == DType::F32;
}

std::string joined(const std::vector<InputChange>& changes)
{
    std::string text;
    for (std::size_t i = 0; i < changes.size(); ++i)
        text += (i == 0 ? "" : i + 1 == changes.size() ? " and " : ", ") + inWords(changes[i]);
    return text;
}

} // namespace

std::string passParameters(Pass pass, const ArrayExpectations& expected)
{
    const std::string products = expected.bf16Products ? ", products in bf16" : "";
    switch (pass) {
    case Pass::T5:
        return "t5/1, valid tokens of at most " + std::to_string(expected.textTokens) + products;
    case Pass::Vae:
        return "vae/1, mean of the latent, (z - shift) * scale";
    case Pass::Dino:
        return "dinov3/1, bucket image to the nearest multiple of p" + products;
    }
    return {};
}

fs::path arrayFile(const Workspace& workspace, ArrayKind kind, const std::string& id)
{
    return workspace.derivedFolder() / arrayName(kind) / (id + ".npy");
}

ArrayJudgement judgeArray(const fs::path& file, ArrayKind kind, const Record& record, const ArrayExpectations& expected,
                          const Provenance* provenance, const ArrayInputs& now)
{
    ArrayJudgement judgement;
    const auto give = [&](ArrayVerdict verdict, const std::string& problem) {
        judgement.verdict = verdict;
        judgement.problem = problem;
        return judgement;
    };
    const auto mark = fileMarkOf(file);
    if (mark.empty())
        return give(ArrayVerdict::Missing, file.string() + " is missing");
    if (provenance && provenance->unfinished())
        return give(ArrayVerdict::Missing, file.string() + " was being written when the work was interrupted");
    judgement.foreign = !provenance;
    judgement.replaced = provenance && provenance->fileMark != mark;
    judgement.adopted = provenance && provenance->adopted;
    judgement.fileMark = mark;
    if (provenance && !judgement.replaced) {
        judgement.dtype = provenance->dtype;
        judgement.shape = provenance->shape;
    } else {
        try {
            const auto header = readNpyHeader(file);
            judgement.dtype = header.dtype;
            judgement.shape = header.shape;
        } catch (const DataError& problem) {
            return give(ArrayVerdict::Unreadable, problem.what());
        }
    }
    if (provenance) {
        judgement.changes = changesBetween(provenance->inputs, now, kind);
        if (const auto& changes = judgement.changes; !changes.empty())
            return give(ArrayVerdict::Stale, file.string() + " is stale: since it was made, " + joined(changes) +
                                                 (changes.size() > 1 ? " have" : " has") + " changed");
    }
    if (!isReadType(judgement.dtype))
        return give(ArrayVerdict::WrongShape,
                    file.string() + " holds " + dtypeName(judgement.dtype) + ", expected float16 or float32");
    if (fitsShape(judgement.shape, kind, record.bucket, expected))
        return give(ArrayVerdict::Whole, {});
    if (isMisaligned(judgement.shape, kind, expected))
        return give(ArrayVerdict::Misaligned, misalignedText(file, judgement.shape[0], record.bucket, expected));
    return give(ArrayVerdict::WrongShape, file.string() + " has the shape " + shapeText(judgement.shape) +
                                              ", expected " + expectedText(kind, record.bucket, expected) +
                                              " for the bucket " + bucketName(record.bucket));
}

ArrayJudgement judgeContents(const fs::path& file, ArrayJudgement judgement)
{
    if (judgement.verdict != ArrayVerdict::Whole)
        return judgement;
    try {
        if (!allFinite(readNpy(file))) {
            judgement.verdict = ArrayVerdict::Nonfinite;
            judgement.problem = file.string() + " holds values that are infinite or NaN";
        }
    } catch (const DataError& error) {
        judgement.verdict = ArrayVerdict::Unreadable;
        judgement.problem = error.what();
    }
    return judgement;
}

std::optional<Remedy> remedyFor(const ArrayJudgement& judgement, ArrayKind kind)
{
    switch (judgement.verdict) {
    case ArrayVerdict::Whole:
        return std::nullopt;
    case ArrayVerdict::Missing:
    case ArrayVerdict::Stale:
        return remedy::RunPasses{.pass = passOf(kind)};
    case ArrayVerdict::Misaligned:
    case ArrayVerdict::WrongShape:
    case ArrayVerdict::Nonfinite:
    case ArrayVerdict::Unreadable:
        return remedy::RunPasses{.pass = passOf(kind), .setsAside = true};
    }
    return std::nullopt;
}

bool isSetAside(const ArrayJudgement& judgement)
{
    switch (judgement.verdict) {
    case ArrayVerdict::Missing:
    case ArrayVerdict::Whole:
    case ArrayVerdict::Stale:
        return judgement.foreign;
    case ArrayVerdict::Misaligned:
    case ArrayVerdict::WrongShape:
    case ArrayVerdict::Nonfinite:
    case ArrayVerdict::Unreadable:
        return judgement.isUnread();
    }
    return false;
}

std::string verdictName(ArrayVerdict verdict)
{
    switch (verdict) {
    case ArrayVerdict::Missing:
        return "missing";
    case ArrayVerdict::Whole:
        return "whole";
    case ArrayVerdict::Stale:
        return "stale";
    case ArrayVerdict::Misaligned:
        return "misaligned";
    case ArrayVerdict::WrongShape:
        return "wrong shape";
    case ArrayVerdict::Nonfinite:
        return "not finite";
    case ArrayVerdict::Unreadable:
        return "unreadable";
    }
    return {};
}

ArrayState stateOf(ArrayVerdict verdict)
{
    switch (verdict) {
    case ArrayVerdict::Missing:
        return ArrayState::Missing;
    case ArrayVerdict::Whole:
        return ArrayState::Whole;
    case ArrayVerdict::Stale:
        return ArrayState::Stale;
    default:
        return ArrayState::Wrong;
    }
}

} // namespace nanodit
