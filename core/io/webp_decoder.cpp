#include "core/io/stored_picture.h"
#include "core/runtime/error.h"

#include <memory>
#include <webp/decode.h>
#include <webp/demux.h>

namespace nanodit {

namespace {

[[noreturn]] void fail(const std::string& name)
{
    throw DataError(name + " is a WebP picture that is truncated or damaged: fetch it again");
}

using Demuxer = std::unique_ptr<WebPDemuxer, decltype(&WebPDemuxDelete)>;

/// Paints the first frame on the canvas, RGBA, which is transparent elsewhere. (The library's own decoder of animations
/// would hold the canvas three times.)
void decodeFirstFrame(const WebPData& data, StoredPicture& picture, const std::string& name)
{
    const Demuxer demuxer(WebPDemux(&data), WebPDemuxDelete);
    WebPIterator found;
    if (!demuxer || WebPDemuxGetFrame(demuxer.get(), 1, &found) == 0)
        fail(name);
    const std::unique_ptr<WebPIterator, decltype(&WebPDemuxReleaseIterator)> frame(&found, WebPDemuxReleaseIterator);
    const std::int64_t left = frame->x_offset, top = frame->y_offset;
    if (left < 0 || top < 0 || frame->width < 1 || frame->height < 1 || left + frame->width > picture.size.width ||
        top + frame->height > picture.size.height)
        fail(name);
    const auto offset = static_cast<std::size_t>(top) * picture.rowBytes() + 4 * static_cast<std::size_t>(left);
    if (WebPDecodeRGBAInto(frame->fragment.bytes, frame->fragment.size, picture.samples.data() + offset,
                           picture.samples.size() - offset, static_cast<int>(picture.rowBytes())) == nullptr)
        fail(name);
}

void readProfile(const WebPData& data, StoredPicture& picture)
{
    const Demuxer demuxer(WebPDemux(&data), WebPDemuxDelete);
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
