#pragma once

#include "core/dataset/import_source.h"
#include "core/runtime/job.h"

#include <filesystem>
#include <string>
#include <vector>

namespace nanodit {

/// What lies below a folder.
struct FolderContents {
    ImportListing listing;                   ///< Its pictures, with the side files of each.
    std::vector<std::filesystem::path> tars; ///< Tars, compressed or not.
};

/// Whether a file is named like a tar: .tar, .tar.gz, .tgz, .tar.xz... in any case.
bool isTarName(const std::filesystem::path& file);

/// Whether a folder of this name is one that systems and other tools make beside pictures: __MACOSX, @eaDir...
bool isToolFolder(const std::string& name);

/// The name of the picture that one with this name would be a mask or conditioning picture of (OneTrainer's
/// "NAME-masklabel", "NAME_mask"...), both without ending; empty for others.
std::string maskedStem(const std::string& stem);
/// The same of a map that a tool drew of a picture ("NAME_depth", "NAME_canny"...), as long as it has no caption.
std::string mappedStem(const std::string& stem);

/// How pictures that were made of others are counted: masks of the loss, masks of other tools, and maps.
inline constexpr const char* lossMaskKind = "loss masks";
inline constexpr const char* otherMaskKind = "masks of other pictures";
inline constexpr const char* mapKind = "maps of other pictures (depth, edges...)";

/// Walks a folder and its subfolders, sorted. Side files belong to the picture whose name they have, with or without
/// its ending; rows of metadata.jsonl and metadata.csv (Hugging Face's imagefolder) to the picture that they name.
/// Passed by and counted are hidden files and folders, links to folders, other tools' masks and maps, thumbnails and
/// caches, the folders `notInto`, side files without a picture, and files of other kinds. False when stopped.
bool walkFolder(const std::filesystem::path& top, const std::vector<std::filesystem::path>& notInto,
                const JobContext& context, FolderContents& found);

} // namespace nanodit
