#include "app/workspace_folder.h"

#include <QFileInfo>

namespace nanodit {

bool holdsWorkspace(const QString& folder)
{
    return QFileInfo::exists(folder + QStringLiteral("/workspace.yaml"));
}

} // namespace nanodit
