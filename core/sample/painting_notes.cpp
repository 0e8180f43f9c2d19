#include "core/sample/painting_notes.h"

#include "core/io/atomic_file.h"
#include "core/io/json_fault.h"
#include "core/runtime/error.h"

#include <nlohmann/json.hpp>

namespace nanodit {

namespace {

std::filesystem::path notesFile(const std::filesystem::path& folder)
{
    return folder / "notes.json";
}

} // namespace

PaintingNotes readPaintingNotes(const std::filesystem::path& folder)
{
    const auto file = notesFile(folder);
    if (!std::filesystem::exists(file))
        return {};
    try {
        PaintingNotes notes;
        const auto json = nlohmann::json::parse(readTextFile(file));
        for (const auto& [name, note] : json.at("pictures").items())
            notes[name] = {.favourite = note.at("favourite"), .text = note.at("text")};
        return notes;
    } catch (const nlohmann::json::exception& error) {
        throw DataError(file.string() + " holds notes on generated pictures and is damaged (" + jsonFault(error) +
                        "): repair it, or move it away to begin anew");
    }
}

void keepPaintingNote(const std::filesystem::path& picture, const PaintingNote& note)
{
    const auto folder = picture.parent_path();
    auto notes = readPaintingNotes(folder);
    if (note.empty())
        notes.erase(picture.filename().string());
    else
        notes[picture.filename().string()] = note;
    nlohmann::ordered_json json;
    json["format"] = 1;
    auto& pictures = json["pictures"] = nlohmann::ordered_json::object();
    for (const auto& [name, kept] : notes)
        pictures[name] = {{"favourite", kept.favourite}, {"text", kept.text}};
    writeFileAtomically(notesFile(folder), json.dump(2) + "\n");
}

} // namespace nanodit
