#pragma once

#include "core/config/workspace_config.h"
#include "core/dataset/import_source.h"

#include <nlohmann/json_fwd.hpp>

#include <filesystem>
#include <string>
#include <string_view>

namespace nanodit {

/// What stands beside a picture and says something of it, by the file's ending in any case, the most telling first:
/// .txt, .caption and .cap (the caption), .tags (a list with commas between), .json (an object).
enum class SideFile { Text, Caption, Cap, Tags, Json, None };
SideFile sideFileKind(const std::filesystem::path& file);

/// Takes caption, split, aspect_bucket and tags out of an object and keeps the rest as the entry's extra fields. The
/// caption is the first of "caption", "text", "prompt" and "captions" that says something; of a list of texts the
/// first, and the list is kept. A value of a wrong type is an error (DataError naming the entry), or with `noted` a
/// note of the entry.
enum class WrongFields { Refused, Noted };
void takeFields(nlohmann::json fields, ImportEntry& entry, WrongFields wrong);

/// A split by the name that this program uses: "val" for validation, valid, dev and eval, "train" for training;
/// capitals and blanks around it do not matter.
std::string splitNamed(std::string name);

/// The known name that a field's name means as people type it, with blanks around it or capitals; empty for others.
std::string knownField(const std::string& typed);
/// Puts texts, numbers and lists that stand under such a spelling under the known name, where nothing stands yet.
void nameFields(nlohmann::json& fields);

/// Removes a text field from `fields` and returns it; numbers count as text. Null and absent give "". Throws DataError.
std::string takeText(nlohmann::json& fields, const char* key, const std::string& where);

/// Why a text file is none: a Git LFS pointer or a web page stands in its place, or it is no text at all but, say,
/// compressed. Empty for texts. `expected` is what it should be: "a caption".
std::string standInFault(const std::filesystem::path& file, const std::string& bytes, std::string_view expected);

/// What follows the name of a list with one JSON object a line whose first line begins a JSON text over several lines:
/// why it is not read. Empty for other first lines.
std::string spreadJsonFault(std::string_view firstLine);

/// Completes an entry from its row of metadata and the files beside its picture. The first caption that says something
/// counts: that of a text file, of the metadata, of a JSON file, else the list of tags. What cannot be read (another
/// encoding, no JSON, wrong types, a bucket that the workspace lacks) becomes a note of the entry; it never costs the
/// picture.
void readSideFiles(ImportEntry& entry, const WorkspaceConfig& config);

} // namespace nanodit
