#include "core/sample/painting_notes.h"

#include "core/io/atomic_file.h"
#include "core/io/foreign_text.h"
#include "core/io/own_file_reading.h"

#include <nlohmann/json.hpp>

namespace nanodit {

namespace {

std::filesystem::path notesFile(const std::filesystem::path& folder)
{
    return folder / "notes.json";
}

} // namespace

OwnFile<PaintingNotes> readPaintingNotes(const std::filesystem::path& folder)
{
    return readOwnFile<PaintingNotes>(notesFile(folder), "notes on generated pictures", [](const nlohmann::json& json) {
        PaintingNotes notes;
        for (const auto& [name, note] : json.at("pictures").get<std::map<std::string, nlohmann::json>>())
            notes[name] = {.favourite = note.at("favourite").get<bool>(), .text = note.at("text").get<std::string>()};
        return notes;
    });
}

std::string keepPaintingNote(const std::filesystem::path& picture, const PaintingNote& note)
{
    const auto folder = picture.parent_path();
    auto [notes, damage] = readPaintingNotes(folder);
    const auto ownName = printableText(picture.filename().string());
    if (note.empty())
        notes.erase(ownName);
    else
        notes[ownName] = note;
    nlohmann::ordered_json json;
    json["format"] = 1;
    auto& pictures = json["pictures"] = nlohmann::ordered_json::object();
    for (const auto& [name, kept] : notes)
        pictures[name] = {{"favourite", kept.favourite}, {"text", kept.text}};
    writeFileAtomically(notesFile(folder), dumpForeignJson(json, 2) + "\n");
    return damage;
}

} // namespace nanodit
