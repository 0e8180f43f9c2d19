#include "core/encoders/tokenizer_json.h"

#include "core/encoders/json_fields.h"
#include "core/runtime/error.h"

#include <bit>
#include <cmath>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

namespace nanodit {

namespace {

using nlohmann::json;

/// Numbers of fields and types in sentencepiece_model.proto.
enum Field { Pieces = 1, TrainerSpec = 2, NormalizerSpec = 3 };
enum PieceField { Text = 1, Score = 2, Kind = 3 };
enum PieceKind { Normal = 1, Unknown = 2, Control = 3 };
constexpr int charsMapField = 2, modelTypeField = 3, unigramModel = 1;

void appendVarint(std::string& out, std::uint64_t value)
{
    for (; value >= 0x80; value >>= 7)
        out += static_cast<char>(0x80 | (value & 0x7f));
    out += static_cast<char>(value);
}

void appendBytes(std::string& out, int number, std::string_view bytes)
{
    constexpr std::uint64_t lengthDelimited = 2;
    appendVarint(out, static_cast<std::uint64_t>(number) << 3 | lengthDelimited);
    appendVarint(out, bytes.size());
    out += bytes;
}

void appendNumber(std::string& out, int number, std::uint64_t value)
{
    appendVarint(out, static_cast<std::uint64_t>(number) << 3);
    appendVarint(out, value);
}

void appendFloat(std::string& out, int number, float value)
{
    constexpr std::uint64_t fixed32 = 5;
    appendVarint(out, static_cast<std::uint64_t>(number) << 3 | fixed32);
    const auto bits = std::bit_cast<std::uint32_t>(value);
    for (int shift = 0; shift < 32; shift += 8)
        out += static_cast<char>(bits >> shift & 0xff);
}

std::optional<std::string> fromBase64(const std::string& text)
{
    constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string bytes;
    std::uint32_t bits = 0;
    int count = 0;
    for (const char c : text) {
        if (c == '=')
            break;
        const auto digit = digits.find(c);
        if (digit == std::string_view::npos)
            return std::nullopt;
        bits = bits << 6 | static_cast<std::uint32_t>(digit);
        count += 6;
        if (count >= 8) {
            count -= 8;
            bytes += static_cast<char>(bits >> count & 0xff);
        }
    }
    return bytes;
}

class Reader {
public:
    explicit Reader(const std::filesystem::path& file)
        : fields_(JsonFields::read(file))
    {
    }

    UnigramTokenizer read()
    {
        const auto model = object(fields_.json(), "model");
        if (textOf(model, "type") != "Unigram")
            refuse("its model is of the type \"" + textOf(model, "type") + "\"");
        if (model.value("byte_fallback", json()) == true)
            refuse("its model falls back to bytes");
        readSpecialTokens();
        UnigramTokenizer tokenizer{.model = {}, .extraIds = static_cast<std::int64_t>(extraIds_.size())};
        addPieces(tokenizer.model, model);
        std::string trainer, normalizer;
        appendNumber(trainer, modelTypeField, unigramModel);
        appendBytes(tokenizer.model, TrainerSpec, trainer);
        if (const auto map = charsMap(); !map.empty())
            appendBytes(normalizer, charsMapField, map);
        appendBytes(tokenizer.model, NormalizerSpec, normalizer);
        expectSplitAtSpaces();
        return tokenizer;
    }

private:
    [[noreturn]] void refuse(const std::string& what) const
    {
        throw DataError(fields_.source() + " is not the tokenizer of a T5 in a form that is read (" + what +
                        "); fetch the spiece.model of the same model and put it beside");
    }

    json object(const json& parent, const char* key) const
    {
        const auto found = parent.find(key);
        if (found == parent.end() || !found->is_object())
            refuse(std::string("it has no \"") + key + "\"");
        return *found;
    }

    static std::string textOf(const json& parent, const char* key)
    {
        const auto found = parent.is_object() ? parent.find(key) : parent.end();
        return found != parent.end() && found->is_string() ? found->get<std::string>() : std::string();
    }

    /// "added_tokens": <pad>, </s>, <unk> and <extra_id_N> by their ids.
    void readSpecialTokens()
    {
        const auto tokens = fields_.json().value("added_tokens", json::array());
        for (const auto& token : tokens) {
            const auto id = token.is_object() ? token.find("id") : token.end();
            if (!token.is_object() || id == token.end() || !id->is_number_unsigned())
                refuse("an added token has no id");
            const auto content = textOf(token, "content");
            constexpr std::string_view extra = "<extra_id_";
            if (content.starts_with(extra))
                extraIds_[id->get<std::int64_t>()] = content;
            else
                special_[id->get<std::int64_t>()] = content;
        }
    }

