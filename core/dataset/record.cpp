#include "core/dataset/record.h"

#include "core/io/image.h"
#include "core/io/sha256.h"
#include "core/io/utf8.h"
#include "core/runtime/error.h"

#include <algorithm>
#include <array>
#include <set>
#include <sys/stat.h>

namespace nanodit {

namespace fs = std::filesystem;

namespace {

/// Leaves room for ".dinov3_patches.npy" within the 100 bytes that a plain tar header has for a name.
constexpr std::size_t longestId = 80;
constexpr std::size_t hashDigits = 8;

/// What shows nothing at the ends of a text: blanks of ASCII and Unicode, zero-width characters and marks of direction,
/// soft hyphens, fillers, byte order marks.
constexpr std::array<std::string_view, 37> blanks = {
    " ",      "\t",     "\r",     "\n",     "\v",     "\f",     "\u00a0", "\u00ad", "\u115f", "\u1160",
    "\u1680", "\u180e", "\u2000", "\u2001", "\u2002", "\u2003", "\u2004", "\u2005", "\u2006", "\u2007",
    "\u2008", "\u2009", "\u200a", "\u200b", "\u200c", "\u200d", "\u200e", "\u200f", "\u2028", "\u2029",
    "\u202f", "\u205f", "\u2060", "\u2800", "\u3000", "\u3164", "\ufeff"};

bool isSafe(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

/// `stem` as an id; `whole` is what makes it unique.
std::string spell(const std::string& stem, const std::string& whole, int attempt)
{
    std::string id;
    bool exact = attempt == 0 && stem.find("__") == std::string::npos;
    for (const char c : stem) {
        if (c == '/') {
            id += "__";
            continue;
        }
        exact = exact && isSafe(c);
        id += isSafe(c) ? c : '_';
    }
    if (!id.empty() && id.front() == '-') {
        id.front() = '_';
        exact = false;
    }
    if (exact && isSafeId(id))
        return id;
    const auto hash = sha256Hex(attempt == 0 ? whole : whole + "#" + std::to_string(attempt));
    return id.substr(0, longestId - hashDigits - 1) + "-" + hash.substr(0, hashDigits);
}

} // namespace

std::optional<FileStamp> stampOf(const fs::path& file)
{
    struct stat status {};
    if (::stat(file.c_str(), &status) != 0 || !S_ISREG(status.st_mode))
        return std::nullopt;
    return FileStamp{.bytes = status.st_size,
                     .modifiedNanoseconds =
                         std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec};
}

void editCaption(Record& record, const std::string& caption)
{
    if (!record.sourceCaption)
        record.sourceCaption = record.caption;
    record.caption = caption;
    if (record.caption == record.sourceCaption)
        record.sourceCaption.reset();
}

ImageSize bucketOf(const Record& record, std::span<const ImageSize> buckets)
{
    if (record.bucketGiven && std::ranges::find(buckets, record.bucket) != buckets.end())
        return record.bucket;
    if (record.original.width < 1 || record.original.height < 1) // no shape to go by
        return buckets.front();
    return nearestBucket(record.original, buckets);
}

std::string splitOf(const std::string& id, double validationShare)
{
    constexpr std::uint64_t parts = 1ULL << 48;
    const auto part = std::stoull(sha256Hex("split:" + id).substr(0, 12), nullptr, 16);
    return static_cast<double>(part) < validationShare * static_cast<double>(parts) ? "val" : "train";
}

ImageChange refreshImage(Record& record)
{
    const auto stamp = stampOf(record.image);
    if (!stamp)
        return ImageChange::Gone;
    if (*stamp == record.imageStamp)
        return ImageChange::None;
    try {
        const auto hash = sha256OfFile(record.image);
        if (hash == record.imageHash) {
            record.imageStamp = *stamp;
            return ImageChange::Touched;
        }
        const auto size = readImageSize(record.image);
        record.imageHash = hash;
        record.imageStamp = *stamp;
        record.original = size;
        return ImageChange::Changed;
    } catch (const DataError&) {
        return ImageChange::Gone;
    }
}

bool isSafeId(std::string_view id)
{
    return !id.empty() && id.size() <= longestId && id.front() != '-' && std::ranges::all_of(id, isSafe);
}

std::string idFromPath(const fs::path& relative, int attempt)
{
    const auto whole = relative.generic_string();
    return spell((relative.parent_path() / relative.stem()).generic_string(), whole, attempt);
}

std::string idFromName(const std::string& given, int attempt)
{
    return attempt == 0 && isSafeId(given) ? given : spell(given, given, attempt);
}

std::string tidyCaption(std::string text)
{
    for (const std::string_view mark : {"\xC2\x85", "\xE2\x80\xA8", "\xE2\x80\xA9"}) { // line breaks of Unicode
        for (auto at = text.find(mark); at != std::string::npos; at = text.find(mark, at))
            text.replace(at, mark.size(), "\n");
    }
    std::string line;
    bool afterBreak = false;
    for (const char c : text) {
        const bool isBreak = c == '\r' || c == '\n' || c == '\v' || c == '\f';
        const bool isControl = static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
        if (isControl && !isBreak && c != '\t') // shows nothing, and would be a token
            continue;
        if (!isBreak)
            line += c;
        else if (!afterBreak)
            line += ' ';
        afterBreak = isBreak;
    }
    std::string_view inner = line;
    const auto blankAt = [&inner](auto matches) {
        const auto* const found = std::ranges::find_if(blanks, matches);
        return found == blanks.end() ? std::size_t{0} : found->size();
    };
    while (const auto blank = blankAt([&](std::string_view one) { return inner.starts_with(one); }))
        inner.remove_prefix(blank);
    while (const auto blank = blankAt([&](std::string_view one) { return inner.ends_with(one); }))
        inner.remove_suffix(blank);
    return std::string(inner);
}

std::vector<std::string> tidyTags(const std::vector<std::string>& tags)
{
    std::set<std::string> tidy;
    for (const auto& tag : tags) {
        if (!isUtf8(tag))
            throw DataError("the tag \"" + tag + "\" is not UTF-8 text");
        tidy.insert(tidyCaption(tag));
    }
    tidy.erase("");
    return {tidy.begin(), tidy.end()};
}

} // namespace nanodit
