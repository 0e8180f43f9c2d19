#include "core/io/file_kind.h"
#include "core/io/stored_picture.h"
#include "core/runtime/error.h"

#ifdef NANODIT_HAS_HEIF

#include <algorithm>
#include <libheif/heif.h>
#include <memory>

namespace nanodit {

namespace {

void require(const heif_error& error, const std::string& name, FileKind kind)
{
    if (error.code == heif_error_Ok)
        return;
    if (error.code == heif_error_Unsupported_feature || error.code == heif_error_Unsupported_filetype)
        throw DataError(name + " is " + std::string(nameOf(kind)) +
                        " that libheif has no decoder for here: "
                        "install libheif's plugins, or convert it to PNG");
    throw DataError(name + " is " + std::string(nameOf(kind)) + " that is truncated or damaged: fetch it again");
}

} // namespace

StoredPicture decodeHeif(std::span<const std::byte> bytes, const std::string& name)
{
    const auto kind = fileKindOf(bytes);
    const std::unique_ptr<heif_context, decltype(&heif_context_free)> context(heif_context_alloc(), heif_context_free);
    require(heif_context_read_from_memory_without_copy(context.get(), bytes.data(), bytes.size(), nullptr), name, kind);
    heif_image_handle* raw = nullptr;
    require(heif_context_get_primary_image_handle(context.get(), &raw), name, kind);
    const std::unique_ptr<heif_image_handle, decltype(&heif_image_handle_release)> handle(raw,
                                                                                          heif_image_handle_release);
    StoredPicture picture;
    picture.size = {.width = heif_image_handle_get_width(raw), .height = heif_image_handle_get_height(raw)};
    requireReasonableSize(picture.size, name);
    picture.channels = heif_image_handle_has_alpha_channel(raw) != 0 ? 4 : 3;
    heif_image* rawImage = nullptr;
    require(heif_decode_image(raw, &rawImage, heif_colorspace_RGB,
                              picture.channels == 4 ? heif_chroma_interleaved_RGBA : heif_chroma_interleaved_RGB,
                              nullptr),
            name, kind);
    const std::unique_ptr<heif_image, decltype(&heif_image_release)> image(rawImage, heif_image_release);
    picture.size = {.width = heif_image_get_width(rawImage, heif_channel_interleaved),
                    .height = heif_image_get_height(rawImage, heif_channel_interleaved)};
    requireReasonableSize(picture.size, name);
    picture.samples.resize(picture.rowBytes() * static_cast<std::size_t>(picture.size.height));
    int stride = 0;
    const auto* const plane = heif_image_get_plane_readonly(rawImage, heif_channel_interleaved, &stride);
    if (plane == nullptr)
        throw DataError(name + " is " + std::string(nameOf(kind)) + " without pixels: fetch it again");
    for (std::size_t y = 0; y < static_cast<std::size_t>(picture.size.height); ++y)
        std::copy_n(plane + y * static_cast<std::size_t>(stride), picture.rowBytes(),
                    picture.samples.data() + y * picture.rowBytes());
    if (const auto profile = heif_image_handle_get_color_profile_type(raw);
        profile == heif_color_profile_type_prof || profile == heif_color_profile_type_rICC) {
        picture.profile.resize(heif_image_handle_get_raw_color_profile_size(raw));
        require(heif_image_handle_get_raw_color_profile(raw, picture.profile.data()), name, kind);
    }
    heif_color_profile_nclx* rawCodes = nullptr;
    if (heif_image_handle_get_nclx_color_profile(raw, &rawCodes).code == heif_error_Ok && rawCodes != nullptr) {
        const std::unique_ptr<heif_color_profile_nclx, decltype(&heif_nclx_color_profile_free)> codes(
            rawCodes, heif_nclx_color_profile_free);
        const auto colours = coloursOf({.primaries = static_cast<unsigned>(codes->color_primaries),
                                        .transfer = static_cast<unsigned>(codes->transfer_characteristics)},
                                       name); // also of a picture with a profile, so that HDR is refused
        if (picture.profile.empty())
            picture.colours = colours;
    }
    return picture;
}

} // namespace nanodit

#else

namespace nanodit {

StoredPicture decodeHeif(std::span<const std::byte> bytes, const std::string& name)
{
    throw DataError(name + " is " + std::string(nameOf(fileKindOf(bytes))) +
                    ", which is not read here: convert it to PNG or JPEG, or build the program with libheif-dev");
}

} // namespace nanodit

#endif
