#pragma once

#include <c10/core/Device.h>

namespace nanodit::test {

/// Registers a second device with LibTorch (PrivateUse1, "privateuseone:0") that behaves towards our code as a GPU
/// does: its tensors cannot be computed with together with the CPU's, apart from single numbers, and an address of its
/// memory means nothing to the CPU, so that reading it through data_ptr() ends the program. It computes with LibTorch's
/// CPU kernels, so results are those of the CPU. Call it before anything else asks for the device; more than once does
/// no harm.
at::Device farDevice();

/// How many operations it has computed.
long farOperations();

} // namespace nanodit::test
