#pragma once

#include "core/runtime/error.h"

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace nanodit {

/// Makes items 0, 1, 2... on threads of its own, at most `ahead` before they are taken, and hands them out in order.
/// take() belongs to one thread. Destruction stops after the items that are being made. Where the system starts fewer
/// threads than asked for, those that it does start make all items; where it starts none, construction throws Error.
template<typename Item>
class Prefetch {
public:
    using Make = std::function<Item(std::size_t)>;

    Prefetch(std::size_t count, Make make, std::size_t threads, std::size_t ahead)
        : make_(std::move(make))
        , count_(count)
        , ahead_(ahead)
    {
        for (std::size_t i = 0; i < threads; ++i) {
            try {
                threads_.emplace_back([this](const std::stop_token& stop) { work(stop); });
            } catch (const std::system_error& error) {
                if (threads_.empty())
                    throw Error(std::string("no thread can be started (") + error.code().message() +
                                "): end other programs, or raise the limit on processes (ulimit -u)");
                break;
            }
        }
    }
    ~Prefetch()
    {
        for (auto& thread : threads_) // All at once: each would begin another item while the one before it is awaited.
            thread.request_stop();
    }
    Prefetch(const Prefetch&) = delete;
    Prefetch& operator=(const Prefetch&) = delete;

    /// The next item; blocks until it is made. Rethrows what making it threw. Called at most `count` times.
    Item take()
    {
        return *takeUnless([] { return false; });
    }
    /// The same, or nothing when `stop`, which is asked every few hundredths of a second, says so.
    template<typename Stop>
    std::optional<Item> takeUnless(Stop&& stop)
    {
        std::unique_lock lock(mutex_);
        while (!changed_.wait_for(lock, std::chrono::milliseconds(30), [this] { return made_.contains(taken_); })) {
            if (stop())
                return std::nullopt;
        }
        if (stop())
            return std::nullopt;
        auto result = std::move(made_.extract(taken_).mapped());
        ++taken_;
        changed_.notify_all();
        lock.unlock();
        if (result.second)
            std::rethrow_exception(result.second);
        return std::move(result.first);
    }

private:
    void work(const std::stop_token& stop)
    {
        std::unique_lock lock(mutex_);
        while (true) {
            changed_.wait(lock, stop, [this] { return next_ >= count_ || next_ < taken_ + ahead_; });
            if (stop.stop_requested() || next_ >= count_)
                return;
            const auto index = next_++;
            lock.unlock();
            std::pair<Item, std::exception_ptr> result;
            try {
                result.first = make_(index);
            } catch (...) {
                result.second = std::current_exception();
            }
            lock.lock();
            made_.emplace(index, std::move(result));
            changed_.notify_all();
        }
    }

    Make make_;
    std::size_t count_;
    std::size_t ahead_;
    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::map<std::size_t, std::pair<Item, std::exception_ptr>> made_;
    std::size_t next_ = 0;
    std::size_t taken_ = 0;
    std::vector<std::jthread> threads_; ///< Last: they end before the rest goes.
};

} // namespace nanodit
