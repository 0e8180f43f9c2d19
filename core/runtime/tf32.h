#pragma once

#include <c10/core/Device.h>

namespace nanodit {

// Whether a GPU may round the factors of float32 products to TensorFloat-32 is one setting of LibTorch, for all threads
// of the process. What is learnt or compared by it holds it; whoever only looks at a model takes it as it is held.

/// Sets it, unless somebody holds it, as makeCompute() does. Nothing for a device that is no GPU. Any thread.
void wishTf32(at::Device device, bool allowed);

/// Sets it, and keeps it for as long as this lives. Any thread.
class Tf32Hold {
public:
    /// Throws UsageError when somebody holds it otherwise. Holds nothing for a device that is no GPU.
    Tf32Hold(at::Device device, bool allowed);
    ~Tf32Hold();
    Tf32Hold(const Tf32Hold&) = delete;
    Tf32Hold& operator=(const Tf32Hold&) = delete;

private:
    bool holds_;
};

} // namespace nanodit
