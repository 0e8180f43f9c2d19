#include "core/io/event_file.h"

#include "core/runtime/error.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <chrono>
#include <cstring>
#include <fstream>
#include <optional>
#include <system_error>
#include <unistd.h>

namespace nanodit {

namespace {

/// Castagnoli's polynomial, reflected (RFC 3720, section 12.1).
constexpr std::array<std::uint32_t, 256> crcTable = [] {
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t i = 0; i < 256; ++i) {
        std::uint32_t value = i;
        for (int bit = 0; bit < 8; ++bit)
            value = (value >> 1) ^ ((value & 1) != 0 ? 0x82f63b78U : 0U);
        table[i] = value;
    }
    return table;
}();

std::uint32_t maskedCrc(const std::string& bytes)
{
    std::uint32_t crc = 0xffffffffU;
    for (const char byte : bytes)
        crc = (crc >> 8) ^ crcTable[(crc ^ static_cast<unsigned char>(byte)) & 0xff];
    return std::rotr(~crc, 15) + 0xa282ead8U;
}

template<typename Number>
std::string littleEndianBytes(Number number)
{
    static_assert(std::endian::native == std::endian::little);
    std::string bytes(sizeof number, '\0');
    std::memcpy(bytes.data(), &number, sizeof number);
    return bytes;
}

// What a protobuf message consists of: a key (field number and wire type), then the value.

std::string varint(std::uint64_t value)
{
    std::string bytes;
    for (; value >= 0x80; value >>= 7)
        bytes += static_cast<char>(value | 0x80);
    return bytes + static_cast<char>(value);
}

/// Nothing for zero, which is what an absent number means.
std::string integerField(unsigned field, std::int64_t value)
{
    return value == 0 ? std::string() : varint(field << 3) + varint(static_cast<std::uint64_t>(value));
}

std::string doubleField(unsigned field, double value)
{
    return varint(field << 3 | 1) + littleEndianBytes(value);
}

std::string bytesField(unsigned field, const std::string& bytes)
{
    return varint(field << 3 | 2) + varint(bytes.size()) + bytes;
}

std::string floatField(unsigned field, float value)
{
    return varint(field << 3 | 5) + littleEndianBytes(value);
}

double secondsSinceEpoch()
{
    return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

/// tensorflow.Event: wall_time 1, step 2, then one of file_version 3, summary 5, session_log 7.
std::string event(std::int64_t step, unsigned field, const std::string& value)
{
    return doubleField(1, secondsSinceEpoch()) + integerField(2, step) + bytesField(field, value);
}
constexpr unsigned fileVersion = 3, summary = 5, sessionLog = 7;

const std::string namePrefix = "events.out.tfevents.";
const std::string nameOfOurs = ".nanodit.";

/// The seconds in the name of a file that this class wrote; empty for any other.
std::optional<std::int64_t> secondsOf(const std::string& name)
{
    std::int64_t seconds = 0;
    if (!name.starts_with(namePrefix) || name.find(nameOfOurs) == std::string::npos)
        return std::nullopt;
    const auto* const begin = name.data() + namePrefix.size();
    const auto [end, error] = std::from_chars(begin, name.data() + name.size(), seconds);
    return error == std::errc() && *end == '.' ? std::optional(seconds) : std::nullopt;
}

/// The step of an event as event() writes it, of which `bytes` is the beginning.
std::int64_t stepOf(const std::string& bytes)
{
    constexpr std::size_t behindTime = 9;
    if (bytes.size() <= behindTime || bytes[behindTime] != (2 << 3))
        return 0;
    std::uint64_t step = 0;
    for (std::size_t i = behindTime + 1, shift = 0; i < bytes.size() && shift < 64; ++i, shift += 7) {
        step |= (static_cast<std::uint64_t>(bytes[i]) & 0x7f) << shift;
        if ((bytes[i] & 0x80) == 0)
            break;
    }
    return static_cast<std::int64_t>(step);
}

/// Cuts off a file at its first event of `firstStep` or later, or where it is not whole. One of which nothing but its
/// version is left is removed. Throws StoreError for one that cannot be read, which stays as it is.
void cutBefore(const std::filesystem::path& file, std::int64_t firstStep)
{
    constexpr std::uint64_t head = 12, tail = 4;
    constexpr std::uint64_t longestStep = 20; // wall time, key, varint
    const auto size = std::filesystem::file_size(file);
    std::ifstream stream(file, std::ios::binary);
    std::uint64_t end = 0, events = 0;
    while (end + head + tail <= size) {
        std::uint64_t length = 0;
        stream.seekg(static_cast<std::streamoff>(end));
        stream.read(reinterpret_cast<char*>(&length), sizeof length);
        if (!stream || length > size - end - head - tail)
            break;
        std::string bytes(static_cast<std::size_t>(std::min(length, longestStep)), '\0');
        stream.seekg(static_cast<std::streamoff>(end + head));
        stream.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
        if (!stream || stepOf(bytes) >= firstStep)
            break;
        end += head + length + tail;
        ++events;
    }
    if (!stream.is_open() || stream.bad())
        throw StoreError(file.string() +
                         " could not be read to its end: it is left as it is; check its disk or network, then resume "
                         "the run");
    stream.close();
    if (events <= 1)
        std::filesystem::remove(file);
    else if (end < size)
        std::filesystem::resize_file(file, end);
}

/// A name that sorts behind those of the earlier files in the folder, which are cut off before `firstStep`.
std::filesystem::path nextEventFile(const std::filesystem::path& folder, std::int64_t firstStep)
{
    auto seconds = static_cast<std::int64_t>(secondsSinceEpoch());
    std::vector<std::filesystem::path> earlier;
    std::error_code error;
    for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end;
         entry.increment(error)) {
        if (const auto before = secondsOf(entry->path().filename().string())) {
            seconds = std::max(seconds, *before + 1);
            earlier.push_back(entry->path());
        }
    }
    try {
        for (const auto& file : earlier)
            cutBefore(file, firstStep);
    } catch (const std::filesystem::filesystem_error& failure) {
        throw StoreError(failure.path1().string() + " could not be cut off: " + failure.code().message());
    }
    return folder / (namePrefix + std::to_string(seconds) + nameOfOurs + std::to_string(getpid()) + ".0");
}

} // namespace

