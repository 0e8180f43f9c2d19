#include "app/trash.h"

#include "core/runtime/error.h"

#include <QDir>
#include <QFile>
#include <QStandardPaths>

namespace nanodit {

void moveToTrash(const QString& path)
{
    // Where this folder is missing, as in a new account, Qt 6.4 takes the current folder for the trash.
    QDir().mkpath(QStandardPaths::writableLocation(QStandardPaths::GenericDataLocation));
    QFile file(path);
    if (!file.moveToTrash())
        throw StoreError(path.toStdString() + " could not be moved to the trash: " + file.errorString().toStdString());
}

} // namespace nanodit
