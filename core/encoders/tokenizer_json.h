#pragma once

#include <filesystem>
#include <string>

namespace nanodit {

/// A unigram model as Hugging Face's tokenizers store it (tokenizer.json), in the form of spiece.model.
struct UnigramTokenizer {
    std::string model;         ///< Serialised ModelProto, for SentencePieceModel::parse.
    std::int64_t extraIds = 0; ///< <extra_id_N> behind its pieces.
};

/// Reads one where it splits text as the SentencePiece model of a T5 does. Throws DataError naming the file and what
/// differs: another kind of model, normalisation or splitting at white space, special tokens in other places.
UnigramTokenizer readTokenizerJson(const std::filesystem::path& file);

} // namespace nanodit
