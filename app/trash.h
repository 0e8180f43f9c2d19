#pragma once

#include <QString>

namespace nanodit {

/// Moves a file or a folder to the desktop's trash. Throws StoreError where there is none or it cannot be moved; then
/// it is where it was. Slow for what lies on another file system: background.
void moveToTrash(const QString& path);

} // namespace nanodit
