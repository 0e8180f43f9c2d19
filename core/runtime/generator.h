#pragma once

#include <ATen/core/Generator.h>

#include <cstdint>

namespace nanodit {

/// A generator of random numbers on the CPU that all 64 bits of the seed decide. LibTorch's own takes the lower 32
/// alone, so that seeds 2^32 apart would paint the same picture; up to 2^32 this one gives what it gives.
at::Generator seededGenerator(std::uint64_t seed);

} // namespace nanodit
