#include "app/cli/attention_places.h"

#include "core/runtime/error.h"

#include <charconv>
#include <cstdio>
#include <string_view>

namespace nanodit::cli {

namespace {

/// Empty unless the text is a number without a sign.
std::optional<std::size_t> unsignedNumberOf(std::string_view text)
{
    std::size_t value = 0;
    const auto* const end = text.data() + text.size();
    const auto [last, error] = std::from_chars(text.data(), end, value);
    return error == std::errc{} && last == end ? std::optional(value) : std::nullopt;
}

} // namespace

std::vector<std::int64_t> cellsOf(const std::string& text, GridSize grid, const std::string& what)
{
    GridCell first, last;
    char end = 0;
    const auto count =
        std::sscanf(text.c_str(), "%ld,%ld:%ld,%ld%c", &first.row, &first.col, &last.row, &last.col, &end);
    if (count == 2 && text.find(':') == std::string::npos)
        last = first;
    else if (count != 4)
        throw UsageError(what + " is \"" + text + "\", but must be ROW,COL or ROW,COL:ROW,COL");
    std::vector<std::int64_t> cells;
    for (auto row = first.row; row <= last.row; ++row) {
        for (auto col = first.col; col <= last.col; ++col) {
            if (row < 0 || col < 0 || row >= grid.rows || col >= grid.cols)
                throw UsageError(what + " \"" + text + "\" is outside the grid of " + std::to_string(grid.rows) +
                                 " x " + std::to_string(grid.cols));
            cells.push_back(row * grid.cols + col);
        }
    }
    if (cells.empty())
        throw UsageError(what + " \"" + text + "\" is empty: name the upper left corner first");
    return cells;
}

std::optional<std::size_t> wordOf(const std::string& token)
{
    return token.starts_with("word:") ? unsignedNumberOf(std::string_view(token).substr(5)) : std::nullopt;
}

std::vector<std::int64_t> tokensOf(const std::string& text, const AttentionScene& scene, const std::string& what)
{
    if (text == "cls")
        return {scene.clsToken()};
    if (const auto word = wordOf(text)) {
        if (*word >= scene.words.size())
            throw UsageError(what + " names the word " + std::to_string(*word) + ", but the caption has " +
                             std::to_string(scene.words.size()));
        return scene.tokensOf(scene.words[*word]);
    }
    if (!text.starts_with("patch:"))
        throw UsageError(what + " is \"" + text + "\", but may be word:NUMBER, cls or patch:ROW,COL");
    std::vector<std::int64_t> tokens;
    for (const auto patch : cellsOf(text.substr(6), scene.patches, what + " patch"))
        tokens.push_back(scene.patchToken(patch));
    return tokens;
}

std::pair<std::size_t, std::string> replacedWordOf(const std::string& text)
{
    const auto equals = text.find('=');
    const auto word = equals == std::string::npos ? std::nullopt : unsignedNumberOf(text.substr(0, equals));
    if (!word)
        throw UsageError("--replace-word is \"" + text + "\", but must be NUMBER=TEXT");
    return {*word, text.substr(equals + 1)};
}

PatchPaste pasteOf(const std::string& text)
{
    PatchPaste paste;
    GridCell last;
    const auto at = text.rfind('@');
    char end = 0;
    if (at == std::string::npos ||
        std::sscanf(text.c_str() + at + 1, "%ld,%ld:%ld,%ld>%ld,%ld%c", &paste.from.row, &paste.from.col, &last.row,
                    &last.col, &paste.to.row, &paste.to.col, &end) != 6)
        throw UsageError("--paste is \"" + text + "\", but must be RECORD@ROW,COL:ROW,COL>ROW,COL");
    paste.record = text.substr(0, at);
    paste.rows = last.row - paste.from.row + 1;
    paste.cols = last.col - paste.from.col + 1;
    return paste;
}

} // namespace nanodit::cli
