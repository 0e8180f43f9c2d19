#pragma once

#include "app/session.h"

#include <QAbstractListModel>
#include <QCache>
#include <QImage>

#include <cstdint>
#include <vector>

namespace nanodit {

class Thumbnails;

/// Records as tiles of a ThumbnailGrid, those alone that a query accepts. Thumbnails are made when a tile is first
/// drawn.
class RecordTiles : public QAbstractListModel {
    Q_OBJECT

public:
    explicit RecordTiles(QObject* parent = nullptr);
    /// `shown`: places in `records`, by row.
    void show(RecordsValue records, std::vector<std::uint32_t> shown);
    QString id(int row) const;          ///< Empty beyond the rows.
    int rowOf(const QString& id) const; ///< -1 when it is not shown.
    const RecordsValue& records() const { return records_; }
    bool idle() const; ///< No thumbnail is being made.

    int rowCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;

private:
    void replace(const QString& id, const QImage& thumbnail);

    RecordsValue records_;
    std::vector<std::uint32_t> shown_;
    Thumbnails* thumbnails_;
    mutable QCache<QString, QImage> made_{400};
};

} // namespace nanodit
