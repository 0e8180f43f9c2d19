#include "core/io/viridis.h"

#include <algorithm>
#include <cmath>

namespace nanodit {

namespace {

/// At 0, 1/15 ... 1.
constexpr std::array<std::uint32_t, 16> stops = {0x440154, 0x481a6c, 0x472f7d, 0x414487, 0x39568c, 0x31688e,
                                                 0x2a788e, 0x23888e, 0x1f988b, 0x22a884, 0x35b779, 0x54c568,
                                                 0x7ad151, 0xa5db36, 0xd2e21b, 0xfde725};

} // namespace

std::array<std::uint8_t, 3> viridis(double t)
{
    const double place = std::clamp(std::isnan(t) ? 0.0 : t, 0.0, 1.0) * (stops.size() - 1);
    const auto first = std::min(static_cast<std::size_t>(place), stops.size() - 2);
    const double share = place - static_cast<double>(first);
    std::array<std::uint8_t, 3> colour{};
    for (std::size_t channel = 0; channel < 3; ++channel) {
        const auto shift = 16 - 8 * channel;
        const double a = (stops[first] >> shift) & 0xff, b = (stops[first + 1] >> shift) & 0xff;
        colour[channel] = static_cast<std::uint8_t>(std::lround(a + (b - a) * share));
    }
    return colour;
}

} // namespace nanodit
