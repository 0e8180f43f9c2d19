#pragma once

#include <QString>

namespace nanodit {

/// Asks the disk, which may take its time: not for the window's thread.
bool holdsWorkspace(const QString& folder);

} // namespace nanodit
