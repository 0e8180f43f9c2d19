#include "core/io/image.h"

#include "core/io/atomic_file.h"
#include "core/io/colour_profile.h"
#include "core/io/file_kind.h"
#include "core/io/image_header.h"
#include "core/io/mapped_file.h"
#include "core/io/picture_notes.h"
#include "core/io/png.h"
#include "core/io/size_text.h"
#include "core/io/stored_picture.h"
#include "core/io/unturned_image.h"
#include "core/runtime/error.h"
#include "core/runtime/machine.h"

#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <array>
#include <cctype>
#include <span>
#include <utility>

namespace nanodit {

namespace {

constexpr std::int64_t mostPixels = 400'000'000; // 1.2 GB as RGB; what is larger is a mistake or a decompression bomb.

constexpr std::array imageEndings = {".jpg",   ".jpeg", ".jpe",  ".jfif", ".jif",  ".png", ".apng", ".webp",
                                     ".gif",   ".bmp",  ".dib",  ".tif",  ".tiff", ".jp2", ".j2k",  ".avif",
                                     ".avifs", ".heic", ".heif", ".hif",  ".ppm",  ".pgm", ".pbm",  ".pnm"};

StoredPicture decode(std::span<const std::byte> bytes, const std::string& name)
{
    const auto kind = fileKindOf(bytes);
    switch (kind) {
    case FileKind::Jpeg:
        return decodeJpeg(bytes, name);
    case FileKind::Png:
        return decodePng(bytes, name);
    case FileKind::Webp:
        return decodeWebp(bytes, name);
    case FileKind::Gif:
        return decodeGif(bytes, name);
    case FileKind::Avif:
    case FileKind::Heic:
        return decodeHeif(bytes, name);
    case FileKind::Tiff:
        return decodeTiff(bytes, name);
    case FileKind::Bmp:
        return decodeBmp(bytes, name);
    case FileKind::Jpeg2000:
    case FileKind::Netpbm:
        return decodeWithOpenCv(bytes, name);
    default:
        throw DataError(wrongKindMessage(name, kind, "a picture that can be read"));
    }
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

/// The pixels as they lie in the file, as sRGB, and the orientation that they ask for.
std::pair<Image, int> readStored(const std::filesystem::path& file, PictureNotes& notes)
{
    const auto name = file.string();
    const auto mapped = MappedFile::open(file);
    const auto header = parseImageHeader(mapped->bytes());
    if (!header.complete)
        throw DataError(name +
                        " is truncated or damaged: the picture in it does not reach its end; fetch the file again");
    if (header.stored)
        requireReasonableSize(*header.stored, name);
    auto use = ProfileUse::None;
    auto image = srgbFrom(decode(mapped->bytes(), name), use);
    notes = {.animated = header.animated,
             .profileApplied = use == ProfileUse::Applied,
             .profileIgnored = use == ProfileUse::Ignored};
    return {std::move(image), header.orientation};
}

cv::Mat matOver(const Image& image)
{
    return {static_cast<int>(image.size.height), static_cast<int>(image.size.width), CV_8UC3,
            const_cast<std::uint8_t*>(image.rgb.data())};
}

} // namespace

void requireReasonableSize(ImageSize size, const std::string& name)
{
    if (size.width < 1 || size.height < 1)
        throw DataError(name + " is damaged: it is " + bucketName(size) + " pixels large; fetch it again");
    if (size.width > mostPixels / size.height)
        throw DataError(name + " is too large: " + bucketName(size) + " pixels, of which at most " +
                        std::to_string(mostPixels / 1'000'000) + " million are read; scale it down first");
    constexpr std::int64_t always = 40'000'000; // pixels; looking at what is free would take longer than it is worth
    if (size.width * size.height > always)
        requireRoom(size, readMachine().availableMemory(), name);
}

void requireRoom(ImageSize size, std::int64_t freeBytes, const std::string& name)
{
    constexpr std::int64_t bytesPerPixel = 8; // as stored, with alpha; as RGB; turned
    const auto needed = bytesPerPixel * size.width * size.height;
    if (freeBytes > 0 && needed > freeBytes) // 0: the system does not tell
        throw DataError(name + " is too large for this machine now: " + bucketName(size) + " pixels take about " +
                        sizeText(needed) + " of memory to decode, and " + sizeText(freeBytes) +
                        " are free; close other programs, or scale it down");
}

Image readImage(const std::filesystem::path& file, PictureNotes& notes)
{
    auto [image, orientation] = readStored(file, notes);
    return uprighted(std::move(image), orientation);
}

Image readImage(const std::filesystem::path& file)
{
    PictureNotes notes;
    return readImage(file, notes);
}

std::optional<Image> readImageUnturned(const std::filesystem::path& file)
{
    PictureNotes notes;
    auto [image, orientation] = readStored(file, notes);
    return orientation == 1 ? std::nullopt : std::optional(std::move(image));
}

ImageSize readImageSize(const std::filesystem::path& file)
{
    const auto mapped = MappedFile::open(file);
    const auto header = parseImageHeader(mapped->bytes());
    const auto size = header.upright();
    if (!size) // HEIC and AVIF among others
        return readImage(file).size;
    requireReasonableSize(*size, file.string());
    return *size;
}

bool isAnimation(const std::filesystem::path& file)
{
    try {
        return tellsOfAnimation(MappedFile::open(file)->bytes());
    } catch (const DataError&) {
        return false;
    }
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
