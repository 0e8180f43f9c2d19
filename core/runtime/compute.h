#pragma once

#include "core/runtime/compute_choice.h"

#include <c10/core/Device.h>

#include <cstdint>
#include <string>

namespace nanodit {

/// An existing device, the precision of matrix products on it, and the CPU's threads. Made once for a job or session
/// and passed down; owners of tensors move them to `device`.
struct Compute {
    at::Device device = at::kCPU;
    Precision precision = Precision::Float32;
    int threads = 0; ///< Of the CPU.

    /// "CPU, 2 threads, float32" or "cuda:0 (NVIDIA H100), bf16"
    std::string text() const;
};

/// The only maker: checks that the device is there, and sets this thread's number of compute threads and, for the
/// process, whether float32 products on a GPU may use TensorFloat-32. The choice's precision overrides `run`'s. Throws
/// UsageError that says in one sentence what is wrong.
Compute makeCompute(const ComputeChoice& choice, const Arithmetic& run = {});

/// All the memory that a device has: the machine's for the CPU; 0 where it is not known.
std::int64_t memoryBytes(at::Device device);

} // namespace nanodit
