#pragma once

#include "core/doctor/kernel_facts.h"
#include "core/runtime/compute.h"
#include "core/runtime/job.h"

#include <ATen/core/Tensor.h>
#include <c10/core/ScalarType.h>

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>

namespace nanodit {

/// Times computations of a job, each repeated as often as the others, on one device.
class KernelStopwatch {
public:
    /// `compute`, `meter` and `context` are kept by reference. `meter` advances by one for each repetition, also for
    /// the first one, which is not timed.
    KernelStopwatch(const Compute& compute, std::int64_t repetitions, ProgressMeter& meter, const JobContext& context)
        : compute_(compute)
        , repetitions_(repetitions)
        , meter_(meter)
        , context_(context)
    {
    }

    bool stopped() const { return context_.shouldStop(); }

    /// Times `run` after one that is not timed; `run` gives a tensor that waits for the device. Fewer repetitions, or
    /// none, once the job was stopped.
    KernelTime time(const std::string& what, const std::string& shape, double operations,
                    const std::function<at::Tensor()>& run);

    /// A product of two 2048 x 2048 matrices in the device's precision.
    KernelTime timeProduct();

private:
    const Compute& compute_;
    std::int64_t repetitions_;
    ProgressMeter& meter_;
    const JobContext& context_;
};

/// What products are computed in.
at::ScalarType productType(const Compute& compute);
/// "1 x 12 x 64"
std::string joinedSizes(std::initializer_list<std::int64_t> sizes);

} // namespace nanodit
