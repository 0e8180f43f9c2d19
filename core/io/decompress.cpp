#include "core/io/decompress.h"

#include "core/io/archive_names.h"
#include "core/io/file_kind.h"
#include "core/io/write_failure.h"
#include "core/runtime/error.h"

#include <archive_entry.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <lzma.h>
#include <memory>
#include <unistd.h>
#include <vector>
#include <zlib.h>

namespace nanodit {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t decompressedAtOnce = 1 << 20;

/// A file that is being written and closed with this object.
class Target {
public:
    explicit Target(const fs::path& file)
        : file_(file)
        , descriptor_(::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600))
    {
        if (descriptor_ < 0)
            fail(errno);
    }
    ~Target() { ::close(descriptor_); }
    Target(const Target&) = delete;
    Target& operator=(const Target&) = delete;

    void write(const char* data, std::size_t size)
    {
        written_ += static_cast<std::int64_t>(size);
        if (const int code = writeAll(descriptor_, data, size); code != 0)
            fail(code);
    }

    /// Whether so few bytes of a file grew to what was written that somebody may want to fill the disk.
    bool growsTooMuchFrom(std::int64_t compressed) const
    {
        constexpr std::int64_t alwaysTaken = 1 << 30, mostGrowth = 1000;
        return written_ > alwaysTaken && written_ / mostGrowth > compressed;
    }

private:
    [[noreturn]] void fail(int code) const
    {
        throw StoreError("cannot write " + file_.string() + ": " + std::strerror(code) +
                         "; free some space or make its folder writable, and try again");
    }

    const fs::path& file_;
    int descriptor_;
    std::int64_t written_ = 0;
};

/// How reading ended.
enum class Ending { Whole, Stopped, Early, Damaged, DamagedOrEarly, GrowsTooMuch };

std::string faultOf(const fs::path& source, Ending ending)
{
    switch (ending) {
    case Ending::Whole:
    case Ending::Stopped:
        return {};
    case Ending::Early:
        return source.string() + " is compressed data that end early: fetch it again";
    case Ending::Damaged:
        return source.string() + " is compressed data that are damaged: fetch it again";
    case Ending::DamagedOrEarly:
        return source.string() + " is compressed data that are damaged or end early: fetch it again";
    case Ending::GrowsTooMuch:
        return source.string() + " grows more than a thousandfold when it is decompressed: unpack it by hand if that "
                                 "is right";
    }
    return {};
}

/// What a decoder made of the bytes that it was given.
struct DecoderStep {
    enum class State { Goes, Ended, Damaged };
    std::size_t read = 0, written = 0;
    State state = State::Goes;
};

class GzipDecoder {
public:
    GzipDecoder()
    {
        constexpr int withGzipHeader = 16;
        if (inflateInit2(&stream_, withGzipHeader + MAX_WBITS) != Z_OK)
            throw StoreError("there is no memory to decompress gzip: close other programs, and try again");
    }
    ~GzipDecoder() { inflateEnd(&stream_); }
    GzipDecoder(const GzipDecoder&) = delete;
    GzipDecoder& operator=(const GzipDecoder&) = delete;

    void restart() { inflateReset(&stream_); }

    DecoderStep step(char* in, std::size_t inSize, char* out, std::size_t outSize)
    {
        stream_.next_in = reinterpret_cast<Bytef*>(in);
        stream_.avail_in = static_cast<uInt>(inSize);
        stream_.next_out = reinterpret_cast<Bytef*>(out);
        stream_.avail_out = static_cast<uInt>(outSize);
        const int result = inflate(&stream_, Z_NO_FLUSH);
        return {.read = inSize - stream_.avail_in,
                .written = outSize - stream_.avail_out,
                .state = result == Z_STREAM_END                    ? DecoderStep::State::Ended
                         : result == Z_OK || result == Z_BUF_ERROR ? DecoderStep::State::Goes
                                                                   : DecoderStep::State::Damaged};
    }

private:
    z_stream stream_{};
};

class XzDecoder {
public:
    XzDecoder() { restart(); }
    ~XzDecoder() { lzma_end(&stream_); }
    XzDecoder(const XzDecoder&) = delete;
    XzDecoder& operator=(const XzDecoder&) = delete;

    void restart()
    {
        if (lzma_stream_decoder(&stream_, UINT64_MAX, 0) != LZMA_OK)
            throw StoreError("there is no memory to decompress xz: close other programs, and try again");
    }

