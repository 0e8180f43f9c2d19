#include "core/io/png.h"

#include "core/io/big_endian.h"
#include "core/io/byte_text.h"
#include "core/io/file_kind.h"
#include "core/io/mapped_file.h"
#include "core/runtime/error.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <zlib.h>

namespace nanodit {

namespace {

constexpr std::size_t chunkOverhead = 12; // Length, type, checksum.
constexpr std::size_t largestText = 16 << 20;

std::uint32_t checksumOf(std::span<const std::byte> typeAndData)
{
    auto sum = crc32(0, nullptr, 0);
    while (!typeAndData.empty()) { // zlib counts in 32 bits.
        const auto piece = std::min<std::size_t>(typeAndData.size(), 1 << 30);
        sum = crc32(sum, reinterpret_cast<const Bytef*>(typeAndData.data()), static_cast<uInt>(piece));
        typeAndData = typeAndData.subspan(piece);
    }
    return static_cast<std::uint32_t>(sum);
}

std::string utf8FromLatin1(std::string_view text)
{
    std::string result;
    for (const char character : text) {
        const auto code = static_cast<unsigned char>(character);
        if (code < 0x80) {
            result += character;
        } else {
            result += static_cast<char>(0xc0 | (code >> 6));
            result += static_cast<char>(0x80 | (code & 0x3f));
        }
    }
    return result;
}

/// Empty when the stream is damaged or grows beyond largestText.
std::optional<std::string> inflateText(std::string_view compressed)
{
    std::string text;
    z_stream stream{};
    if (inflateInit(&stream) != Z_OK)
        return std::nullopt;
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(compressed.data()));
    stream.avail_in = static_cast<uInt>(compressed.size());
    int result = Z_OK;
    char buffer[16384];
    while (result == Z_OK && text.size() <= largestText) {
        stream.next_out = reinterpret_cast<Bytef*>(buffer);
        stream.avail_out = sizeof buffer;
        result = inflate(&stream, Z_NO_FLUSH);
        text.append(buffer, sizeof buffer - stream.avail_out);
    }
    inflateEnd(&stream);
    if (result != Z_STREAM_END || text.size() > largestText)
        return std::nullopt;
    return text;
}

/// Splits off what stands before the next zero byte; empty when there is none.
std::optional<std::string_view> takeField(std::string_view& rest)
{
    const auto zero = rest.find('\0');
    if (zero == std::string_view::npos)
        return std::nullopt;
    const auto field = rest.substr(0, zero);
    rest.remove_prefix(zero + 1);
    return field;
}

struct TextEntry {
    std::string keyword, text;
};

std::optional<TextEntry> parseText(const PngChunk& chunk)
{
    auto rest = textOf(chunk.data);
    const auto keyword = takeField(rest);
    if (!keyword || keyword->empty() || keyword->size() > 79 || rest.size() > largestText)
        return std::nullopt;
    TextEntry entry{.keyword = utf8FromLatin1(*keyword), .text = {}};
    if (chunk.type == "tEXt") {
        entry.text = utf8FromLatin1(rest);
        return entry;
    }
    if (chunk.type == "zTXt") {
        if (rest.empty() || rest.front() != 0)
            return std::nullopt;
        const auto text = inflateText(rest.substr(1));
        if (!text)
            return std::nullopt;
        entry.text = utf8FromLatin1(*text);
        return entry;
    }
    if (rest.size() < 2) // iTXt: compression flag, compression method, language, translated keyword, text.
        return std::nullopt;
    const bool compressed = rest[0] != 0;
    const bool knownMethod = rest[1] == 0;
    rest.remove_prefix(2);
    if (!takeField(rest) || !takeField(rest) || (compressed && !knownMethod))
        return std::nullopt;
    const auto text = compressed ? inflateText(rest) : std::optional(std::string(rest));
    if (!text)
        return std::nullopt;
    entry.text = *text;
    return entry;
}

bool isPlainText(const std::string& text)
{
    return std::all_of(text.begin(), text.end(), [](char c) { return (c >= 0x20 && c < 0x7f) || c == '\n'; });
}

std::string textChunkData(const std::string& keyword, const std::string& text, bool plain)
{
    std::string data = keyword;
    data += '\0';
    if (!plain)
        data.append(4, '\0'); // Not compressed, method 0, no language, no translated keyword.
    return data + text;
}

} // namespace

