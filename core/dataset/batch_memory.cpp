#include "core/dataset/batch_memory.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <mutex>
#include <new>
#include <sys/mman.h>

namespace nanodit {

namespace {

constexpr std::size_t largePage = std::size_t{2} << 20;

/// Captions differ in length from batch to batch: blocks come in steps of an eighth of their size.
std::size_t roundedUp(std::size_t bytes)
{
    std::size_t step = 4096;
    while (step * 16 < bytes)
        step *= 2;
    return (bytes + step - 1) / step * step;
}

} // namespace

struct BatchMemory::Pool {
    ~Pool()
    {
        for (const auto& [bytes, block] : spare)
            std::free(block);
    }
    void* take(std::size_t bytes)
    {
        {
            const std::lock_guard lock(mutex);
            if (const auto found = spare.find(bytes); found != spare.end()) {
                void* const block = found->second;
                spare.erase(found);
                return block;
            }
        }
        const auto alignment = bytes >= largePage ? largePage : std::size_t{4096};
        void* const block = std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
        if (block == nullptr)
            throw std::bad_alloc();
        if (bytes >= largePage)
            madvise(block, bytes, MADV_HUGEPAGE); // A wish; where it is not granted, nothing changes.
        return block;
    }
    void giveBack(std::size_t bytes, void* block)
    {
        const std::lock_guard lock(mutex);
        if (spare.size() < mostSpare)
            spare.emplace(bytes, block);
        else
            std::free(block);
    }

    static constexpr std::size_t mostSpare = 64; ///< Blocks: several batches of four tensors.
    std::mutex mutex;
    std::multimap<std::size_t, void*> spare;
};

BatchMemory::BatchMemory()
    : pool_(std::make_shared<Pool>())
{
}

at::Tensor BatchMemory::floats(const std::vector<std::int64_t>& shape)
{
    std::size_t bytes = sizeof(float);
    for (const auto side : shape)
        bytes *= static_cast<std::size_t>(side);
    bytes = roundedUp(bytes);
    const auto pool = pool_;
    return at::from_blob(
        pool->take(bytes), shape, [pool, bytes](void* block) { pool->giveBack(bytes, block); }, at::kFloat);
}

} // namespace nanodit