EventFile::EventFile(const std::filesystem::path& folder, std::int64_t firstStep)
    : file_(nextEventFile(folder, firstStep))
{
    append(event(0, fileVersion, "brain.Event:2"));
    append(event(firstStep, sessionLog, integerField(1, 1))); // SessionLog.status: START
}

void EventFile::addScalars(std::int64_t step, const Scalars& scalars)
{
    std::string values;
    for (const auto& [tag, value] : scalars) // Summary.value 1: tag 1, simple_value 2
        values += bytesField(1, bytesField(1, tag) + floatField(2, static_cast<float>(value)));
    append(event(step, summary, values));
}

void EventFile::addPicture(std::int64_t step, const std::string& tag, const Image& picture)
{
    const auto png = encodePng(picture);
    // Summary.Image: height 1, width 2, colorspace 3 (3: RGB), encoded_image_string 4
    const auto image = integerField(1, picture.size.height) + integerField(2, picture.size.width) + integerField(3, 3) +
                       bytesField(4, std::string(png.begin(), png.end()));
    append(event(step, summary, bytesField(1, bytesField(1, tag) + bytesField(4, image))));
}

void EventFile::append(const std::string& event)
{
    const auto length = littleEndianBytes(static_cast<std::uint64_t>(event.size()));
    file_.append(length + littleEndianBytes(maskedCrc(length)) + event + littleEndianBytes(maskedCrc(event)));
}

} // namespace nanodit
