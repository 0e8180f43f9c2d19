#include "core/io/file_kind.h"

#include "core/io/byte_text.h"
#include "core/io/lower_case.h"
#include "core/io/utf8.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <fstream>
#include <utility>
#include <vector>

namespace nanodit {

namespace {

using namespace std::string_view_literals;

/// As much of a file as the kinds below are told by.
constexpr std::size_t headBytes = 4096;
/// The signature at the end of a TGA file (Truevision TGA specification 2.0, C.2).
constexpr std::size_t tgaFooterBytes = 26;

struct Signature {
    std::string_view bytes;
    FileKind kind;
};

constexpr std::array signatures = {
    Signature{"\xff\xd8\xff"sv, FileKind::Jpeg},
    Signature{"\x89PNG\r\n\x1a\n"sv, FileKind::Png},
    Signature{"GIF87a"sv, FileKind::Gif},
    Signature{"GIF89a"sv, FileKind::Gif},
    Signature{"FUJIFILMCCD-RAW"sv, FileKind::CameraRaw},
    Signature{"\x00\x00\x00\x0cjP  "sv, FileKind::Jpeg2000},
    Signature{"\xff\x4f\xff\x51"sv, FileKind::Jpeg2000},
    Signature{"\x00\x00\x00\x0cJXL "sv, FileKind::JpegXl},
    Signature{"\xff\x0a"sv, FileKind::JpegXl},
    Signature{"8BPS"sv, FileKind::Photoshop},
    Signature{"\x00\x00\x01\x00"sv, FileKind::Icon},
    Signature{"\x76\x2f\x31\x01"sv, FileKind::OpenExr},
    Signature{"#?RADIANCE"sv, FileKind::RadianceHdr},
    Signature{"#?RGBE"sv, FileKind::RadianceHdr},
    Signature{"DDS "sv, FileKind::Dds},
    Signature{"qoif"sv, FileKind::Qoi},
    Signature{"PF\n"sv, FileKind::FloatMap},
    Signature{"Pf\n"sv, FileKind::FloatMap},
    Signature{"gimp xcf "sv, FileKind::Gimp},
    Signature{"II\xbc"sv, FileKind::JpegXr},
    Signature{"%!PS-Adobe"sv, FileKind::PostScript},
    Signature{"version https://git-lfs.github.com/spec/"sv, FileKind::GitLfsPointer},
    Signature{"version https://hawser.github.com/spec/"sv, FileKind::GitLfsPointer},
    Signature{"/annex/objects/"sv, FileKind::GitAnnexPointer},
    Signature{"[InternetShortcut]"sv, FileKind::InternetShortcut},
    Signature{"\x00\x05\x16\x07"sv, FileKind::AppleDouble},
    Signature{"\x1f\x8b"sv, FileKind::Gzip},
    Signature{"BZh"sv, FileKind::Bzip2},
    Signature{"\xfd"
              "7zXZ\x00"sv,
              FileKind::Xz},
    Signature{"\x28\xb5\x2f\xfd"sv, FileKind::Zstandard},
    Signature{"7z\xbc\xaf\x27\x1c"sv, FileKind::SevenZip},
    Signature{"Rar!\x1a\x07"sv, FileKind::Rar},
    Signature{"\x04\x22\x4d\x18"sv, FileKind::Lz4},
    Signature{"\x5d\x00\x00"sv, FileKind::Lzma},
    Signature{"\x1f\x9d"sv, FileKind::UnixCompress},
    Signature{"GGUF"sv, FileKind::Gguf},
    Signature{"\x89HDF\r\n\x1a\n"sv, FileKind::Hdf5},
    Signature{"\x93NUMPY"sv, FileKind::Npy},
    Signature{"SQLite format 3\x00"sv, FileKind::Sqlite},
    Signature{"%PDF-"sv, FileKind::Pdf},
    Signature{"\x1a\x45\xdf\xa3"sv, FileKind::Video},
};

/// torch.save before 1.6 began with a pickle of the number 0x1950a86a20f9469cfc6c, of any protocol: in digits, or as
/// bytes behind the protocol, from protocol 4 on also behind a frame.
bool isLegacyTorch(std::string_view head)
{
    constexpr std::size_t protocolBytes = 2, frameBytes = 9;
    const auto number = head.find("\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19"sv);
    return head.starts_with("L119547037146038801333356L\n"sv) ||
           (head.starts_with('\x80') && (number == protocolBytes || number == protocolBytes + frameBytes));
}

std::uint64_t littleEndianIn(std::string_view bytes, std::size_t at, std::size_t count)
{
    std::uint64_t value = 0;
    for (std::size_t i = count; i-- > 0;)
        value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
    return value;
}

/// ISO base media files (ISO 14496-12, 4.3): a box "ftyp" with a main and further brands.
FileKind kindByBrands(std::string_view head)
{
    const auto size = std::min<std::size_t>(head.size(), static_cast<unsigned char>(head[3]) |
                                                             static_cast<unsigned char>(head[2]) << 8);
    bool heic = false;
    for (std::size_t at = 8; at + 4 <= size; at += at == 8 ? 8 : 4) {
        const auto brand = head.substr(at, 4);
        if (brand == "avif"sv || brand == "avis"sv)
            return FileKind::Avif;
        if (brand == "crx "sv)
            return FileKind::CameraRaw;
        constexpr std::array heicBrands = {"heic"sv, "heix"sv, "heim"sv, "heis"sv,
                                           "hevc"sv, "hevx"sv, "mif1"sv, "msf1"sv};
        heic |= std::ranges::find(heicBrands, brand) != heicBrands.end();
    }
    return heic ? FileKind::Heic : FileKind::Video;
}

FileKind kindOfZip(std::string_view head)
{
    constexpr std::size_t nameLengthAt = 26, nameAt = 30;
    if (head.size() < nameAt)
        return FileKind::Zip;
    const auto name = head.substr(nameAt, littleEndianIn(head, nameLengthAt, 2));
    if (name.ends_with("/data.pkl") || name.ends_with("/.format_version") || name.ends_with("/byteorder"))
        return FileKind::PyTorchZip;
    return name.ends_with(".npy") ? FileKind::Npz : FileKind::Zip;
}

/// Cameras write their raw pictures as TIFF, with a small picture in front: told by the version of DNG, or by a first
/// directory that calls its picture a reduced one and points to others (TIFF 6.0 and TIFF/EP).
bool isCameraRaw(std::string_view head)
{
    constexpr std::size_t shortest = 10, entryBytes = 12;
    if (head.size() < shortest)
        return false;
    const auto number = [&](std::size_t at, std::size_t count) {
        if (head[0] == 'I')
            return littleEndianIn(head, at, count);
        std::uint64_t value = 0;
        for (std::size_t i = 0; i < count; ++i)
            value = value << 8 | static_cast<unsigned char>(head[at + i]);
        return value;
    };
    const auto directory = static_cast<std::size_t>(number(4, 4));
    constexpr std::uint64_t plainTiff = 42, subfileType = 254, subDirectories = 330, dngVersion = 50706;
    if (head.substr(8, 2) == "CR")
        return true;
    if (number(2, 2) != plainTiff || directory > head.size() - 2)
        return false;
    bool reduced = false, others = false;
    const auto entries = number(directory, 2);
    for (std::size_t i = 0; i < entries; ++i) {
        const auto entry = directory + 2 + i * entryBytes;
        if (entry + entryBytes > head.size())
            break;
        const auto tag = number(entry, 2);
        if (tag == dngVersion)
            return true;
        reduced |= tag == subfileType && (number(entry + 8, 4) & 1) != 0;
        others |= tag == subDirectories;
    }
    return reduced && others;
}

FileKind kindOfTiff(std::string_view head)
{
    return isCameraRaw(head) ? FileKind::CameraRaw : FileKind::Tiff;
}

bool isTar(std::string_view head)
{
    constexpr std::size_t magicAt = 257, blockBytes = 512, checksumAt = 148, checksumBytes = 8;
    if (head.size() < blockBytes)
        return false;
    if (head.substr(magicAt, 5) == "ustar")
        return true;
    // The tars of before POSIX have no signature: the sum of the header's bytes (those of the checksum as blanks).
    std::uint64_t sum = checksumBytes * ' ', stated = 0;
    for (std::size_t i = 0; i < blockBytes; ++i) {
        if (i < checksumAt || i >= checksumAt + checksumBytes)
            sum += static_cast<unsigned char>(head[i]);
        else if (head[i] >= '0' && head[i] <= '7')
            stated = stated * 8 + static_cast<std::uint64_t>(head[i] - '0');
    }
    return stated > 0 && stated == sum;
}

/// A length of eight bytes and a JSON object of that length.
bool isSafetensors(std::string_view head)
{
    constexpr std::uint64_t longestHeader = 100'000'000;
    return head.size() > 9 && littleEndianIn(head, 0, 8) >= 2 && littleEndianIn(head, 0, 8) <= longestHeader &&
           head[8] == '{' && (head[9] == '"' || head[9] == '}' || head[9] == ' ' || head[9] == '\n');
}

/// The first bytes of a character of UTF-8 whose others are cut off.
bool isBegunCharacter(std::string_view bytes)
{
    const auto first = static_cast<unsigned char>(bytes.front());
    const std::size_t whole = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    return first >= 0xC2 && first <= 0xF4 && bytes.size() < whole &&
           std::ranges::all_of(bytes.substr(1), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; });
}

FileKind kindOfText(std::string_view head)
{
    if (head.starts_with("\xef\xbb\xbf"))
        head.remove_prefix(3);
    head.remove_prefix(std::min(head.size(), head.find_first_not_of(" \t\r\n")));
    if (head.size() >= 3 && head[0] == 'P' && head[1] >= '1' && head[1] <= '7' &&
        " \t\r\n#"sv.find(head[2]) != std::string_view::npos)
        return FileKind::Netpbm;
    const auto begin = lowerCased(std::string(head.substr(0, 1024)));
    for (const auto page : {"<!doctype html"sv, "<html"sv, "<head"sv, "<body"sv, "<script"sv}) {
        if (begin.starts_with(page) || (begin.starts_with("<!--") && begin.find(page) != std::string::npos))
            return FileKind::WebPage;
    }
    if (begin.starts_with('<')) {
        if (begin.find("<svg") != std::string::npos)
            return FileKind::Svg;
        if (begin.find("<html") != std::string::npos)
            return FileKind::WebPage;
        if (begin.starts_with("<?xml"))
            return FileKind::Xml;
    }
    // What was cut off in the middle of a character is text all the same.
    auto rest = head;
    while (!rest.empty() && !isBegunCharacter(rest)) {
        const auto c = static_cast<unsigned char>(rest.front());
        const auto length = utf8CharacterBytes(rest);
        if (length == 0 || (c < 0x20 && c != '\t' && c != '\r' && c != '\n' && c != '\f'))
            return FileKind::Unknown;
        rest.remove_prefix(length);
    }
    return head.starts_with('{') || head.starts_with('[') ? FileKind::Json : FileKind::Text;
}

/// A frame that decompressors pass by (RFC 8878, 3.1.2): pzstd begins with one.
bool isSkippableFrame(std::string_view head)
{
    return head.size() >= 4 && (static_cast<unsigned char>(head[0]) & 0xF0) == 0x50 &&
           head.substr(1, 3) == "\x2a\x4d\x18"sv;
}

FileKind kindOf(std::string_view head, std::string_view tail)
{
    if (head.empty())
        return FileKind::Empty;
    // First: the length that a safetensors file begins with may look like any signature.
    if (isSafetensors(head))
        return FileKind::Safetensors;
    for (const auto& signature : signatures) {
        if (head.starts_with(signature.bytes))
            return signature.kind;
    }
    if (isSkippableFrame(head))
        return FileKind::Zstandard;
    if (head.size() >= 12 && head.starts_with("RIFF"))
        return head.substr(8, 4) == "WEBP" ? FileKind::Webp : FileKind::Video;
    if (head.size() >= 12 && head.substr(4, 4) == "ftyp")
        return kindByBrands(head);
    if (head.size() >= 8 && (head.substr(4, 4) == "moov" || head.substr(4, 4) == "mdat"))
        return FileKind::Video;
    if (head.starts_with("PK\x03\x04") || head.starts_with("PK\x05\x06"))
        return kindOfZip(head);
    if (head.starts_with("II*\0"sv) || head.starts_with("MM\0*"sv) || head.starts_with("II+\0"sv) ||
        head.starts_with("MM\0+"sv))
        return kindOfTiff(head);
    if (head.starts_with("BM") && head.size() >= 18 && littleEndianIn(head, 14, 4) >= 12 &&
        littleEndianIn(head, 14, 4) <= 256)
        return FileKind::Bmp;
    if (isTar(head))
        return FileKind::Tar;
    if (isLegacyTorch(head))
        return FileKind::PyTorchLegacy;
    if (head.size() > 2 && head[0] == '\x80' && head[1] >= 2 && head[1] <= 5)
        return FileKind::Pickle;
    if (head.find_first_not_of('\0') == std::string_view::npos)
        return FileKind::Zeros;
    if (tail.find("TRUEVISION-XFILE.") != std::string_view::npos)
        return FileKind::Tga;
    return kindOfText(head);
}

} // namespace

