#include "core/io/stored_picture.h"
#include "core/runtime/error.h"

#include <algorithm>
#include <bit>
#include <csetjmp>
#include <cstring>
#include <png.h>

namespace nanodit {

namespace {

/// libpng with its errors kept instead of printed. Each step returns false where the library gave up, which it does by
/// a jump: no step holds anything that would have to be destroyed.
class PngReader {
public:
    explicit PngReader(std::span<const std::byte> bytes)
        : rest_(bytes)
        , png_(png_create_read_struct(PNG_LIBPNG_VER_STRING, this, failed, [](png_structp, png_const_charp) {}))
        , info_(png_ != nullptr ? png_create_info_struct(png_) : nullptr)
    {
        if (info_ == nullptr)
            throw std::bad_alloc();
    }
    ~PngReader() { png_destroy_read_struct(&png_, &info_, nullptr); }
    PngReader(const PngReader&) = delete;
    PngReader& operator=(const PngReader&) = delete;

    bool readHeader()
    {
        if (setjmp(escape_) != 0)
            return false;
        png_set_read_fn(png_, this, read);
        png_set_benign_errors(png_, 1);
        png_set_user_limits(png_, PNG_UINT_31_MAX, PNG_UINT_31_MAX); // their product is checked by the caller
        png_read_info(png_, info_);
        return true;
    }
    /// Palettes, few bits and colour keys become plain samples.
    bool prepare()
    {
        if (setjmp(escape_) != 0)
            return false;
        png_set_expand(png_);
        if constexpr (std::endian::native == std::endian::little)
            png_set_swap(png_);
        png_set_interlace_handling(png_);
        png_read_update_info(png_, info_);
        return true;
    }
    bool readRows(png_bytep* rows)
    {
        if (setjmp(escape_) != 0)
            return false;
        png_read_image(png_, rows);
        png_read_end(png_, nullptr);
        return true;
    }

    ImageSize size() const
    {
        return {.width = png_get_image_width(png_, info_), .height = png_get_image_height(png_, info_)};
    }
    int channels() const { return png_get_channels(png_, info_); }
    int bits() const { return png_get_bit_depth(png_, info_); }
    std::span<const std::byte> profile() const
    {
        png_charp name = nullptr;
        png_bytep data = nullptr;
        png_uint_32 length = 0;
        int compression = 0;
        if (png_get_iCCP(png_, info_, &name, &compression, &data, &length) == 0)
            return {};
        return {reinterpret_cast<const std::byte*>(data), length};
    }
    bool endsEarly() const { return endsEarly_; }
    bool isApples() const { return isApples_; }

private:
    static void failed(png_structp png, png_const_charp message)
    {
        auto* const reader = static_cast<PngReader*>(png_get_error_ptr(png));
        reader->isApples_ = std::strncmp(message, "CgBI", 4) == 0; // the chunk that it does not know
        std::longjmp(reader->escape_, 1);
    }
    static void read(png_structp png, png_bytep target, size_t count)
    {
        auto* const reader = static_cast<PngReader*>(png_get_io_ptr(png));
        if (count > reader->rest_.size()) {
            reader->endsEarly_ = true;
            png_error(png, "it ends early");
        }
        std::memcpy(target, reader->rest_.data(), count);
        reader->rest_ = reader->rest_.subspan(count);
    }

    std::span<const std::byte> rest_;
    png_structp png_;
    png_infop info_;
    std::jmp_buf escape_{};
    bool endsEarly_ = false, isApples_ = false;
};

[[noreturn]] void fail(const PngReader& reader, const std::string& name)
{
    if (reader.endsEarly())
        throw DataError(name +
                        " is truncated or damaged: the picture in it does not reach its end; fetch the file again");
    if (reader.isApples())
        throw DataError(name + " is a PNG picture in Apple's own form (CgBI), which is not read: convert it to a plain "
                               "PNG, for example with pngcrush -revert-iphone-optimizations");
    throw DataError(name + " is a PNG picture that is damaged: fetch it again");
}

} // namespace

StoredPicture decodePng(std::span<const std::byte> bytes, const std::string& name)
{
    PngReader reader(bytes);
    if (!reader.readHeader())
        fail(reader, name);
    StoredPicture picture;
    picture.size = reader.size();
    requireReasonableSize(picture.size, name);
    if (!reader.prepare())
        fail(reader, name);
    picture.channels = reader.channels();
    picture.bits = reader.bits();
    const auto profile = reader.profile();
    const auto described = coloursOfPng(bytes, !profile.empty(), name);
    picture.colours = described.colours;
    picture.profileRefused = described.profileRefused; // libpng drops profiles that are damaged or of other channels
    if (!described.overrulesProfile)
        picture.profile.assign(profile.begin(), profile.end());
    picture.samples.resize(picture.rowBytes() * static_cast<std::size_t>(picture.size.height));
    std::vector<png_bytep> rows(static_cast<std::size_t>(picture.size.height));
    for (std::size_t y = 0; y < rows.size(); ++y)
        rows[y] = picture.samples.data() + y * picture.rowBytes();
    if (!reader.readRows(rows.data()))
        fail(reader, name);
    return picture;
}

} // namespace nanodit
