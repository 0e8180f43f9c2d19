#include "core/runs/run_notes.h"

#include "core/io/atomic_file.h"
#include "core/io/own_file_reading.h"
#include "core/runs/catalogue.h"
#include "core/runs/run_lock.h"
#include "core/runtime/error.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <sstream>

namespace nanodit {

namespace fs = std::filesystem;

namespace {

fs::path notesFileOf(const fs::path& runFolder)
{
    return runFolder / "about.json";
}

} // namespace

OwnFile<RunNotes> readRunNotes(const fs::path& runFolder)
{
    return readOwnFile<RunNotes>(notesFileOf(runFolder), "the note and the tags of a run",
                                 [](const nlohmann::json& json) {
                                     return RunNotes{.note = json.value("note", std::string()),
                                                     .tags = json.value("tags", std::vector<std::string>())};
                                 });
}

void writeRunNotes(const fs::path& runFolder, const RunNotes& notes)
{
    if (notes == RunNotes()) {
        std::error_code error;
        fs::remove(notesFileOf(runFolder), error);
        if (error)
            throw StoreError(notesFileOf(runFolder).string() + " could not be removed: " + error.message());
        return;
    }
    const nlohmann::ordered_json json = {{"note", notes.note}, {"tags", notes.tags}};
    writeFileAtomically(notesFileOf(runFolder),
                        json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

std::vector<std::string> tagsOf(const std::string& text)
{
    std::vector<std::string> tags;
    std::istringstream parts(text);
    for (std::string part; std::getline(parts, part, ',');) {
        const auto first = part.find_first_not_of(" \t\n"), last = part.find_last_not_of(" \t\n");
        if (first == std::string::npos)
            continue;
        const auto tag = part.substr(first, last - first + 1);
        if (std::find(tags.begin(), tags.end(), tag) == tags.end())
            tags.push_back(tag);
    }
    return tags;
}

bool isRunName(const std::string& name)
{
    return !name.empty() && name.find('/') == std::string::npos && name.find('\0') == std::string::npos &&
           name[0] != '.';
}

void renameRun(const Workspace& workspace, const std::string& name, const std::string& newName)
{
    const auto from = workspace.runsFolder() / name, to = workspace.runsFolder() / newName;
    std::error_code error;
    if (!isRunName(name) || !fs::is_directory(from, error))
        throw UsageError("there is no run \"" + name + "\" in " + workspace.runsFolder().string() +
                         nearestRun(workspace, name));
    if (!isRunName(newName))
        throw UsageError("\"" + newName +
                         "\" cannot be the name of a run: use one without slashes that does not begin with a dot");
    if (fs::exists(fs::symlink_status(to, error)))
        throw UsageError("there is already a run \"" + newName + "\": choose another name");
    if (const auto holder = runHolder(from))
        throw StoreError("the run \"" + name + "\" cannot be renamed while it is trained by " + holder->text());
    fs::rename(from, to, error);
    if (error)
        throw StoreError("the run \"" + name + "\" could not be renamed: " + error.message());
}

} // namespace nanodit
