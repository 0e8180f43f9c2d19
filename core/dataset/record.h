#pragma once

#include "core/geometry/bucket.h"

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace nanodit {

/// Size and time of a file: enough to notice a change without reading it again.
struct FileStamp {
    std::int64_t bytes = 0;
    std::int64_t modifiedNanoseconds = 0;
    bool operator==(const FileStamp&) const = default;
};
/// Empty when there is no such file.
std::optional<FileStamp> stampOf(const std::filesystem::path& file);

/// A picture with its caption: what a sample is made of. Referenced where it lies, never copied or modified.
struct Record {
    std::string id;              ///< Letters, digits, '-' and '_': a file name and a WebDataset key.
    std::filesystem::path image; ///< Absolute.
    std::string caption;
    std::string extra = "{}"; ///< JSON object: fields that mean nothing here, kept for export.
    std::string split = "train";
    bool splitGiven = false; ///< Otherwise by a hash of the id.
    ImageSize original;      ///< After EXIF rotation; 0x0 where it cannot be decoded.
    ImageSize bucket;
    bool bucketGiven = false; ///< Otherwise the nearest of the workspace's.
    std::string imageHash;    ///< SHA-256 of the file's bytes.
    FileStamp imageStamp;     ///< When `imageHash` was taken.
    /// What the source said when the caption was edited; empty optional: `caption` is the source's.
    std::optional<std::string> sourceCaption;
    bool splitEdited = false;
    std::vector<std::string> tags;
    std::string excluded;         ///< Why it takes no part in passes and packing; empty: it does.
    bool exclusionEdited = false; ///< A person decided; import's rules leave it alone.
    bool tagsEdited = false;
    bool operator==(const Record&) const = default;
};

/// Sets a caption other than the source's: importing again leaves it alone until the source changes.
void editCaption(Record& record, const std::string& caption);

/// The record's own bucket where it was given and the table still has it, else the nearest to its size.
ImageSize bucketOf(const Record& record, std::span<const ImageSize> buckets);

/// "val" for about `validationShare` of all ids, "train" for the others; depends on nothing but the two arguments.
std::string splitOf(const std::string& id, double validationShare);

enum class ImageChange {
    None,    ///< Size and time as before.
    Touched, ///< Another time, the same bytes.
    Changed, ///< Other bytes: hash and original size were read again.
    Gone     ///< No such file, or not readable as a picture any more.
};
/// Compares the picture with what is known of it, reads it only if size or time differ, and updates the record.
ImageChange refreshImage(Record& record);

/// True for a non-empty name of letters, digits, '-' and '_' of at most 80 characters, not starting with '-'.
bool isSafeId(std::string_view id);
/// The id of a picture by its path relative to the imported folder: "cats/tabby 2.jpg" gives "cats__tabby_2-5f0c9a1e".
/// Folders are joined by "__"; where characters had to be replaced (dots: a WebDataset key ends at the first one) or
/// the name cut, eight digits of the path's hash keep it unique. `attempt` > 0 gives the next choice when an id is
/// taken.
std::string idFromPath(const std::filesystem::path& relative, int attempt = 0);
/// A given id as it can be used: itself when it is safe, else as idFromPath would spell it.
std::string idFromName(const std::string& given, int attempt = 0);

/// A caption as one line: line ends become spaces; blanks, zero-width characters and byte order marks at its ends go.
std::string tidyCaption(std::string text);

/// Sorted, each once, blanks around them removed, empty ones left out. Throws DataError when one is not UTF-8.
std::vector<std::string> tidyTags(const std::vector<std::string>& tags);

} // namespace nanodit
