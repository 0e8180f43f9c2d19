#include "core/encoders/t5_tokenizer.h"

#include "core/encoders/json_fields.h"
#include "core/encoders/tokenizer_json.h"
#include "core/io/lower_case.h"
#include "core/runtime/error.h"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>

namespace nanodit {

namespace {

/// The sentence for a folder without a tokenizer.
std::string withoutTokenizer(const std::filesystem::path& folder)
{
    const auto missing = folder.string() + " has no spiece.model, the tokenizer of a T5 encoder; ";
    std::error_code error;
    for (std::filesystem::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
        const auto file = it->path();
        if (lowerCased(file.extension().native()) == ".model")
            return missing + "if its " + file.filename().string() + " is that, rename it to spiece.model";
    }
    return missing + "fetch it from where the model came from, such as \"huggingface-cli download google/t5-v1_1-xxl "
                     "spiece.model tokenizer_config.json\" for T5 1.1, and put it there";
}

/// Or digits; blanks and punctuation say nothing.
bool hasLetters(std::string_view piece)
{
    constexpr std::string_view blank = "\u2581";
    if (piece.starts_with(blank))
        piece.remove_prefix(blank.size());
    return std::ranges::any_of(piece, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               (static_cast<unsigned char>(c) & 0x80U) != 0;
    });
}

} // namespace

std::filesystem::path T5Tokenizer::fileFor(const std::filesystem::path& encoderFolder)
{
    const auto around = std::filesystem::absolute(encoderFolder).lexically_normal();
    const auto parent = (around.has_filename() ? around : around.parent_path()).parent_path();
    std::error_code ignored; // links that lead to themselves among others
    for (const auto* const name : {"spiece.model", "tokenizer.json"}) {
        for (const auto& folder :
             {encoderFolder, parent / "tokenizer_2", parent / "tokenizer_3", parent / "tokenizer"}) {
            if (std::filesystem::exists(folder / name, ignored))
                return folder / name;
        }
    }
    return {};
}

T5Tokenizer T5Tokenizer::load(const std::filesystem::path& folder)
{
    const auto file = fileFor(folder);
    if (file.empty())
        throw DataError(withoutTokenizer(folder));
    if (file.extension() == ".json") { // which says itself what is special
        const auto tokenizer = readTokenizerJson(file);
        return {file, SentencePieceModel::parse(tokenizer.model, file.string()), tokenizer.extraIds};
    }
    const auto home = file.parent_path();
    const auto configFile = home / "tokenizer_config.json";
    std::error_code ignored;
    if (!std::filesystem::exists(configFile, ignored))
        return T5Tokenizer(home / "spiece.model");
    const auto fields = JsonFields::read(configFile);
    T5Tokenizer tokenizer(home / "spiece.model", fields.integer("extra_ids", 100));
    if (fields.has("added_tokens_decoder") && fields.json()["added_tokens_decoder"].is_object()) {
        for (const auto& [id, token] : fields.json()["added_tokens_decoder"].items()) {
            std::int64_t number = -1;
            std::from_chars(id.data(), id.data() + id.size(), number);
            if (number < 0 || number >= tokenizer.size() || !token.is_object() || !token.contains("content") ||
                !token["content"].is_string())
                throw DataError(configFile.string() + " has in added_tokens_decoder \"" + id + "\": " + token.dump() +
                                ", where an id below " + std::to_string(tokenizer.size()) +
                                " with its content was expected");
            tokenizer.special_[token["content"]] = number;
        }
    }
    return tokenizer;
}

T5Tokenizer::T5Tokenizer(const std::filesystem::path& sentencePieceModel, std::int64_t extraIds)
    : T5Tokenizer(sentencePieceModel, SentencePieceModel::load(sentencePieceModel), extraIds)
{
}

T5Tokenizer::T5Tokenizer(const std::filesystem::path& file, SentencePieceModel model, std::int64_t extraIds)
    : modelFile_(file)
    , model_(std::move(model))
    , extraIds_(extraIds)
{
    model_.treatUnicodeWhitespaceAsSpace(); // as the tokenizer of transformers does before it looks for pieces
    if (padId() < 0 || endId() < 0)
        throw DataError(modelFile_.string() +
                        " defines no pad or no end-of-sequence piece, so it is not the tokenizer of a T5");
    if (extraIds_ < 0 || extraIds_ > 100'000)
        throw DataError("a T5 tokenizer with " + std::to_string(extraIds_) +
                        " extra ids makes no sense: 0 to 100000 were expected (T5 has 100)");
    for (const auto id : {padId(), endId(), model_.unknownId()})
        special_[model_.piece(id).text] = id;
    for (std::int64_t i = 0; i < extraIds_; ++i)
        special_["<extra_id_" + std::to_string(i) + ">"] = size() - 1 - i;
}

std::vector<std::int64_t> T5Tokenizer::encode(const std::string& text, std::int64_t maxTokens) const
{
    std::vector<std::int64_t> ids;
    const auto encodePlain = [&](std::size_t begin, std::size_t end) {
        const auto own = model_.encode(std::string_view(text).substr(begin, end - begin));
        ids.insert(ids.end(), own.begin(), own.end());
    };
    // What stands between special tokens is encoded by itself, so that it starts with a "▁" again.
    std::size_t plainFrom = 0, at = 0;
    while (at < text.size()) {
        const std::pair<const std::string, std::int64_t>* longest = nullptr;
        for (auto special = special_.lower_bound(std::string_view(text).substr(at, 1));
             special != special_.end() && special->first.front() == text[at]; ++special) {
            const auto length = special->first.size();
            if (length > (longest == nullptr ? 0U : longest->first.size()) &&
                text.compare(at, length, special->first) == 0)
                longest = &*special;
        }
        if (longest == nullptr) {
            ++at;
            continue;
        }
        encodePlain(plainFrom, at);
        ids.push_back(longest->second);
        at += longest->first.size();
        plainFrom = at;
    }
    encodePlain(plainFrom, text.size());

    if (maxTokens > 0 && std::int64_t(ids.size()) > maxTokens - 1)
        ids.resize(std::size_t(maxTokens - 1));
    ids.push_back(endId());
    return ids;
}

bool T5Tokenizer::knowsMostOf(const std::string& text) const
{
    std::int64_t known = 0, unknown = 0;
    for (const auto id : encode(text)) {
        if (id == model_.unknownId())
            ++unknown;
        else if (id != endId() && hasLetters(piece(id)))
            ++known;
    }
    return unknown == 0 || unknown < known;
}

std::string T5Tokenizer::piece(std::int64_t id) const
{
    if (id >= 0 && id < model_.size())
        return model_.piece(id).text;
    return id < size() ? "<extra_id_" + std::to_string(size() - 1 - id) + ">" : "";
}

} // namespace nanodit
