#pragma once

#include <QString>

namespace nanodit {

/// Moves a file or a folder to the desktop's trash and says where it lies there; nothing where the desktop does not
/// tell. Throws StoreError where there is none or it cannot be moved; then it is where it was. Slow for what lies on
/// another file system: background.
QString moveToTrash(const QString& path);
/// Out of the trash to where it was. Throws StoreError when it is no longer there, or something else has its place.
void bringBackFromTrash(const QString& path, const QString& inTrash);

} // namespace nanodit
