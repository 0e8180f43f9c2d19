#include "core/io/atomic_file.h"
#include "core/io/film.h"
#include "core/runtime/error.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <unordered_map>
#include <utility>

namespace nanodit {

namespace {

constexpr std::size_t paletteColours = 256;
constexpr int pixelBits = 8;         ///< Of an index into the palette.
constexpr std::size_t longest = 255; ///< Bytes of a data block.
constexpr std::int64_t largestSide = 65535;

using Colour = std::array<std::uint8_t, 3>;

void appendLittleEndian16(std::string& bytes, std::int64_t value)
{
    bytes += static_cast<char>(value);
    bytes += static_cast<char>(value >> 8);
}

std::uint32_t keyOf(const std::uint8_t* rgb)
{
    return static_cast<std::uint32_t>(rgb[0] << 16 | rgb[1] << 8 | rgb[2]);
}

/// A colour of the picture and how often it occurs.
struct Counted {
    Colour colour;
    std::int64_t count = 0;
};

/// Part of the colours, that one colour of the palette will stand for.
struct Box {
    std::size_t begin = 0, end = 0;
    std::size_t widest = 0; ///< Channel
    std::int64_t spread = 0, count = 0;
};

Box boxOf(const std::vector<Counted>& colours, std::size_t begin, std::size_t end)
{
    Box box{.begin = begin, .end = end};
    for (std::size_t channel = 0; channel < 3; ++channel) {
        const auto [low, high] = std::minmax_element(
            colours.begin() + static_cast<std::ptrdiff_t>(begin), colours.begin() + static_cast<std::ptrdiff_t>(end),
            [channel](const Counted& a, const Counted& b) { return a.colour[channel] < b.colour[channel]; });
        const std::int64_t spread = high->colour[channel] - low->colour[channel];
        if (spread > box.spread || channel == 0) {
            box.spread = spread;
            box.widest = channel;
        }
    }
    for (auto i = begin; i < end; ++i)
        box.count += colours[i].count;
    return box;
}

/// A palette and, for every colour of the picture, its place there.
struct Palette {
    std::vector<Colour> colours;
    std::unordered_map<std::uint32_t, std::uint8_t> indexOf;
};

Palette paletteOf(const Image& image)
{
    std::unordered_map<std::uint32_t, std::int64_t> counts;
    for (std::size_t i = 0; i < image.rgb.size(); i += 3)
        ++counts[keyOf(image.rgb.data() + i)];
    std::vector<Counted> colours;
    for (const auto& [key, count] : counts)
        colours.push_back({{static_cast<std::uint8_t>(key >> 16), static_cast<std::uint8_t>(key >> 8),
                            static_cast<std::uint8_t>(key)},
                           count});
    // The map's order is nobody's; equal pictures must make equal files.
    std::sort(colours.begin(), colours.end(), [](const Counted& a, const Counted& b) { return a.colour < b.colour; });
    std::vector<Box> boxes = {boxOf(colours, 0, colours.size())};
    while (boxes.size() < paletteColours) {
        // The widest: no colour of a heat map may end far from where it was, however rare it is.
        const auto next = std::max_element(boxes.begin(), boxes.end(), [](const Box& a, const Box& b) {
            return std::pair(a.spread, a.count) < std::pair(b.spread, b.count);
        });
        if (next->spread == 0) // one colour in each
            break;
        const auto box = *next;
        const auto first = colours.begin() + static_cast<std::ptrdiff_t>(box.begin);
        const auto last = colours.begin() + static_cast<std::ptrdiff_t>(box.end);
        std::sort(first, last, [channel = box.widest](const Counted& a, const Counted& b) {
            return std::pair(a.colour[channel], a.colour) < std::pair(b.colour[channel], b.colour);
        });
        auto middle = box.begin;
        for (std::int64_t below = 0; middle < box.end - 1 && below + colours[middle].count <= box.count / 2; ++middle)
            below += colours[middle].count;
        middle = std::max(middle, box.begin + 1);
        *next = boxOf(colours, box.begin, middle);
        boxes.push_back(boxOf(colours, middle, box.end));
    }
    Palette palette;
    for (const auto& box : boxes) {
        std::array<std::int64_t, 3> sum{};
        for (auto i = box.begin; i < box.end; ++i) {
            palette.indexOf[keyOf(colours[i].colour.data())] = static_cast<std::uint8_t>(palette.colours.size());
            for (std::size_t channel = 0; channel < 3; ++channel)
                sum[channel] += colours[i].colour[channel] * colours[i].count;
        }
        Colour mean{};
        for (std::size_t channel = 0; channel < 3; ++channel)
            mean[channel] = static_cast<std::uint8_t>((sum[channel] + box.count / 2) / box.count);
        palette.colours.push_back(mean);
    }
    return palette;
}

/// Codes of growing width, lowest bit first, in blocks of at most 255 bytes.
class BitWriter {
public:
    explicit BitWriter(std::string& out)
        : out_(out)
    {
    }
    void put(std::uint32_t code, int bits)
    {
        held_ |= code << heldBits_;
        heldBits_ += bits;
        while (heldBits_ >= 8)
            putByte();
    }
    void finish()
    {
        if (heldBits_ > 0)
            putByte();
        flush();
        out_ += '\0';
    }

private:
    void putByte()
    {
        block_ += static_cast<char>(held_);
        held_ >>= 8;
        heldBits_ = std::max(0, heldBits_ - 8);
        if (block_.size() == longest)
            flush();
    }
    void flush()
    {
        if (block_.empty())
            return;
        out_ += static_cast<char>(block_.size());
        out_ += block_;
        block_.clear();
    }

