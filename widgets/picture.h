#pragma once

#include "core/io/image.h"

#include <QImage>
#include <QPixmap>

class QWidget;

namespace nanodit {

/// A Qt picture of its own memory, RGB888; null for an empty one.
QImage qImageFromImage(const Image& image);
/// `picture`, or a smaller one whose longer side has that many pixels: what a list of pictures keeps in memory.
QImage reducedTo(const QImage& picture, int longestSide);
/// And back; any Qt format.
Image imageFromQImage(const QImage& image);
/// A transparent pixmap to be painted for `widget` in its own units, with as many pixels as its screen has for them.
QPixmap sharpPixmap(const QWidget& widget, QSize size);
/// `picture` as large as fits into `room` (the widget's units), with as many pixels as its screen has for it.
QPixmap fittedPixmap(const QWidget& widget, const QImage& picture, QSize room);

} // namespace nanodit
