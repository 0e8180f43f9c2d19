#include "tests/support/drawn_picture.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <random>

namespace nanodit::test {

Image drawnPicture(std::uint64_t seed, ImageSize size)
{
    std::mt19937_64 random(seed);
    const auto uniform = [&random] { return static_cast<double>(random() % 10000) / 10000; };
    struct Hill {
        double x, y, width;
        std::array<double, 3> colour;
    };
    std::vector<Hill> hills(12);
    for (auto& hill : hills)
        hill = {uniform(), uniform(), 0.05 + 0.2 * uniform(), {uniform(), uniform(), uniform()}};
    Image image{.size = size, .rgb = std::vector<std::uint8_t>(static_cast<std::size_t>(3 * size.width * size.height))};
    for (std::int64_t y = 0; y < size.height; ++y) {
        for (std::int64_t x = 0; x < size.width; ++x) {
            std::array<double, 3> sum = {20, 20, 20};
            for (const auto& hill : hills) {
                const double dx = (x + 0.5) / static_cast<double>(size.width) - hill.x;
                const double dy = (y + 0.5) / static_cast<double>(size.height) - hill.y;
                const double height = 120 * std::exp(-(dx * dx + dy * dy) / (hill.width * hill.width));
                for (std::size_t c = 0; c < 3; ++c)
                    sum[c] += height * hill.colour[c];
            }
            for (std::size_t c = 0; c < 3; ++c)
                image.at(x, y)[c] = static_cast<std::uint8_t>(std::min(255.0, sum[c]));
        }
    }
    return image;
}

} // namespace nanodit::test
