#include "widgets/picture_difference.h"

#include "widgets/heat_colours.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <vector>

namespace nanodit {

PictureDifference differenceOf(const QImage& a, const QImage& b)
{
    PictureDifference difference;
    if (a.isNull() || b.isNull())
        return difference;
    const auto first = a.convertToFormat(QImage::Format_RGB888);
    auto second = b.convertToFormat(QImage::Format_RGB888);
    difference.resized = second.size() != first.size();
    if (difference.resized)
        second = second.scaled(first.size(), Qt::IgnoreAspectRatio, Qt::SmoothTransformation)
                     .convertToFormat(QImage::Format_RGB888);
    // Sums of the three channels' levels, in whole numbers: a picture of a megapixel takes milliseconds.
    std::vector<std::uint16_t> sums(static_cast<std::size_t>(first.width()) * static_cast<std::size_t>(first.height()));
    std::uint64_t all = 0;
    std::uint16_t most = 0;
    auto sum = sums.begin();
    for (int y = 0; y < first.height(); ++y) {
        const uchar *p = first.constScanLine(y), *q = second.constScanLine(y);
        for (int x = 0; x < first.width(); ++x, p += 3, q += 3) {
            const int levels = std::abs(p[0] - q[0]) + std::abs(p[1] - q[1]) + std::abs(p[2] - q[2]);
            *sum = static_cast<std::uint16_t>(levels);
            most = std::max(most, *sum++);
            all += static_cast<std::uint64_t>(levels);
        }
    }
    difference.largest = most / 3.0;
    difference.mean = static_cast<double>(all) / 3 / static_cast<double>(sums.size());
    std::vector<QRgb> colours(most + 1U);
    for (std::size_t i = 0; i < colours.size(); ++i)
        colours[i] = heatColour(most > 0 ? static_cast<double>(i) / most : 0);
    difference.heat = QImage(first.size(), QImage::Format_RGB32);
    sum = sums.begin();
    for (int y = 0; y < first.height(); ++y) {
        auto* const line = reinterpret_cast<QRgb*>(difference.heat.scanLine(y));
        for (int x = 0; x < first.width(); ++x)
            line[x] = colours[*sum++];
    }
    return difference;
}

} // namespace nanodit