    DecoderStep step(char* in, std::size_t inSize, char* out, std::size_t outSize)
    {
        stream_.next_in = reinterpret_cast<const std::uint8_t*>(in);
        stream_.avail_in = inSize;
        stream_.next_out = reinterpret_cast<std::uint8_t*>(out);
        stream_.avail_out = outSize;
        const auto result = lzma_code(&stream_, LZMA_RUN);
        if (result == LZMA_MEM_ERROR)
            throw StoreError("there is no memory to decompress xz: close other programs, and try again");
        return {.read = inSize - stream_.avail_in,
                .written = outSize - stream_.avail_out,
                .state = result == LZMA_STREAM_END                       ? DecoderStep::State::Ended
                         : result == LZMA_OK || result == LZMA_BUF_ERROR ? DecoderStep::State::Goes
                                                                         : DecoderStep::State::Damaged};
    }

private:
    lzma_stream stream_ = LZMA_STREAM_INIT;
};

/// The streams that lie one behind the other in a file, to the last byte that can be had. What follows them and is none
/// is no fault, as for the programs gzip and xz.
template<typename Decoder>
Ending decodeTo(Target& target, const fs::path& source, const std::function<bool()>& stop)
{
    std::ifstream in(source, std::ios::binary);
    Decoder decoder;
    std::vector<char> input(decompressedAtOnce), output(decompressedAtOnce);
    std::size_t at = 0, size = 0; // of the input
    std::int64_t before = 0;      // bytes of the file that were in the input earlier
    bool pending = false;         // the decoder may hold more than the output had room for
    bool whole = false;           // the last stream that gave anything has ended
    bool between = false;
    for (;;) {
        if (at == size && !pending) {
            before += static_cast<std::int64_t>(size);
            in.read(input.data(), static_cast<std::streamsize>(input.size()));
            at = 0;
            size = static_cast<std::size_t>(in.gcount());
            if (in.bad() || !in.is_open())
                throw DataError(source.string() + " could not be read to its end: check its disk");
            if (size == 0)
                return whole ? Ending::Whole : Ending::Early;
        }
        if (stop())
            return Ending::Stopped;
        while (between && at < size && input[at] == '\0') // with which xz and tapes fill up
            ++at;
        if (between && at == size)
            continue;
        between = false;
        const auto step = decoder.step(input.data() + at, size - at, output.data(), output.size());
        at += step.read;
        pending = step.written == output.size();
        whole = whole && step.written == 0;
        target.write(output.data(), step.written);
        if (target.growsTooMuchFrom(before + static_cast<std::int64_t>(at)))
            return Ending::GrowsTooMuch;
        if (step.state == DecoderStep::State::Damaged)
            return whole ? Ending::Whole : Ending::Damaged;
        if (step.state == DecoderStep::State::Ended) {
            decoder.restart();
            whole = between = true;
            pending = false;
        }
    }
}

/// Of formats whose blocks are had whole or not at all.
Ending readTo(Target& target, const fs::path& source, const std::function<bool()>& stop)
{
    const std::unique_ptr<archive, decltype(&archive_read_free)> reader(archive_read_new(), archive_read_free);
    // By name, for "all" would start programs for filters that the library lacks.
    archive_read_support_filter_bzip2(reader.get());
    archive_read_support_filter_zstd(reader.get());
    archive_read_support_format_raw(reader.get());
    archive_entry* entry = nullptr;
    if (archive_read_open_filename(reader.get(), source.c_str(), decompressedAtOnce) != ARCHIVE_OK ||
        archive_read_next_header(reader.get(), &entry) != ARCHIVE_OK)
        return Ending::DamagedOrEarly;
    for (;;) {
        const void* block = nullptr;
        std::size_t size = 0;
        la_int64_t offset = 0;
        const int result = archive_read_data_block(reader.get(), &block, &size, &offset);
        if (result == ARCHIVE_EOF)
            return Ending::Whole;
        if (stop())
            return Ending::Stopped;
        if (result < ARCHIVE_WARN)
            return Ending::DamagedOrEarly;
        target.write(static_cast<const char*>(block), size);
        if (target.growsTooMuchFrom(archive_filter_bytes(reader.get(), -1)))
            return Ending::GrowsTooMuch;
    }
}

} // namespace

std::string decompressFile(const fs::path& source, const fs::path& target, const std::function<bool()>& stop)
{
    Target file(target);
    switch (fileKindOf(source)) {
    case FileKind::Gzip: // libarchive would keep the last 64 KB of a file that ends early to itself
        return faultOf(source, decodeTo<GzipDecoder>(file, source, stop));
    case FileKind::Xz:
        return faultOf(source, decodeTo<XzDecoder>(file, source, stop));
    default:
        return faultOf(source, readTo(file, source, stop));
    }
}

} // namespace nanodit
