#pragma once

#include "core/io/image.h"

#include <QImage>

namespace nanodit {

/// A Qt picture of its own memory, RGB888; null for an empty one.
QImage qImageFromImage(const Image& image);
/// `picture`, or a smaller one whose longer side has that many pixels: what a list of pictures keeps in memory.
QImage reducedTo(const QImage& picture, int longestSide);
/// And back; any Qt format.
Image imageFromQImage(const QImage& image);

} // namespace nanodit
