#include "core/io/stored_picture.h"
#include "core/runtime/error.h"

#include <csetjmp>
#include <cstdio>
#include <cstdlib>
// The codes in jerror.h depend on what jpeglib.h defines.
// clang-format off
#include <jpeglib.h>
#include <jerror.h>
// clang-format on

namespace nanodit {

namespace {

/// libjpeg with its errors and warnings kept instead of printed. Each step returns false where the library gave up,
/// which it does by a jump: no step holds anything that would have to be destroyed.
class JpegReader {
public:
    explicit JpegReader(std::span<const std::byte> bytes)
    {
        info_.err = jpeg_std_error(&errors_);
        info_.client_data = this;
        errors_.error_exit = [](j_common_ptr info) {
            auto* const reader = static_cast<JpegReader*>(info->client_data);
            reader->unknownSort_ = isUnknownSort(info->err->msg_code);
            std::longjmp(reader->escape_, 1);
        };
        errors_.emit_message = [](j_common_ptr info, int level) {
            if (level < 0)
                static_cast<JpegReader*>(info->client_data)->warned(info);
        };
        bytes_ = bytes;
    }
    ~JpegReader() { jpeg_destroy_decompress(&info_); }
    JpegReader(const JpegReader&) = delete;
    JpegReader& operator=(const JpegReader&) = delete;

    bool readHeader()
    {
        if (setjmp(escape_) != 0)
            return false;
        jpeg_create_decompress(&info_);
        info_.client_data = this;
        jpeg_mem_src(&info_, reinterpret_cast<const unsigned char*>(bytes_.data()), bytes_.size());
        jpeg_save_markers(&info_, JPEG_APP0 + 2, 0xffff); // ICC profiles
        jpeg_read_header(&info_, TRUE);
        switch (info_.jpeg_color_space) {
        case JCS_GRAYSCALE:
            info_.out_color_space = JCS_GRAYSCALE;
            break;
        case JCS_CMYK:
        case JCS_YCCK:
            info_.out_color_space = JCS_CMYK;
            break;
        default:
            info_.out_color_space = JCS_RGB;
        }
        jpeg_calc_output_dimensions(&info_);
        return true;
    }
    bool readRows(std::uint8_t* target, std::size_t rowBytes)
    {
        if (setjmp(escape_) != 0)
            return false;
        jpeg_start_decompress(&info_);
        while (info_.output_scanline < info_.output_height) {
            JSAMPROW row = target + rowBytes * info_.output_scanline;
            jpeg_read_scanlines(&info_, &row, 1);
        }
        jpeg_finish_decompress(&info_);
        return true;
    }
    /// To be freed by the caller; null where there is none.
    bool readProfile(JOCTET** profile, unsigned* length)
    {
        if (setjmp(escape_) != 0)
            return false;
        return jpeg_read_icc_profile(&info_, profile, length) != 0;
    }

    ImageSize size() const { return {.width = info_.output_width, .height = info_.output_height}; }
    int channels() const { return info_.out_color_components; }
    bool inks() const { return info_.out_color_space == JCS_CMYK; }
    bool endsEarly() const { return endsEarly_; }
    bool damaged() const { return damaged_; }
    bool profileDamaged() const { return profileDamaged_; }
    bool unknownSort() const { return unknownSort_; }

private:
    static bool isUnknownSort(int code)
    {
        return code == JERR_SOF_UNSUPPORTED || code == JERR_BAD_PRECISION || code == JERR_CONVERSION_NOTIMPL ||
               code == JERR_NOTIMPL || code == JERR_NOT_COMPILED;
    }
    void warned(j_common_ptr info)
    {
        switch (info->err->msg_code) {
        case JWRN_JPEG_EOF:
        case JWRN_HIT_MARKER:
            endsEarly_ = true;
            break;
        // Pixels are as they were meant in spite of these.
        case JWRN_EXTRANEOUS_DATA:
        case JWRN_TOO_MUCH_DATA:
        case JWRN_ADOBE_XFORM:
        case JWRN_JFIF_MAJOR:
        case JWRN_NOT_SEQUENTIAL:
            break;
        case JWRN_BOGUS_ICC: // the profile is damaged, not the picture
            profileDamaged_ = true;
            break;
        default:
            damaged_ = true;
        }
    }

    jpeg_decompress_struct info_{};
    jpeg_error_mgr errors_{};
    std::jmp_buf escape_{};
    std::span<const std::byte> bytes_;
    bool endsEarly_ = false, damaged_ = false, profileDamaged_ = false, unknownSort_ = false;
};

[[noreturn]] void fail(const JpegReader& reader, const std::string& name)
{
    if (reader.endsEarly())
        throw DataError(name +
                        " is truncated or damaged: the picture in it does not reach its end; fetch the file again");
    if (reader.unknownSort())
        throw DataError(name + " is a JPEG picture of a sort that is not read (lossless, hierarchical or of 12 bits): "
                               "convert it to PNG");
    throw DataError(name + " is a JPEG picture that is damaged: fetch it again");
}

} // namespace

StoredPicture decodeJpeg(std::span<const std::byte> bytes, const std::string& name)
{
    JpegReader reader(bytes);
    if (!reader.readHeader())
        fail(reader, name);
    StoredPicture picture;
    picture.size = reader.size();
    requireReasonableSize(picture.size, name);
    picture.channels = reader.channels();
    picture.inks = reader.inks();
    picture.samples.resize(picture.rowBytes() * static_cast<std::size_t>(picture.size.height));
    JOCTET* profile = nullptr;
    unsigned profileBytes = 0;
    if (reader.readProfile(&profile, &profileBytes)) {
        const auto* const begin = reinterpret_cast<const std::byte*>(profile);
        picture.profile.assign(begin, begin + profileBytes);
    }
    std::free(profile); // NOLINT: allocated by the library
    if (reader.profileDamaged())
        picture.profile.assign(1, std::byte{0}); // one that cannot be applied, and is counted as such
    if (!reader.readRows(picture.samples.data(), picture.rowBytes()) || reader.endsEarly() || reader.damaged())
        fail(reader, name);
    return picture;
}

} // namespace nanodit
