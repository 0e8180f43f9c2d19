#pragma once

/// A prompt as the text encoder and a model read it.

#include "core/config/workspace_config.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace nanodit {

class T5Tokenizer;

/// The pieces that the encoder's tokenizer makes of a prompt; a token each.
struct PromptPieces {
    std::vector<std::string> pieces; ///< "▁photo", ...; the last is "</s>".
    std::int64_t most = 0;           ///< T: tokens that the model reads, </s> among them.
    std::size_t keptBytes = 0;       ///< Of the prompt: what lies behind is cut off, whole words at a time.

    std::int64_t tokens() const { return static_cast<std::int64_t>(pieces.size()); }
    bool isCut() const { return tokens() > most; }
    /// Of a piece of a prompt that is cut: the model reads the first most - 1 pieces and </s>.
    bool isRead(std::size_t piece) const
    {
        return !isCut() || static_cast<std::int64_t>(piece) < most - 1 || piece + 1 == pieces.size();
    }
};

/// Reads prompts by a workspace's tokenizer, without its text encoder. Immutable; any thread.
class PromptReader {
public:
    /// Throws UsageError when the workspace names no text encoder, DataError when that has no tokenizer.
    static std::shared_ptr<const PromptReader> load(const Workspace& workspace);
    explicit PromptReader(std::shared_ptr<const T5Tokenizer> tokenizer);

    PromptPieces read(const std::string& prompt, std::int64_t mostTokens) const;

private:
    std::shared_ptr<const T5Tokenizer> tokenizer_;
};

/// T: how many tokens of a prompt a checkpoint's model reads. `checkpoint`: as SamplingSession::open takes it. Throws
/// DataError.
std::int64_t textTokensOf(const std::filesystem::path& checkpoint);

} // namespace nanodit
