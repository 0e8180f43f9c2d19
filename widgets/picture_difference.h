#pragma once

#include <QImage>

namespace nanodit {

/// How two pictures differ, in levels of 255: at each pixel the mean of |a - b| over red, green and blue.
struct PictureDifference {
    QImage heat;          ///< By viridis, from 0 to `largest`.
    double mean = 0;      ///< Over all pixels.
    double largest = 0;   ///< Of any pixel.
    bool resized = false; ///< `b` had another size and was brought to that of `a` first.
};
PictureDifference differenceOf(const QImage& a, const QImage& b);

} // namespace nanodit