bool PngChunk::checksumHolds() const
{
    // In the file the type stands right before the data.
    const auto* const begin = reinterpret_cast<const std::byte*>(type.data());
    return checksumOf({begin, type.size() + data.size()}) == checksum;
}

PngChunks::PngChunks(std::span<const std::byte> file)
    : rest_(hasSignature(file) ? file.subspan(pngSignature.size()) : std::span<const std::byte>{})
{
}

bool PngChunks::hasSignature(std::span<const std::byte> file)
{
    return textOf(file).starts_with(pngSignature);
}

bool PngChunks::next(PngChunk& chunk)
{
    if (complete_ || rest_.size() < chunkOverhead)
        return false;
    const std::size_t length = bigEndian32(rest_, 0);
    if (length > rest_.size() - chunkOverhead)
        return false;
    chunk.type = textOf(rest_.subspan(4, 4));
    chunk.data = rest_.subspan(8, length);
    chunk.checksum = bigEndian32(rest_, 8 + length);
    rest_ = rest_.subspan(chunkOverhead + length);
    complete_ = chunk.type == "IEND";
    return true;
}

void appendPngChunk(std::vector<std::uint8_t>& file, std::string_view type, std::span<const std::byte> data)
{
    const auto append32 = [&file](std::uint32_t value) {
        for (const int shift : {24, 16, 8, 0})
            file.push_back(static_cast<std::uint8_t>(value >> shift));
    };
    append32(static_cast<std::uint32_t>(data.size()));
    const auto start = file.size();
    file.insert(file.end(), type.begin(), type.end());
    const auto* const bytes = reinterpret_cast<const std::uint8_t*>(data.data());
    file.insert(file.end(), bytes, bytes + data.size());
    append32(checksumOf(std::as_bytes(std::span(file).subspan(start))));
}

std::vector<std::uint8_t> withPngText(std::span<const std::uint8_t> png, const PngText& text)
{
    // The text goes right behind IHDR, which has a fixed size, so that readers find it without passing the pixels.
    const std::size_t headEnd = pngSignature.size() + chunkOverhead + 13;
    std::vector<std::uint8_t> file(png.begin(), png.begin() + static_cast<std::ptrdiff_t>(headEnd));
    for (const auto& [keyword, value] : text) {
        if (keyword.empty() || keyword.size() > 79 || !isPlainText(keyword) || value.find('\0') != std::string::npos ||
            value.size() > largestText)
            throw StoreError("a PNG cannot carry the text \"" + keyword +
                             "\": keywords are 1 to 79 plain characters, texts have no zero byte and at most 16 MiB");
        const bool plain = isPlainText(value);
        const auto data = textChunkData(keyword, value, plain);
        appendPngChunk(file, plain ? "tEXt" : "iTXt", std::as_bytes(std::span(data)));
    }
    file.insert(file.end(), png.begin() + static_cast<std::ptrdiff_t>(headEnd), png.end());
    return file;
}

std::optional<std::string> pngTextNamed(const PngChunk& chunk, std::string_view prefix)
{
    const bool holdsText = chunk.type == "tEXt" || chunk.type == "zTXt" || chunk.type == "iTXt";
    if (!holdsText || !textOf(chunk.data).starts_with(prefix))
        return std::nullopt;
    auto entry = parseText(chunk);
    return entry ? std::optional(std::move(entry->text)) : std::nullopt;
}

PngText parsePngText(std::span<const std::byte> file, const std::string& name)
{
    if (!PngChunks::hasSignature(file))
        throw DataError(wrongKindMessage(name, fileKindOf(file), "a PNG picture"));
    PngText text;
    PngChunks chunks(file);
    for (PngChunk chunk; chunks.next(chunk);) {
        const bool holdsText = chunk.type == "tEXt" || chunk.type == "zTXt" || chunk.type == "iTXt";
        if (!holdsText || !chunk.checksumHolds())
            continue;
        if (auto entry = parseText(chunk))
            text.insert_or_assign(std::move(entry->keyword), std::move(entry->text));
    }
    return text;
}

PngText readPngText(const std::filesystem::path& file)
{
    return parsePngText(MappedFile::open(file)->bytes(), file.string());
}

} // namespace nanodit
