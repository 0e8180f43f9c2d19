#pragma once

#include <c10/core/Device.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>

namespace nanodit::test {

/// Registers a second device with LibTorch (PrivateUse1, "privateuseone:0") that behaves towards our code as a GPU
/// does: its tensors cannot be computed with together with the CPU's, apart from single numbers, and an address of its
/// memory means nothing to the CPU, so that reading it through data_ptr() ends the program. It computes with LibTorch's
/// CPU kernels, so results are those of the CPU. Call it before anything else asks for the device; more than once does
/// no harm.
at::Device farDevice();

/// Whether a backward pass runs there: the engine of a LibTorch with CUDA asks its driver for streams whatever the
/// device, and ends with an error where there is none.
inline bool farDeviceLearns()
{
    return !c10::impl::hasDeviceGuardImpl(c10::DeviceType::CUDA);
}

/// How many operations it has computed.
long farOperations();
/// How often the CPU would have waited for a GPU: it took single numbers from there, copied a tensor without
/// non_blocking, or needed the size of a result that depends on values (nonzero, masked_select).
long farFetches();

} // namespace nanodit::test
