#pragma once

#include "core/runtime/compute_choice.h"

#include <ATen/core/Tensor.h>

#include <optional>

namespace nanodit {

/// The reduced type that matrix products compute in on this thread, or empty for float32.
std::optional<at::ScalarType> autocastType();
/// The same for products on a device: elsewhere than on the CPU and CUDA they compute in float32.
std::optional<at::ScalarType> autocastType(at::Device device);

/// While it lives, matrix products of this thread (CPU and CUDA) compute in `type`; weights stay as they are stored.
/// Whatever evaluates the model (training, previews, sampling, attention) holds one for its run's precision; encoders
/// round by themselves (EncoderOptions::products) and are called outside. Nests; copies of weights in that type live as
/// long as the weights (core/model/rounded_weight.h), and are looked through at the end of the outermost scope.
class AutocastScope {
public:
    explicit AutocastScope(std::optional<at::ScalarType> type);
    explicit AutocastScope(Precision precision);
    ~AutocastScope();
    AutocastScope(const AutocastScope&) = delete;
    AutocastScope& operator=(const AutocastScope&) = delete;

private:
    std::optional<at::ScalarType> before_;
};

} // namespace nanodit
