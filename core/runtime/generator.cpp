#include "core/runtime/generator.h"

#include <ATen/CPUGeneratorImpl.h>

namespace nanodit {

at::Generator seededGenerator(std::uint64_t seed)
{
    // The upper half is mixed into the lower by MurmurHash3's finaliser (Appleby), which leaves 0 as it is.
    auto upper = static_cast<std::uint32_t>(seed >> 32);
    upper = (upper ^ (upper >> 16)) * 0x85ebca6bU;
    upper = (upper ^ (upper >> 13)) * 0xc2b2ae35U;
    upper ^= upper >> 16;
    return at::make_generator<at::CPUGeneratorImpl>((seed & 0xffffffffU) ^ upper);
}

} // namespace nanodit
