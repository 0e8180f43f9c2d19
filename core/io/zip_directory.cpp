#include "core/io/zip_directory.h"

#include "core/runtime/error.h"

#include <algorithm>
#include <cstring>
#include <set>
#include <zlib.h>

namespace nanodit {

namespace {

using Bytes = std::span<const std::byte>;

constexpr std::uint32_t localSignature = 0x04034b50, directorySignature = 0x02014b50, endSignature = 0x06054b50,
                        end64Signature = 0x06064b50, locatorSignature = 0x07064b50;
constexpr std::size_t localBytes = 30, directoryBytes = 46, endBytes = 22, end64Bytes = 56, locatorBytes = 20;
constexpr std::size_t longestComment = 0xffff;
constexpr std::uint64_t in32Bits = 0xffffffff; // "Look into the ZIP64 field."

class Reader {
public:
    Reader(Bytes file, const std::string& name)
        : file_(file)
        , name_(name)
    {
    }

    std::vector<ZipRecord> records() const
    {
        const auto directory = locate();
        std::vector<ZipRecord> found;
        std::set<std::string> names;
        auto at = directory.begin;
        for (std::uint64_t i = 0; i < directory.count; ++i) {
            found.push_back(entry(at, directory.end));
            if (!names.insert(found.back().name).second)
                fail("its directory names " + found.back().name + " twice");
        }
        return found;
    }

private:
    struct Directory {
        std::uint64_t begin = 0, end = 0, count = 0;
    };

    [[noreturn]] void fail(const std::string& what) const
    {
        throw DataError(name_ + " is a damaged or truncated zip archive: " + what + "; fetch it again");
    }

    template<typename Number>
    Number read(std::uint64_t at) const
    {
        Number value = 0;
        if (at > file_.size() || file_.size() - at < sizeof value)
            fail("it ends inside its directory");
        std::memcpy(&value, file_.data() + at, sizeof value);
        return value;
    }

    Directory locate() const
    {
        if (file_.size() < endBytes)
            fail("it is too short");
        const auto last = file_.size() - endBytes;
        const auto first = last > longestComment ? last - longestComment : 0;
        for (auto at = last + 1; at-- > first;) {
            if (read<std::uint32_t>(at) != endSignature || at + endBytes + read<std::uint16_t>(at + 20) != file_.size())
                continue;
            return checked({.begin = read<std::uint32_t>(at + 16),
                            .end = read<std::uint32_t>(at + 12),
                            .count = read<std::uint16_t>(at + 10)},
                           at);
        }
        fail("its directory is missing");
    }

    /// `found` holds the directory's begin, its size in place of the end, and its count, as the end record at `at` has
    /// them.
    Directory checked(Directory found, std::uint64_t at) const
    {
        auto limit = at;
        if (at >= locatorBytes && read<std::uint32_t>(at - locatorBytes) == locatorSignature) {
            const auto end64 = read<std::uint64_t>(at - locatorBytes + 8);
            if (end64 > at || at - end64 < end64Bytes || read<std::uint32_t>(end64) != end64Signature)
                fail("its ZIP64 directory is missing");
            found = {.begin = read<std::uint64_t>(end64 + 48),
                     .end = read<std::uint64_t>(end64 + 40),
                     .count = read<std::uint64_t>(end64 + 32)};
            limit = end64;
        }
        if (found.begin > limit || found.end > limit - found.begin)
            fail("its directory lies outside the file");
        found.end += found.begin;
        return found;
    }

    ZipRecord entry(std::uint64_t& at, std::uint64_t directoryEnd) const
    {
        if (directoryEnd - at < directoryBytes || read<std::uint32_t>(at) != directorySignature)
            fail("its directory lists fewer files than it announces");
        const auto flags = read<std::uint16_t>(at + 8), method = read<std::uint16_t>(at + 10);
        std::uint64_t stored = read<std::uint32_t>(at + 20), size = read<std::uint32_t>(at + 24);
        const std::uint64_t nameBytes = read<std::uint16_t>(at + 28), extraBytes = read<std::uint16_t>(at + 30),
                            commentBytes = read<std::uint16_t>(at + 32);
        std::uint64_t local = read<std::uint32_t>(at + 42);
        const auto end = at + directoryBytes + nameBytes + extraBytes + commentBytes;
        if (end > directoryEnd)
            fail("its directory is cut off");
        ZipRecord record{.name = text(at + directoryBytes, nameBytes),
                         .data = {},
                         .fault = (flags & 1u) != 0 ? "is encrypted"
                                  : method != 0     ? "is compressed"
                                                    : "",
                         .checksum = read<std::uint32_t>(at + 16)};
        readZip64(at + directoryBytes + nameBytes, extraBytes, {&size, &stored, &local});
        at = end;
        if (!record.fault.empty())
            return record;
        if (stored != size)
            fail(record.name + " has two sizes");
        record.data = dataOf(record, local, size, nameBytes);
        return record;
    }

    /// The ZIP64 field holds, in this order, those of size, stored size and local offset that are 0xffffffff in the
    /// entry.
    void readZip64(std::uint64_t at, std::uint64_t extraBytes, std::initializer_list<std::uint64_t*> values) const
    {
        const auto extraEnd = at + extraBytes;
        while (extraEnd - at >= 4) {
            const auto kind = read<std::uint16_t>(at);
            const auto length = read<std::uint16_t>(at + 2);
            auto field = at + 4;
            if (length > extraEnd - field)
                return; // Padding that is no field, as some writers leave it.
            at = field + length;
            if (kind != 1)
                continue;
            for (auto* const value : values) {
                if (*value != in32Bits)
                    continue;
                if (at - field < 8)
                    fail("a ZIP64 size is missing");
                *value = read<std::uint64_t>(field);
                field += 8;
            }
        }
    }

    Bytes dataOf(const ZipRecord& record, std::uint64_t local, std::uint64_t size, std::uint64_t nameBytes) const
    {
        if (local > file_.size() || file_.size() - local < localBytes || read<std::uint32_t>(local) != localSignature)
            fail(record.name + " is not where the directory says");
        const auto begin = local + localBytes + read<std::uint16_t>(local + 26) + read<std::uint16_t>(local + 28);
        if (read<std::uint16_t>(local + 26) != nameBytes || text(local + localBytes, nameBytes) != record.name)
            fail(record.name + " has another name in its own header");
        if (begin > file_.size() || size > file_.size() - begin)
            fail(record.name + " reaches beyond the end");
        return file_.subspan(begin, size);
    }

    std::string text(std::uint64_t at, std::uint64_t length) const
    {
        if (at > file_.size() || length > file_.size() - at)
            fail("a name reaches beyond the end");
        return {reinterpret_cast<const char*>(file_.data()) + at, length};
    }

    Bytes file_;
    const std::string& name_;
};

} // namespace

bool ZipRecord::checksumHolds() const
{
    if (checksum == 0)
        return true;
    auto sum = crc32(0, nullptr, 0);
    for (auto rest = data; !rest.empty();) { // zlib counts in 32 bits.
        const auto piece = std::min<std::size_t>(rest.size(), 1 << 30);
        sum = crc32(sum, reinterpret_cast<const Bytef*>(rest.data()), static_cast<uInt>(piece));
        rest = rest.subspan(piece);
    }
    return sum == checksum;
}

std::vector<ZipRecord> readZipDirectory(Bytes file, const std::string& name)
{
    return Reader(file, name).records();
}

} // namespace nanodit
