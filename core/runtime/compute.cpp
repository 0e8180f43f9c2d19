#include "core/runtime/compute.h"

#include "core/runtime/compute_devices.h"
#include "core/runtime/error.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>

#include <unistd.h>

namespace nanodit {

std::string Compute::text() const
{
    const auto arithmetic = ", " + nameOf(precision);
    if (device.is_cpu())
        return "CPU, " + std::to_string(threads) + (threads == 1 ? " thread" : " threads") + arithmetic;
    if (device.is_cuda()) {
        const auto& gpus = gpuFindings().byDriver;
        const auto index = static_cast<std::size_t>(device.index());
        if (index < gpus.size())
            return device.str() + " (" + gpus[index].title + ")" + arithmetic;
    }
    return device.str() + arithmetic;
}

Compute makeCompute(const ComputeChoice& choice, const Arithmetic& run)
{
    checkSpelling(choice);
    Compute compute;
    compute.precision = choice.precision.value_or(run.precision);
    compute.threads =
        choice.threads > 0 ? choice.threads : static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
    if (choice.device.starts_with("privateuseone")) {
        if (!c10::impl::hasDeviceGuardImpl(at::DeviceType::PrivateUse1))
            throw UsageError("the device \"" + choice.device +
                                 "\" was asked for, but no extension of LibTorch that brings one is loaded",
                             remedy::ChooseDevice{});
        compute.device = at::Device(choice.device);
        if (!compute.device.has_index())
            compute.device.set_index(0);
    } else if (choice.device != "cpu") {
        compute.device = at::Device(chosenDevice(choice.device, gpuFindings()));
    }
    at::set_num_threads(compute.threads);
    if (compute.device.is_cuda()) {
        at::globalContext().setAllowTF32CuBLAS(run.tf32);
        at::globalContext().setAllowTF32CuDNN(run.tf32);
    }
    return compute;
}

std::int64_t memoryBytes(at::Device device)
{
    if (device.is_cpu())
        return static_cast<std::int64_t>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGESIZE);
    const auto& gpus = gpuFindings().byDriver;
    const auto index = static_cast<std::size_t>(device.index());
    return device.is_cuda() && index < gpus.size() ? gpus[index].memoryBytes : 0;
}

} // namespace nanodit
