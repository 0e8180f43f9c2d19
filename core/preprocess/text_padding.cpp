#include "core/preprocess/text_padding.h"

#include "core/io/npy.h"
#include "core/runtime/error.h"

#include <algorithm>
#include <cstddef>
#include <filesystem>

namespace nanodit {

namespace {

/// Leading non-zero elements of a mask, which must be all of its non-zero ones.
std::int64_t validTokens(const Array& mask, const std::filesystem::path& file, std::int64_t tokens)
{
    const auto plain = inRowMajorOrder(mask);
    const auto width = static_cast<std::size_t>(bytesPerElement(mask.dtype));
    std::int64_t valid = 0;
    bool prefix = mask.elements() == tokens;
    for (std::int64_t i = 0; prefix && i < tokens; ++i) {
        const auto element = plain.bytes.subspan(static_cast<std::size_t>(i) * width, width);
        if (std::ranges::all_of(element, [](std::byte byte) { return byte == std::byte{}; }))
            continue;
        prefix = valid == i;
        ++valid;
    }
    if (!prefix || valid == 0)
        throw DataError(file.string() + " is not a text mask of " + std::to_string(tokens) +
                            " tokens, ones first and zeros behind them",
                        remedy::RemakeArray{Pass::T5});
    return valid;
}

} // namespace

std::filesystem::path TextPadding::maskFile(const Workspace& workspace, const std::string& id)
{
    return workspace.derivedFolder() / "t5_mask" / (id + ".npy");
}

std::int64_t TextPadding::validRows(const Record& record, std::int64_t rows)
{
    const bool full = rows == encoders_.expectations.textTokens;
    const auto file = maskFile(workspace_, record.id);
    if (std::filesystem::exists(file)) {
        const auto mask = readNpy(file);
        if (full || mask.elements() == rows) // else it is of text that was made anew since
            return validTokens(mask, file, rows);
    }
    if (!full || !encoders_.loadTokenCount)
        return rows;
    if (!tokenCount_)
        tokenCount_ = encoders_.loadTokenCount();
    return std::min(rows, tokenCount_(record.caption));
}

} // namespace nanodit
