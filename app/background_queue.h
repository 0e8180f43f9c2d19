#pragma once

#include "core/runtime/error.h"
#include "core/runtime/remedy.h"

#include <QObject>
#include <QPointer>

#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <thread>
#include <type_traits>
#include <utility>

namespace nanodit {

/// Short pieces of work that the window must not wait for (reading a picture, listing records), one after the other on
/// one thread. Answers come on the home thread; they are dropped when whoever asked is gone.
class BackgroundQueue : public QObject {
    Q_OBJECT

public:
    /// NewestFirst suits thumbnails: what was scrolled to last is wanted first.
    enum class Order { OldestFirst, NewestFirst };
    /// What becomes of work that has not begun when the queue ends. Edits and files that are saved must not be lost.
    enum class AtEnd { Forget, Finish };
    explicit BackgroundQueue(Order order = Order::OldestFirst, AtEnd atEnd = AtEnd::Forget);
    /// Waits for what has begun, or for all. Nobody is answered any more.
    ~BackgroundQueue() override;

    /// Runs `work` on the thread and hands its result to `then`; what it throws goes to `failed`. Home
    /// thread.
    template<typename Work, typename Then>
    void ask(QObject* context, Work work, Then then, std::function<void(const Notice&)> failed = {})
    {
        ++pending_;
        push([this, who = QPointer<QObject>(context), work = std::move(work), then = std::move(then),
              failed = std::move(failed)] {
            try {
                if constexpr (std::is_void_v<std::invoke_result_t<Work>>) {
                    work();
                    answer(who, then);
                } else {
                    auto result = std::make_shared<std::invoke_result_t<Work>>(work());
                    answer(who, [then, result] { then(std::move(*result)); });
                }
            } catch (const std::exception& error) {
                answer(who, [failed, why = noticeOf(error)] {
                    if (failed)
                        failed(why);
                });
            } catch (...) {
                answer(who, [failed] {
                    if (failed)
                        failed(Notice{"an unknown error occurred"});
                });
            }
        });
    }

    /// Questions that have not been answered yet.
    int pending() const { return pending_; }
    /// Forgets questions that have not begun; nobody is told.
    void forgetWaiting();

private:
    void push(std::function<void()> task);
    void answer(const QPointer<QObject>& who, std::function<void()> then);
    void run(const std::stop_token& stop);

    Order order_;
    AtEnd atEnd_;
    int pending_ = 0;
    std::mutex mutex_;
    std::condition_variable_any arrived_;
    std::deque<std::function<void()>> tasks_;
    std::jthread thread_;
};

} // namespace nanodit
