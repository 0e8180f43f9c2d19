#include "core/io/npz.h"

#include "core/io/atomic_file.h"
#include "core/io/npy.h"
#include "core/runtime/error.h"

#include <limits>
#include <zlib.h>

namespace nanodit {

namespace {

// Signatures and fields as PKWARE's APPNOTE 6.3 names them, sections 4.3.7, 4.3.12 and 4.3.16; all little-endian.
constexpr std::uint32_t localSignature = 0x04034b50, centralSignature = 0x02014b50, endSignature = 0x06054b50;
constexpr std::uint32_t versionNeeded = 20;
constexpr std::uint32_t firstDay = 1 << 5 | 1; ///< 1980-01-01, so that equal numbers make equal files.

void append(std::string& bytes, std::uint32_t value, int count)
{
    for (int i = 0; i < count; ++i)
        bytes += static_cast<char>(value >> (8 * i));
}

struct Entry {
    std::string name;
    std::uint32_t checksum = 0, size = 0, offset = 0;
};

/// What the local header and the directory say alike, from "version needed" on.
void appendCommon(std::string& bytes, const Entry& entry)
{
    append(bytes, versionNeeded, 2);
    append(bytes, 0, 2); // flags
    append(bytes, 0, 2); // stored
    append(bytes, 0, 2); // time
    append(bytes, firstDay, 2);
    append(bytes, entry.checksum, 4);
    append(bytes, entry.size, 4);
    append(bytes, entry.size, 4);
    append(bytes, static_cast<std::uint32_t>(entry.name.size()), 2);
    append(bytes, 0, 2); // no extra field
}

void expectBelow4GiB(std::size_t bytes, const std::filesystem::path& file)
{
    if (bytes > std::numeric_limits<std::uint32_t>::max())
        throw UsageError(file.string() + " would be larger than 4 GiB: write fewer numbers, or each as an .npy file");
}

} // namespace

void writeNpz(const std::filesystem::path& file, const NamedArrays& arrays)
{
    AtomicFile out(file);
    std::vector<Entry> entries;
    std::size_t offset = 0;
    for (const auto& [name, array] : arrays) {
        const auto data = npyBytes(array);
        expectBelow4GiB(offset + data.size(), file);
        Entry entry{.name = name + ".npy",
                    .checksum = static_cast<std::uint32_t>(
                        crc32(0, reinterpret_cast<const Bytef*>(data.data()), static_cast<uInt>(data.size()))),
                    .size = static_cast<std::uint32_t>(data.size()),
                    .offset = static_cast<std::uint32_t>(offset)};
        std::string header;
        append(header, localSignature, 4);
        appendCommon(header, entry);
        header += entry.name;
        out.write(header);
        out.write(std::span(data));
        offset += header.size() + data.size();
        entries.push_back(std::move(entry));
    }
    std::string directory;
    for (const auto& entry : entries) {
        append(directory, centralSignature, 4);
        append(directory, versionNeeded, 2); // made by
        appendCommon(directory, entry);
        append(directory, 0, 2); // no comment
        append(directory, 0, 2); // first disk
        append(directory, 0, 2); // internal attributes
        append(directory, 0, 4); // external attributes
        append(directory, entry.offset, 4);
        directory += entry.name;
    }
    const auto size = static_cast<std::uint32_t>(directory.size());
    expectBelow4GiB(offset + directory.size(), file);
    append(directory, endSignature, 4);
    append(directory, 0, 4); // the only disk
    append(directory, static_cast<std::uint32_t>(entries.size()), 2);
    append(directory, static_cast<std::uint32_t>(entries.size()), 2);
    append(directory, size, 4);
    append(directory, static_cast<std::uint32_t>(offset), 4);
    append(directory, 0, 2); // no comment
    out.write(directory);
    out.commit();
}

} // namespace nanodit
