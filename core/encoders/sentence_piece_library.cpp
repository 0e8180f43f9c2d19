#include "core/encoders/sentence_piece_library.h"

#include "core/encoders/sentence_piece/sentence_piece_module.h"
#include "core/runtime/error.h"

#include <dlfcn.h>
#include <mutex>

namespace nanodit {

namespace {

const NanoditSentencePieceApi& loadModule()
{
    // RTLD_DEEPBIND: the module's libraries see their own symbols before the program's. Address sanitizer refuses the
    // flag.
#if defined(__SANITIZE_ADDRESS__)
    constexpr int flags = RTLD_NOW | RTLD_LOCAL;
#else
    constexpr int flags = RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND;
#endif
    void* const module = dlopen("libnanodit_sentence_piece.so", flags);
    if (module == nullptr)
        throw Error(
            std::string("the SentencePiece module could not be loaded (") + dlerror() +
            "); install the Debian package libsentencepiece0, or libsentencepiece-dev and build the program again "
            "where it was built without");
    auto* const entry =
        reinterpret_cast<const NanoditSentencePieceApi* (*)()>(dlsym(module, "nanodit_sentence_piece_api"));
    if (entry == nullptr)
        throw Error("libnanodit_sentence_piece.so is not this program's module: install the program again");
    return *entry();
}

const NanoditSentencePieceApi& api()
{
    static const NanoditSentencePieceApi& loaded = loadModule();
    return loaded;
}

} // namespace

struct SentencePieceLibrary::Loaded {
    void* handle = nullptr;
    std::mutex mutex; // guards what the module returns by pointer
    ~Loaded()
    {
        if (handle != nullptr)
            api().close(handle);
    }
};

SentencePieceLibrary::SentencePieceLibrary(const std::filesystem::path& file)
    : loaded_(std::make_unique<Loaded>())
{
    std::error_code ignored;
    if (!std::filesystem::exists(file, ignored))
        throw DataError(file.string() +
                        " is missing: a T5 encoder needs its SentencePiece model; copy it from where the "
                        "model came from");
    const char* error = nullptr;
    loaded_->handle = api().open(file.c_str(), &error);
    if (error != nullptr)
        throw DataError(file.string() + " is not a SentencePiece model: it is truncated or damaged (" + error + ")");
}

SentencePieceLibrary::~SentencePieceLibrary() = default;
SentencePieceLibrary::SentencePieceLibrary(SentencePieceLibrary&&) noexcept = default;
SentencePieceLibrary& SentencePieceLibrary::operator=(SentencePieceLibrary&&) noexcept = default;

std::vector<std::int64_t> SentencePieceLibrary::encode(std::string_view text) const
{
    const std::lock_guard lock(loaded_->mutex);
    const int* ids = nullptr;
    std::size_t count = 0;
    if (const char* const error = api().encode(loaded_->handle, text.data(), text.size(), &ids, &count))
        throw DataError("the text \"" + std::string(text) + "\" cannot be split into tokens (" + error + ")");
    return {ids, ids + count};
}

std::string SentencePieceLibrary::piece(std::int64_t id) const
{
    if (id < 0 || id >= size())
        throw DataError("the token " + std::to_string(id) + " is outside the vocabulary of " + std::to_string(size()));
    const std::lock_guard lock(loaded_->mutex);
    return api().piece(loaded_->handle, static_cast<int>(id));
}

std::int64_t SentencePieceLibrary::size() const
{
    return api().size(loaded_->handle);
}

std::int64_t SentencePieceLibrary::padId() const
{
    return api().padId(loaded_->handle);
}

std::int64_t SentencePieceLibrary::endId() const
{
    return api().endId(loaded_->handle);
}

std::int64_t SentencePieceLibrary::unknownId() const
{
    return api().unknownId(loaded_->handle);
}

void SentencePieceLibrary::train(const std::string& arguments)
{
    if (const char* const error = api().train(arguments.c_str()))
        throw Error(std::string("the SentencePiece trainer failed: ") + error);
}

} // namespace nanodit
