#include "core/encoders/attention.h"

#include <algorithm>
#include <vector>

namespace nanodit {

namespace {

constexpr std::int64_t largestLogitBlock = 8'000'000; // elements

} // namespace

at::Tensor attend(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, double scale, const at::Tensor& bias,
                  const StopCheck& stop)
{
    const auto queries = q.size(2);
    const auto logitsPerQuery = std::max<std::int64_t>(1, q.size(0) * q.size(1) * k.size(2));
    const auto block =
        std::clamp<std::int64_t>(largestLogitBlock / logitsPerQuery, 16, std::max<std::int64_t>(queries, 16));
    const auto scaledQ = scale == 1.0 ? q : q * scale;
    const auto keysTransposed = k.transpose(-1, -2);

    std::vector<at::Tensor> outputs;
    for (std::int64_t first = 0; first < queries; first += block) {
        leaveIfStopped(stop);
        const auto count = std::min(block, queries - first);
        auto logits = at::matmul(scaledQ.narrow(2, first, count), keysTransposed);
        if (bias.defined())
            logits = logits + (bias.size(-2) == 1 ? bias : bias.narrow(-2, first, count));
        outputs.push_back(at::matmul(at::softmax(logits, -1), v));
    }
    return outputs.size() == 1 ? outputs.front() : at::cat(outputs, 2);
}

at::Tensor splitHeads(const at::Tensor& x, std::int64_t heads)
{
    return x.view({x.size(0), x.size(1), heads, x.size(2) / heads}).transpose(1, 2);
}

at::Tensor mergeHeads(const at::Tensor& x)
{
    return x.transpose(1, 2).reshape({x.size(0), x.size(2), x.size(1) * x.size(3)});
}

} // namespace nanodit
