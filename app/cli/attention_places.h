#pragma once

/// Where the attention command is to look, as it is written on the command line. Each throws UsageError.

#include "core/front/attention.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace nanodit::cli {

/// "R,C" or "R,C:R2,C2" (inclusive) -> cells, row-major numbers. `what` names the option.
std::vector<std::int64_t> cellsOf(const std::string& text, GridSize grid, const std::string& what);

/// The number in "word:NUMBER"; empty for other tokens.
std::optional<std::size_t> wordOf(const std::string& token);

/// "word:NUMBER", "cls" or "patch:ROW,COL" -> shown tokens. `what` names the option.
std::vector<std::int64_t> tokensOf(const std::string& text, const AttentionScene& scene, const std::string& what);

/// "NUMBER=TEXT": a word of the caption and what stands in its place.
std::pair<std::size_t, std::string> replacedWordOf(const std::string& text);

/// "RECORD@R,C:R2,C2>R,C": a rectangle of another record's patches and where its corner goes.
PatchPaste pasteOf(const std::string& text);

} // namespace nanodit::cli
