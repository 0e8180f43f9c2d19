#include "core/model/attention.h"

#include "core/kernels/attention.h"

#include <cmath>

namespace nanodit {

at::Tensor attend(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const at::Tensor& logitBias,
                  const DistancePrior& prior)
{
    return attention(q, k, v,
                     {.scale = 1 / std::sqrt(static_cast<double>(q.size(-1))),
                      .bias = logitBias.defined() ? logitBias.unsqueeze(1).unsqueeze(1) : logitBias,
                      .prior = prior});
}

} // namespace nanodit