    void addPieces(std::string& out, const json& model) const
    {
        const auto vocabulary = model.find("vocab");
        if (vocabulary == model.end() || !vocabulary->is_array() || vocabulary->empty())
            refuse("its model has no \"vocab\"");
        const auto unknown = model.value("unk_id", json());
        auto pieces = static_cast<std::int64_t>(vocabulary->size());
        if (!extraIds_.empty()) {
            // They end with <extra_id_0>, whether the vocabulary lists them or not.
            const auto first = extraIds_.begin()->first, last = extraIds_.rbegin()->first;
            const auto count = static_cast<std::int64_t>(extraIds_.size());
            if (last - first + 1 != count || extraIds_.rbegin()->second != "<extra_id_0>" ||
                (pieces != first && pieces != last + 1))
                refuse("its <extra_id_N> do not follow its pieces");
            pieces = first;
        }
        bool end = false, pad = false;
        for (std::int64_t id = 0; id < pieces; ++id) {
            const auto& entry = (*vocabulary)[static_cast<std::size_t>(id)];
            if (!entry.is_array() || entry.size() != 2 || !entry[0].is_string() || !entry[1].is_number())
                refuse("entry " + std::to_string(id) + " of its \"vocab\" is not a text with a score");
            const auto text = entry[0].get<std::string>();
            const bool isUnknown = unknown.is_number_unsigned() && unknown.get<std::int64_t>() == id;
            const auto special = special_.find(id);
            if (special != special_.end() && special->second != text)
                refuse("the added token \"" + special->second + "\" is \"" + text + "\" in its \"vocab\"");
            const bool isControl = special != special_.end() && (text == "</s>" || text == "<pad>" || text == "<s>");
            end = end || (isControl && text == "</s>");
            pad = pad || (isControl && text == "<pad>");
            std::string piece;
            appendBytes(piece, Text, text);
            appendFloat(piece, Score, entry[1].get<float>());
            appendNumber(piece, Kind, isUnknown ? Unknown : isControl ? Control : Normal);
            appendBytes(out, Pieces, piece);
        }
        if (!end || !pad)
            refuse("its added tokens lack </s> or <pad>");
    }

    /// The table that normalises text, out of a normalizer that does nothing else but tidy spaces, as SentencePiece
    /// does.
    std::string charsMap() const
    {
        const auto found = fields_.json().find("normalizer");
        if (found == fields_.json().end() || found->is_null())
            return {};
        const auto steps =
            textOf(*found, "type") == "Sequence" ? found->value("normalizers", json::array()) : json::array({*found});
        std::string map;
        for (const auto& step : steps) {
            const auto type = textOf(step, "type");
            if (type == "Precompiled") {
                const auto bytes = fromBase64(textOf(step, "precompiled_charsmap"));
                if (!bytes)
                    refuse("its precompiled_charsmap is not base64");
                map = *bytes;
            } else if (type != "Strip" && type != "Replace") {
                refuse("it normalises text by \"" + type + "\"");
            }
        }
        return map;
    }

    void expectSplitAtSpaces() const
    {
        const auto found = fields_.json().find("pre_tokenizer");
        if (found == fields_.json().end() || !found->is_object())
            refuse("it has no \"pre_tokenizer\"");
        const auto steps =
            textOf(*found, "type") == "Sequence" ? found->value("pretokenizers", json::array()) : json::array({*found});
        bool spaces = false;
        for (const auto& step : steps) {
            const auto type = textOf(step, "type");
            if (type == "Metaspace") {
                const auto scheme = textOf(step, "prepend_scheme");
                spaces = textOf(step, "replacement") == "\u2581" && (scheme.empty() || scheme == "always") &&
                         step.value("add_prefix_space", json(true)) == true;
            } else if (type != "WhitespaceSplit") {
                refuse("it splits text by \"" + type + "\"");
            }
        }
        if (!spaces)
            refuse("it does not put a space before the first word");
    }

    JsonFields fields_;
    std::map<std::int64_t, std::string> special_, extraIds_;
};

} // namespace

UnigramTokenizer readTokenizerJson(const std::filesystem::path& file)
{
    return Reader(file).read();
}

} // namespace nanodit
