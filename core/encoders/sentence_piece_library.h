#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace nanodit {

/// libsentencepiece itself: trains models, and is what SentencePieceModel, which splits text everywhere else, is tested
/// against. The library carries a protobuf of its own whose symbols clash with the protobuf that LibTorch loads (the
/// program would crash before main), so it lives in a module that is loaded with a scope of its own; nothing else may
/// link it. The address sanitizer forbids such scopes, so that programs built with it cannot use this, nor can those
/// built where the library was not installed. Any thread.
class SentencePieceLibrary {
public:
    /// Throws DataError naming the file when it is missing, truncated or no such model.
    explicit SentencePieceLibrary(const std::filesystem::path& file);
    ~SentencePieceLibrary();
    SentencePieceLibrary(SentencePieceLibrary&&) noexcept;
    SentencePieceLibrary& operator=(SentencePieceLibrary&&) noexcept;

    /// Ids of the pieces that the text splits into; no end-of-sequence is added. Throws DataError.
    std::vector<std::int64_t> encode(std::string_view text) const;
    std::string piece(std::int64_t id) const; ///< "▁photo"; 0 <= id < size().
    std::int64_t size() const;
    std::int64_t padId() const; ///< Negative when the model defines none; endId and unknownId alike.
    std::int64_t endId() const;
    std::int64_t unknownId() const;

    /// Trains a model: the trainer's own arguments, "--input=... --model_prefix=... --vocab_size=...". Throws Error.
    static void train(const std::string& arguments);

private:
    struct Loaded;
    std::unique_ptr<Loaded> loaded_;
};

} // namespace nanodit
