#include "core/io/sha256.h"

#include "core/runtime/error.h"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <vector>

namespace nanodit {

namespace {

/// First 32 bits of the fractional parts of the cube roots of the first 64 primes (FIPS 180-4, section 4.2.2).
constexpr std::array<std::uint32_t, 64> roundConstants = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

std::uint32_t bigEndian(const std::byte* bytes)
{
    return std::to_integer<std::uint32_t>(bytes[0]) << 24 | std::to_integer<std::uint32_t>(bytes[1]) << 16 |
           std::to_integer<std::uint32_t>(bytes[2]) << 8 | std::to_integer<std::uint32_t>(bytes[3]);
}

/// FIPS 180-4, section 6.2.2.
void compress(std::array<std::uint32_t, 8>& state, const std::byte* block)
{
    std::array<std::uint32_t, 64> schedule;
    for (std::size_t i = 0; i < 16; ++i)
        schedule[i] = bigEndian(block + 4 * i);
    for (std::size_t i = 16; i < 64; ++i) {
        const auto before15 = schedule[i - 15];
        const auto before2 = schedule[i - 2];
        schedule[i] = schedule[i - 16] + schedule[i - 7] +
                      (std::rotr(before15, 7) ^ std::rotr(before15, 18) ^ (before15 >> 3)) +
                      (std::rotr(before2, 17) ^ std::rotr(before2, 19) ^ (before2 >> 10));
    }
    auto [a, b, c, d, e, f, g, h] = state;
    for (std::size_t i = 0; i < 64; ++i) {
        const auto first = h + (std::rotr(e, 6) ^ std::rotr(e, 11) ^ std::rotr(e, 25)) + ((e & f) ^ (~e & g)) +
                           roundConstants[i] + schedule[i];
        const auto second = (std::rotr(a, 2) ^ std::rotr(a, 13) ^ std::rotr(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
        h = g;
        g = f;
        f = e;
        e = d + first;
        d = c;
        c = b;
        b = a;
        a = first + second;
    }
    const std::array<std::uint32_t, 8> worked = {a, b, c, d, e, f, g, h};
    for (std::size_t i = 0; i < 8; ++i)
        state[i] += worked[i];
}

} // namespace

Sha256::Sha256()
    : state_{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19}
{
}

void Sha256::update(std::span<const std::byte> bytes)
{
    totalBytes_ += bytes.size();
    if (blockBytes_ > 0) {
        const auto taken = std::min(block_.size() - blockBytes_, bytes.size());
        std::memcpy(block_.data() + blockBytes_, bytes.data(), taken);
        blockBytes_ += taken;
        bytes = bytes.subspan(taken);
        if (blockBytes_ < block_.size())
            return;
        compress(state_, block_.data());
        blockBytes_ = 0;
    }
    for (; bytes.size() >= block_.size(); bytes = bytes.subspan(block_.size()))
        compress(state_, bytes.data());
    if (!bytes.empty())
        std::memcpy(block_.data(), bytes.data(), bytes.size());
    blockBytes_ = bytes.size();
}

std::string Sha256::hex()
{
    const std::uint64_t bits = totalBytes_ * 8;
    block_[blockBytes_++] = std::byte{0x80};
    if (blockBytes_ > 56) {
        std::memset(block_.data() + blockBytes_, 0, block_.size() - blockBytes_);
        compress(state_, block_.data());
        blockBytes_ = 0;
    }
    std::memset(block_.data() + blockBytes_, 0, 56 - blockBytes_);
    for (std::size_t i = 0; i < 8; ++i)
        block_[56 + i] = static_cast<std::byte>(bits >> (56 - 8 * i));
    compress(state_, block_.data());

    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (const auto word : state_) {
        for (int shift = 28; shift >= 0; shift -= 4)
            text += digits[word >> shift & 15];
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
    std::ifstream stream(file, std::ios::binary);
    if (!stream)
        throw DataError(file.string() + " could not be opened for reading: " + std::strerror(errno));
    Sha256 hash;
    std::vector<char> piece(1 << 20);
    while (stream) {
        stream.read(piece.data(), static_cast<std::streamsize>(piece.size()));
        hash.update(std::as_bytes(std::span(piece.data(), static_cast<std::size_t>(stream.gcount()))));
    }
    if (stream.bad())
        throw DataError(file.string() + " could not be read to its end: " + std::strerror(errno));
    return hash.hex();
}

} // namespace nanodit
