#include "core/io/exif.h"

#include "core/io/big_endian.h"
#include "core/io/byte_text.h"
#include "core/io/little_endian.h"

#include <algorithm>
#include <vector>

namespace nanodit {

namespace {

using Bytes = std::span<const std::byte>;
using namespace std::string_view_literals;

int valid(std::uint32_t orientation)
{
    return orientation >= 1 && orientation <= 8 ? static_cast<int>(orientation) : 0;
}

int digitOf(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

} // namespace

int orientationOfExif(Bytes exif)
{
    if (startsWith(exif, "Exif\0\0"sv))
        exif = exif.subspan(6);
    const bool little = startsWith(exif, "II*\0"sv);
    if ((!little && !startsWith(exif, "MM\0*"sv)) || exif.size() < 8)
        return 0;
    const auto read16 = [&](std::size_t at) -> std::uint32_t {
        return little ? littleEndian(exif, at, 2) : bigEndian16(exif, at);
    };
    const auto read32 = [&](std::size_t at) { return little ? littleEndian(exif, at, 4) : bigEndian32(exif, at); };
    const std::size_t directory = read32(4);
    if (directory > exif.size() - 2)
        return 0;
    constexpr std::size_t entryBytes = 12;
    const std::size_t entries = read16(directory);
    for (std::size_t i = 0; i < entries; ++i) {
        const auto entry = directory + 2 + i * entryBytes;
        if (entry + entryBytes > exif.size())
            return 0;
        constexpr std::uint32_t orientationTag = 0x0112;
        if (read16(entry) != orientationTag)
            continue;
        switch (read16(entry + 2)) {
        case 3: // SHORT
        case 8: // SSHORT
            return valid(read16(entry + 8));
        case 4: // LONG
        case 9: // SLONG
            return valid(read32(entry + 8));
        default:
            return 0;
        }
    }
    return 0;
}

int orientationOfXmp(std::string_view xmp)
{
    constexpr auto key = "tiff:Orientation"sv;
    for (auto at = xmp.find(key); at != std::string_view::npos; at = xmp.find(key, at + 1)) {
        auto rest = xmp.substr(at + key.size());
        const auto value = rest.find_first_not_of(" \t\r\n=\"'>");
        if (value != std::string_view::npos && value > 0 && rest[value] >= '1' && rest[value] <= '8' &&
            (value + 1 >= rest.size() || digitOf(rest[value + 1]) < 0))
            return rest[value] - '0';
    }
    return 0;
}

int orientationOfRawProfile(std::string_view text)
{
    constexpr std::size_t mostDigits = 1 << 20;
    for (int line = 0; line < 3; ++line) { // an empty one, the name, the length
        const auto end = text.find('\n');
        if (end == std::string_view::npos)
            return 0;
        text.remove_prefix(end + 1);
    }
    std::vector<std::byte> bytes;
    int half = -1;
    for (const char c : text.substr(0, mostDigits)) {
        const int digit = digitOf(c);
        if (digit < 0)
            continue;
        if (half >= 0)
            bytes.push_back(static_cast<std::byte>(half * 16 + digit));
        half = half >= 0 ? -1 : digit;
    }
    if (const int orientation = orientationOfExif(bytes); orientation > 0)
        return orientation;
    return orientationOfXmp({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

} // namespace nanodit
