#include "core/io/little_endian.h"
#include "core/io/stored_picture.h"
#include "core/runtime/error.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdlib>

namespace nanodit {

namespace {

/// The header of a BMP file as Microsoft describes it (BITMAPCOREHEADER to BITMAPV5HEADER), and OS/2's.
struct BmpHeader {
    enum Compression : std::uint32_t { Plain = 0, Rle8 = 1, Rle4 = 2, Masks = 3, Jpeg = 4, Png = 5, AlphaMasks = 6 };
    std::size_t infoBytes = 0; ///< Of the second header, by which the versions are told apart.
    std::int64_t width = 0, height = 0;
    bool fromTop = false;
    std::uint32_t bits = 0, compression = Plain, colours = 0;
    std::size_t pixelsAt = 0;
};

/// One channel of a pixel of 16 or 32 bits.
class ChannelMask {
public:
    explicit ChannelMask(std::uint32_t mask = 0)
        : mask_(mask)
        , shift_(mask == 0 ? 0 : std::countr_zero(mask))
        , most_(mask >> shift_)
    {
    }
    bool isThere() const { return mask_ != 0; }
    bool isOnePiece() const { return (most_ & (std::uint64_t{most_} + 1)) == 0; }
    std::uint8_t of(std::uint32_t pixel) const
    {
        if (mask_ == 0)
            return 0;
        const std::uint64_t value = (pixel & mask_) >> shift_;
        return static_cast<std::uint8_t>((value * 255 + most_ / 2) / most_);
    }

private:
    std::uint32_t mask_;
    int shift_;
    std::uint32_t most_;
};

class BmpDecoder {
public:
    BmpDecoder(std::span<const std::byte> bytes, const std::string& name)
        : bytes_(bytes)
        , name_(name)
    {
    }

    StoredPicture decode()
    {
        readHeader();
        requireReasonableSize({header_.width, header_.height}, name_);
        picture_.size = {.width = header_.width, .height = header_.height};
        if (header_.compression == BmpHeader::Jpeg || header_.compression == BmpHeader::Png)
            refuse("that holds a JPEG or PNG picture, as only printers read it: convert it to PNG");
        if (header_.infoBytes == 64 && header_.compression >= BmpHeader::Masks) // OS/2 has others of these numbers
            refuse("of OS/2 with a compression that is not read: convert it to PNG");
        const bool masked = header_.compression == BmpHeader::Masks || header_.compression == BmpHeader::AlphaMasks;
        const bool runs = header_.compression == BmpHeader::Rle8 || header_.compression == BmpHeader::Rle4;
        if (!(masked || runs || header_.compression == BmpHeader::Plain))
            refuse("with a compression that is not known: convert it to PNG");
        if ((header_.bits == 16 || header_.bits == 32) && !runs)
            readMasked(masked);
        else if (header_.bits == 24 && !masked && !runs)
            readTrueColours();
        else if (runs && header_.bits == (header_.compression == BmpHeader::Rle8 ? 8u : 4u))
            paint(unpackedRuns());
        else if ((header_.bits == 1 || header_.bits == 2 || header_.bits == 4 || header_.bits == 8) && !masked && !runs)
            paint(unpackedIndexes());
        else
            refuse("of " + std::to_string(header_.bits) + " bits a pixel, which is not read: convert it to PNG");
        readProfile();
        return std::move(picture_);
    }

private:
    [[noreturn]] void refuse(const std::string& what) const { throw DataError(name_ + " is a BMP picture " + what); }
    [[noreturn]] void truncated() const
    {
        throw DataError(name_ + " is truncated: the picture in it does not reach its end; fetch the file again");
    }

    void require(std::size_t end) const
    {
        if (end > bytes_.size())
            truncated();
    }
    std::uint32_t number(std::size_t at, std::size_t count) const
    {
        require(at + count);
        return littleEndian(bytes_, at, count);
    }

