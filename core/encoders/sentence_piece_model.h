#pragma once

/// Reads SentencePiece models (github.com/google/sentencepiece, sentencepiece_model.proto) and splits text by them, as
/// libsentencepiece does but without it: see sentence_piece_library.h for what that library costs.

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace nanodit {

/// What turns text into the form that pieces are made of: Unicode normalisation by a compiled table, spaces to "▁".
struct SentencePieceNormalizer {
    std::vector<std::uint32_t> trie; ///< Double array (darts-clone) over UTF-8; values are offsets into `replacements`.
    std::string replacements;        ///< Each ends with a zero byte.
    std::vector<std::string> verbatim; ///< User-defined symbols, which are not normalised.
    bool unicodeWhitespace = false;    ///< Whatever Unicode calls white space becomes a space, also without a rule.
    bool addDummyPrefix = true, removeExtraWhitespace = true, escapeWhitespace = true, whitespaceAsSuffix = false;

    std::string normalize(std::string_view text) const;

private:
    /// The normalised form of the first character or rule, and how many bytes of the text it stands for.
    std::pair<std::string_view, std::size_t> firstOf(std::string_view text) const;
};

/// A unigram model (Kudo 2018). Immutable; any thread.
class SentencePieceModel {
public:
    enum class Type { Normal = 1, Unknown = 2, Control = 3, UserDefined = 4, Unused = 5, Byte = 6 };
    struct Piece {
        std::string text;
        float score = 0;
        Type type = Type::Normal;
    };

    /// Throws DataError naming the file when it is missing, truncated, or no unigram model.
    static SentencePieceModel load(const std::filesystem::path& file);
    /// The same from memory; `name` stands in messages.
    static SentencePieceModel parse(std::string_view bytes, const std::string& name);

    /// Ids of the most probable split; runs of what the vocabulary lacks become one unknown piece.
    std::vector<std::int64_t> encode(std::string_view text) const;
    /// From now on: see SentencePieceNormalizer::unicodeWhitespace.
    void treatUnicodeWhitespaceAsSpace() { normalizer_.unicodeWhitespace = true; }

    std::int64_t size() const { return std::int64_t(pieces_.size()); }
    const Piece& piece(std::int64_t id) const { return pieces_.at(std::size_t(id)); }
    /// -1 when the model has none.
    std::int64_t unknownId() const { return unknownId_; }
    std::int64_t padId() const { return controlId(padPiece_); }
    std::int64_t endId() const { return controlId(endPiece_); }

private:
    void parsePiece(std::string_view bytes, const std::string& name);
    void parseTrainerSpec(std::string_view bytes, const std::string& name);
    void parseNormalizerSpec(std::string_view bytes, const std::string& name);
    void index(const std::string& name);
    std::int64_t controlId(const std::string& text) const;
    std::vector<std::int64_t> bestPath(std::string_view normalized) const;

    std::vector<Piece> pieces_;
    SentencePieceNormalizer normalizer_;
    std::string padPiece_ = "<pad>", endPiece_ = "</s>";
    bool byteFallback_ = false;
    bool hasTrainerSpec_ = false, hasNormalizerSpec_ = false;

    std::unordered_map<std::string, std::int64_t> idOf_;       ///< Of pieces that may occur in a split.
    std::unordered_map<std::string, std::int64_t> reservedId_; ///< Of control, unknown and byte pieces.
    std::size_t longestPiece_ = 0;                             ///< Bytes.
    std::int64_t unknownId_ = -1;
    float lowestScore_ = 0, highestScore_ = 0;
};

} // namespace nanodit
