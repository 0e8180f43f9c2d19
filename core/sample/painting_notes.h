#pragma once

/// What a person keeps of generated pictures beside them: favourites and notes, in the file notes.json of their folder.

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
/// By the picture's file name, without its folder.
using PaintingNotes = std::map<std::string, PaintingNote>;

/// Empty where the folder has none. Throws DataError for a damaged file.
PaintingNotes readPaintingNotes(const std::filesystem::path& folder);
/// Replaces the note of one picture; an empty one is forgotten. Those of pictures that are gone stay, since a picture
/// can come back from the trash. Throws DataError and StoreError.
void keepPaintingNote(const std::filesystem::path& picture, const PaintingNote& note);

} // namespace nanodit
