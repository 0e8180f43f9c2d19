#include "core/inspect/attention_session.h"

#include <cmath>

namespace nanodit {

std::vector<std::int64_t> AttentionScene::tokensOf(const CaptionWord& word) const
{
    std::vector<std::int64_t> tokens;
    for (std::int64_t i = 0; i < word.tokens; ++i)
        tokens.push_back(word.firstToken + i);
    return tokens;
}

std::string AttentionScene::nameOf(std::int64_t token) const
{
    if (token == clsToken())
        return "CLS";
    if (token > clsToken()) {
        const auto patch = token - patchToken(0);
        return "patch " + std::to_string(patch / patches.cols) + "," + std::to_string(patch % patches.cols);
    }
    for (const auto& word : words) {
        if (token >= word.firstToken && token < word.firstToken + word.tokens)
            return word.text;
    }
    return "text token " + std::to_string(token);
}

std::optional<std::int64_t> KnockOut::bestBlock() const
{
    std::optional<std::int64_t> best;
    for (std::size_t i = 0; i < agreement.size(); ++i) {
        if (std::isfinite(agreement[i]) && (!best || agreement[i] > agreement[static_cast<std::size_t>(*best)]))
            best = static_cast<std::int64_t>(i);
    }
    return best;
}

} // namespace nanodit
