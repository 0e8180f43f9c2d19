#include "core/encoders/sentence_piece_model.h"

#include "core/encoders/protobuf_reader.h"
#include "core/io/atomic_file.h"
#include "core/io/file_kind.h"
#include "core/runtime/error.h"

#include <algorithm>
#include <array>
#include <limits>
#include <span>

namespace nanodit {

namespace {

constexpr double unknownPenalty = 10; // below the lowest score of the vocabulary

[[noreturn]] void refuse(const std::string& name, const std::string& what)
{
    throw DataError(name + " is not a SentencePiece model that can be used: " + what +
                    "; copy spiece.model again from where the model came from");
}

void expectWhole(const ProtobufReader& reader, const std::string& name)
{
    if (reader.broken())
        refuse(name, "it is truncated or damaged");
}

/// Bytes of a UTF-8 character by its first byte; text is valid UTF-8 once it is normalised.
std::size_t characterLength(char first)
{
    const auto byte = std::uint8_t(first);
    return byte < 0xc0 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
}

/// "<0x41>"
std::string bytePiece(std::uint8_t byte)
{
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string piece = "<0x00>";
    piece[3] = digits[byte >> 4];
    piece[4] = digits[byte & 15];
    return piece;
}

} // namespace

SentencePieceModel SentencePieceModel::load(const std::filesystem::path& file)
{
    const auto text = readTextFile(file);
    if (const auto kind = fileKindOf(std::as_bytes(std::span(text))); kind != FileKind::Unknown)
        throw DataError(wrongKindMessage(file.string(), kind, "a SentencePiece model"));
    auto model = parse(text, file.string());
    // Both stand behind the pieces: a download that ended between two of them is whole otherwise.
    if (!model.hasTrainerSpec_ || !model.hasNormalizerSpec_)
        refuse(file.string(), "it is truncated or damaged");
    return model;
}

SentencePieceModel SentencePieceModel::parse(std::string_view bytes, const std::string& name)
{
    // message ModelProto: repeated SentencePiece pieces = 1, TrainerSpec trainer_spec = 2, NormalizerSpec
    // normalizer_spec = 3
    SentencePieceModel model;
    ProtobufReader reader(bytes);
    while (const auto field = reader.next()) {
        if (field->number == 1)
            model.parsePiece(field->bytes, name);
        else if (field->number == 2)
            model.parseTrainerSpec(field->bytes, name);
        else if (field->number == 3)
            model.parseNormalizerSpec(field->bytes, name);
    }
    expectWhole(reader, name);
    model.index(name);
    return model;
}

void SentencePieceModel::parsePiece(std::string_view bytes, const std::string& name)
{
    Piece piece;
    ProtobufReader reader(bytes);
    while (const auto field = reader.next()) {
        if (field->number == 1)
            piece.text = field->bytes;
        else if (field->number == 2)
            piece.score = field->asFloat();
        else if (field->number == 3) {
            if (field->value < 1 || field->value > 6)
                refuse(name, "it has a piece of the unknown type " + std::to_string(field->value));
            piece.type = Type(field->value);
        }
    }
    expectWhole(reader, name);
    if (piece.text.empty())
        refuse(name, "its piece " + std::to_string(pieces_.size()) + " is empty");
    pieces_.push_back(std::move(piece));
}

void SentencePieceModel::parseTrainerSpec(std::string_view bytes, const std::string& name)
{
    hasTrainerSpec_ = true;
    ProtobufReader reader(bytes);
    while (const auto field = reader.next()) {
        switch (field->number) {
        case 3: // model_type
            if (field->value != 1)
                refuse(name, "its pieces are of another kind than unigram, which is what T5 uses");
            break;
        case 24:
            normalizer_.whitespaceAsSuffix = field->value != 0;
            break;
        case 35:
            byteFallback_ = field->value != 0;
            break;
        case 47:
            endPiece_ = field->bytes;
            break;
        case 48:
            padPiece_ = field->bytes;
            break;
        default:
            break;
        }
    }
    expectWhole(reader, name);
}

void SentencePieceModel::parseNormalizerSpec(std::string_view bytes, const std::string& name)
{
    hasNormalizerSpec_ = true;
    ProtobufReader reader(bytes);
    while (const auto field = reader.next()) {
        if (field->number == 3)
            normalizer_.addDummyPrefix = field->value != 0;
        else if (field->number == 4)
            normalizer_.removeExtraWhitespace = field->value != 0;
        else if (field->number == 5)
            normalizer_.escapeWhitespace = field->value != 0;
        if (field->number != 2 || field->bytes.empty())
            continue;
        // precompiled_charsmap: the trie's length in bytes, the trie, the replacements.
        const auto blob = field->bytes;
        const auto word = [&](std::size_t at) {
            std::uint32_t value = 0;
            for (std::size_t i = 0; i < 4; ++i)
                value |= std::uint32_t(std::uint8_t(blob[at + i])) << (8 * i);
            return value;
        };
        if (blob.size() < 4 || word(0) % 4 != 0 || word(0) == 0 || word(0) > blob.size() - 4)
            refuse(name, "its table for normalising text is damaged");
        const std::size_t trieBytes = word(0);
        normalizer_.trie.resize(trieBytes / 4);
        for (std::size_t i = 0; i < normalizer_.trie.size(); ++i)
            normalizer_.trie[i] = word(4 + 4 * i);
        normalizer_.replacements = blob.substr(4 + trieBytes);
    }
    expectWhole(reader, name);
}

void SentencePieceModel::index(const std::string& name)
{
    lowestScore_ = std::numeric_limits<float>::max();
    highestScore_ = std::numeric_limits<float>::lowest();
    for (std::size_t i = 0; i < pieces_.size(); ++i) {
        const auto& piece = pieces_[i];
        const auto id = std::int64_t(i);
        const bool inText = piece.type == Type::Normal || piece.type == Type::UserDefined || piece.type == Type::Unused;
        if (!(inText ? idOf_ : reservedId_).emplace(piece.text, id).second)
            refuse(name, "it has the piece \"" + piece.text + "\" twice");
        if (piece.type == Type::Unknown) {
            if (unknownId_ >= 0)
                refuse(name, "it has two pieces for the unknown");
            unknownId_ = id;
        }
        if (piece.type == Type::UserDefined)
            normalizer_.verbatim.push_back(piece.text);
        if (piece.type == Type::Normal) {
            lowestScore_ = std::min(lowestScore_, piece.score);
            highestScore_ = std::max(highestScore_, piece.score);
        }
        if (inText)
            longestPiece_ = std::max(longestPiece_, piece.text.size());
    }
    if (unknownId_ < 0)
        refuse(name, pieces_.empty() ? "it holds no pieces" : "it has no piece for the unknown");
}

std::int64_t SentencePieceModel::controlId(const std::string& text) const
{
    const auto found = reservedId_.find(text);
    return found != reservedId_.end() && piece(found->second).type == Type::Control ? found->second : -1;
}

std::vector<std::int64_t> SentencePieceModel::encode(std::string_view text) const
{
    const auto normalized = normalizer_.normalize(text);
    std::vector<std::int64_t> ids;
    std::size_t position = 0;
    bool afterUnknown = false;
    for (const auto id : bestPath(normalized)) {
        const bool unknown = id == unknownId_;
        const auto length = unknown ? std::min(characterLength(normalized[position]), normalized.size() - position)
                                    : piece(id).text.size();
        if (unknown && byteFallback_) {
            for (std::size_t i = 0; i < length; ++i) {
                const auto found = reservedId_.find(bytePiece(std::uint8_t(normalized[position + i])));
                ids.push_back(found == reservedId_.end() ? unknownId_ : found->second);
            }
        } else if (!unknown || !afterUnknown) {
            ids.push_back(id);
        }
        afterUnknown = unknown;
        position += length;
    }
    return ids;
}

/// Viterbi over all splits into pieces; an unknown piece is one character long. Sums of float32 scores are exact in
/// double for texts of usual length, so that equally probable splits are ties: the one whose last piece is longest
/// wins.
std::vector<std::int64_t> SentencePieceModel::bestPath(std::string_view normalized) const
{
    struct Ending {
        std::int64_t id = -1;
        double score = 0;
        std::size_t start = 0;
    };
    std::vector<Ending> best(normalized.size() + 1);
    const auto offer = [&](std::size_t start, std::size_t end, std::int64_t id, double score) {
        auto& ending = best[end];
        if (ending.id < 0 || score > ending.score)
            ending = {id, score, start};
    };
    std::string candidate;
    for (std::size_t start = 0; start < normalized.size();) {
        const double before = best[start].score;
        const auto character = std::min(characterLength(normalized[start]), normalized.size() - start);
        bool characterKnown = false;
        const auto longest = std::min(longestPiece_, normalized.size() - start);
        for (std::size_t length = 1; length <= longest; ++length) {
            candidate.assign(normalized, start, length);
            const auto found = idOf_.find(candidate);
            if (found == idOf_.end() || piece(found->second).type == Type::Unused)
                continue;
            const bool userDefined = piece(found->second).type == Type::UserDefined;
            // A user-defined symbol wins over anything that it could be split into.
            const double score =
                userDefined ? double(length) * double(highestScore_) - 0.1 : double(piece(found->second).score);
            offer(start, start + length, found->second, score + before);
            characterKnown = characterKnown || length == character;
        }
        if (!characterKnown)
            offer(start, start + character, unknownId_, double(lowestScore_) - unknownPenalty + before);
        start += character;
    }
    std::vector<std::int64_t> path;
    for (auto end = normalized.size(); end > 0; end = best[end].start)
        path.push_back(best[end].id);
    std::reverse(path.begin(), path.end());
    return path;
}

} // namespace nanodit
