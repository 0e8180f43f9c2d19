#include "core/train/nccl_collective.h"

#include "core/train/group_collective.h"

#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>

#include <cstdlib>

namespace nanodit {

namespace {

class NcclGroup final : public c10d::ProcessGroupNCCL {
public:
    using ProcessGroupNCCL::ProcessGroupNCCL;
    void closeConnections() {} // the others are told by the pulse
};

class NcclCollective final : public GroupCollective<NcclGroup> {
public:
    NcclCollective(const Meeting& meeting, at::Device device)
        : GroupCollective(meeting, [&meeting](const auto& store) { return makeGroup(meeting, store); })
        , device_(device)
    {
    }

    at::Device home() const override { return device_; }

    std::function<void()> beginSum(const at::Tensor& tensor) override
    {
        const auto there = tensor.to(device_);
        auto wait = GroupCollective::beginSum(there);
        if (there.is_same(tensor))
            return wait;
        return [wait = std::move(wait), there, tensor] {
            wait();
            tensor.copy_(there);
        };
    }

    void shareFromFirst(const at::Tensor& tensor) override
    {
        const auto there = tensor.to(device_);
        GroupCollective::shareFromFirst(there);
        if (!there.is_same(tensor))
            tensor.copy_(there);
    }

private:
    static c10::intrusive_ptr<NcclGroup> makeGroup(const Meeting& meeting,
                                                   const c10::intrusive_ptr<c10d::TCPStore>& store)
    {
        // LibTorch would end the process when a message fails, before it has written a last checkpoint.
        ::setenv("TORCH_NCCL_ASYNC_ERROR_HANDLING", "0", 0);
        ::setenv("TORCH_NCCL_ENABLE_MONITORING", "0", 0);
        auto options = c10d::ProcessGroupNCCL::Options::create();
        options->timeout = groupTimeout(meeting);
        return c10::make_intrusive<NcclGroup>(store, static_cast<int>(meeting.rank), static_cast<int>(meeting.size),
                                              std::move(options));
    }

    at::Device device_;
};

} // namespace

std::shared_ptr<Collective> joinOverNccl(const Meeting& meeting, at::Device device)
{
    return std::make_shared<NcclCollective>(meeting, device);
}

} // namespace nanodit
