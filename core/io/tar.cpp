#include "core/io/tar.h"

#include "core/io/archive_names.h"
#include "core/io/file_kind.h"
#include "core/io/lower_case.h"
#include "core/runtime/error.h"

#include <archive_entry.h>

#include <algorithm>
#include <string_view>
#include <utility>

namespace nanodit {

namespace {

constexpr std::size_t blockSize = 512;

std::size_t roundedUp(std::size_t bytes)
{
    return (bytes + blockSize - 1) / blockSize * blockSize;
}

/// A number of a header: octal digits between blanks. Empty for anything else.
std::optional<std::size_t> octal(std::span<const std::byte> field)
{
    std::size_t value = 0;
    bool digits = false, ended = false;
    for (const auto byte : field) {
        const auto c = std::to_integer<char>(byte);
        if (c == ' ' || c == '\0') {
            ended = digits;
        } else if (c >= '0' && c <= '7' && !ended) {
            value = value * 8 + static_cast<std::size_t>(c - '0');
            digits = true;
        } else {
            return std::nullopt;
        }
    }
    return digits ? std::optional(value) : std::nullopt;
}

/// POSIX: the sum of a header's bytes, those of the checksum counted as blanks.
bool isHeader(std::span<const std::byte> block)
{
    constexpr std::size_t checksumAt = 148, checksumSize = 8;
    const auto stated = octal(block.subspan(checksumAt, checksumSize));
    std::size_t sum = checksumSize * ' ';
    for (std::size_t i = 0; i < blockSize; ++i) {
        if (i < checksumAt || i >= checksumAt + checksumSize)
            sum += std::to_integer<std::size_t>(block[i]);
    }
    return stated == sum;
}

/// Where a member's own header ends: behind those that only say more of it (PAX, GNU long names).
std::size_t endOfHeaders(std::span<const std::byte> bytes, std::size_t at)
{
    constexpr std::size_t sizeAt = 124, sizeSize = 12, typeAt = 156;
    while (at + blockSize <= bytes.size()) {
        const auto block = bytes.subspan(at, blockSize);
        if (std::string_view("xgLK").find(std::to_integer<char>(block[typeAt])) == std::string_view::npos)
            return at + blockSize;
        at += blockSize + roundedUp(octal(block.subspan(sizeAt, sizeSize)).value_or(0));
    }
    return bytes.size();
}

/// Whether a header says that its member is a file, whatever its name.
bool isOfFile(std::span<const std::byte> header)
{
    constexpr std::size_t typeAt = 156;
    const auto type = std::to_integer<char>(header[typeAt]);
    return type == '0' || type == '\0' || type == '7';
}

/// What stands in the place of a tar; nothing where it begins as one, or is of no known kind.
std::optional<std::string> otherKindMessage(std::span<const std::byte> bytes, const std::string& name)
{
    const auto kind = fileKindOf(bytes);
    if (kind == FileKind::Tar || kind == FileKind::Zeros || kind == FileKind::Unknown)
        return std::nullopt;
    return wrongKindMessage(name, kind, "a tar archive");
}

} // namespace

TarReader::TarReader(std::span<const std::byte> bytes, std::shared_ptr<const void> owner, std::string name)
    : bytes_(bytes)
    , owner_(std::move(owner))
    , name_(std::move(name))
{
    if (bytes.empty())
        throw DataError(wrongKindMessage(name_, FileKind::Empty, "a tar archive"));
    const Utf8Names utf8;
    archive_ = archive_read_new();
    archive_read_support_format_tar(archive_);
    if (archive_read_open_memory(archive_, bytes.data(), bytes.size()) != ARCHIVE_OK) {
        archive_read_free(archive_);
        throw DataError(otherKindMessage(bytes, name_)
                            .value_or(name_ + " is not a tar archive, or its beginning is damaged: make it again"));
    }
}

TarReader::~TarReader()
{
    archive_read_free(archive_);
}

std::optional<TarMember> TarReader::next()
{
    const Utf8Names utf8;
    for (;;) {
        archive_entry* entry = nullptr;
        const int result = archive_read_next_header(archive_, &entry);
        if (result == ARCHIVE_EOF)
            return std::nullopt;
        if (result == ARCHIVE_RETRY || result < ARCHIVE_WARN) { // the first: a header whose checksum is wrong
            const auto other = position_ == 0 ? otherKindMessage(bytes_, name_) : std::nullopt;
            throw DataError(other.value_or(name_ + " is a damaged or truncated tar archive: make it again"));
        }
        const char* const path = archive_entry_pathname(entry);
        std::string name = path != nullptr ? path : "";
        const char* const hardLink = archive_entry_hardlink(entry);
        const bool regular = archive_entry_filetype(entry) == AE_IFREG && hardLink == nullptr;
        const auto type = archive_entry_filetype(entry);
        linksPassedOver_ += hardLink == nullptr && type != AE_IFREG && type != AE_IFDIR; // pipes and devices, too
        // The data are read in any case, so that an archive cut off inside a member that is passed over is noticed.
        const auto header = static_cast<std::size_t>(archive_read_header_position(archive_));
        const auto headerEnd = endOfHeaders(bytes_, header);
        // As Unix V7 wrote folders: libarchive takes it for one, and its data for the next header.
        if (type == AE_IFDIR && archive_entry_size(entry) > 0 && headerEnd >= blockSize &&
            isOfFile(bytes_.subspan(headerEnd - blockSize, blockSize)))
            throw DataError(name_ + " holds " + name +
                            ", a file whose name ends in a slash as a folder's does: pack it again without the slash");
        const auto data = readData(name, regular ? archive_entry_size(entry) : 0);
        position_ = data.end == nullptr ? headerEnd : roundedUp(static_cast<std::size_t>(data.end - bytes_.data()));
        if (regular && data.sparse)
            return TarMember{.name = std::move(name), .data = {}, .sparse = true};
        if (regular) {
            members_[name] = data.bytes;
            return TarMember{.name = std::move(name), .data = data.bytes};
        }
        if (hardLink == nullptr)
            continue;
        if (const auto target = members_.find(hardLink); target != members_.end()) {
            const auto linked = target->second;
            members_[name] = linked;
            return TarMember{.name = std::move(name), .data = linked, .hardLink = true};
        }
        ++linksPassedOver_;
    }
}

TarReader::Data TarReader::readData(const std::string& member, std::int64_t size)
{
    Data data;
    auto& bytes = data.bytes;
    for (;;) {
        const void* block = nullptr;
        std::size_t blockBytes = 0;
        la_int64_t offset = 0;
        const int result = archive_read_data_block(archive_, &block, &blockBytes, &offset);
        if (result == ARCHIVE_EOF) {
            data.sparse |= size > static_cast<std::int64_t>(bytes.size()); // a hole at the end
            return data;
        }
        if (result < ARCHIVE_WARN)
            throw DataError(name_ + " is truncated or damaged inside " + member + ": make it again");
        if (blockBytes == 0)
            continue;
        // Uncompressed and from memory, libarchive hands out pieces of that memory, one behind the other.
        const auto* const begin = static_cast<const std::byte*>(block);
        const bool inside = begin >= bytes_.data() && begin + blockBytes <= bytes_.data() + bytes_.size();
        if (inside)
            data.end = begin + blockBytes;
        const bool adjacent = bytes.empty() || begin == bytes.data() + bytes.size();
        if (!inside || !adjacent || offset != static_cast<la_int64_t>(bytes.size()))
            data.sparse = true;
        else
            bytes = {bytes.empty() ? begin : bytes.data(), bytes.size() + blockBytes};
    }
}

const WebdatasetFile* WebdatasetSample::find(const std::string& extension) const
{
    const auto found = std::find_if(files.begin(), files.end(),
                                    [&](const WebdatasetFile& file) { return file.extension == extension; });
    return found == files.end() ? nullptr : &*found;
}

std::optional<std::pair<std::string, std::string>> webdatasetKey(const std::string& name)
{
    // tariterators.py skips meta files by the expression __[^/]*__($|/) at the begin of the name.
    const auto top = name.substr(0, name.find('/'));
    if (top.size() >= 4 && top.starts_with("__") && top.ends_with("__"))
        return std::nullopt;
    // base_plus_ext: ^((?:.*/|)[^.]+)[.]([^/]*)$, where [^.]+ may reach over slashes, but a dot in a folder's name ends
    // it before the extension could begin.
    const auto slash = name.rfind('/');
    const auto base = slash == std::string::npos ? 0 : slash + 1;
    const auto dot = name.find('.', base);
    if (dot == std::string::npos)
        return std::nullopt;
    if (dot == base) {
        // No name before the dot: the folder, with its slash, takes the place of the key if it has no dot itself.
        const auto before = base < 2 ? std::string::npos : name.rfind('/', base - 2);
        const auto folder = before == std::string::npos ? 0 : before + 1;
        if (base == 0 || name.find('.', folder) < base)
            return std::nullopt;
    }
    return std::pair(name.substr(0, dot), lowerCased(name.substr(dot + 1)));
}

std::size_t findTarHeader(std::span<const std::byte> bytes, std::size_t from)
{
    for (; from + blockSize <= bytes.size(); from += blockSize) {
        if (isHeader(bytes.subspan(from, blockSize)))
            return from;
    }
    return bytes.size();
}

namespace {

/// Puts members together to samples.
class SampleGrouping {
public:
    /// `refuses` members with holes, and a file that comes twice in a sample. Else the former are left out, so that
    /// their samples lack a file, and the latter begins another sample of the same key.
    SampleGrouping(const std::string& name, bool refuses)
        : name_(name)
        , refuses_(refuses)
    {
    }
    void add(const TarMember& member)
    {
        auto parts = webdatasetKey(member.name);
        if (!parts || member.hardLink) // which Python's webdataset passes over as well
            return;
        if (member.sparse && !refuses_)
            return;
        if (member.sparse)
            throw DataError(name_ + ": " + member.name + " is a sparse file, which is not read here; store it plainly");
        auto& [key, extension] = *parts;
        const bool twice =
            !samples_.empty() && samples_.back().key == key && samples_.back().find(extension) != nullptr;
        if (twice && refuses_)
            throw DataError(name_ + " holds " + member.name + " twice in one sample; pack it again");
        if (samples_.empty() || samples_.back().key != key || twice)
            samples_.push_back({.key = key, .files = {}});
        samples_.back().files.push_back({.extension = std::move(extension), .data = member.data});
    }
    std::vector<WebdatasetSample> take() { return std::move(samples_); }

private:
    const std::string& name_;
    bool refuses_;
    std::vector<WebdatasetSample> samples_;
};

} // namespace

std::vector<WebdatasetSample> readWebdataset(std::span<const std::byte> bytes, std::shared_ptr<const void> owner,
                                             const std::string& name)
{
    SampleGrouping samples(name, true);
    TarReader reader(bytes, std::move(owner), name);
    while (const auto member = reader.next())
        samples.add(*member);
    return samples.take();
}

std::int64_t walkDamagedTar(std::span<const std::byte> bytes, const std::shared_ptr<const void>& owner,
                            const std::string& name, const std::function<bool(const TarMember&)>& take,
                            std::vector<TarDamage>& damages)
{
    std::int64_t links = 0;
    for (std::size_t begin = 0;;) { // From one whole stretch to the next.
        std::size_t end = begin;
        std::string reason;
        std::optional<TarReader> reader;
        const auto next = [&]() -> std::optional<TarMember> {
            try {
                if (!reader)
                    reader.emplace(bytes.subspan(begin), owner, name);
                return reader->next();
            } catch (const DataError& error) {
                reason = error.what();
                return std::nullopt;
            }
        };
        while (const auto member = next()) {
            end = begin + reader->position();
            if (!take(*member))
                return links;
        }
        links += reader ? reader->linksPassedOver() : 0;
        const bool endMark = reason.empty();
        if (endMark)
            end = begin + reader->position(); // Behind folders and links, too.
        // Behind a whole stretch stands a damaged header, a member that is cut short, or an end mark.
        const auto whole = findTarHeader(bytes, endMark ? end : std::min(end + blockSize, bytes.size()));
        const auto isZero = [](std::byte byte) { return byte == std::byte{0}; };
        if (endMark && std::ranges::all_of(bytes.subspan(std::min(end, bytes.size())), isZero))
            return links;
        if (endMark)
            reason = name + " has an end mark in the middle of the archive; make it again";
        const bool nothingLost =
            endMark && whole < bytes.size() && std::ranges::all_of(bytes.subspan(end, whole - end), isZero);
        damages.push_back({.from = end, .to = whole, .reason = reason, .endMark = nothingLost});
        if (whole == bytes.size())
            return links;
        begin = whole;
    }
}

std::vector<WebdatasetSample> readDamagedWebdataset(std::span<const std::byte> bytes, std::shared_ptr<const void> owner,
                                                    const std::string& name, std::vector<TarDamage>& damages)
{
    SampleGrouping samples(name, false);
    walkDamagedTar(
        bytes, owner, name,
        [&](const TarMember& member) {
            samples.add(member);
            return true;
        },
        damages);
    return samples.take();
}

} // namespace nanodit
