#include "core/train/collective.h"

#include "core/runtime/error.h"
#ifdef NANODIT_GLOO
#include "core/train/gloo_collective.h"
#endif
#ifdef NANODIT_NCCL
#include "core/train/nccl_collective.h"
#endif

#include <ATen/ATen.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>

namespace nanodit {

namespace {

class Alone final : public Collective {
public:
    std::int64_t rank() const override { return 0; }
    std::int64_t size() const override { return 1; }
    void sum(const at::Tensor&) override {}
    void shareFromFirst(const at::Tensor&) override {}
};

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

std::shared_ptr<Collective> joinCollective(const Meeting& meeting, [[maybe_unused]] at::Device device)
{
    if (meeting.size == 1)
        return aloneCollective();
#ifdef NANODIT_NCCL
    if (device.is_cuda())
        return joinOverNccl(meeting, device);
#endif
#ifdef NANODIT_GLOO
    return joinOverGloo(meeting);
#else
    throw Error("this program was built without Gloo, over which the processes of a training communicate: build "
                "it with the system's LibTorch and the headers of Gloo (Debian package libgloo-dev)");
#endif
}

} // namespace nanodit
