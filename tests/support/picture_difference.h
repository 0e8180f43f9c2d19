#pragma once

#include "core/io/image.h"

#include <cstddef>
#include <cstdlib>

namespace nanodit::test {

/// The mean difference of a channel, of 255; 255 where sizes differ.
inline double difference(const Image& a, const Image& b)
{
    if (a.size != b.size)
        return 255;
    double sum = 0;
    for (std::size_t i = 0; i < a.rgb.size(); ++i)
        sum += std::abs(int{a.rgb[i]} - int{b.rgb[i]});
    return sum / static_cast<double>(a.rgb.size());
}

} // namespace nanodit::test
