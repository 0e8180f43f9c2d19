#include "core/io/image.h"

#include "core/io/atomic_file.h"
#include "core/io/image_header.h"
#include "core/io/mapped_file.h"
#include "core/io/png.h"
#include "core/io/unturned_image.h"
#include "core/runtime/error.h"

#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <array>
#include <cctype>
#include <limits>
#include <new>
#include <span>
#include <utility>

namespace nanodit {

namespace {

constexpr std::int64_t mostPixels = 400'000'000; // 1.2 GB as RGB; what is larger is a mistake or a decompression bomb.

constexpr std::array imageEndings = {".jpg", ".jpeg", ".jpe", ".png", ".webp", ".bmp", ".tif", ".tiff", ".jp2"};

void requireReasonableSize(ImageSize size, const std::string& name)
{
    if (size.width < 1 || size.height < 1)
        throw DataError(name + " is damaged: it is " + bucketName(size) + " pixels large");
    if (size.width > mostPixels / size.height)
        throw DataError(name + " is too large: " + bucketName(size) + " pixels, of which at most " +
                        std::to_string(mostPixels / 1'000'000) + " million are read; scale it down first");
}

/// The pixels as stored, 1, 3 or 4 channels (BGR order) of 8 or 16 bits.
cv::Mat decode(std::span<const std::byte> bytes, const ImageHeader& header, const std::string& name)
{
    if (bytes.size() > static_cast<std::size_t>(std::numeric_limits<int>::max()))
        throw DataError(name + " is too large: pictures of at most 2 GiB are read");
    // 32-bit BMP files leave their fourth byte at zero more often than they mean alpha by it.
    const int flags = header.format == ImageHeader::Format::Bmp ? cv::IMREAD_COLOR : cv::IMREAD_UNCHANGED;
    cv::Mat pixels;
    try {
        const cv::Mat encoded(1, static_cast<int>(bytes.size()), CV_8U, const_cast<std::byte*>(bytes.data()));
        pixels = cv::imdecode(encoded, flags);
    } catch (const cv::Exception&) {
        pixels.release();
    } catch (const std::bad_alloc&) {
        throw DataError(name + " does not fit in memory");
    }
    if (pixels.empty())
        throw DataError(name + " is no picture that can be read, or it is damaged");
    if (pixels.depth() != CV_8U && pixels.depth() != CV_16U)
        throw DataError(name + " holds neither 8 nor 16 bits a channel; convert it to an 8-bit PNG");
    if (pixels.channels() != 1 && pixels.channels() != 3 && pixels.channels() != 4)
        throw DataError(name + " has " + std::to_string(pixels.channels()) + " channels; 1, 3 or 4 are read");
    return pixels;
}

/// One channel of 8 bits from 8 or 16.
int eightBits(const cv::Mat& pixels, const std::uint8_t* row, std::int64_t index)
{
    if (pixels.depth() == CV_8U)
        return row[index];
    return (reinterpret_cast<const std::uint16_t*>(row)[index] + 128) / 257;
}

Image rgbFrom(const cv::Mat& pixels)
{
    Image image{.size = {.width = pixels.cols, .height = pixels.rows}, .rgb = {}};
    image.rgb.resize(3 * static_cast<std::size_t>(pixels.cols) * static_cast<std::size_t>(pixels.rows));
    const int channels = pixels.channels();
    auto* target = image.rgb.data();
    for (int y = 0; y < pixels.rows; ++y) {
        const auto* const row = pixels.ptr<std::uint8_t>(y);
        for (std::int64_t x = 0; x < pixels.cols; ++x, target += 3) {
            const auto first = x * channels;
            for (int c = 0; c < 3; ++c)
                target[c] = static_cast<std::uint8_t>(eightBits(pixels, row, channels == 1 ? first : first + 2 - c));
            if (channels == 4) { // Over white.
                const int alpha = eightBits(pixels, row, first + 3);
                for (int c = 0; c < 3; ++c)
                    target[c] = static_cast<std::uint8_t>((target[c] * alpha + 255 * (255 - alpha) + 127) / 255);
            }
        }
    }
    return image;
}

/// Turns and mirrors the stored picture so that it stands upright (EXIF 2.32, orientation 1 to 8).
Image uprighted(Image stored, int orientation)
{
    if (orientation == 1)
        return stored;
    const bool transposed = orientation >= 5;
    const bool fromRight = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
    const bool fromBottom = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
    Image image{.size = stored.size, .rgb = std::vector<std::uint8_t>(stored.rgb.size())};
    if (transposed)
        std::swap(image.size.width, image.size.height);
    for (std::int64_t y = 0; y < image.size.height; ++y) {
        for (std::int64_t x = 0; x < image.size.width; ++x) {
            const auto alongX = transposed ? y : x;
            const auto alongY = transposed ? x : y;
            const auto storedX = fromRight ? stored.size.width - 1 - alongX : alongX;
            const auto storedY = fromBottom ? stored.size.height - 1 - alongY : alongY;
            std::copy_n(stored.at(storedX, storedY), 3, image.at(x, y));
        }
    }
    return image;
}

/// The pixels as they lie in the file, and the EXIF orientation that they ask for.
std::pair<Image, int> readStored(const std::filesystem::path& file)
{
    const auto name = file.string();
    const auto mapped = MappedFile::open(file);
    if (mapped->bytes().empty())
        throw DataError(name + " is no picture: it is empty");
    const auto header = parseImageHeader(mapped->bytes(), true);
    if (!header.complete)
        throw DataError(name +
                        " is truncated or damaged: the picture in it does not reach its end; fetch the file again");
    if (header.stored)
        requireReasonableSize(*header.stored, name);
    return {rgbFrom(decode(mapped->bytes(), header, name)), header.orientation};
}

cv::Mat matOver(const Image& image)
{
    return {static_cast<int>(image.size.height), static_cast<int>(image.size.width), CV_8UC3,
            const_cast<std::uint8_t*>(image.rgb.data())};
}

} // namespace

Image readImage(const std::filesystem::path& file)
{
    auto [image, orientation] = readStored(file);
    return uprighted(std::move(image), orientation);
}

std::optional<Image> readImageUnturned(const std::filesystem::path& file)
{
    auto [image, orientation] = readStored(file);
    return orientation == 1 ? std::nullopt : std::optional(std::move(image));
}

ImageSize readImageSize(const std::filesystem::path& file)
{
    const auto mapped = MappedFile::open(file);
    const auto header = parseImageHeader(mapped->bytes(), false);
    const auto size = header.upright();
    if (!size)
        return readImage(file).size;
    requireReasonableSize(*size, file.string());
    return *size;
}

bool isImageFile(const std::filesystem::path& file)
{
    auto ending = file.extension().string();
    std::transform(ending.begin(), ending.end(), ending.begin(), [](unsigned char c) { return std::tolower(c); });
    return std::find(imageEndings.begin(), imageEndings.end(), ending) != imageEndings.end();
}

std::vector<std::uint8_t> encodePng(const Image& image, const PngText& text)
{
    if (image.empty())
        throw StoreError("an empty picture cannot be written as PNG");
    cv::Mat bgr;
    cv::cvtColor(matOver(image), bgr, cv::COLOR_RGB2BGR);
    std::vector<std::uint8_t> png;
    if (!cv::imencode(".png", bgr, png))
        throw StoreError("a picture of " + bucketName(image.size) + " could not be encoded as PNG");
    return text.empty() ? png : withPngText(png, text);
}

void writePng(const std::filesystem::path& file, const Image& image, const PngText& text)
{
    const auto png = encodePng(image, text);
    AtomicFile target(file);
    target.write(std::as_bytes(std::span(png)));
    target.commit();
}

Image resizeForDisplay(const Image& image, ImageSize size)
{
    Image resized{.size = size,
                  .rgb = std::vector<std::uint8_t>(3 * static_cast<std::size_t>(size.width * size.height))};
    const bool shrinks = size.width <= image.size.width && size.height <= image.size.height;
    auto target = matOver(resized);
    cv::resize(matOver(image), target, target.size(), 0, 0, shrinks ? cv::INTER_AREA : cv::INTER_LINEAR);
    return resized;
}

} // namespace nanodit