    void readHeader()
    {
        constexpr std::size_t fileHeader = 14, shortest = 12;
        header_.pixelsAt = number(10, 4);
        header_.infoBytes = number(fileHeader, 4);
        require(fileHeader + header_.infoBytes);
        if (header_.infoBytes < shortest)
            refuse("that is damaged: fetch it again");
        const bool old = header_.infoBytes == shortest; // BITMAPCOREHEADER
        header_.width = static_cast<std::int32_t>(number(18, old ? 2 : 4));
        const std::int64_t rows = static_cast<std::int32_t>(number(old ? 20 : 22, old ? 2 : 4));
        header_.height = std::abs(rows);
        header_.fromTop = rows < 0; // from the top down
        header_.bits = number(old ? 24 : 28, 2);
        if (header_.infoBytes >= 20)
            header_.compression = number(30, 4);
        if (header_.infoBytes >= 36)
            header_.colours = number(46, 4);
        paletteAt_ = fileHeader + header_.infoBytes;
        if (header_.bits <= 8)
            readPalette(old ? 3 : 4);
        else if (header_.pixelsAt < paletteAt_) // some writers leave it at 0
            header_.pixelsAt = paletteAt_ + masksBehindHeader();
    }

    /// Of the version of 40 bytes, which has no place for them within it.
    std::size_t masksBehindHeader() const
    {
        if (header_.infoBytes != 40)
            return 0;
        return header_.compression == BmpHeader::Masks ? 12 : header_.compression == BmpHeader::AlphaMasks ? 16 : 0;
    }

    void readPalette(std::size_t entryBytes)
    {
        const std::size_t possible = std::size_t{1} << header_.bits;
        const std::size_t wanted = header_.colours == 0 ? possible : std::min<std::size_t>(header_.colours, possible);
        if (header_.pixelsAt < paletteAt_)
            header_.pixelsAt = paletteAt_ + wanted * entryBytes;
        const auto count = std::min(wanted, (header_.pixelsAt - paletteAt_) / entryBytes);
        require(paletteAt_ + count * entryBytes);
        for (std::size_t i = 0; i < count; ++i) {
            for (std::size_t c = 0; c < 3; ++c) // stored blue first
                palette_[i][2 - c] = std::to_integer<std::uint8_t>(bytes_[paletteAt_ + i * entryBytes + c]);
        }
    }

    std::size_t width() const { return static_cast<std::size_t>(header_.width); }
    std::size_t height() const { return static_cast<std::size_t>(header_.height); }

    /// The stored row that is the `y`th from the top; rows end at multiples of four bytes.
    std::span<const std::byte> row(std::size_t y) const
    {
        const auto used = (width() * header_.bits + 7) / 8, stride = (used + 3) / 4 * 4;
        const auto at = header_.pixelsAt + (header_.fromTop ? y : height() - 1 - y) * stride;
        require(at + stride);
        return bytes_.subspan(at, used);
    }

    std::uint8_t* target(std::size_t y) { return picture_.samples.data() + y * picture_.rowBytes(); }

    void makeRoom(int channels)
    {
        picture_.channels = channels;
        picture_.samples.resize(picture_.rowBytes() * height());
    }

    /// The masks stand behind the first 40 bytes of the second header, in it or, in the version of 40 bytes, behind it.
    void readMasked(bool masked)
    {
        constexpr std::size_t masksAt = 14 + 40;
        std::array<ChannelMask, 4> masks;
        if (masked) {
            const bool alpha = header_.infoBytes >= 56 || header_.compression == BmpHeader::AlphaMasks;
            for (std::size_t c = 0; c < (alpha ? 4u : 3u); ++c)
                masks[c] = ChannelMask(number(masksAt + 4 * c, 4));
        } else if (header_.bits == 16) {
            masks = {ChannelMask(0x7c00), ChannelMask(0x03e0), ChannelMask(0x001f), ChannelMask()};
        } else {
            masks = {ChannelMask(0xff0000), ChannelMask(0x00ff00), ChannelMask(0x0000ff), ChannelMask()};
        }
        if (std::ranges::any_of(masks, [](const ChannelMask& mask) { return !mask.isOnePiece(); }) ||
            std::ranges::none_of(masks, &ChannelMask::isThere))
            refuse("whose colour masks are invalid: fetch it again");
        const auto pixelBytes = header_.bits / 8;
        row(height() - 1); // both ends, before memory is taken
        row(0);
        makeRoom(masks[3].isThere() ? 4 : 3);
        bool opaque = false;
        for (std::size_t y = 0; y < height(); ++y) {
            const auto stored = row(y);
            auto* to = target(y);
            for (std::size_t x = 0; x < width(); ++x) {
                const auto pixel = littleEndian(stored, x * pixelBytes, pixelBytes);
                for (int c = 0; c < picture_.channels; ++c)
                    *to++ = masks[static_cast<std::size_t>(c)].of(pixel);
                opaque |= picture_.channels == 4 && to[-1] != 0;
            }
        }
        if (picture_.channels == 4 && !opaque) { // a mask of alpha, but nothing in it: nobody means an empty picture
            for (std::size_t i = 3; i < picture_.samples.size(); i += 4)
                picture_.samples[i] = 255;
        }
    }

