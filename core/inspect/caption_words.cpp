#include "core/inspect/caption_words.h"

#include "core/runtime/error.h"

namespace nanodit {

namespace {
constexpr std::string_view blank = "\xe2\x96\x81"; ///< SentencePiece's mark of a blank, U+2581.
} // namespace

std::vector<CaptionWord> captionWords(const T5Tokenizer& tokenizer, const std::string& caption, std::int64_t maxTokens)
{
    std::vector<CaptionWord> words;
    const auto ids = tokenizer.encode(caption, maxTokens);
    bool begins = true;
    for (std::size_t i = 0; i < ids.size(); ++i) {
        const auto position = static_cast<std::int64_t>(i);
        if (ids[i] == tokenizer.endId()) {
            words.push_back(
                {.text = "(end)", .firstToken = position, .tokens = 1, .end = true, .inCaption = words.size()});
            begins = true;
            continue;
        }
        auto piece = tokenizer.piece(ids[i]);
        if (piece.starts_with(blank)) {
            piece.erase(0, blank.size());
            begins = true;
        }
        if (begins) {
            // A lone blank belongs to the piece behind it.
            words.push_back(
                {.text = piece, .firstToken = position, .tokens = 1, .end = false, .inCaption = words.size()});
            begins = false;
        } else {
            words.back().text += piece;
            ++words.back().tokens;
        }
    }
    return words;
}

std::string withWordsReplaced(const std::vector<CaptionWord>& words,
                              const std::map<std::size_t, std::string>& replacements)
{
    for (const auto& [word, text] : replacements) {
        if (word >= words.size() || words[word].end)
            throw UsageError("the caption has no word " + std::to_string(word) + ": its words are 0 to " +
                             std::to_string(words.empty() ? 0 : words.size() - 2));
    }
    std::string caption;
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (words[i].end)
            continue;
        const auto found = replacements.find(i);
        const auto& text = found == replacements.end() ? words[i].text : found->second;
        if (!text.empty())
            caption += (caption.empty() ? "" : " ") + text;
    }
    return caption;
}

} // namespace nanodit
