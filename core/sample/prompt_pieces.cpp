#include "core/sample/prompt_pieces.h"

#include "core/encoders/t5_tokenizer.h"
#include "core/runs/checkpoint.h"
#include "core/runs/checkpoint_weights.h"
#include "core/runtime/error.h"

namespace nanodit {

namespace {

bool isSpace(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/// Where each word ends, in bytes.
std::vector<std::size_t> wordEnds(const std::string& text)
{
    std::vector<std::size_t> ends;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (!isSpace(text[i]) && (i + 1 == text.size() || isSpace(text[i + 1])))
            ends.push_back(i + 1);
    }
    return ends;
}

} // namespace

std::shared_ptr<const PromptReader> PromptReader::load(const Workspace& workspace)
{
    if (workspace.config.t5Encoder.empty())
        throw UsageError("the workspace names no text encoder: set encoders.t5 in " +
                         (workspace.root / "workspace.yaml").string());
    return std::make_shared<const PromptReader>(
        std::make_shared<const T5Tokenizer>(T5Tokenizer::load(workspace.path(workspace.config.t5Encoder))));
}

PromptReader::PromptReader(std::shared_ptr<const T5Tokenizer> tokenizer)
    : tokenizer_(std::move(tokenizer))
{
}

PromptPieces PromptReader::read(const std::string& prompt, std::int64_t mostTokens) const
{
    PromptPieces read{.pieces = {}, .most = mostTokens, .keptBytes = prompt.size()};
    for (const auto id : tokenizer_->encode(prompt))
        read.pieces.push_back(tokenizer_->piece(id));
    if (!read.isCut())
        return read;
    // The longest run of whole words that fits: the number of tokens grows with every word.
    const auto ends = wordEnds(prompt);
    std::size_t fits = 0, tooMany = ends.size();
    while (fits < tooMany) {
        const auto words = (fits + tooMany + 1) / 2;
        const auto tokens = tokenizer_->encode(prompt.substr(0, ends[words - 1])).size();
        if (static_cast<std::int64_t>(tokens) <= mostTokens)
            fits = words;
        else
            tooMany = words - 1;
    }
    read.keptBytes = fits == 0 ? 0 : ends[fits - 1];
    return read;
}

std::int64_t textTokensOf(const std::filesystem::path& checkpoint)
{
    return readCheckpointState(checkpointFolder(checkpoint)).textTokens;
}

} // namespace nanodit