FileKind fileKindOf(std::span<const std::byte> bytes)
{
    const auto all = textOf(bytes);
    return kindOf(all.substr(0, headBytes), all.substr(all.size() - std::min(all.size(), tgaFooterBytes)));
}

FileKind fileKindOf(const std::filesystem::path& file)
{
    std::error_code error;
    if (!std::filesystem::is_regular_file(file, error)) // nothing that would be waited for
        return FileKind::Unknown;
    std::ifstream stream(file, std::ios::binary);
    std::string head(headBytes, '\0'), tail(tgaFooterBytes, '\0');
    stream.read(head.data(), static_cast<std::streamsize>(head.size()));
    if (stream.bad() || !stream.is_open())
        return FileKind::Unknown;
    head.resize(static_cast<std::size_t>(stream.gcount()));
    stream.clear();
    stream.seekg(-static_cast<std::streamoff>(tail.size()), std::ios::end);
    stream.read(tail.data(), static_cast<std::streamsize>(tail.size()));
    return kindOf(head, stream ? std::string_view(tail) : std::string_view());
}

std::string_view nameOf(FileKind kind)
{
    switch (kind) {
    case FileKind::Empty:
        return "an empty file";
    case FileKind::Zeros:
        return "a file of zero bytes";
    case FileKind::Jpeg:
        return "a JPEG picture";
    case FileKind::Png:
        return "a PNG picture";
    case FileKind::Webp:
        return "a WebP picture";
    case FileKind::Gif:
        return "a GIF picture";
    case FileKind::Bmp:
        return "a BMP picture";
    case FileKind::Tiff:
        return "a TIFF picture";
    case FileKind::Jpeg2000:
        return "a JPEG 2000 picture";
    case FileKind::Avif:
        return "an AVIF picture";
    case FileKind::Heic:
        return "a HEIC picture";
    case FileKind::JpegXl:
        return "a JPEG XL picture";
    case FileKind::Netpbm:
        return "a Netpbm picture";
    case FileKind::Tga:
        return "a TGA picture";
    case FileKind::Photoshop:
        return "a Photoshop document";
    case FileKind::Svg:
        return "an SVG drawing";
    case FileKind::Icon:
        return "an ICO icon";
    case FileKind::OpenExr:
        return "an OpenEXR picture";
    case FileKind::RadianceHdr:
        return "a Radiance HDR picture";
    case FileKind::Dds:
        return "a DDS texture";
    case FileKind::Qoi:
        return "a QOI picture";
    case FileKind::FloatMap:
        return "a PFM float map";
    case FileKind::Gimp:
        return "a GIMP picture";
    case FileKind::JpegXr:
        return "a JPEG XR picture";
    case FileKind::CameraRaw:
        return "a raw camera picture";
    case FileKind::GitLfsPointer:
        return "a Git LFS pointer";
    case FileKind::GitAnnexPointer:
        return "a git-annex pointer";
    case FileKind::WebPage:
        return "a web page";
    case FileKind::Xml:
        return "an XML text";
    case FileKind::InternetShortcut:
        return "a link to a web page";
    case FileKind::AppleDouble:
        return "a file of macOS attributes";
    case FileKind::Tar:
        return "a tar archive";
    case FileKind::Gzip:
        return "gzip-compressed data";
    case FileKind::Bzip2:
        return "bzip2-compressed data";
    case FileKind::Xz:
        return "xz-compressed data";
    case FileKind::Zstandard:
        return "zstd-compressed data";
    case FileKind::Zip:
        return "a ZIP archive";
    case FileKind::SevenZip:
        return "a 7z archive";
    case FileKind::Lz4:
        return "LZ4-compressed data";
    case FileKind::Lzma:
        return "LZMA-compressed data";
    case FileKind::UnixCompress:
        return "data of Unix compress";
    case FileKind::Rar:
        return "a RAR archive";
    case FileKind::Safetensors:
        return "a safetensors file";
    case FileKind::PyTorchZip:
        return "a PyTorch file (torch.save)";
    case FileKind::PyTorchLegacy:
        return "a PyTorch file of the old format (torch.save before 1.6)";
    case FileKind::Pickle:
        return "a Python pickle";
    case FileKind::Gguf:
        return "a GGUF file";
    case FileKind::Hdf5:
        return "an HDF5 file";
    case FileKind::Npy:
        return "a NumPy array (.npy)";
    case FileKind::Npz:
        return "NumPy arrays (.npz)";
    case FileKind::Sqlite:
        return "an SQLite database";
    case FileKind::Pdf:
        return "a PDF document";
    case FileKind::PostScript:
        return "a PostScript document";
    case FileKind::Video:
        return "a video or sound file";
    case FileKind::Json:
        return "a JSON text";
    case FileKind::Text:
        return "a plain text";
    case FileKind::Unknown:
        return "of an unknown kind";
    }
    return "of an unknown kind";
}

