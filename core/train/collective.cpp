#include "core/train/collective.h"

#include "core/runtime/error.h"
#include "core/runtime/failure.h"

#include <ATen/ATen.h>

#ifdef NANODIT_GLOO
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#endif

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

class GlooCollective final : public Collective {
public:
    explicit GlooCollective(const Meeting& meeting)
        : rank_(meeting.rank)
        , size_(meeting.size)
    {
        try {
            c10d::TCPStoreOptions storeOptions;
            storeOptions.port = static_cast<std::uint16_t>(meeting.port);
            storeOptions.isServer = rank_ == 0;
            storeOptions.numWorkers = static_cast<std::size_t>(size_);
            storeOptions.timeout = std::chrono::minutes(2);
            const auto store = c10::make_intrusive<c10d::TCPStore>(meeting.host, storeOptions);
            auto options = c10d::ProcessGroupGloo::Options::create(meeting.patience);
            const bool here = meeting.host == "127.0.0.1" || meeting.host == "localhost";
            options->devices.push_back(here ? c10d::ProcessGroupGloo::createDeviceForHostname("127.0.0.1")
                                            : c10d::ProcessGroupGloo::createDefaultDevice());
            group_ = c10::make_intrusive<c10d::ProcessGroupGloo>(store, static_cast<int>(rank_),
                                                                 static_cast<int>(size_), std::move(options));
        } catch (const std::exception& error) {
            throw Error("the " + std::to_string(size_) + " processes of the training did not find each other at " +
                        meeting.host + ":" + std::to_string(meeting.port) + " (" + failureOf(error).detail + ")");
        }
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
        try {
            return [this, message = Message(begin())] { waitFor(message); };
        } catch (const std::exception& error) {
            fail(error);
        }
    }

    void waitFor(const Message& message)
    {
        try {
            message->wait();
        } catch (const std::exception& error) {
            fail(error);
        }
    }

    [[noreturn]] void fail(const std::exception& error)
    {
        throw Error("another process of the training has ended or does not answer (seen by rank " +
                    std::to_string(rank_) + " of " + std::to_string(size_) + ": " + failureOf(error).detail + ")");
    }

    std::int64_t rank_, size_;
    c10::intrusive_ptr<c10d::ProcessGroupGloo> group_;
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
