#include "core/encoders/attention.h"

#include "core/kernels/attention.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <cstdint>
#include <vector>

namespace nanodit {

at::Tensor attend(const at::Tensor& wideQ, const at::Tensor& wideK, const at::Tensor& wideV, double scale,
                  const at::Tensor& bias, const StopCheck& stop, at::ScalarType products)
{
    const auto factor = [products](const at::Tensor& x) { return products == at::kFloat ? x : x.to(products); };
    const auto q = factor(wideQ), k = factor(wideK), v = factor(wideV);
    const AttentionTerms terms{.scale = scale, .bias = bias, .prior = {}};
    if (bias.defined() && bias.requires_grad() && at::GradMode::is_enabled())
        return plainAttention(wideQ, wideK, wideV, terms); // which alone gives the bias its gradient
    const auto heads = q.size(1);
    const double operationsOfHead = 1 + 2.0 * static_cast<double>(q.size(0) * q.size(2) * k.size(2) * q.size(3));
    const auto headsAtOnce =
        std::clamp<std::int64_t>(static_cast<std::int64_t>(operationsAtOnce / operationsOfHead), 1, heads);
    std::vector<at::Tensor> outputs;
    for (std::int64_t head = 0; head < heads; head += headsAtOnce) {
        leaveIfStopped(stop);
        const auto some = [&](const at::Tensor& x) { return x.narrow(1, head, std::min(headsAtOnce, heads - head)); };
        auto part = terms;
        if (bias.defined() && bias.dim() == 4 && bias.size(1) == heads)
            part.bias = some(bias);
        outputs.push_back(attention(some(q), some(k), some(v), part));
    }
    return (outputs.size() == 1 ? outputs.front() : at::cat(outputs, 1)).to(wideQ.scalar_type());
}

} // namespace nanodit
