#pragma once

#include <cmath>

namespace nanodit {

/// Keys' cubic convolution kernel with a = -1/2, the "bicubic" of Pillow and of torch's antialiased resize
/// (R. Keys, Cubic convolution interpolation for digital image processing, 1981). It is 0 from a distance of 2 on.
inline double keysCubic(double distance)
{
    constexpr double a = -0.5;
    const double x = std::abs(distance);
    if (x < 1)
        return ((a + 2) * x - (a + 3)) * x * x + 1;
    if (x < 2)
        return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
    return 0;
}

} // namespace nanodit
