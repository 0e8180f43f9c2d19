#pragma once

#include "tests/support/tensor_difference.h"
#include "tests/support/tiny_model.h"

#include <cstddef>
#include <string>
#include <vector>

namespace nanodit::test {

/// One tiny model of each kind: plain, CLS alone, with all options, with patches that have a place.
inline std::vector<ModelConfig> everyConfig()
{
    auto plain = tinyModelConfig();
    auto clsOnly = plain;
    clsOnly.useDinoPatches = false;
    auto all = plain;
    all.patchPosition = PatchPosition::Sincos;
    all.gate = Gate::AdalnZero;
    all.qkNorm = true;
    auto placed = plain;
    placed.patchPosition = PatchPosition::Rope;
    placed.patchPrior = PatchPrior::Learned;
    return {plain, clsOnly, all, placed};
}

/// Of the mean square of a velocity, by parameter.
inline std::vector<at::Tensor> gradientsOf(const NanoDiT& model, const at::Tensor& velocity)
{
    zeroGradients(model.parameters());
    velocity.square().mean().backward();
    std::vector<at::Tensor> gradients;
    for (const auto& parameter : model.parameters())
        gradients.push_back(parameter.value.grad().clone());
    return gradients;
}

/// Of two lists of gradients, by parameter: empty when they agree; otherwise the name of the first that does not.
inline std::string firstDifferent(const NanoDiT& model, const std::vector<at::Tensor>& a,
                                  const std::vector<at::Tensor>& b)
{
    for (std::size_t i = 0; i < a.size(); ++i) {
        const auto scale = b[i].square().mean().sqrt().item<double>();
        if (difference(a[i], b[i]) > 2e-4 * scale + 1e-8)
            return model.parameters()[i].name;
    }
    return {};
}

} // namespace nanodit::test
