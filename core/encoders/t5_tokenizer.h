#pragma once

#include "core/encoders/sentence_piece_model.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace nanodit {

/// T5's tokenizer: a SentencePiece model (spiece.model), and special tokens (</s>, <pad>, <unk>, <extra_id_N>) that are
/// recognised where the text spells them out. Ids equal those of transformers' T5Tokenizer. Immutable; any thread.
class T5Tokenizer {
public:
    /// `folder`/spiece.model, or a tokenizer.json that holds the same kind of model, and, where there is one,
    /// tokenizer_config.json (extra_ids). A pipeline's folder that keeps its tokenizer beside the encoder (tokenizer_2,
    /// tokenizer_3, tokenizer) is found too. Throws DataError.
    static T5Tokenizer load(const std::filesystem::path& folder);
    /// What load() reads of an encoder's folder: spiece.model there or in a folder beside it, else tokenizer.json.
    /// Empty when there is neither.
    static std::filesystem::path fileFor(const std::filesystem::path& encoderFolder);
    explicit T5Tokenizer(const std::filesystem::path& sentencePieceModel, std::int64_t extraIds = 100);

    /// The valid tokens only, </s> last; with `maxTokens` > 0 cut to that many, </s> kept. Empty text gives {</s>}.
    std::vector<std::int64_t> encode(const std::string& text, std::int64_t maxTokens = 0) const;
    /// Whether more of a text's tokens have letters or digits than stand for what the vocabulary lacks: T5 1.1 knows
    /// hardly more than English, German, French and Romanian, and takes all Chinese texts for the same few tokens.
    bool knowsMostOf(const std::string& text) const;
    /// "▁photo", "</s>"...: what an id stands for.
    std::string piece(std::int64_t id) const;

    std::int64_t size() const { return model_.size() + extraIds_; } ///< Ids run below this: pieces and extra ids.
    std::int64_t padId() const { return model_.padId(); }
    std::int64_t endId() const { return model_.endId(); }
    const std::filesystem::path& modelFile() const { return modelFile_; }

private:
    T5Tokenizer(const std::filesystem::path& file, SentencePieceModel model, std::int64_t extraIds);

    std::filesystem::path modelFile_;
    SentencePieceModel model_;
    std::int64_t extraIds_ = 0;
    std::map<std::string, std::int64_t, std::less<>> special_;
};

} // namespace nanodit
