#include "widgets/picture_difference.h"

#include "widgets/heat_colours.h"

#include <algorithm>
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
    std::vector<double> levels;
    levels.reserve(static_cast<std::size_t>(first.width()) * static_cast<std::size_t>(first.height()));
    double sum = 0;
    for (int y = 0; y < first.height(); ++y) {
        const uchar *p = first.constScanLine(y), *q = second.constScanLine(y);
        for (int x = 0; x < first.width(); ++x, p += 3, q += 3) {
            const double level = (std::abs(p[0] - q[0]) + std::abs(p[1] - q[1]) + std::abs(p[2] - q[2])) / 3.0;
            difference.largest = std::max(difference.largest, level);
            sum += level;
            levels.push_back(level);
        }
    }
    difference.mean = sum / static_cast<double>(levels.size());
    difference.heat = QImage(first.size(), QImage::Format_RGB32);
    const double scale = difference.largest > 0 ? 1 / difference.largest : 0;
    auto level = levels.begin();
    for (int y = 0; y < first.height(); ++y) {
        auto* const line = reinterpret_cast<QRgb*>(difference.heat.scanLine(y));
        for (int x = 0; x < first.width(); ++x)
            line[x] = heatColour(scale * *level++);
    }
    return difference;
}

} // namespace nanodit
