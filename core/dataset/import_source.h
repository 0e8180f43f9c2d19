#pragma once

#include "core/config/workspace_config.h"
#include "core/dataset/reject.h"
#include "core/geometry/bucket.h"
#include "core/runtime/job.h"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace nanodit {

/// A picture that a source offers, and what the source says of it. Its file was not yet looked at.
struct ImportEntry {
    std::filesystem::path image;    ///< Absolute.
    std::filesystem::path relative; ///< As the source names it; ids are made of it.
    std::string where;              ///< For messages: the picture's path, or "records.jsonl line 7".
    std::string id;                 ///< Given, or empty.
    std::string caption;
    std::string split;               ///< Given, or empty.
    std::optional<ImageSize> bucket; ///< Given.
    std::vector<std::string> tags;
    std::string extra = "{}"; ///< JSON object of the fields that mean nothing here.
};

/// What an import starts from, in a fixed order, with what had to be left out.
struct ImportListing {
    std::vector<ImportEntry> entries;
    std::vector<Reject> rejects;
    bool sidecars = false; ///< Captions are still to be read from the files beside the pictures.
};

/// Throws DataError when a source is neither a folder nor a records.jsonl nor a tar, before anything is made for it.
void requireImportSource(const std::filesystem::path& source);

/// Lists a source: a records.jsonl, a folder that holds one at its top, a folder of pictures, or a WebDataset tar,
/// which is unpacked first (tar_source.h). A folder is walked with its subfolders, sorted, names that begin with a dot
/// left out; tars in it are unpacked, too. Captions of a folder are not yet read: see readSidecar. Empty when `context`
/// said stop. Throws DataError when the source is none of these.
std::optional<ImportListing> listSource(const std::filesystem::path& source, const Workspace& workspace,
                                        const JobContext& context);

/// Completes an entry of a folder from the files beside its picture: NAME.txt (the caption) and NAME.json (caption,
/// text or prompt; split, aspect_bucket, tags; anything else is kept); where both are there, the text file's caption
/// counts. Throws DataError naming the sidecar when it is not UTF-8 or no JSON object.
void readSidecar(ImportEntry& entry);

/// One line of records.jsonl: {"id", "image", "caption", "aspect_bucket", "split", "tags"} and unknown fields. The
/// picture is looked for relative to `folder`, then to the workspace and its image folder. Throws DataError naming
/// `where`.
ImportEntry entryFromJsonLine(const std::string& line, const std::string& where, const std::filesystem::path& folder,
                              const Workspace& workspace);

} // namespace nanodit
