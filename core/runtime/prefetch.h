#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace nanodit {

/// Makes items 0, 1, 2... on threads of its own, at most `ahead` before they are taken, and hands them out in order.
/// take() belongs to one thread. Destruction stops after the items that are being made.
template<typename Item>
class Prefetch {
public:
    using Make = std::function<Item(std::size_t)>;

    Prefetch(std::size_t count, Make make, std::size_t threads, std::size_t ahead)
        : make_(std::move(make))
        , count_(count)
        , ahead_(ahead)
    {
        for (std::size_t i = 0; i < threads; ++i)
            threads_.emplace_back([this] { work(); });
    }
    ~Prefetch()
    {
        const std::lock_guard lock(mutex_);
        stopped_ = true;
        changed_.notify_all();
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
    void work()
    {
        std::unique_lock lock(mutex_);
        while (true) {
            changed_.wait(lock, [this] { return stopped_ || next_ >= count_ || next_ < taken_ + ahead_; });
            if (stopped_ || next_ >= count_)
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
    std::condition_variable changed_;
    std::map<std::size_t, std::pair<Item, std::exception_ptr>> made_;
    std::size_t next_ = 0;
    std::size_t taken_ = 0;
    bool stopped_ = false;
    std::vector<std::jthread> threads_; ///< Last: they end before the rest goes.
};

} // namespace nanodit
