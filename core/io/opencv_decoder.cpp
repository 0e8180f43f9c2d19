#include "core/io/file_kind.h"
#include "core/io/image_header.h"
#include "core/io/stored_picture.h"
#include "core/runtime/error.h"

#include <opencv2/core/utils/logger.hpp>
#include <opencv2/imgcodecs.hpp>

#include <cstring>
#include <iostream>
#include <limits>
#include <new>
#include <streambuf>
#include <vector>

namespace nanodit {

namespace {

/// OpenCV prints what it throws, too.
void keepOpenCvSilent()
{
    static const bool once = [] {
        cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT);
        cv::redirectError([](int, const char*, const char*, const char*, int, void*) { return 0; });
        return true;
    }();
    static_cast<void>(once);
}

/// imdecode writes to std::cerr what its decoders throw, whatever it was told above. What a thread writes there while
/// it decodes is dropped; what others write passes.
class SilentDecoding {
public:
    SilentDecoding()
    {
        // Never deleted: others may write until the program ends.
        static auto* const filter = [] {
            auto* const made = new Filter(std::cerr.rdbuf());
            std::cerr.rdbuf(made);
            return made;
        }();
        static_cast<void>(filter);
        decoding = true;
    }
    ~SilentDecoding() { decoding = false; }
    SilentDecoding(const SilentDecoding&) = delete;
    SilentDecoding& operator=(const SilentDecoding&) = delete;

private:
    class Filter final : public std::streambuf {
    public:
        explicit Filter(std::streambuf* behind)
            : behind_(behind)
        {
        }

    protected:
        int_type overflow(int_type c) override
        {
            if (decoding || traits_type::eq_int_type(c, traits_type::eof()))
                return traits_type::not_eof(c);
            return behind_->sputc(traits_type::to_char_type(c));
        }
        std::streamsize xsputn(const char* text, std::streamsize count) override
        {
            return decoding ? count : behind_->sputn(text, count);
        }
        int sync() override { return decoding ? 0 : behind_->pubsync(); }

    private:
        std::streambuf* behind_;
    };

    static inline thread_local bool decoding = false;
};

} // namespace

StoredPicture decodeWithOpenCv(std::span<const std::byte> bytes, const std::string& name)
{
    keepOpenCvSilent();
    const auto header = parseImageHeader(bytes);
    if (header.stored)
        requireReasonableSize(*header.stored, name);
    if (bytes.size() > static_cast<std::size_t>(std::numeric_limits<int>::max()))
        throw DataError(name + " is too large: pictures of at most 2 GiB are read");
    const std::string what = name + " is " + std::string(nameOf(fileKindOf(bytes)));
    // OpenCV wants something behind the last number of a plain Netpbm picture.
    std::vector<std::byte> ended;
    const bool plainNumbers = bytes.size() > 2 && bytes[0] == std::byte{'P'} && bytes[1] <= std::byte{'3'};
    if (plainNumbers && bytes.back() >= std::byte{'0'} && bytes.back() <= std::byte{'9'}) {
        ended.assign(bytes.begin(), bytes.end());
        ended.push_back(std::byte{'\n'});
        bytes = ended;
    }
    cv::Mat pixels;
    try {
        const cv::Mat encoded(1, static_cast<int>(bytes.size()), CV_8U, const_cast<std::byte*>(bytes.data()));
        const SilentDecoding silence;
        pixels = cv::imdecode(encoded, cv::IMREAD_UNCHANGED);
    } catch (const cv::Exception&) {
        pixels.release();
    } catch (const std::bad_alloc&) {
        throw DataError(name + " does not fit in memory");
    }
    if (pixels.empty())
        throw DataError(what + " that is damaged or of a sort that is not read: fetch it again, or convert it to PNG");
    if (pixels.depth() != CV_8U && pixels.depth() != CV_16U)
        throw DataError(what + " that holds neither 8 nor 16 bits a channel: convert it to an 8-bit PNG");
    StoredPicture picture;
    picture.size = {.width = pixels.cols, .height = pixels.rows};
    picture.channels = pixels.channels();
    if (picture.channels != 1 && picture.channels != 3 && picture.channels != 4)
        throw DataError(what + " with " + std::to_string(picture.channels) + " channels; 1, 3 or 4 are read");
    picture.bits = pixels.depth() == CV_8U ? 8 : 16;
    picture.samples.resize(picture.rowBytes() * static_cast<std::size_t>(pixels.rows));
    const auto sampleBytes = static_cast<std::size_t>(picture.bits) / 8;
    const auto pixelBytes = sampleBytes * static_cast<std::size_t>(picture.channels);
    for (int y = 0; y < pixels.rows; ++y) {
        auto* target = picture.samples.data() + static_cast<std::size_t>(y) * picture.rowBytes();
        std::memcpy(target, pixels.ptr<std::uint8_t>(y), picture.rowBytes());
        for (int x = 0; picture.channels >= 3 && x < pixels.cols; ++x, target += pixelBytes) // from BGR
            std::swap_ranges(target, target + sampleBytes, target + 2 * sampleBytes);
    }
    picture.profile = header.profile;
    return picture;
}

} // namespace nanodit
