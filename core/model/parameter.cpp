#include "core/model/parameter.h"

#include "core/runtime/error.h"

#include <algorithm>

namespace nanodit {

std::int64_t elementCount(const Parameters& parameters)
{
    std::int64_t count = 0;
    for (const auto& parameter : parameters)
        count += parameter.value.numel();
    return count;
}

std::string firstNotFinite(const Parameters& parameters)
{
    if (parameters.empty())
        return {};
    const at::NoGradGuard noGradient;
    std::vector<at::Tensor> sound;
    for (const auto& parameter : parameters)
        sound.push_back(at::isfinite(parameter.value).all());
    const auto here = at::stack(sound).to(at::kCPU);
    const auto* const first = here.data_ptr<bool>();
    const auto* const found = std::find(first, first + here.numel(), false);
    return found == first + here.numel() ? std::string() : parameters[static_cast<std::size_t>(found - first)].name;
}

TensorMap stateOf(const Parameters& parameters)
{
    TensorMap state;
    for (const auto& [name, value] : parameters)
        state.emplace(name, value.detach());
    return state;
}

void loadState(const Parameters& parameters, const TensorMap& state, const std::string& source)
{
    for (const auto& [name, value] : parameters) {
        const auto found = state.find(name);
        if (found == state.end())
            throw DataError(source + " lacks the tensor " + name + " " + shapeText(value.sizes()) +
                            ": it was made for another model; name one whose configuration matches");
        if (found->second.sizes() != value.sizes())
            throw DataError(source + " holds " + name + " as " + shapeText(found->second.sizes()) +
                            ", but the model has " + shapeText(value.sizes()) +
                            ": name a file whose configuration matches");
    }
    if (state.size() != parameters.size()) {
        auto unknown = state;
        for (const auto& parameter : parameters)
            unknown.erase(parameter.name);
        throw DataError(source + " holds the tensor " + unknown.begin()->first +
                        ", which the model does not have: name a file whose configuration matches");
    }
    const at::NoGradGuard noGradient;
    for (const auto& [name, value] : parameters) {
        auto target = value;
        target.copy_(state.at(name));
    }
}

void zeroGradients(const Parameters& parameters)
{
    const at::NoGradGuard noGradient;
    for (const auto& parameter : parameters) {
        auto value = parameter.value;
        auto& gradient = value.mutable_grad();
        if (gradient.defined())
            gradient.zero_();
        else
            gradient = at::zeros_like(value);
    }
}

} // namespace nanodit
