#include "core/encoders/sentence_piece_model.h"
#include "core/io/utf8.h"

#include <algorithm>
#include <iterator>

namespace nanodit {

namespace {

constexpr std::string_view spaceSymbol = "\xe2\x96\x81"; // "▁", U+2581
constexpr std::string_view replacementCharacter = "\xef\xbf\xbd";

/// Of Unicode's property White_Space, beyond ASCII.
bool isUnicodeSpace(std::string_view character)
{
    static constexpr std::string_view spaces[] = {
        "\xc2\x85",     "\xc2\xa0",     "\xe1\x9a\x80", "\xe2\x80\x80", "\xe2\x80\x81", "\xe2\x80\x82", "\xe2\x80\x83",
        "\xe2\x80\x84", "\xe2\x80\x85", "\xe2\x80\x86", "\xe2\x80\x87", "\xe2\x80\x88", "\xe2\x80\x89", "\xe2\x80\x8a",
        "\xe2\x80\xa8", "\xe2\x80\xa9", "\xe2\x80\xaf", "\xe2\x81\x9f", "\xe3\x80\x80"};
    return (character.size() == 1 && character[0] >= '\t' && character[0] <= '\r') ||
           std::find(std::begin(spaces), std::end(spaces), character) != std::end(spaces);
}

/// One unit of a darts-clone double array.
struct TrieUnit {
    std::uint32_t bits;
    bool hasLeaf() const { return ((bits >> 8) & 1) != 0; }
    std::uint32_t value() const { return bits & 0x7fffffff; }
    std::uint32_t label() const { return bits & 0x800000ff; }
    std::uint32_t offset() const { return (bits >> 10) << ((bits & (1u << 9)) >> 6); }
};

} // namespace

std::pair<std::string_view, std::size_t> SentencePieceNormalizer::firstOf(std::string_view text) const
{
    std::size_t longestSymbol = 0;
    for (const auto& symbol : verbatim) {
        if (text.starts_with(symbol))
            longestSymbol = std::max(longestSymbol, symbol.size());
    }
    if (longestSymbol > 0)
        return {text.substr(0, longestSymbol), longestSymbol};

    std::size_t ruleLength = 0;
    std::uint32_t replacement = 0;
    if (!trie.empty()) {
        std::uint32_t node = TrieUnit{trie[0]}.offset();
        for (std::size_t i = 0; i < text.size(); ++i) {
            const auto byte = std::uint8_t(text[i]);
            node ^= byte;
            if (node >= trie.size() || TrieUnit{trie[node]}.label() != byte)
                break;
            const TrieUnit unit{trie[node]};
            node ^= unit.offset();
            if (unit.hasLeaf() && node < trie.size() && TrieUnit{trie[node]}.value() < replacements.size()) {
                ruleLength = i + 1;
                replacement = TrieUnit{trie[node]}.value();
            }
        }
    }
    if (ruleLength > 0)
        return {std::string_view(replacements.c_str() + replacement), ruleLength};
    if (const auto length = utf8CharacterBytes(text); length > 0) {
        const auto character = text.substr(0, length);
        return {unicodeWhitespace && isUnicodeSpace(character) ? " " : character, length};
    }
    return {replacementCharacter, 1};
}

std::string SentencePieceNormalizer::normalize(std::string_view text) const
{
    if (removeExtraWhitespace) {
        while (!text.empty()) {
            const auto [normalized, length] = firstOf(text);
            if (normalized != " ")
                break;
            text.remove_prefix(length);
        }
    }
    if (text.empty())
        return {};
    const std::string_view space = escapeWhitespace ? spaceSymbol : " ";
    std::string result;
    if (addDummyPrefix && !whitespaceAsSuffix)
        result += space;
    bool afterSpace = removeExtraWhitespace;
    while (!text.empty()) {
        auto [normalized, length] = firstOf(text);
        while (afterSpace && normalized.starts_with(' '))
            normalized.remove_prefix(1);
        for (const char c : normalized) {
            if (c == ' ')
                result += space;
            else
                result += c;
        }
        if (!normalized.empty())
            afterSpace = removeExtraWhitespace && normalized.ends_with(' ');
        text.remove_prefix(length);
    }
    while (removeExtraWhitespace && result.ends_with(space))
        result.erase(result.size() - space.size());
    if (addDummyPrefix && whitespaceAsSuffix)
        result += space;
    return result;
}

} // namespace nanodit
