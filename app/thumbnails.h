#pragma once

#include "app/background_queue.h"
#include "core/workbench.h"

#include <QImage>
#include <QObject>

namespace nanodit {

/// Small pictures of records, made on a thread, the one asked for last first; kept on disk beneath the user's cache
/// folder, so that a large set opens quickly the second time. What they show is the bucket image: what the encoders
/// see.
class Thumbnails : public QObject {
    Q_OBJECT

public:
    /// `side`: of the longer edge, device pixels.
    explicit Thumbnails(int side, QObject* parent = nullptr);
    void want(const RecordInfo& record);
    /// Forgets what was asked for and is not made yet.
    void forget() { queue_.forgetWaiting(); }
    bool idle() const { return queue_.pending() == 0; }

Q_SIGNALS:
    void made(const QString& id, const QImage& thumbnail);

private:
    int side_;
    BackgroundQueue queue_{BackgroundQueue::Order::NewestFirst};
};

} // namespace nanodit
