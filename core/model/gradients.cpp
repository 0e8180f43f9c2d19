#include "core/model/gradients.h"

namespace nanodit {

void clearGradients(const Parameters& parameters)
{
    for (const auto& parameter : parameters) {
        auto value = parameter.value;
        value.mutable_grad() = at::Tensor();
    }
}

void completeGradients(const Parameters& parameters)
{
    const at::NoGradGuard noGradient;
    for (const auto& parameter : parameters) {
        auto value = parameter.value;
        if (!value.grad().defined())
            value.mutable_grad() = at::zeros_like(value);
    }
}

} // namespace nanodit
