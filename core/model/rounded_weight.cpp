#include "core/model/rounded_weight.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include <mutex>
#include <unordered_map>

namespace nanodit {

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::tensor_list;

/// A copy of a weight, whose gradients are the weight's.
class Rounded : public torch::autograd::Function<Rounded> {
public:
    static at::Tensor forward(AutogradContext*, const at::Tensor& /*weight*/, const at::Tensor& copy)
    {
        return copy.detach();
    }

    static tensor_list backward(AutogradContext*, tensor_list gradients)
    {
        return {gradients[0].to(at::kFloat), at::Tensor()};
    }
};

using WeakTensor = c10::weak_intrusive_ptr<c10::TensorImpl, c10::UndefinedTensorImpl>;

struct Copy {
    WeakTensor
        weight; ///< Does not keep the weight, but its address, which belongs to no other as long as this is here.
    at::Tensor rounded;
    std::uint32_t version = 0; ///< Of the weight that it was made of.
};

struct Copies {
    std::mutex mutex;
    std::unordered_map<const c10::TensorImpl*, Copy> byWeight;
};

Copies& copies()
{
    static auto& all = *new Copies; // never destroyed: at exit the devices that its tensors lie on may be gone
    return all;
}

at::Tensor copyOf(const at::Tensor& weight, at::ScalarType type)
{
    const at::NoGradGuard noGradient;
    const std::lock_guard lock(copies().mutex);
    auto& byWeight = copies().byWeight;
    auto found = byWeight.find(weight.unsafeGetTensorImpl());
    if (found == byWeight.end())
        found = byWeight
                    .emplace(weight.unsafeGetTensorImpl(),
                             Copy{.weight = WeakTensor(weight.getIntrusivePtr()), .rounded = {}})
                    .first;
    auto& copy = found->second;
    const auto version = static_cast<std::uint32_t>(weight._version());
    const bool fits = copy.rounded.defined() && copy.rounded.scalar_type() == type;
    if (!fits)
        copy.rounded = at::empty_like(weight, weight.options().dtype(type).requires_grad(false));
    if (!fits || copy.version != version)
        copy.rounded.copy_(weight);
    copy.version = version;
    return copy.rounded;
}

} // namespace

at::Tensor roundedWeight(const at::Tensor& weight, at::ScalarType type)
{
    const auto copy = copyOf(weight, type);
    return at::GradMode::is_enabled() && weight.requires_grad() ? Rounded::apply(weight, copy) : copy;
}

void forgetLostWeights()
{
    const std::lock_guard lock(copies().mutex);
    std::erase_if(copies().byWeight, [](const auto& entry) { return entry.second.weight.expired(); });
}

void markAsWritten(const at::Tensor& tensor)
{
    tensor.unsafeGetTensorImpl()->bump_version();
}

} // namespace nanodit
