#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace nanodit {

/// What a file really is by its first bytes, whatever its name says.
enum class FileKind {
    Empty,
    Zeros, ///< Nothing but zero bytes at its beginning, as an interrupted copy leaves them.
    // Pictures
    Jpeg,
    Png,
    Webp,
    Gif,
    Bmp,
    Tiff,
    Jpeg2000,
    Avif,
    Heic,
    JpegXl,
    Netpbm,
    Tga,
    Photoshop,
    Svg,
    Icon,
    OpenExr,
    RadianceHdr,
    Dds,
    Qoi,
    FloatMap,
    Gimp,
    JpegXr,
    CameraRaw,
    // What stands in the place of a file
    GitLfsPointer,
    GitAnnexPointer,
    WebPage,
    Xml,
    InternetShortcut,
    AppleDouble,
    // Archives and compressed files
    Tar,
    Gzip,
    Bzip2,
    Xz,
    Zstandard,
    Zip,
    SevenZip,
    Lz4,
    Lzma,
    UnixCompress,
    Rar,
    // Weights and arrays
    Safetensors,
    PyTorchZip,
    PyTorchLegacy,
    Pickle,
    Gguf,
    Hdf5,
    Npy,
    Npz,
    Sqlite,
    // Others
    Pdf,
    PostScript,
    Video,
    Json,
    Text, ///< UTF-8 or ASCII without control characters.
    Unknown
};

/// Looks at the beginning of a file and, for a few kinds, at its end; `bytes` is all of it, mapped or in memory.
/// Never throws.
FileKind fileKindOf(std::span<const std::byte> bytes);
/// The same of a file on the disk, of which a few kilobytes are read; Unknown where it cannot be read.
FileKind fileKindOf(const std::filesystem::path& file);

/// The kind with its article, for a sentence: "an AVIF picture", "a Git LFS pointer", "gzip-compressed data".
std::string_view nameOf(FileKind kind);

/// What to do about a file of this kind in place of the expected one: "run \"git lfs pull\" in its folder".
std::string adviceFor(FileKind kind);

/// "FILE is a Git LFS pointer, not a picture: run ...": what a reader says that expected `expected` ("a picture", "a
/// safetensors file") and found nothing of the sort. Where the bytes tell nothing, that it is none or damaged.
std::string wrongKindMessage(const std::string& file, FileKind found, std::string_view expected);

/// Whether it is a kind of picture, read here or not.
bool isPictureKind(FileKind kind);

/// Whether the name is one that browsers and download tools give to a file that is not complete yet: ".part",
/// ".crdownload", ".incomplete"...
bool isUnfinishedDownload(const std::filesystem::path& file);

} // namespace nanodit