std::string adviceFor(FileKind kind)
{
    switch (kind) {
    case FileKind::Empty:
    case FileKind::Zeros:
        return "its download or copy was interrupted; fetch it again";
    case FileKind::GitLfsPointer:
        return "the file itself was not downloaded; run \"git lfs pull\" in its folder";
    case FileKind::GitAnnexPointer:
        return "the file itself was not downloaded; run \"git annex get\" in its folder";
    case FileKind::WebPage:
    case FileKind::Xml:
        return "a server answered with it instead of the file, perhaps because it asks for a login; open it to see "
               "what it says, and download the file again";
    case FileKind::Json:
    case FileKind::Text:
        return "a server may have answered with it instead of the file; open it to see what it says";
    case FileKind::InternetShortcut:
        return "download what it points to";
    case FileKind::AppleDouble:
        return "it holds no content and can be deleted";
    case FileKind::Gzip:
    case FileKind::Bzip2:
    case FileKind::Xz:
    case FileKind::Zstandard:
    case FileKind::Zip:
    case FileKind::SevenZip:
    case FileKind::Lz4:
    case FileKind::Lzma:
    case FileKind::UnixCompress:
    case FileKind::Rar:
    case FileKind::Tar:
        return "unpack it first";
    case FileKind::Jpeg2000:
    case FileKind::Avif:
    case FileKind::Heic:
    case FileKind::JpegXl:
    case FileKind::Netpbm:
    case FileKind::Tga:
    case FileKind::Gif:
    case FileKind::Photoshop:
    case FileKind::Svg:
    case FileKind::Icon:
    case FileKind::OpenExr:
    case FileKind::RadianceHdr:
    case FileKind::Dds:
    case FileKind::Qoi:
    case FileKind::FloatMap:
    case FileKind::Gimp:
    case FileKind::JpegXr:
    case FileKind::PostScript:
    case FileKind::CameraRaw:
        return "convert it to PNG or JPEG";
    case FileKind::Gguf:
    case FileKind::Hdf5:
        return "fetch the model's weights for PyTorch in float16, bfloat16 or float32 (.safetensors or .bin)";
    default:
        return "check that this is the right file";
    }
}

std::string wrongKindMessage(const std::string& file, FileKind found, std::string_view expected)
{
    if (found == FileKind::Unknown)
        return file + " is not " + std::string(expected) + ", or it is damaged: fetch it again";
    return file + " is " + std::string(nameOf(found)) + ", not " + std::string(expected) + ": " + adviceFor(found);
}

bool isPictureKind(FileKind kind)
{
    return kind >= FileKind::Jpeg && kind <= FileKind::CameraRaw;
}

bool isUnfinishedDownload(const std::filesystem::path& file)
{
    constexpr std::array endings = {".part"sv,       ".partial"sv, ".crdownload"sv, ".download"sv,
                                    ".incomplete"sv, ".aria2"sv,   ".opdownload"sv, ".tmp"sv};
    const auto name = lowerCased(file.filename().native());
    return std::ranges::any_of(endings, [&](std::string_view ending) { return name.ends_with(ending); });
}

} // namespace nanodit
