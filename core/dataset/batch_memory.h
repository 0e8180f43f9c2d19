#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace nanodit {

/// Memory of batches, used again when their tensors are gone: fresh pages cost the system more than filling them. It
/// never holds more than was in use at once. Any thread; tensors may outlive it.
class BatchMemory {
public:
    /// `pinned`: page-locked memory, which a GPU reads by itself. LibTorch has a pool of its own for that, which waits
    /// for copies that are under way.
    explicit BatchMemory(bool pinned = false);
    /// A contiguous float32 tensor whose values are whatever lay there.
    at::Tensor floats(const std::vector<std::int64_t>& shape);
    /// In use and spare; without page-locked memory.
    std::size_t bytesHeld() const;

private:
    struct Pool;
    std::shared_ptr<Pool> pool_;
    bool pinned_;
};

} // namespace nanodit