    void readTrueColours()
    {
        row(height() - 1);
        row(0);
        makeRoom(3);
        for (std::size_t y = 0; y < height(); ++y) {
            const auto stored = row(y);
            auto* const to = target(y);
            for (std::size_t x = 0; x < 3 * width(); x += 3) {
                for (std::size_t c = 0; c < 3; ++c)
                    to[x + c] = std::to_integer<std::uint8_t>(stored[x + 2 - c]);
            }
        }
    }

    /// Row-major, the upper row first.
    std::vector<std::uint8_t> unpackedIndexes() const
    {
        row(height() - 1);
        row(0);
        std::vector<std::uint8_t> indexes(width() * height());
        const auto perByte = 8 / header_.bits;
        const auto mask = (1u << header_.bits) - 1;
        for (std::size_t y = 0; y < height(); ++y) {
            const auto stored = row(y);
            for (std::size_t x = 0; x < width(); ++x) {
                const auto shift = 8 - header_.bits * (static_cast<std::uint32_t>(x % perByte) + 1);
                indexes[y * width() + x] =
                    static_cast<std::uint8_t>(std::to_integer<unsigned>(stored[x / perByte]) >> shift & mask);
            }
        }
        return indexes;
    }

    /// Pairs of a count and a value, or of 0 and: the end of a row, the end of the picture, a step, values as they are.
    std::vector<std::uint8_t> unpackedRuns() const
    {
        std::vector<std::uint8_t> indexes(width() * height());
        std::size_t at = header_.pixelsAt, x = 0, y = 0; // y counts stored rows
        const bool halves = header_.compression == BmpHeader::Rle4;
        const auto put = [&](unsigned value) {
            if (x < width() && y < height())
                indexes[(header_.fromTop ? y : height() - 1 - y) * width() + x] = static_cast<std::uint8_t>(value);
            ++x;
        };
        const auto half = [](unsigned byte, std::size_t i) { return i % 2 == 0 ? byte >> 4 : byte & 15u; };
        while (y < height()) {
            const auto count = number(at, 1), value = number(at + 1, 1);
            at += 2;
            if (count > 0) {
                for (std::size_t i = 0; i < count; ++i)
                    put(halves ? half(value, i) : value);
            } else if (value == 0) {
                x = 0;
                ++y;
            } else if (value == 1) {
                break;
            } else if (value == 2) {
                x += number(at, 1);
                y += number(at + 1, 1);
                at += 2;
            } else {
                const std::size_t used = halves ? (value + 1) / 2 : value;
                require(at + used);
                for (std::size_t i = 0; i < value; ++i) {
                    const auto byte = std::to_integer<unsigned>(bytes_[at + (halves ? i / 2 : i)]);
                    put(halves ? half(byte, i) : byte);
                }
                at += (used + 1) / 2 * 2;
            }
        }
        return indexes;
    }

    void paint(const std::vector<std::uint8_t>& indexes)
    {
        makeRoom(3);
        auto* to = picture_.samples.data();
        for (const auto index : indexes)
            to = std::ranges::copy(palette_[index], to).out;
    }

    /// BITMAPV5HEADER may embed an ICC profile.
    void readProfile()
    {
        constexpr std::uint32_t embedded = 0x4d424544; // 'MBED'
        if (header_.infoBytes < 124 || number(14 + 56, 4) != embedded)
            return;
        const std::size_t at = 14 + std::size_t{number(14 + 112, 4)}, size = number(14 + 116, 4);
        if (at < bytes_.size() && size <= bytes_.size() - at) {
            const auto profile = bytes_.subspan(at, size);
            picture_.profile.assign(profile.begin(), profile.end());
        }
    }

    std::span<const std::byte> bytes_;
    const std::string& name_;
    BmpHeader header_;
    std::size_t paletteAt_ = 0;
    std::array<std::array<std::uint8_t, 3>, 256> palette_{}; ///< Black where the file has none.
    StoredPicture picture_;
};

} // namespace

StoredPicture decodeBmp(std::span<const std::byte> bytes, const std::string& name)
{
    return BmpDecoder(bytes, name).decode();
}

} // namespace nanodit
