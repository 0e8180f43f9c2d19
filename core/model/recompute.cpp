#include "core/model/recompute.h"

#include "core/model/autocast.h"

#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/functions/utils.h>
#include <torch/csrc/autograd/saved_variable.h>

namespace nanodit {

namespace {

using torch::autograd::SavedVariable;
using torch::autograd::variable_list;

class RecomputeBackward : public torch::autograd::Node {
public:
    RecomputeBackward(TensorFunction body, const variable_list& inputs)
        : body_(std::move(body))
        , autocast_(autocastType())
    {
        for (const auto& input : inputs)
            inputs_.emplace_back(input, false);
    }

    variable_list apply(variable_list&& gradients) override
    {
        variable_list inputs;
        for (const auto& saved : inputs_) {
            const auto input = saved.unpack();
            inputs.push_back(input.detach().set_requires_grad(input.requires_grad()));
        }
        at::Tensor output;
        {
            const at::AutoGradMode withGradient(true);
            const AutocastScope autocast(autocast_);
            output = body_(inputs);
        }
        torch::autograd::backward({output}, {gradients[0].to(output.scalar_type())});
        variable_list result;
        for (const auto& input : inputs)
            result.push_back(input.requires_grad() ? input.grad() : at::Tensor());
        return result;
    }

    void release_variables() override
    {
        for (auto& saved : inputs_)
            saved.reset_data();
    }

private:
    TensorFunction body_;
    std::optional<at::ScalarType> autocast_;
    std::vector<SavedVariable> inputs_;
};

} // namespace

at::Tensor recomputed(const TensorFunction& body, const std::vector<at::Tensor>& inputs)
{
    if (!at::GradMode::is_enabled())
        return body(inputs);
    const auto node = std::make_shared<RecomputeBackward>(body, inputs);
    node->set_next_edges(torch::autograd::collect_next_edges(inputs));
    at::Tensor output;
    {
        const at::NoGradGuard noGradient;
        output = body(inputs);
    }
    output = output.detach();
    torch::autograd::set_history(output, node);
    return output;
}

} // namespace nanodit
