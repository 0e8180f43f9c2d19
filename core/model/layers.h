#pragma once

#include "core/model/parameter.h"

#include <ATen/core/Generator.h>

#include <optional>
#include <string>
#include <vector>

namespace nanodit {

/// y = x W^T + b. x [..., in] -> [..., out]
struct Linear {
    at::Tensor weight; ///< [out, in]
    at::Tensor bias;   ///< [out]
    at::Tensor operator()(const at::Tensor& x) const;
};

inline constexpr double normEps = 1e-6; ///< Of every norm here.

/// Queries or keys [B, heads, n, d] by normedHeads(), in their type. Does nothing when it has no weight.
struct RmsNorm {
    at::Tensor weight; ///< [d], or undefined
    at::Tensor operator()(const at::Tensor& x) const;
};

/// Makes a model's parameters: names them, gives them their initial values by a seed and keeps the list.
class ParameterMaker {
public:
    /// Without a seed, what would be drawn is left unset.
    ParameterMaker(std::optional<std::uint64_t> seed, at::Device device);

    at::Tensor value(const std::string& name, const at::Tensor& initial);
    at::Tensor zeros(const std::string& name, at::IntArrayRef shape);
    at::Tensor ones(const std::string& name, at::IntArrayRef shape);
    at::Tensor normal(const std::string& name, at::IntArrayRef shape, double deviation);
    /// Uniform in +- sqrt(6 / (fan in + fan out)) (Glorot & Bengio 2010), taking the shape as [out, everything else].
    at::Tensor xavierUniform(const std::string& name, at::IntArrayRef shape);
    /// Xavier weight, zero bias.
    Linear linear(const std::string& name, std::int64_t in, std::int64_t out);
    Linear zeroLinear(const std::string& name, std::int64_t in, std::int64_t out);

    /// All that were made, in that order.
    const Parameters& made() const { return made_; }

private:
    at::Generator generator_; ///< Undefined without a seed.
    at::Device device_;
    Parameters made_;
};

} // namespace nanodit
