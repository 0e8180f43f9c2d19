#pragma once

#include "core/runtime/error.h"
#include "core/runtime/failure.h"
#include "core/train/collective.h"
#include "core/train/pulse.h"

#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#include <torch/csrc/distributed/c10d/Types.hpp>
#include <torch/csrc/distributed/c10d/Work.hpp>

#include <algorithm>
#include <chrono>
#include <exception>
#include <thread>
#include <utility>

namespace nanodit {

/// libuv makes a store fast for thousands of processes, and is asked for by default since LibTorch 2.4, but Debian's
/// has none, and ends with an error. `Options` is c10d::TCPStoreOptions, which did not always have the choice.
template<typename Options>
void useSocketsAlone(Options& options)
{
    if constexpr (requires { options.useLibUV; })
        options.useLibUV = false;
}

/// Ranks that meet in a store of LibTorch's c10d, in the process of rank 0, and talk over one of its groups:
/// ProcessGroupGloo or ProcessGroupNCCL. Group has closeConnections(), which ends what is on its way.
template<typename Group>
class GroupCollective : public Collective {
public:
    using MakeGroup = std::function<c10::intrusive_ptr<Group>(const c10::intrusive_ptr<c10d::TCPStore>& store)>;
    GroupCollective(const Meeting& meeting, const MakeGroup& makeGroup)
        : rank_(meeting.rank)
        , size_(meeting.size)
        , patience_(meeting.patience)
    {
        try {
            c10d::TCPStoreOptions storeOptions;
            storeOptions.port = static_cast<std::uint16_t>(meeting.port);
            storeOptions.isServer = rank_ == 0;
            storeOptions.numWorkers = static_cast<std::size_t>(size_);
            storeOptions.timeout = std::chrono::minutes(2);
            useSocketsAlone(storeOptions);
            group_ = makeGroup(c10::make_intrusive<c10d::TCPStore>(meeting.host, storeOptions));
            // A connection of its own, on which nobody else waits for an answer.
            storeOptions.isServer = false;
            storeOptions.waitWorkers = false;
            const auto counters = c10::make_intrusive<c10d::TCPStore>(meeting.host, storeOptions);
            pulse_ = std::make_unique<Pulse>(
                [counters](const std::string& name, std::int64_t add) { return counters->add(name, add); }, rank_,
                size_, meeting.pulse);
        } catch (const std::exception& error) {
            throw Error("the " + std::to_string(size_) + " processes of the training did not find each other at " +
                        meeting.host + ":" + std::to_string(meeting.port) + " (" + failureOf(error).detail + ")");
        }
    }

    ~GroupCollective() override
    {
        if (onTheirWay_ == 0)
            return;
        try { // so that those notice that wait for this rank
            group_->closeConnections();
        } catch (const std::exception&) {
            // They notice when the program ends.
        }
        keepForever(std::move(group_));
    }

    std::int64_t rank() const override { return rank_; }
    std::int64_t size() const override { return size_; }

    void sum(const at::Tensor& tensor) override { beginSum(tensor)(); }

    std::function<void()> beginSum(const at::Tensor& tensor) override
    {
        std::vector<at::Tensor> tensors = {tensor};
        return begun([&] { return group_->allreduce(tensors); });
    }

    void workAlone(bool begins) override { pulse_->workAlone(begins); }

    void shareFromFirst(const at::Tensor& tensor) override
    {
        std::vector<at::Tensor> tensors = {tensor};
        begun([&] { return group_->broadcast(tensors); })();
    }

private:
    using Message = c10::intrusive_ptr<c10d::Work>;

    /// Until the program ends: a group would wait in its destructor for messages that never come.
    static void keepForever(c10::intrusive_ptr<Group> group)
    {
        static auto& kept = *new std::vector<c10::intrusive_ptr<Group>>;
        kept.push_back(std::move(group));
    }

    template<typename Begin>
    std::function<void()> begun(Begin&& begin)
    {
        ++onTheirWay_;
        pulse_->begunMessage();
        try {
            return [this, message = Message(begin())] { waitFor(message); };
        } catch (const std::exception& error) {
            fail(error);
        }
    }

    void waitFor(const Message& message)
    {
        using std::chrono::steady_clock, std::chrono::microseconds;
        const auto start = steady_clock::now();
        auto wellUntil = start, idleSince = start;
        while (!message->isCompleted()) {
            const auto now = steady_clock::now();
            const auto who = pulse_->lost();
            if (who.empty())
                wellUntil = now;
            if (now - wellUntil > std::chrono::seconds(1)) // what was sent by one that has ended may still arrive
                throwLost(who);
            if (pulse_->othersWorkAlone())
                idleSince = now;
            if (now - idleSince > patience_) // before the group gives up, which does not know who it waits for
                throwLost(pulse_->absent());
            const auto waited = std::chrono::duration_cast<microseconds>(now - start);
            std::this_thread::sleep_for(std::clamp(waited / 8, microseconds(20), microseconds(20000)));
        }
        try {
            message->wait(); // it is there, or has failed
        } catch (const std::exception& error) {
            fail(error);
        }
        --onTheirWay_;
    }

    [[noreturn]] void throwLost(const std::string& who) const
    {
        throw Error(who.empty()
                        ? "a message between the processes of the training did not arrive within " +
                              std::to_string(patience_.count()) +
                              " s, though all of them are alive and have sent their part: the training ends; check the "
                              "network between their machines, then resume the run"
                        : who + ": the training ends; see what became of that process and its machine, then resume "
                                "the run");
    }

    [[noreturn]] void fail(const std::exception& error)
    {
        const auto who = pulse_->whoEnded();
        throw Error((who.empty() ? "another process of the training has ended or does not answer" : who) +
                    " (seen by rank " + std::to_string(rank_) + " of " + std::to_string(size_) + ": " +
                    failureOf(error).detail + ")");
    }

    std::int64_t rank_, size_;
    std::chrono::seconds patience_;
    c10::intrusive_ptr<Group> group_;
    std::unique_ptr<Pulse> pulse_;
    std::int64_t onTheirWay_ = 0; ///< Messages that were begun and did not arrive, or not yet.
};

/// How long a group waits for a message: longer than GroupCollective, which began to wait later, and than a rank may
/// work alone.
inline std::chrono::milliseconds groupTimeout(const Meeting& meeting)
{
    return 2 * meeting.patience + std::chrono::hours(24);
}

} // namespace nanodit
