#include "core/io/image_header.h"
#include "core/io/png.h"
#include "core/io/stored_picture.h"
#include "core/runtime/error.h"

#include <cstdint>

/// What is parsed here of a picture: its header, its EXIF block, its text, and the pixels of a GIF or a BMP; and how
/// the libraries are called that decode the others.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    using namespace nanodit;
    const auto bytes = std::as_bytes(std::span(data, size));
    parseImageHeader(bytes);
    for (const auto decode : {decodeGif, decodeJpeg, decodePng, decodeWebp}) {
        // The libraries have fuzzers of their own; here it is how they are called. Large sizes only cost time.
        const auto stored = parseImageHeader(bytes).stored;
        if (stored && stored->width * stored->height > 1'000'000)
            break;
        try {
            decode(bytes, "input");
        } catch (const DataError&) {
        }
    }
    const auto header = parseImageHeader(bytes);
    if (header.format == ImageHeader::Format::Bmp && header.stored &&
        header.stored->width * header.stored->height <= 1'000'000) {
        try {
            decodeBmp(bytes, "input");
        } catch (const DataError&) {
        }
    }
    try {
        parsePngText(bytes, "input");
    } catch (const DataError&) {
    }
    return 0;
}
