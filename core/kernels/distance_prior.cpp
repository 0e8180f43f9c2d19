#include "core/kernels/distance_prior.h"

namespace nanodit {

DistancePrior DistancePrior::of(std::int64_t sample) const
{
    if (!defined())
        return {};
    return {.strengths = strengths.detach().narrow(0, sample, 1), .queryAt = queryAt, .patchAt = patchAt};
}

at::Tensor squaredDistances(const at::Tensor& queryAt, const at::Tensor& patchAt)
{
    return (queryAt.unsqueeze(1) - patchAt.unsqueeze(0)).square().sum(-1);
}

void addPrior(const at::Tensor& logits, const at::Tensor& strengths, const at::Tensor& queryAt,
              const at::Tensor& patchAt)
{
    const auto patches = patchAt.size(0);
    logits.narrow(2, logits.size(2) - patches, patches)
        .addcmul_(strengths.view({-1, 1, 1}), squaredDistances(queryAt, patchAt), -1);
}

} // namespace nanodit
