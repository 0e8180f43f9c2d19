#pragma once

#include "core/io/image.h"

#include <QImage>

namespace nanodit {

/// A Qt picture of its own memory, RGB888; null for an empty one.
QImage qImageFromImage(const Image& image);
/// And back; any Qt format.
Image imageFromQImage(const QImage& image);

} // namespace nanodit
