#include "core/model/recompute.h"

#include "core/kernels/fixed_order.h"
#include "core/model/autocast.h"

#include <torch/csrc/autograd/custom_function.h>
#include <torch/custom_class.h>

#include <utility>

namespace nanodit {

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::tensor_list;

/// What the backward pass runs again, in a form that autograd can keep.
struct Body : torch::CustomClassHolder {
    explicit Body(TensorFunction function)
        : run(std::move(function))
        , autocast(autocastType())
        , fixedOrder(addsInFixedOrder())
    {
    }
    TensorFunction run;
    std::optional<at::ScalarType> autocast;
    bool fixedOrder;
};

class Recompute : public torch::autograd::Function<Recompute> {
public:
    static at::Tensor forward(AutogradContext* context, at::TensorList inputs, const c10::intrusive_ptr<Body>& body)
    {
        context->save_for_backward(inputs.vec());
        context->saved_data["body"] = at::IValue::make_capsule(body);
        return body->run(inputs.vec());
    }

    static tensor_list backward(AutogradContext* context, tensor_list gradients)
    {
        const auto capsule = context->saved_data["body"].toCapsule();
        const auto& body = static_cast<const Body&>(*capsule);
        tensor_list inputs;
        for (const auto& saved : context->get_saved_variables())
            inputs.push_back(saved.detach().set_requires_grad(saved.requires_grad()));
        at::Tensor output;
        {
            const at::AutoGradMode withGradient(true);
            const AutocastScope autocast(body.autocast);
            const FixedOrderScope fixedOrder(body.fixedOrder);
            output = body.run(inputs);
        }
        torch::autograd::backward({output}, {gradients[0]}); // Parameters get theirs here.
        tensor_list result;
        for (const auto& input : inputs)
            result.push_back(input.requires_grad() ? input.grad() : at::Tensor());
        result.emplace_back(); // The body has none.
        return result;
    }
};

} // namespace

at::Tensor recomputed(const TensorFunction& body, const std::vector<at::Tensor>& inputs)
{
    if (!at::GradMode::is_enabled())
        return body(inputs);
    return Recompute::apply(at::TensorList(inputs), c10::make_intrusive<Body>(body));
}

} // namespace nanodit
