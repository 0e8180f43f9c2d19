#include "widgets/picture.h"

#include <QWidget>

#include <algorithm>
#include <cmath>
#include <cstring>

namespace nanodit {

QImage qImageFromImage(const Image& image)
{
    if (image.empty())
        return {};
    const auto width = static_cast<int>(image.size.width);
    const auto height = static_cast<int>(image.size.height);
    QImage result(width, height, QImage::Format_RGB888);
    for (int y = 0; y < height; ++y)
        std::memcpy(result.scanLine(y), image.at(0, y), 3 * static_cast<std::size_t>(width));
    return result;
}

QImage reducedTo(const QImage& picture, int longestSide)
{
    if (std::max(picture.width(), picture.height()) <= longestSide)
        return picture;
    return picture.scaled(longestSide, longestSide, Qt::KeepAspectRatio, Qt::SmoothTransformation)
        .convertToFormat(QImage::Format_RGB888);
}

Image imageFromQImage(const QImage& image)
{
    const auto rgb = image.convertToFormat(QImage::Format_RGB888);
    Image result{.size = {.width = rgb.width(), .height = rgb.height()}, .rgb = {}};
    const auto row = 3 * static_cast<std::size_t>(rgb.width());
    result.rgb.resize(row * static_cast<std::size_t>(rgb.height()));
    for (int y = 0; y < rgb.height(); ++y)
        std::memcpy(result.rgb.data() + row * static_cast<std::size_t>(y), rgb.constScanLine(y), row);
    return result;
}

QPixmap sharpPixmap(const QWidget& widget, QSize size)
{
    const double ratio = widget.devicePixelRatioF();
    QPixmap drawn(static_cast<int>(std::ceil(size.width() * ratio)),
                  static_cast<int>(std::ceil(size.height() * ratio)));
    drawn.setDevicePixelRatio(ratio);
    drawn.fill(Qt::transparent);
    return drawn;
}

QPixmap fittedPixmap(const QWidget& widget, const QImage& picture, QSize room)
{
    const double ratio = widget.devicePixelRatioF();
    auto fitted = QPixmap::fromImage(
        picture.scaled((QSizeF(room) * ratio).toSize(), Qt::KeepAspectRatio, Qt::SmoothTransformation));
    fitted.setDevicePixelRatio(ratio);
    return fitted;
}

} // namespace nanodit
