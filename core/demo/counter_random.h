#pragma once

#include "core/runtime/split_mix.h"

#include <cstdint>

namespace nanodit {

/// Random numbers that are a function of (seed, stream, position) alone: the same on every platform and in any order.
/// SplitMix64 (Steele, Lea, Flood 2014) over a key mixed from seed and stream.
class CounterRandom {
public:
    CounterRandom(std::uint64_t seed, std::uint64_t stream)
        : state_(splitMixed(seed * 0x9E3779B97F4A7C15u + splitMixed(stream + 0xD1B54A32D192ED03u)))
    {
    }
    std::uint64_t bits() { return splitMixed(state_ += 0x9E3779B97F4A7C15u); }
    /// [0, 1), a multiple of 2^-53.
    double uniform() { return static_cast<double>(bits() >> 11) * 0x1.0p-53; }
    double uniform(double low, double high) { return low + (high - low) * uniform(); }
    /// 0 ... count - 1
    std::int64_t below(std::int64_t count) { return static_cast<std::int64_t>(uniform() * static_cast<double>(count)); }

private:
    std::uint64_t state_;
};

} // namespace nanodit
