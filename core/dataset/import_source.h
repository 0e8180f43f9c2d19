#pragma once

#include "core/config/workspace_config.h"
#include "core/dataset/passed_by.h"
#include "core/dataset/reject.h"
#include "core/geometry/bucket.h"
#include "core/runtime/job.h"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace nanodit {

class FolderNames;

/// A picture that a source offers, and what the source says of it. Its file was not yet looked at.
struct ImportEntry {
    std::filesystem::path image;    ///< Absolute.
    std::filesystem::path relative; ///< As the source names it; ids are made of it.
    std::string where;              ///< For messages: the picture's path, or "records.jsonl line 7".
    std::string id;                 ///< Given, or empty.
    std::string caption;
    std::string split;               ///< Given, or empty.
    std::string folderSplit;         ///< That its folder is named after; for new pictures that nothing else gives one.
    std::optional<ImageSize> bucket; ///< Given.
    std::vector<std::string> tags;
    std::optional<std::string> excluded; ///< What a person decided: the reason, or "" for one that was taken in.
    std::string extra = "{}";            ///< JSON object of the fields that mean nothing here.

    std::vector<std::filesystem::path> sideFiles; ///< Beside the picture, the most telling first; still to be read.
    std::string metadata;           ///< Its row of a metadata.jsonl or metadata.csv as a JSON object; still to be read.
    std::vector<std::string> notes; ///< What the source says that could not be used, a sentence each.
};

/// What an import starts from, in a fixed order, with what had to be left out.
struct ImportListing {
    std::vector<ImportEntry> entries;
    std::vector<Reject> rejects;
    PassedBy passedBy; ///< What is no picture that import reads, and no side file that it used.
    std::vector<Reject> notes;
};

/// Throws DataError when a source is neither a folder nor a records.jsonl nor a tar, before anything is made for it.
void requireImportSource(const std::filesystem::path& source);

/// Lists a source: a records.jsonl, a folder that holds one at its top, a folder of pictures (folder_walk.h), or a
/// WebDataset tar, compressed or not, which is unpacked first (tar_source.h), as are the tars in a folder. Side files
/// are not yet read: see readSideFiles. Empty when `context` said stop. Throws DataError when the source is none of
/// these.
std::optional<ImportListing> listSource(const std::filesystem::path& source, const Workspace& workspace,
                                        const JobContext& context);

/// One line of records.jsonl: {"id", "image", "caption", "aspect_bucket", "split", "tags", "excluded"} and unknown
/// fields. The picture is looked for relative to `folder`, then to the workspace and its image folder, at last by what
/// the name means on other systems (`names`). Throws DataError naming `where`.
ImportEntry entryFromJsonLine(const std::string& line, const std::string& where, const std::filesystem::path& folder,
                              const Workspace& workspace, FolderNames& names);

} // namespace nanodit
