#pragma once

/// What people do with a run besides training it: notes, tags, another name.

#include "core/config/workspace_config.h"
#include "core/io/own_file.h"

#include <filesystem>
#include <string>
#include <vector>

namespace nanodit {

/// What somebody wrote down about a run: `about.json` in its folder.
struct RunNotes {
    std::string note;
    std::vector<std::string> tags;
    bool operator==(const RunNotes&) const = default;
};
/// Empty notes for a run without any. A damaged file is moved aside (core/io/own_file_reading.h). Throws DataError.
OwnFile<RunNotes> readRunNotes(const std::filesystem::path& runFolder);
/// Removes the file for empty notes. Throws StoreError.
void writeRunNotes(const std::filesystem::path& runFolder, const RunNotes& notes);
/// "small, sincos ,small" -> small, sincos: without blanks around them, each once, in the given order.
std::vector<std::string> tagsOf(const std::string& text);

/// Whether a run's folder may have this name: one without slashes that does not begin with a dot.
bool isRunName(const std::string& name);
/// Renames a run's folder. Throws UsageError when there is no such run, or the new name is none or is taken; StoreError
/// when it cannot be renamed. Nobody may be training it.
void renameRun(const Workspace& workspace, const std::string& name, const std::string& newName);

} // namespace nanodit
