#pragma once

/// What a person keeps of generated pictures beside them: favourites and notes, in the file notes.json of their folder.

#include "core/io/own_file.h"

#include <filesystem>
#include <map>
#include <string>

namespace nanodit {

struct PaintingNote {
    bool favourite = false;
    std::string text;
    bool empty() const { return !favourite && text.empty(); }
    bool operator==(const PaintingNote&) const = default;
};
/// By the picture's file name, without its folder, as printableText (core/io/foreign_text.h) gives it.
using PaintingNotes = std::map<std::string, PaintingNote>;

/// Empty where the folder has none. A damaged file is moved aside (core/io/own_file_reading.h). Throws DataError.
OwnFile<PaintingNotes> readPaintingNotes(const std::filesystem::path& folder);
/// Replaces the note of one picture; an empty one is forgotten. Those of pictures that are gone stay, since a picture
/// can come back from the trash. Gives what to tell of a damaged file, in whose place a new one is begun; else "".
/// Throws DataError and StoreError.
std::string keepPaintingNote(const std::filesystem::path& picture, const PaintingNote& note);

} // namespace nanodit
