#pragma once

#include <cstdint>

namespace nanodit {

/// SplitMix64's finaliser (Steele, Lea, Flood 2014): numbers that differ in a bit give unrelated ones.
constexpr std::uint64_t splitMixed(std::uint64_t x)
{
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
    return x ^ (x >> 31);
}

/// SplitMix64: the same sequence everywhere, unlike the standard library's distributions.
class SplitMix64 {
public:
    explicit SplitMix64(std::uint64_t seed)
        : state_(seed)
    {
    }
    std::uint64_t next() { return splitMixed(state_ += 0x9e3779b97f4a7c15ULL); }

private:
    std::uint64_t state_;
};

} // namespace nanodit
