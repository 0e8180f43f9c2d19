#include "core/io/stored_picture.h"
#include "core/runtime/error.h"

#include <algorithm>
#include <memory>
#include <webp/decode.h>
#include <webp/demux.h>

namespace nanodit {

namespace {

[[noreturn]] void fail(const std::string& name)
{
    throw DataError(name + " is a WebP picture that is truncated or damaged: fetch it again");
}

/// The canvas with the first frame painted on it, RGBA.
void decodeFirstFrame(const WebPData& data, StoredPicture& picture, const std::string& name)
{
    WebPAnimDecoderOptions options;
    if (WebPAnimDecoderOptionsInit(&options) == 0)
        fail(name);
    options.color_mode = MODE_RGBA;
    const std::unique_ptr<WebPAnimDecoder, decltype(&WebPAnimDecoderDelete)> decoder(
        WebPAnimDecoderNew(&data, &options), WebPAnimDecoderDelete);
    std::uint8_t* canvas = nullptr;
    int milliseconds = 0;
    if (!decoder || WebPAnimDecoderGetNext(decoder.get(), &canvas, &milliseconds) == 0)
        fail(name);
    std::copy_n(canvas, picture.samples.size(), picture.samples.data());
}

void readProfile(const WebPData& data, StoredPicture& picture)
{
    const std::unique_ptr<WebPDemuxer, decltype(&WebPDemuxDelete)> demuxer(WebPDemux(&data), WebPDemuxDelete);
    WebPChunkIterator chunk;
    if (demuxer && WebPDemuxGetChunk(demuxer.get(), "ICCP", 1, &chunk) != 0) {
        const auto* const begin = reinterpret_cast<const std::byte*>(chunk.chunk.bytes);
        picture.profile.assign(begin, begin + chunk.chunk.size);
        WebPDemuxReleaseChunkIterator(&chunk);
    }
}

} // namespace

StoredPicture decodeWebp(std::span<const std::byte> bytes, const std::string& name)
{
    const auto* const begin = reinterpret_cast<const std::uint8_t*>(bytes.data());
    WebPBitstreamFeatures features;
    if (WebPGetFeatures(begin, bytes.size(), &features) != VP8_STATUS_OK)
        fail(name);
    StoredPicture picture;
    picture.size = {.width = features.width, .height = features.height};
    requireReasonableSize(picture.size, name);
    const bool animated = features.has_animation != 0;
    picture.channels = animated || features.has_alpha != 0 ? 4 : 3;
    picture.samples.resize(picture.rowBytes() * static_cast<std::size_t>(picture.size.height));
    const WebPData data{.bytes = begin, .size = bytes.size()};
    const auto stride = static_cast<int>(picture.rowBytes());
    if (animated)
        decodeFirstFrame(data, picture, name);
    else if ((picture.channels == 4
                  ? WebPDecodeRGBAInto(begin, bytes.size(), picture.samples.data(), picture.samples.size(), stride)
                  : WebPDecodeRGBInto(begin, bytes.size(), picture.samples.data(), picture.samples.size(), stride)) ==
             nullptr)
        fail(name);
    readProfile(data, picture);
    return picture;
}

} // namespace nanodit
