#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace sentencepiece {
class SentencePieceProcessor;
}

namespace nanodit {

/// T5's tokenizer: a SentencePiece model (spiece.model), and special tokens (</s>, <pad>, <unk>, <extra_id_N>) that are
/// recognised where the text spells them out. Ids equal those of transformers' T5Tokenizer. Any thread.
class T5Tokenizer {
public:
    /// `folder`/spiece.model and, where there is one, tokenizer_config.json (extra_ids). A pipeline's folder that keeps
    /// its tokenizer beside the encoder (tokenizer_2, tokenizer) is found too. Throws DataError.
    static T5Tokenizer load(const std::filesystem::path& folder);
    T5Tokenizer(const std::filesystem::path& sentencePieceModel, std::int64_t extraIds = 100);
    ~T5Tokenizer();
    T5Tokenizer(T5Tokenizer&&) noexcept;
    T5Tokenizer& operator=(T5Tokenizer&&) noexcept;

    /// The valid tokens only, </s> last; with `maxTokens` > 0 cut to that many, </s> kept. Empty text gives {</s>}.
    std::vector<std::int64_t> encode(const std::string& text, std::int64_t maxTokens = 0) const;
    /// "▁photo", "</s>"...: what an id stands for.
    std::string piece(std::int64_t id) const;

    std::int64_t size() const;               ///< Ids run below this: pieces and extra ids.
    std::int64_t padId() const { return padId_; }
    std::int64_t endId() const { return endId_; }
    const std::filesystem::path& modelFile() const { return modelFile_; }

private:
    void addSpecial(const std::string& text, std::int64_t id);

    std::filesystem::path modelFile_;
    std::unique_ptr<sentencepiece::SentencePieceProcessor> pieces_;
    std::map<std::string, std::int64_t> special_;
    std::int64_t extraIds_ = 0, padId_ = 0, endId_ = 1;
};

} // namespace nanodit
