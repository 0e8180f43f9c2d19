#include "core/model/autocast.h"

#include "core/model/rounded_weight.h"

#include <ATen/autocast_mode.h>
#include <torch/version.h>

namespace nanodit {

namespace {

#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 4)
bool enabled()
{
    return at::autocast::is_autocast_enabled(at::kCPU);
}
at::ScalarType reducedType()
{
    return at::autocast::get_autocast_dtype(at::kCPU);
}
void enable(at::ScalarType type)
{
    for (const auto device : {at::kCPU, at::kCUDA}) {
        at::autocast::set_autocast_enabled(device, true);
        at::autocast::set_autocast_dtype(device, type);
    }
}
void disable()
{
    for (const auto device : {at::kCPU, at::kCUDA})
        at::autocast::set_autocast_enabled(device, false);
}
#else
bool enabled()
{
    return at::autocast::is_cpu_enabled();
}
at::ScalarType reducedType()
{
    return at::autocast::get_autocast_cpu_dtype();
}
void enable(at::ScalarType type)
{
    at::autocast::set_cpu_enabled(true);
    at::autocast::set_autocast_cpu_dtype(type);
    at::autocast::set_enabled(true);
    at::autocast::set_autocast_gpu_dtype(type);
}
void disable()
{
    at::autocast::set_cpu_enabled(false);
    at::autocast::set_enabled(false);
}
#endif

void apply(std::optional<at::ScalarType> type)
{
    if (type)
        enable(*type);
    else
        disable();
}

} // namespace

std::optional<at::ScalarType> autocastType()
{
    return enabled() ? std::optional(reducedType()) : std::nullopt;
}

std::optional<at::ScalarType> autocastType(at::Device device)
{
    return device.is_cpu() || device.is_cuda() ? autocastType() : std::nullopt;
}

AutocastScope::AutocastScope(std::optional<at::ScalarType> type)
    : before_(autocastType())
{
    at::autocast::increment_nesting();
    apply(type);
}

AutocastScope::AutocastScope(Precision precision)
    : AutocastScope(precision == Precision::Bf16 ? std::optional(at::kBFloat16) : std::nullopt)
{
}

AutocastScope::~AutocastScope()
{
    if (at::autocast::decrement_nesting() == 0) {
        at::autocast::clear_cache();
        forgetLostWeights();
    }
    apply(before_);
}

} // namespace nanodit
