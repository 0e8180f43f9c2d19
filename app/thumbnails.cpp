#include "app/thumbnails.h"

#include "widgets/icons.h"
#include "widgets/picture.h"

#include <QCryptographicHash>
#include <QDateTime>
#include <QDir>
#include <QDirIterator>
#include <QFileInfo>
#include <QImageReader>
#include <QPainter>
#include <QSaveFile>
#include <QStandardPaths>

#include <algorithm>
#include <cmath>
#include <mutex>
#include <optional>
#include <utility>

namespace nanodit {

namespace {

constexpr int jpegQuality = 90;
constexpr qint64 mostBytesOnDisk = qint64(1) << 30; ///< Of all workspaces' thumbnails: about a hundred thousand.

QString thumbnailsFolder()
{
    return QStandardPaths::writableLocation(QStandardPaths::CacheLocation) + QStringLiteral("/thumbnails");
}

/// The name changes with the file, so that an edited picture gets a new thumbnail.
QString cachedFile(const RecordInfo& record, int side)
{
    const QFileInfo source(QString::fromStdString(record.image.string()));
    const auto description =
        QStringLiteral("%1|%2|%3|%4|%5")
            .arg(source.absoluteFilePath(), QString::number(source.lastModified().toMSecsSinceEpoch()),
                 QString::number(source.size()), QString::fromStdString(bucketName(record.bucket)),
                 QString::number(side));
    const auto hash =
        QString::fromLatin1(QCryptographicHash::hash(description.toUtf8(), QCryptographicHash::Sha1).toHex());
    return thumbnailsFolder() + QStringLiteral("/%1/%2.jpg").arg(hash.left(2), hash); // no folder of a hundred thousand
}

ImageSize fitted(ImageSize size, int side)
{
    const double scale = std::min(1.0, side / static_cast<double>(std::max(size.width, size.height)));
    const auto scaled = [scale](std::int64_t length) {
        return std::max<std::int64_t>(1, std::llround(scale * static_cast<double>(length)));
    };
    return {.width = scaled(size.width), .height = scaled(size.height)};
}

/// By Qt's reader, which decodes a JPEG at an eighth of its size where that is enough: a tenth of the time. Null for
/// formats it does not know and for files that it finds damaged.
QImage quickThumbnail(const RecordInfo& record, int side)
{
    QImageReader reader(QString::fromStdString(record.image.string()));
    reader.setAutoTransform(true);
    const auto size = fitted(record.bucket, side);
    const auto crop = bucketCrop(record.original, record.bucket);
    const double scale = static_cast<double>(size.width) / (crop.right - crop.left);
    const bool turned = reader.transformation().testFlag(QImageIOHandler::TransformationRotate90);
    const QSize original = turned ? reader.size().transposed() : reader.size();
    if (original != QSize(static_cast<int>(record.original.width), static_cast<int>(record.original.height)))
        return {}; // not the picture that was imported
    const QSize scaled(static_cast<int>(std::ceil(original.width() * scale)),
                       static_cast<int>(std::ceil(original.height() * scale)));
    reader.setScaledSize(turned ? scaled.transposed() : scaled);
    const auto whole = reader.read();
    if (whole.isNull())
        return {};
    return whole
        .copy(static_cast<int>(crop.left * scale), static_cast<int>(crop.top * scale), static_cast<int>(size.width),
              static_cast<int>(size.height))
        .convertToFormat(QImage::Format_RGB32);
}

QImage makeThumbnail(const RecordInfo& record, int side)
{
    if (auto quick = quickThumbnail(record, side); !quick.isNull())
        return quick;
    const auto image = loadBucketImage(record);
    const auto size = fitted(image.size, side);
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
    if (save.open(QIODevice::WriteOnly) && thumbnail.save(&save, "JPEG", jpegQuality))
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

void pruneThumbnails(const QString& folder, qint64 mostBytes)
{
    QFileInfoList files;
    qint64 bytes = 0;
    for (QDirIterator all(folder, QDir::Files, QDirIterator::Subdirectories); all.hasNext();) {
        all.next();
        files << all.fileInfo();
        bytes += files.back().size();
    }
    if (bytes <= mostBytes)
        return;
    std::ranges::sort(files, {}, [](const QFileInfo& file) { return file.lastModified(); });
    for (const auto& file : std::as_const(files)) {
        if (bytes <= mostBytes / 4 * 3)
            return;
        if (QFile::remove(file.filePath()))
            bytes -= file.size();
    }
}

Thumbnails::Thumbnails(int side, QObject* parent)
    : QObject(parent)
    , side_(side)
{
    queue_.ask(
        this,
        [] {
            static std::once_flag once; // for all that share the folder
            std::call_once(once, [] { pruneThumbnails(thumbnailsFolder(), mostBytesOnDisk); });
        },
        [] {});
}

void Thumbnails::forget()
{
    queue_.forgetWaiting();
    ++round_; // one may be at work already
}

void Thumbnails::want(const RecordInfo& record)
{
    const auto id = QString::fromStdString(record.id);
    const auto number = ++*asked_;
    queue_.ask(
        this,
        [record, side = side_, number, asked = asked_]() -> std::optional<QImage> {
            if (number + mostWaiting < *asked)
                return std::nullopt;
            return thumbnailOf(record, side);
        },
        [this, id, round = round_](const std::optional<QImage>& thumbnail) {
            if (round != round_)
                return;
            if (thumbnail)
                Q_EMIT made(id, *thumbnail);
            else
                Q_EMIT dropped(id);
        },
        [this, id, round = round_](const Notice&) {
            if (round == round_)
                Q_EMIT made(id, unreadable(side_));
        });
}

} // namespace nanodit
