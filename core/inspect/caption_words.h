#pragma once

#include "core/encoders/t5_tokenizer.h"
#include "core/inspect/attention_session.h"

namespace nanodit {

/// A caption's tokens joined to words: a piece that begins with SentencePiece's blank begins a word; the end mark is a
/// word of its own. `maxTokens`: T, to which the text is cut.
std::vector<CaptionWord> captionWords(const T5Tokenizer& tokenizer, const std::string& caption, std::int64_t maxTokens);

/// The caption with some of its words (by number) replaced; an empty replacement leaves the word out. Throws UsageError
/// for numbers that the caption does not have.
std::string withWordsReplaced(const std::vector<CaptionWord>& words,
                              const std::map<std::size_t, std::string>& replacements);

} // namespace nanodit
