#include "app/trash.h"

#include "core/runtime/error.h"

#include <QDir>
#include <QFile>
#include <QFileInfo>
#include <QStandardPaths>

namespace nanodit {

QString moveToTrash(const QString& path)
{
    // Where this folder is missing, as in a new account, Qt 6.4 takes the current folder for the trash.
    QDir().mkpath(QStandardPaths::writableLocation(QStandardPaths::GenericDataLocation));
    QFile file(path);
    if (!file.moveToTrash())
        throw StoreError(path.toStdString() + " could not be moved to the trash: " + file.errorString().toStdString());
    return file.fileName() == path ? QString() : file.fileName();
}

void bringBackFromTrash(const QString& path, const QString& inTrash)
{
    if (inTrash.isEmpty() || QFile::exists(path) || !QFile::rename(inTrash, path))
        throw StoreError(path.toStdString() + " is no longer in the trash, or another file has taken its place");
    // The trash keeps a note of where each of its files came from.
    const QFileInfo trashed(inTrash);
    QFile::remove(QStringLiteral("%1/../info/%2.trashinfo").arg(trashed.absolutePath(), trashed.fileName()));
}

} // namespace nanodit
