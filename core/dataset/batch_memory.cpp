#include "core/dataset/batch_memory.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cstdlib>
#include <deque>
#include <iterator>
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

/// What is spare and in use together is never more than what was in use at once: sizes that do not come again make room
/// for those that do.
struct BatchMemory::Pool {
    struct Block {
        std::size_t bytes;
        void* memory;
    };

    ~Pool()
    {
        for (const auto& block : spare)
            std::free(block.memory);
    }
    void* take(std::size_t bytes)
    {
        {
            const std::lock_guard lock(mutex);
            used += bytes;
            mostUsed = std::max(mostUsed, used);
            const auto newest = std::find_if(spare.rbegin(), spare.rend(),
                                             [bytes](const Block& block) { return block.bytes == bytes; });
            if (newest != spare.rend()) {
                void* const memory = newest->memory;
                spare.erase(std::next(newest).base());
                spareBytes -= bytes;
                return memory;
            }
            while (!spare.empty() && used + spareBytes > mostUsed) {
                std::free(spare.front().memory);
                spareBytes -= spare.front().bytes;
                spare.pop_front();
            }
        }
        const auto alignment = bytes >= largePage ? largePage : std::size_t{4096};
        void* const memory = std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
        if (memory == nullptr) {
            const std::lock_guard lock(mutex);
            used -= bytes;
            throw std::bad_alloc();
        }
        if (bytes >= largePage)
            madvise(memory, bytes, MADV_HUGEPAGE); // A wish; where it is not granted, nothing changes.
        return memory;
    }
    void giveBack(std::size_t bytes, void* memory)
    {
        const std::lock_guard lock(mutex);
        used -= bytes;
        spareBytes += bytes;
        spare.push_back({.bytes = bytes, .memory = memory});
    }

    std::mutex mutex;
    std::deque<Block> spare; ///< The oldest first.
    std::size_t used = 0, spareBytes = 0, mostUsed = 0;
};

BatchMemory::BatchMemory(bool pinned)
    : pool_(std::make_shared<Pool>())
    , pinned_(pinned)
{
}

at::Tensor BatchMemory::floats(const std::vector<std::int64_t>& shape)
{
    if (pinned_)
        return at::empty(shape, at::TensorOptions().dtype(at::kFloat).pinned_memory(true));
    std::size_t bytes = sizeof(float);
    for (const auto side : shape)
        bytes *= static_cast<std::size_t>(side);
    bytes = roundedUp(bytes);
    const auto pool = pool_;
    return at::from_blob(
        pool->take(bytes), shape, [pool, bytes](void* memory) { pool->giveBack(bytes, memory); }, at::kFloat);
}

std::size_t BatchMemory::bytesHeld() const
{
    const std::lock_guard lock(pool_->mutex);
    return pool_->used + pool_->spareBytes;
}

} // namespace nanodit
