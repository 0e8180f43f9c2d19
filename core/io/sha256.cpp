#include "core/io/sha256.h"

#include "core/io/file_hash.h"

#include <array>
#include <cstdint>
#include <nettle/sha2.h>

namespace nanodit {

struct Sha256::State {
    sha256_ctx context;
};

Sha256::Sha256()
    : state_(std::make_unique<State>())
{
    sha256_init(&state_->context);
}

Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::update(std::span<const std::byte> bytes)
{
    sha256_update(&state_->context, bytes.size(), reinterpret_cast<const std::uint8_t*>(bytes.data()));
}

std::string Sha256::hex()
{
    std::array<std::uint8_t, SHA256_DIGEST_SIZE> digest;
    sha256_digest(&state_->context, digest.size(), digest.data());
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (const auto byte : digest) {
        text += digits[byte >> 4];
        text += digits[byte & 15];
    }
    return text;
}

std::string sha256Hex(std::string_view text)
{
    Sha256 hash;
    hash.update(text);
    return hash.hex();
}

std::string sha256OfFile(const std::filesystem::path& file)
{
    return *sha256OfFile(file, [](std::size_t) { return true; });
}

std::optional<std::string> sha256OfFile(const std::filesystem::path& file,
                                        const std::function<bool(std::size_t bytes)>& goOn)
{
    return FileHash(file).read(goOn);
}

} // namespace nanodit
