#pragma once

#include <array>
#include <cstdint>

namespace nanodit {

/// The colour (R, G, B) of `t` between 0 and 1 (clamped): viridis (van der Walt and Smith 2015), whose steps look
/// equally large to people with any colour vision, and in print.
std::array<std::uint8_t, 3> viridis(double t);

} // namespace nanodit
