#include "core/encoders/activation.h"

#include "core/runtime/error.h"

#include <cmath>
#include <map>

namespace nanodit {

namespace {

at::Tensor geluErf(const at::Tensor& x)
{
    return at::gelu(x);
}

at::Tensor geluTanh(const at::Tensor& x)
{
    return at::gelu(x, "tanh");
}

const std::map<std::string, Activation>& activations()
{
    static const std::map<std::string, Activation> byName = {
        {"gelu", geluErf},
        {"gelu_python", geluErf},
        {"gelu_new", geluTanh},
        {"gelu_fast", geluTanh},
        {"gelu_accurate", geluTanh},
        {"gelu_pytorch_tanh", geluTanh},
        {"gelu_python_tanh", geluTanh},
        {"gelu_10", [](const at::Tensor& x) { return at::gelu(x).clamp(-10, 10); }},
        {"quick_gelu", [](const at::Tensor& x) { return x * at::sigmoid(1.702 * x); }},
        {"silu", [](const at::Tensor& x) { return at::silu(x); }},
        {"swish", [](const at::Tensor& x) { return at::silu(x); }},
        {"relu", [](const at::Tensor& x) { return at::relu(x); }},
        {"relu2", [](const at::Tensor& x) { return at::relu(x).square(); }},
        {"relu6", [](const at::Tensor& x) { return at::clamp(x, 0, 6); }},
        {"leaky_relu", [](const at::Tensor& x) { return at::leaky_relu(x); }},
        {"mish", [](const at::Tensor& x) { return at::mish(x); }},
        {"sigmoid", [](const at::Tensor& x) { return at::sigmoid(x); }},
        {"tanh", [](const at::Tensor& x) { return at::tanh(x); }},
        {"linear", [](const at::Tensor& x) { return x; }},
        // Of Mega (Ma et al. 2022): 0.5 (1 + erf((x - sqrt(1/2)) / (sigma sqrt 2))) with sigma = sqrt(1 / (4 pi)).
        {"laplace",
         [](const at::Tensor& x) { return 0.5 * (1 + at::erf((x - 0.707107) / (0.282095 * std::sqrt(2.0)))); }},
    };
    return byName;
}

} // namespace

Activation activationByName(const std::string& name, const std::string& source)
{
    const auto found = activations().find(name);
    if (found != activations().end())
        return found->second;
    std::string known;
    for (const auto& [other, unused] : activations())
        known += (known.empty() ? "" : ", ") + other;
    throw DataError(source + " asks for the activation \"" + name + "\", which is not one of " + known);
}

} // namespace nanodit
