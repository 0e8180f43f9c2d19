#include "core/io/stored_picture.h"
#include "core/runtime/error.h"

#include <algorithm>
#include <array>

namespace nanodit {

namespace {

/// Reads numbers of a GIF (GIF89a specification) and refuses to go past its end.
class GifBytes {
public:
    GifBytes(std::span<const std::byte> bytes, const std::string& name)
        : bytes_(bytes)
        , name_(name)
    {
    }
    unsigned byte()
    {
        if (at_ >= bytes_.size())
            fail();
        return std::to_integer<unsigned>(bytes_[at_++]);
    }
    unsigned word()
    {
        const unsigned low = byte();
        return low | byte() << 8;
    }
    void skip(std::size_t count)
    {
        if (count > bytes_.size() - at_)
            fail();
        at_ += count;
    }
    void skipBlocks()
    {
        for (auto length = byte(); length > 0; length = byte())
            skip(length);
    }
    [[noreturn]] void fail() const
    {
        throw DataError(name_ + " is a GIF picture that is truncated or damaged: fetch it again");
    }

private:
    std::span<const std::byte> bytes_;
    const std::string& name_;
    std::size_t at_ = 0;
};

using ColourTable = std::array<std::array<std::uint8_t, 3>, 256>;

ColourTable readPalette(GifBytes& bytes, unsigned flags)
{
    ColourTable palette{};
    for (std::size_t i = 0; i < std::size_t{2} << (flags & 7u); ++i) {
        for (auto& channel : palette[i])
            channel = static_cast<std::uint8_t>(bytes.byte());
    }
    return palette;
}

/// Bits of the sub-blocks that hold a frame's codes, least significant first.
class CodeReader {
public:
    explicit CodeReader(GifBytes& bytes)
        : bytes_(bytes)
    {
    }
    /// -1 behind the last block.
    int next(int width)
    {
        while (have_ < width) {
            if (left_ == 0) {
                left_ = bytes_.byte();
                if (left_ == 0)
                    return -1;
            }
            --left_;
            bits_ |= bytes_.byte() << have_;
            have_ += 8;
        }
        const auto code = static_cast<int>(bits_ & ((1u << width) - 1));
        bits_ >>= width;
        have_ -= width;
        return code;
    }

private:
    GifBytes& bytes_;
    unsigned bits_ = 0, left_ = 0;
    int have_ = 0;
};

/// A frame's palette indices, row by row as they are stored (LZW with clear codes, appendix F).
std::vector<std::uint8_t> readIndices(GifBytes& bytes, std::size_t count)
{
    constexpr int mostCodes = 4096;
    const int width = static_cast<int>(bytes.byte());
    if (width < 2 || width > 8)
        bytes.fail();
    const int clear = 1 << width, end = clear + 1;
    std::array<std::int16_t, mostCodes> prefix{};
    std::array<std::uint8_t, mostCodes> last{}, first{}, text{};
    for (int code = 0; code < clear; ++code)
        last[static_cast<std::size_t>(code)] = first[static_cast<std::size_t>(code)] = static_cast<std::uint8_t>(code);
    CodeReader codes(bytes);
    std::vector<std::uint8_t> indices;
    indices.reserve(count);
    int bits = width + 1, next = clear + 2, before = -1;
    while (indices.size() < count) {
        const int code = codes.next(bits);
        if (code < 0 || code == end)
            bytes.fail();
        if (code == clear) {
            bits = width + 1;
            next = clear + 2;
            before = -1;
            continue;
        }
        if (code > next || (code == next && before < 0) || (before < 0 && code > clear))
            bytes.fail();
        if (before >= 0 && next < mostCodes) {
            const auto at = static_cast<std::size_t>(next);
            const auto from = static_cast<std::size_t>(before);
            prefix[at] = static_cast<std::int16_t>(before);
            first[at] = first[from];
            last[at] = code == next ? first[from] : first[static_cast<std::size_t>(code)];
            if (++next == 1 << bits && bits < 12)
                ++bits;
        } else if (code >= next) {
            bytes.fail();
        }
        std::size_t length = 0; // the code's text, from its end
        for (int part = code; part >= 0; part = part < clear ? -1 : prefix[static_cast<std::size_t>(part)])
            text[length++] = last[static_cast<std::size_t>(part)];
        while (length > 0 && indices.size() < count)
            indices.push_back(text[--length]);
        before = code;
    }
    return indices;
}

/// The row of the picture that the n-th stored row of an interlaced frame is (appendix E).
std::size_t interlacedRow(std::size_t stored, std::size_t height)
{
    constexpr std::array<std::array<std::size_t, 2>, 4> passes = {{{0, 8}, {4, 8}, {2, 4}, {1, 2}}};
    for (const auto& [start, step] : passes) {
        const auto rows = height > start ? (height - start + step - 1) / step : 0;
        if (stored < rows)
            return start + stored * step;
        stored -= rows;
    }
    return height - 1;
}

struct Frame {
    std::size_t left = 0, top = 0, width = 0, height = 0;
    unsigned flags = 0;
};

/// What lies outside the picture is cut off.
void paint(const Frame& frame, const std::vector<std::uint8_t>& indices, const ColourTable& palette, int transparent,
           StoredPicture& picture)
{
    const auto width = static_cast<std::size_t>(picture.size.width);
    const auto shown = frame.left < width ? std::min(frame.width, width - frame.left) : 0;
    for (std::size_t stored = 0; stored < frame.height && shown > 0; ++stored) {
        const auto y = frame.top + ((frame.flags & 0x40u) != 0 ? interlacedRow(stored, frame.height) : stored);
        if (y >= static_cast<std::size_t>(picture.size.height))
            continue;
        auto* target = picture.samples.data() + y * picture.rowBytes() + 4 * frame.left;
        for (std::size_t x = 0; x < shown; ++x, target += 4) {
            const auto index = indices[stored * frame.width + x];
            for (std::size_t c = 0; c < 3; ++c)
                target[c] = palette[index][c];
            target[3] = index == transparent ? 0 : 255;
        }
    }
}

} // namespace

StoredPicture decodeGif(std::span<const std::byte> file, const std::string& name)
{
    GifBytes bytes(file, name);
    bytes.skip(6);
    StoredPicture picture;
    picture.size.width = bytes.word();
    picture.size.height = bytes.word();
    picture.channels = 4;
    const auto flags = bytes.byte();
    bytes.skip(2); // background colour, aspect ratio
    ColourTable palette{};
    if ((flags & 0x80u) != 0)
        palette = readPalette(bytes, flags);
    int transparent = -1;
    for (;;) {
        constexpr unsigned extension = 0x21, graphicControl = 0xf9, image = 0x2c;
        const auto block = bytes.byte();
        if (block == image)
            break;
        if (block != extension)
            bytes.fail();
        if (bytes.byte() != graphicControl) {
            bytes.skipBlocks();
            continue;
        }
        const auto length = bytes.byte();
        if (length != 4)
            bytes.fail();
        const auto control = bytes.byte();
        bytes.skip(2); // delay
        const auto index = static_cast<int>(bytes.byte());
        transparent = (control & 1u) != 0 ? index : -1;
        bytes.skipBlocks();
    }
    Frame frame;
    frame.left = bytes.word();
    frame.top = bytes.word();
    frame.width = bytes.word();
    frame.height = bytes.word();
    frame.flags = bytes.byte();
    if (frame.width == 0 || frame.height == 0)
        bytes.fail();
    if (picture.size.width == 0 || picture.size.height == 0) // as viewers have it
        picture.size = {.width = static_cast<std::int64_t>(frame.left + frame.width),
                        .height = static_cast<std::int64_t>(frame.top + frame.height)};
    requireReasonableSize(picture.size, name);
    requireReasonableSize(
        {.width = static_cast<std::int64_t>(frame.width), .height = static_cast<std::int64_t>(frame.height)}, name);
    if ((frame.flags & 0x80u) != 0)
        palette = readPalette(bytes, frame.flags);
    const auto indices = readIndices(bytes, frame.width * frame.height);
    picture.samples.resize(picture.rowBytes() * static_cast<std::size_t>(picture.size.height));
    paint(frame, indices, palette, transparent, picture);
    return picture;
}

} // namespace nanodit
