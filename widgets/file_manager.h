#pragma once

class QString;

namespace nanodit {

/// Shows the file, marked, in the desktop's file manager: by the interface org.freedesktop.FileManager1 where a program
/// offers it, else the folder alone. Whether anything could be asked; returns at once.
bool showInFileManager(const QString& file);

} // namespace nanodit