    std::string& out_;
    std::string block_;
    std::uint32_t held_ = 0;
    int heldBits_ = 0;
};

/// Lempel-Ziv-Welch as GIF89a has it (appendix F): codes grow from 9 to 12 bits, then the table begins anew.
void appendCompressed(std::string& file, const std::vector<std::uint8_t>& indices)
{
    constexpr std::uint32_t clear = 1U << pixelBits, end = clear + 1, most = 4096;
    file += static_cast<char>(pixelBits);
    BitWriter bits(file);
    std::unordered_map<std::uint32_t, std::uint32_t> table; // (code of what went before, index) -> code
    std::uint32_t next = end + 1;
    int width = pixelBits + 1;
    bits.put(clear, width);
    std::uint32_t code = indices.front();
    for (std::size_t i = 1; i < indices.size(); ++i) {
        const auto key = code << pixelBits | indices[i];
        if (const auto found = table.find(key); found != table.end()) {
            code = found->second;
            continue;
        }
        bits.put(code, width);
        if (next < most) {
            table[key] = next++;
            if (next > 1U << width && width < 12)
                ++width;
        } else {
            bits.put(clear, width);
            table.clear();
            next = end + 1;
            width = pixelBits + 1;
        }
        code = indices[i];
    }
    bits.put(code, width);
    // The reader adds an entry for that code, too, and widens its codes with it.
    if (next < most && next + 1 > 1U << width && width < 12)
        ++width;
    bits.put(end, width);
    bits.finish();
}

} // namespace

void writeAnimatedGif(const std::filesystem::path& file, const std::vector<Image>& frames, double secondsPerFrame)
{
    requireOneSize(frames);
    const auto size = frames[0].size;
    if (std::max(size.width, size.height) > largestSide)
        throw UsageError("a GIF may have at most 65535 pixels a side, not " + bucketName(size) +
                         ": write an animated PNG instead");
    std::string bytes = "GIF89a";
    appendLittleEndian16(bytes, size.width);
    appendLittleEndian16(bytes, size.height);
    bytes += std::string("\x70\0\0", 3); // no global palette; 8 bits a primary colour
    bytes += std::string("\x21\xff\x0bNETSCAPE2.0\x03\x01\0\0\0", 19);
    for (const auto& frame : frames) {
        const auto palette = paletteOf(frame);
        bytes += std::string("\x21\xf9\x04\x04", 4); // leave the picture where it is
        appendLittleEndian16(bytes, std::lround(secondsPerFrame * 100));
        bytes += std::string(2, '\0');
        bytes += ',';
        appendLittleEndian16(bytes, 0);
        appendLittleEndian16(bytes, 0);
        appendLittleEndian16(bytes, size.width);
        appendLittleEndian16(bytes, size.height);
        bytes += '\x87'; // a palette of 256
        for (std::size_t c = 0; c < paletteColours; ++c) {
            const auto colour = c < palette.colours.size() ? palette.colours[c] : Colour{};
            bytes.append(colour.begin(), colour.end());
        }
        std::vector<std::uint8_t> indices;
        indices.reserve(frame.rgb.size() / 3);
        for (std::size_t p = 0; p < frame.rgb.size(); p += 3)
            indices.push_back(palette.indexOf.at(keyOf(frame.rgb.data() + p)));
        appendCompressed(bytes, indices);
    }
    bytes += ';';
    writeFileAtomically(file, bytes);
}

} // namespace nanodit
