#include "core/io/image_header.h"
#include "core/io/png.h"
#include "core/runtime/error.h"

#include <cstdint>

/// What is parsed here of a picture: its header, its EXIF block, its text. Pixels are the decoder's.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    using namespace nanodit;
    const auto bytes = std::as_bytes(std::span(data, size));
    for (const bool toTheEnd : {false, true})
        parseImageHeader(bytes, toTheEnd);
    try {
        parsePngText(bytes, "input");
    } catch (const DataError&) {
    }
    return 0;
}
