#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <vector>

namespace nanodit {

/// Memory of batches, used again when their tensors are gone: fresh pages cost the system more than filling them. Any
/// thread; tensors may outlive it.
class BatchMemory {
public:
    BatchMemory();
    /// A contiguous float32 tensor whose values are whatever lay there.
    at::Tensor floats(const std::vector<std::int64_t>& shape);

private:
    struct Pool;
    std::shared_ptr<Pool> pool_;
};

} // namespace nanodit
