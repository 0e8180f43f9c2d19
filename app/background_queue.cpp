#include "app/background_queue.h"

namespace nanodit {

BackgroundQueue::BackgroundQueue(Order order, AtEnd atEnd)
    : order_(order)
    , atEnd_(atEnd)
    , thread_([this](const std::stop_token& stop) { run(stop); })
{
}

BackgroundQueue::~BackgroundQueue()
{
    if (atEnd_ == AtEnd::Forget)
        forgetWaiting();
    thread_ = {};
}

void BackgroundQueue::forgetWaiting()
{
    const std::lock_guard lock(mutex_);
    pending_ -= static_cast<int>(tasks_.size());
    tasks_.clear();
}

void BackgroundQueue::push(std::function<void()> task)
{
    {
        const std::lock_guard lock(mutex_);
        tasks_.push_back(std::move(task));
    }
    arrived_.notify_one();
}

void BackgroundQueue::answer(const QPointer<QObject>& who, std::function<void()> then)
{
    QMetaObject::invokeMethod(
        this,
        [this, who, then = std::move(then)] {
            --pending_;
            if (who)
                then();
        },
        Qt::QueuedConnection);
}

void BackgroundQueue::run(const std::stop_token& stop)
{
    while (true) {
        std::function<void()> task;
        {
            std::unique_lock lock(mutex_);
            if (!arrived_.wait(lock, stop, [this] { return !tasks_.empty(); }))
                return; // it was stopped, and nothing is left
            const auto next = order_ == Order::OldestFirst ? tasks_.begin() : std::prev(tasks_.end());
            task = std::move(*next);
            tasks_.erase(next);
        }
        task();
    }
}

} // namespace nanodit
