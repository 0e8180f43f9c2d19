#include "core/model/layers.h"

#include "core/kernels/heads.h"
#include "core/model/autocast.h"
#include "core/model/rounded_weight.h"
#include "core/runtime/generator.h"

#include <cmath>

namespace nanodit {

at::Tensor Linear::operator()(const at::Tensor& x) const
{
    if (const auto type = autocastType(x.device()))
        return at::linear(x, roundedWeight(weight, *type), roundedWeight(bias, *type));
    return at::linear(x, weight, bias);
}

at::Tensor RmsNorm::operator()(const at::Tensor& x) const
{
    return weight.defined() ? normedHeads(x, weight, normEps) : x;
}

ParameterMaker::ParameterMaker(std::optional<std::uint64_t> seed, at::Device device)
    : generator_(seed ? seededGenerator(*seed) : at::Generator())
    , device_(device)
{
}

at::Tensor ParameterMaker::value(const std::string& name, const at::Tensor& initial)
{
    made_.push_back({name, initial.to(device_).set_requires_grad(true)});
    return made_.back().value;
}

at::Tensor ParameterMaker::zeros(const std::string& name, at::IntArrayRef shape)
{
    return value(name, at::zeros(shape));
}

at::Tensor ParameterMaker::ones(const std::string& name, at::IntArrayRef shape)
{
    return value(name, at::ones(shape));
}

at::Tensor ParameterMaker::normal(const std::string& name, at::IntArrayRef shape, double deviation)
{
    return value(name, generator_.defined() ? at::randn(shape, generator_) * deviation : at::empty(shape));
}

at::Tensor ParameterMaker::xavierUniform(const std::string& name, at::IntArrayRef shape)
{
    if (!generator_.defined())
        return value(name, at::empty(shape));
    std::int64_t fanIn = 1;
    for (const auto size : shape.slice(1))
        fanIn *= size;
    const double bound = std::sqrt(6.0 / static_cast<double>(fanIn + shape[0]));
    return value(name, (at::rand(shape, generator_) * 2 - 1) * bound);
}

Linear ParameterMaker::linear(const std::string& name, std::int64_t in, std::int64_t out)
{
    return {.weight = xavierUniform(name + ".weight", {out, in}), .bias = zeros(name + ".bias", {out})};
}

Linear ParameterMaker::zeroLinear(const std::string& name, std::int64_t in, std::int64_t out)
{
    return {.weight = zeros(name + ".weight", {out, in}), .bias = zeros(name + ".bias", {out})};
}

} // namespace nanodit
