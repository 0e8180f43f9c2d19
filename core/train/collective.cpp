#include "core/train/collective.h"

#include "core/runtime/error.h"
#include "core/runtime/failure.h"
#include "core/train/pulse.h"

#include <ATen/ATen.h>

#ifdef NANODIT_GLOO
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#endif

#include <algorithm>
#include <chrono>
#include <numeric>
#include <thread>
#include <utility>
#include <vector>

namespace nanodit {

namespace {

class Alone final : public Collective {
public:
    std::int64_t rank() const override { return 0; }
    std::int64_t size() const override { return 1; }
    void sum(const at::Tensor&) override {}
    void shareFromFirst(const at::Tensor&) override {}
};

#ifdef NANODIT_GLOO

/// A group whose connections can be closed while messages are on their way.
class GlooGroup final : public c10d::ProcessGroupGloo {
public:
    using ProcessGroupGloo::ProcessGroupGloo;
    void closeConnections()
    {
        for (const auto& context : contexts_)
            context->closeConnections();
    }
};

/// Until the program ends: a group would wait in its destructor for messages that never come.
void keepForever(c10::intrusive_ptr<GlooGroup> group)
{
    static auto& kept = *new std::vector<c10::intrusive_ptr<GlooGroup>>;
    kept.push_back(std::move(group));
}

class GlooCollective final : public Collective {
public:
    explicit GlooCollective(const Meeting& meeting)
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
            const auto store = c10::make_intrusive<c10d::TCPStore>(meeting.host, storeOptions);
            auto options = c10d::ProcessGroupGloo::Options::create(2 * meeting.patience + std::chrono::minutes(1));
            const bool here = meeting.host == "127.0.0.1" || meeting.host == "localhost";
            options->devices.push_back(here ? c10d::ProcessGroupGloo::createDeviceForHostname("127.0.0.1")
                                            : c10d::ProcessGroupGloo::createDefaultDevice());
            group_ = c10::make_intrusive<GlooGroup>(store, static_cast<int>(rank_), static_cast<int>(size_),
                                                    std::move(options));
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

    ~GlooCollective() override
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

    void shareFromFirst(const at::Tensor& tensor) override
    {
        std::vector<at::Tensor> tensors = {tensor};
        begun([&] { return group_->broadcast(tensors); })();
    }

private:
    using Message = c10::intrusive_ptr<c10d::Work>;

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
        auto wellUntil = start;
        while (!message->isCompleted()) {
            const auto now = steady_clock::now();
            const auto who = pulse_->lost();
            if (who.empty())
                wellUntil = now;
            if (now - wellUntil > std::chrono::seconds(1)) // what was sent by one that has ended may still arrive
                throwLost(who);
            if (now - start > patience_) // before Gloo gives up, which does not know who it waits for
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
                              " s, though all of them live and have sent their part: the training ends; see to the "
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
    c10::intrusive_ptr<GlooGroup> group_;
    std::unique_ptr<Pulse> pulse_;
    std::int64_t onTheirWay_ = 0; ///< Messages that were begun and did not arrive, or not yet.
};

#endif

} // namespace

std::function<void()> Collective::beginSum(const at::Tensor& tensor)
{
    sum(tensor);
    return [] {};
}

bool Collective::any(bool here)
{
    if (alone())
        return here;
    const auto count = at::full({1}, here ? 1.0 : 0.0, at::kDouble);
    sum(count);
    return count.item<double>() > 0;
}

std::vector<std::string> Collective::gather(const std::vector<std::string>& here)
{
    std::string own;
    for (const auto& text : here)
        own += text + '\0';
    std::vector<std::string> gathered;
    for (const auto& bytes : gatherBytes(own)) {
        for (std::size_t begin = 0; begin < bytes.size(); begin += gathered.back().size() + 1)
            gathered.emplace_back(bytes.c_str() + begin);
    }
    return gathered;
}

std::vector<std::string> Collective::gatherBytes(const std::string& here)
{
    if (alone())
        return {here};
    const auto lengths = at::zeros({size()}, at::kLong);
    auto* const length = lengths.data_ptr<std::int64_t>();
    length[rank()] = static_cast<std::int64_t>(here.size());
    sum(lengths);
    const auto all = at::zeros({std::accumulate(length, length + size(), std::int64_t{0})}, at::kByte);
    const auto* const bytes = all.data_ptr<std::uint8_t>();
    std::copy(here.begin(), here.end(),
              all.data_ptr<std::uint8_t>() + std::accumulate(length, length + rank(), std::int64_t{0}));
    if (all.numel() > 0)
        sum(all); // each part is of one rank alone
    std::vector<std::string> gathered;
    for (std::int64_t other = 0, begin = 0; other < size(); begin += length[other++])
        gathered.emplace_back(bytes + begin, bytes + begin + length[other]);
    return gathered;
}

std::shared_ptr<Collective> aloneCollective()
{
    return std::make_shared<Alone>();
}

std::shared_ptr<Collective> joinCollective(const Meeting& meeting)
{
    if (meeting.size == 1)
        return aloneCollective();
#ifdef NANODIT_GLOO
    return std::make_shared<GlooCollective>(meeting);
#else
    throw Error("this program was built without Gloo, over which the processes of a training talk to each other: build "
                "it with the system's LibTorch and the headers of Gloo (Debian package libgloo-dev)");
#endif
}

} // namespace nanodit
