#include "core/runtime/compute.h"

#include "core/runtime/compute_devices.h"
#include "core/runtime/compute_info.h"
#include "core/runtime/error.h"
#include "core/runtime/machine.h"
#include "core/runtime/openblas_kernels.h"
#include "core/runtime/tf32.h"

#include <ATen/Parallel.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>

namespace nanodit {

namespace {

/// The value, without any effect on the process.
Compute resolved(const ComputeChoice& choice, const Arithmetic& run)
{
    checkSpelling(choice);
    Compute compute;
    compute.precision = choice.precision.value_or(run.precision);
    compute.threads = threadsOf(choice);
    if (choice.device.starts_with("privateuseone")) {
        if (!c10::impl::hasDeviceGuardImpl(at::DeviceType::PrivateUse1))
            throw UsageError("the device \"" + choice.device +
                                 "\" was requested, but no extension of LibTorch that provides one is loaded",
                             remedy::ChooseDevice{});
        compute.device = at::Device(choice.device);
        if (!compute.device.has_index())
            compute.device.set_index(0);
    } else if (choice.device != "cpu") {
        compute.device = at::Device(chosenDevice(choice.device, gpuFindings()));
    }
    return compute;
}

/// "CPU, 2 threads" or "cuda:0 (NVIDIA H100)"
std::string placeText(const Compute& compute)
{
    const auto device = compute.device;
    if (device.is_cpu())
        return "CPU, " + std::to_string(compute.threads) + (compute.threads == 1 ? " thread" : " threads");
    const auto& gpus = gpuFindings().byDriver;
    const auto index = static_cast<std::size_t>(device.index());
    return device.is_cuda() && index < gpus.size() ? device.str() + " (" + gpus[index].title + ")" : device.str();
}

} // namespace

std::string Compute::text() const
{
    return placeText(*this) + ", " + nameOf(precision);
}

Compute makeCompute(const ComputeChoice& choice, const Arithmetic& run)
{
    const auto compute = resolved(choice, run);
    useFastOpenBlasKernels();
    at::set_num_threads(compute.threads);
    wishTf32(compute.device, run.tf32);
    return compute;
}

ChosenCompute chosenCompute(const ComputeChoice& choice)
{
    ChosenCompute chosen;
    const auto& found = gpuFindings();
    try {
        const auto compute = resolved(choice, {});
        chosen.text = choice.precision ? compute.text() : placeText(compute);
        if (choice.device == "auto")
            chosen.unused = whyNoGpu(found);
        else if (compute.device.is_cpu() && chosenDevice("auto", found) != "cpu")
            chosen.unused = found.byDriver[0].title + " is not used: the CPU was chosen";
    } catch (const UsageError& error) {
        chosen.text = choice.device;
        chosen.problem = error.what();
    }
    return chosen;
}

std::int64_t memoryBytes(at::Device device)
{
    if (device.is_cpu())
        return usableMemory();
    const auto& gpus = gpuFindings().byDriver;
    const auto index = static_cast<std::size_t>(device.index());
    return device.is_cuda() && index < gpus.size() ? gpus[index].memoryBytes : 0;
}

} // namespace nanodit
