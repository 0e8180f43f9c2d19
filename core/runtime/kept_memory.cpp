#include "core/runtime/kept_memory.h"

#include <cstdlib> // __GLIBC__

#if defined(__GLIBC__)
#include <malloc.h>
#include <mutex>
#endif

namespace nanodit {

#if defined(__GLIBC__)

namespace {

constexpr int mebibyte = 1 << 20;

/// What glibc brings its limits to by itself in a program that frees large blocks.
constexpr int usualMappedFrom = 32 * mebibyte, usualTrimFrom = 64 * mebibyte, usualPad = mebibyte / 8;

/// Blocks of this size and more are mapped for themselves and go back when they are freed: those of pictures in a
/// decoder, which are rare, not those of a step.
constexpr int mappedFrom = 256 * mebibyte;

/// More than two heaps of a thread, which would go back as soon as they are empty.
constexpr int pad = 128 * mebibyte;

struct Holders {
    std::mutex mutex;
    int count = 0;
};

Holders& holders()
{
    static Holders all;
    return all;
}

} // namespace

KeptMemory::KeptMemory()
{
    const std::lock_guard lock(holders().mutex);
    if (holders().count++ > 0)
        return;
    if (mallopt(M_MMAP_THRESHOLD, mappedFrom) == 0) // older ones take half of a thread's heap at most
        mallopt(M_MMAP_THRESHOLD, usualMappedFrom);
    mallopt(M_TRIM_THRESHOLD, -1); // never
    mallopt(M_TOP_PAD, pad);
}

KeptMemory::~KeptMemory()
{
    const std::lock_guard lock(holders().mutex);
    if (--holders().count > 0)
        return;
    mallopt(M_MMAP_THRESHOLD, usualMappedFrom);
    mallopt(M_TRIM_THRESHOLD, usualTrimFrom);
    mallopt(M_TOP_PAD, usualPad);
    giveBackFreeMemory();
}

void giveBackFreeMemory()
{
    malloc_trim(0);
}

#else

KeptMemory::KeptMemory() = default;
KeptMemory::~KeptMemory() = default;

void giveBackFreeMemory() {}

#endif

} // namespace nanodit
