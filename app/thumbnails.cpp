#include "app/thumbnails.h"

#include "widgets/icons.h"
#include "widgets/picture.h"

#include <QCryptographicHash>
#include <QDir>
#include <QFileInfo>
#include <QPainter>
#include <QSaveFile>
#include <QStandardPaths>

#include <algorithm>

namespace nanodit {

namespace {

/// The name changes with the file, so that an edited picture gets a new thumbnail.
QString cachedFile(const RecordInfo& record, int side)
{
    const QFileInfo source(QString::fromStdString(record.image.string()));
    const auto description =
        QStringLiteral("%1|%2|%3|%4|%5")
            .arg(source.absoluteFilePath(), QString::number(source.lastModified().toMSecsSinceEpoch()),
                 QString::number(source.size()), QString::fromStdString(bucketName(record.bucket)),
                 QString::number(side));
    const auto hash = QCryptographicHash::hash(description.toUtf8(), QCryptographicHash::Sha1).toHex();
    return QStandardPaths::writableLocation(QStandardPaths::CacheLocation) +
           QStringLiteral("/thumbnails/%1.png").arg(QString::fromLatin1(hash));
}

QImage makeThumbnail(const RecordInfo& record, int side)
{
    const auto image = loadBucketImage(record);
    const double scale = std::min(1.0, side / static_cast<double>(std::max(image.size.width, image.size.height)));
    const ImageSize size{
        .width = std::max<std::int64_t>(1, static_cast<std::int64_t>(scale * static_cast<double>(image.size.width))),
        .height = std::max<std::int64_t>(1, static_cast<std::int64_t>(scale * static_cast<double>(image.size.height)))};
    return qImageFromImage(size == image.size ? image : resizeForDisplay(image, size));
}

QImage thumbnailOf(const RecordInfo& record, int side)
{
    const auto file = cachedFile(record, side);
    if (QImage cached(file); !cached.isNull())
        return cached;
    const auto thumbnail = makeThumbnail(record, side);
    QDir().mkpath(QFileInfo(file).path());
    QSaveFile save(file); // a cache that cannot be written costs time, nothing else
    if (save.open(QIODevice::WriteOnly) && thumbnail.save(&save, "PNG"))
        save.commit();
    return thumbnail;
}

QImage unreadable(int side)
{
    QImage image(side, side * 3 / 4, QImage::Format_ARGB32_Premultiplied);
    image.fill(Qt::transparent);
    QPainter painter(&image);
    icon(QStringLiteral("error"), Hue::Vermillion)
        .paint(&painter, image.rect().adjusted(side / 3, side / 4, -side / 3, -side / 4));
    return image;
}

} // namespace

Thumbnails::Thumbnails(int side, QObject* parent)
    : QObject(parent)
    , side_(side)
{
}

void Thumbnails::want(const RecordInfo& record)
{
    const auto id = QString::fromStdString(record.id);
    queue_.ask(
        this, [record, side = side_] { return thumbnailOf(record, side); },
        [this, id](const QImage& thumbnail) { Q_EMIT made(id, thumbnail); },
        [this, id](const QString&) { Q_EMIT made(id, unreadable(side_)); });
}

} // namespace nanodit
