#pragma once

#include "app/background_queue.h"
#include "core/front/data.h"

#include <QImage>
#include <QObject>

#include <atomic>
#include <memory>

namespace nanodit {

/// Small pictures of records, made on a thread, the one asked for last first; kept on disk beneath the user's cache
/// folder, so that a large set opens quickly the second time. What they show is the crop that the encoders see. While
/// thousands are scrolled past, only the newest few hundred of those asked for are made; the others are dropped.
class Thumbnails : public QObject {
    Q_OBJECT

public:
    static constexpr int tileSide = 224; ///< For grids of tiles: twice the drawn size, for dense screens.

    /// `side`: of the longer edge, device pixels.
    explicit Thumbnails(int side, QObject* parent = nullptr);
    void want(const RecordInfo& record);
    /// Forgets what was asked for and is not made yet: nothing is told of it any more.
    void forget();
    bool idle() const { return queue_.pending() == 0; }

Q_SIGNALS:
    void made(const QString& id, const QImage& thumbnail);
    /// Was asked for too long ago: ask again when it is wanted.
    void dropped(const QString& id);

private:
    static constexpr std::int64_t mostWaiting = 300;

    int side_;
    int round_ = 0; ///< What was asked for in an earlier one is forgotten.
    std::shared_ptr<std::atomic<std::int64_t>> asked_ = std::make_shared<std::atomic<std::int64_t>>(0);
    BackgroundQueue queue_{BackgroundQueue::Order::NewestFirst};
};

/// Removes the oldest files below `folder` until no more than three quarters of `mostBytes` are left, where there are
/// more.
void pruneThumbnails(const QString& folder, qint64 mostBytes);

} // namespace nanodit
