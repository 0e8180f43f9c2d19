#pragma once

#include "core/train/collective.h"

#include <ATen/ATen.h>

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <vector>

namespace nanodit::test {

/// Ranks as threads of this process, which meet in memory: adds up in the order of the ranks. The n-th message of a
/// rank belongs to the n-th of every other; sums that are begun are made when they are waited for.
class RankRoom {
public:
    explicit RankRoom(std::int64_t size)
        : size_(size)
    {
    }

    class Seat final : public Collective {
    public:
        Seat(RankRoom& room, std::int64_t rank)
            : room_(room)
            , rank_(rank)
        {
        }
        std::int64_t rank() const override { return rank_; }
        std::int64_t size() const override { return room_.size_; }
        void sum(const at::Tensor& tensor) override { beginSum(tensor)(); }
        std::function<void()> beginSum(const at::Tensor& tensor) override
        {
            const auto number = room_.bring(rank_, messages_++, tensor);
            ++begun_;
            return [this, number, tensor] {
                const auto brought = room_.allOf(number);
                auto sum = brought[0].clone();
                for (std::size_t i = 1; i < brought.size(); ++i)
                    sum.add_(brought[i]);
                tensor.copy_(sum);
            };
        }
        void shareFromFirst(const at::Tensor& tensor) override
        {
            tensor.copy_(room_.allOf(room_.bring(rank_, messages_++, tensor))[0]);
        }
        /// Sums so far.
        std::int64_t begun() const { return begun_; }

    private:
        RankRoom& room_;
        std::int64_t rank_, messages_ = 0, begun_ = 0;
    };

private:
    std::int64_t bring(std::int64_t rank, std::int64_t number, const at::Tensor& tensor)
    {
        const std::lock_guard lock(mutex_);
        auto& message = messages_[number];
        message.brought.resize(static_cast<std::size_t>(size_));
        message.brought[static_cast<std::size_t>(rank)] = tensor.clone();
        ++message.arrived;
        changed_.notify_all();
        return number;
    }

    /// What each rank brought, when all have; forgotten when all have asked.
    std::vector<at::Tensor> allOf(std::int64_t number)
    {
        std::unique_lock lock(mutex_);
        auto& message = messages_[number];
        changed_.wait(lock, [&] { return message.arrived == size_; });
        auto brought = message.brought;
        if (++message.asked == size_)
            messages_.erase(number);
        return brought;
    }

    struct Message {
        std::vector<at::Tensor> brought; ///< By rank.
        std::int64_t arrived = 0, asked = 0;
    };
    std::int64_t size_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::map<std::int64_t, Message> messages_;
};

} // namespace nanodit::test
