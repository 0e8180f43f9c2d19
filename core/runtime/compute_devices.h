#pragma once

/// What this process can compute on. Free of torch types.

#include "core/runtime/compute_choice.h"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace nanodit {

/// A device that ComputeChoice::device can name.
struct ComputeDevice {
    std::string name;             ///< "cpu", "cuda:0"
    std::string title;            ///< "NVIDIA H100 80GB HBM3", or the processor's model.
    std::int64_t memoryBytes = 0; ///< All that it has; 0: not known.
    std::string capability;       ///< A GPU's compute capability, "9.0".
};

/// What LibTorch and the driver say of GPUs.
struct GpuFindings {
    bool inLibTorch = false;             ///< LibTorch was built with CUDA.
    int torchCuda = 0;                   ///< The CUDA version that it was built with: 13000 is 13.0.
    bool driver = false;                 ///< The driver's library, libcuda.so.1, could be loaded.
    int driverCuda = 0;                  ///< The newest CUDA version that the driver knows.
    std::vector<ComputeDevice> byDriver; ///< What the driver lists.
    std::int64_t usable = 0;             ///< How many of them LibTorch finds.
    /// Why the one of a number below `usable` cannot compute, though it was found; or "". It is tried when it is first
    /// asked about, as computing takes some of its memory: a rank need not take that of the others' GPUs. Any thread.
    std::function<std::string(std::int64_t)> unfit = [](std::int64_t) { return std::string(); };
    /// Bytes that new tensors may take of the one of a number, which `unfit` has tried; 0: not known. Any thread.
    std::function<std::int64_t(std::int64_t)> freeMemory = [](std::int64_t) { return std::int64_t{0}; };
};
/// 12020 -> "12.2"
std::string cudaVersionText(int cuda);
/// Asked of LibTorch and the driver once a process, which starts CUDA where it is: some tenths of a second. Any thread.
const GpuFindings& gpuFindings();

/// What can be chosen here, the CPU first.
std::vector<ComputeDevice> computeDevices();

/// The device that "auto" (the first GPU that can compute, or else the CPU), "cpu", "cuda" or "cuda:N" stands for:
/// "cpu" or "cuda:N". Throws UsageError that says in one sentence why a GPU that was asked for cannot be used.
std::string chosenDevice(const std::string& wanted, const GpuFindings& found);

/// Bytes that work begun now on the device of a choice may take: for the CPU what is free of the machine, or of its
/// control group where that is less; for a GPU what the driver, libraries, other programs and the tensors that are
/// there leave of it, or all that it has where that is not known. 0: not known. Throws as chosenDevice() does.
std::int64_t availableMemory(const ComputeChoice& choice);
std::int64_t availableMemory(const ComputeChoice& choice, const GpuFindings& found);

/// Why "auto" takes the CPU although the driver lists a GPU; "" where it takes a GPU, or none is there.
std::string whyNoGpu(const GpuFindings& found);

} // namespace nanodit
