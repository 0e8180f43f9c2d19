#include "core/io/file_kind.h"
#include "core/io/image_header.h"
#include "tests/support/contains.h"
#include "tests/support/test_data.h"

#include <QTest>

#include <cstddef>
#include <cstdio>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

using namespace nanodit;
using namespace std::string_literals;
using nanodit::test::contains;

namespace {

FileKind kindOf(const std::string& bytes)
{
    return fileKindOf(std::as_bytes(std::span(bytes)));
}

/// A tar's header of before POSIX: no signature, but a checksum.
std::string oldTarHeader()
{
    std::string block(512, '\0');
    block.replace(0, 5, "a.txt");
    block.replace(124, 11, "00000000000");
    block.replace(148, 8, "        ");
    unsigned sum = 0;
    for (const char c : block)
        sum += static_cast<unsigned char>(c);
    char digits[8];
    std::snprintf(digits, sizeof digits, "%06o", sum);
    block.replace(148, 7, std::string(digits, 6) + '\0');
    return block;
}

const std::vector<std::pair<std::string, FileKind>>& examples()
{
    static const std::vector<std::pair<std::string, FileKind>> all = {
        {"", FileKind::Empty},
        {std::string(600, '\0'), FileKind::Zeros},
        {"\xff\xd8\xff\xe0", FileKind::Jpeg},
        {"\x89PNG\r\n\x1a\n", FileKind::Png},
        {"RIFF\x10\0\0\0WEBPVP8 "s, FileKind::Webp},
        {"RIFF\x10\0\0\0WAVEfmt "s, FileKind::Video},
        {"GIF89a\1\0", FileKind::Gif},
        {"BM\x46\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0"s, FileKind::Bmp},
        {"BMW is a make of cars.", FileKind::Text},
        {"II*\0\x08\0\0\0\0\0"s, FileKind::Tiff},
        {"MM\0*\0\0\0\x08\0\0"s, FileKind::Tiff},
        {"II*\0\x10\0\0\0CR\2\0"s, FileKind::CameraRaw},
        // One entry: the version of DNG. Two: a reduced picture, and directories of others. One: others alone.
        {"II*\0\x08\0\0\0\1\0\x12\xc6\1\0\4\0\0\0\1\4\0\0"s, FileKind::CameraRaw},
        {"MM\0*\0\0\0\x08\0\2\0\xfe\0\4\0\0\0\1\0\0\0\1\1\x4a\0\4\0\0\0\1\0\0\0\x40"s, FileKind::CameraRaw},
        {"MM\0*\0\0\0\x08\0\1\1\x4a\0\4\0\0\0\1\0\0\0\x40"s, FileKind::Tiff},
        {"\0\0\0\x0cjP  \r\n"s, FileKind::Jpeg2000},
        {"\0\0\0\x1c"
         "ftypavif\0\0\0\0mif1miaf"s,
         FileKind::Avif},
        {"\0\0\0\x1c"
         "ftypmif1\0\0\0\0mif1avif"s,
         FileKind::Avif},
        {"\0\0\0\x18"
         "ftypheic\0\0\0\0mif1heic"s,
         FileKind::Heic},
        {"\0\0\0\x18"
         "ftypisom\0\0\2\0isommp41"s,
         FileKind::Video},
        {"\0\0\0\x18"
         "ftypcrx \0\0\0\1crx isom"s,
         FileKind::CameraRaw},
        {"\xff\x0a\xfa\x1f", FileKind::JpegXl},
        {"P6\n2 2\n255\n", FileKind::Netpbm},
        {"P6 is a processor", FileKind::Netpbm}, // told by its first bytes alone
        {"P60 is none", FileKind::Text},
        {std::string(30, '\2') + std::string(8, '\0') + "TRUEVISION-XFILE.\0"s, FileKind::Tga},
        {"8BPS\0\1"s, FileKind::Photoshop},
        {"<?xml version=\"1.0\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\">", FileKind::Svg},
        {"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n", FileKind::GitLfsPointer},
        {"/annex/objects/MD5E-s1--0.png\n", FileKind::GitAnnexPointer},
        {"\n  <!DOCTYPE html><title>404</title>", FileKind::WebPage},
        {"<HTML><HEAD>", FileKind::WebPage},
        {"<!-- saved --><html>", FileKind::WebPage},
        {"<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>", FileKind::Xml},
        {"[InternetShortcut]\r\nURL=http://localhost\r\n", FileKind::InternetShortcut},
        {"\0\5\x16\7\0\2\0\0Mac OS X"s, FileKind::AppleDouble},
        {std::string(257, 'a') + "ustar\0"s + std::string(300, '\0'), FileKind::Tar},
        {oldTarHeader(), FileKind::Tar},
        {"\x1f\x8b\x08\0"s, FileKind::Gzip},
        {"BZh91AY", FileKind::Bzip2},
        {"\xfd"
         "7zXZ\0"s,
         FileKind::Xz},
        {"\x28\xb5\x2f\xfd", FileKind::Zstandard},
        {"PK\3\4"s + std::string(22, '\0') + "\x06\0\0\0abcdef"s, FileKind::Zip},
        {"PK\3\4"s + std::string(22, '\0') + "\x10\0\0\0archive/data.pkl"s, FileKind::PyTorchZip},
        {"PK\3\4"s + std::string(22, '\0') + "\x05\0\0\0a.npy"s, FileKind::Npz},
        {"7z\xbc\xaf\x27\x1c", FileKind::SevenZip},
        {"Rar!\x1a\x07\x01", FileKind::Rar},
        {"\x04\"M\x18\x64\x40", FileKind::Lz4},
        {"\x5d\0\0\x80\0"s, FileKind::Lzma},
        {"\x1f\x9d\x90", FileKind::UnixCompress},
        {"\x50*M\x18\4\0\0\0"s, FileKind::Zstandard},
        {"\x40\0\0\0\0\0\0\0{\"a\":"s, FileKind::Safetensors},
        {"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19", FileKind::PyTorchLegacy},
        {"\x80\x04\x95\x0d\0\0\0\0\0\0\0\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19"s, FileKind::PyTorchLegacy},
        {"L119547037146038801333356L\n.", FileKind::PyTorchLegacy},
        {"\x80\x04\x95", FileKind::Pickle},
        {"GGUF\3\0\0\0"s, FileKind::Gguf},
        {"\x89HDF\r\n\x1a\n", FileKind::Hdf5},
        {"\x93NUMPY\1\0"s, FileKind::Npy},
        {"SQLite format 3\0"s, FileKind::Sqlite},
        {"%PDF-1.7", FileKind::Pdf},
        {"%!PS-Adobe-3.0 EPSF-3.0\n", FileKind::PostScript},
        {"qoif\0\0\0\1"s, FileKind::Qoi},
        {"PF\n2 2\n-1.0\n", FileKind::FloatMap},
        {"gimp xcf v011\0"s, FileKind::Gimp},
        {"II\xbc\1\x08\0\0\0"s, FileKind::JpegXr},
        {"{\"caption\": \"a cat\"}", FileKind::Json},
        {"ein schwarzes K\xc3\xa4tzchen", FileKind::Text},
        {"cut within K\xc3", FileKind::Text},
        {"\xff\xd8", FileKind::Unknown}, // where a JPEG begins, but no text
        {"\x01\x02\x03\x04\x05", FileKind::Unknown},
        {"caf\xe9 au lait", FileKind::Unknown},
    };
    return all;
}

bool animated(const std::string& file)
{
    return tellsOfAnimation(std::as_bytes(std::span(file.data(), file.size())));
}

/// A box of HEIF: its length, its type and what it holds.
std::string box(const std::string& type, const std::string& data)
{
    constexpr std::size_t headBytes = 8;
    return "\0\0\0"s + static_cast<char>(headBytes + data.size()) + type + data;
}

/// A directory of a TIFF with one tag, a short number, and the place of the next directory: 18 bytes.
std::string directory(const std::string& tag, char value, char next)
{
    return "\1\0"s + tag + "\3\0\1\0\0\0"s + value + "\0\0\0"s + next + "\0\0\0"s;
}

} // namespace

/// What a file really is by its first bytes, and which pictures are animations.
class TestFileKind : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void tellsWhatAFileIs()
    {
        const test::TemporaryFolder folder;
        int number = 0;
        for (const auto& [bytes, kind] : examples()) {
            const auto file = folder / (std::to_string(number++) + ".jpg"); // the name does not matter
            test::writeText(file, bytes);
            const auto context = std::string(nameOf(kind)) + " of " + bytes.substr(0, 30);
            QVERIFY2(kindOf(bytes) == kind, (context + ": " + std::string(nameOf(kindOf(bytes)))).c_str());
            QVERIFY2(fileKindOf(file) == kind, context.c_str());
        }
    }

    void anyBeginningIsSafe()
    {
        for (const auto& [bytes, kind] : examples()) {
            for (std::size_t length = 0; length <= bytes.size(); ++length) {
                for (const char more : {'\0', '\xff', 'a'})
                    static_cast<void>(kindOf(bytes.substr(0, length) + std::string(5, more)));
                static_cast<void>(kindOf(bytes.substr(0, length)));
            }
        }
        QVERIFY(fileKindOf(std::filesystem::path("/no/such/file")) == FileKind::Unknown);
        QVERIFY(fileKindOf(std::filesystem::path("/")) == FileKind::Unknown);
    }

    void messagesNameKindAndRemedy()
    {
        const auto lfs = wrongKindMessage("a.png", FileKind::GitLfsPointer, "a picture");
        QVERIFY2(lfs.starts_with("a.png is a Git LFS pointer, not a picture: ") && contains(lfs, "git lfs pull"),
                 lfs.c_str());
        QVERIFY(contains(wrongKindMessage("a", FileKind::WebPage, "a picture"), "download the file again"));
        QVERIFY(contains(wrongKindMessage("a", FileKind::Json, "a picture"), "a server may have answered"));
        QVERIFY(contains(wrongKindMessage("a", FileKind::Text, "a picture"), "a server may have answered"));
        QVERIFY(contains(wrongKindMessage("a", FileKind::Unknown, "a tar"), "not a tar, or it is damaged"));
        std::set<std::string_view> names;
        for (const auto& [bytes, kind] : examples())
            names.insert(nameOf(kind));
        QVERIFY(names.size() > 40); // each kind has a name of its own
        QVERIFY(isPictureKind(FileKind::Avif) && isPictureKind(FileKind::Jpeg) && !isPictureKind(FileKind::WebPage));
    }

    void knowsUnfinishedDownloads()
    {
        QVERIFY(isUnfinishedDownload("a/model.safetensors.part"));
        QVERIFY(isUnfinishedDownload("Set.TAR.crdownload"));
        QVERIFY(!isUnfinishedDownload("a.part/picture.png"));
    }

    void sequencesOfHeifAreAnimations()
    {
        const auto begin = box("ftyp", "avis\0\0\0\0mif1avif"s) + box("meta", std::string(12, '\0'));
        const auto pictures = box("mdat", std::string(20, 'x')), times = box("moov", std::string(20, '\0'));
        QVERIFY(!animated(begin + pictures));
        QVERIFY(animated(begin + times + pictures));
        QVERIFY(animated(begin + pictures + times));
        QVERIFY(animated(begin + "\0\0\0\1mdat\0\0\0\0\0\0\0\x12xx"s + times)); // a length of 64 bits
        QVERIFY(!animated(begin + "\0\0\0\0mdat"s + times));                    // to the end of the file
        QVERIFY(!animated(begin + "\xff\xff\xff\xffmdat"s + times));            // behind it
        QVERIFY(!animated(begin + "\0\0\0\x08moo"s));
    }

    void pagesOfTiffCountAsFrames()
    {
        const auto begin = "II*\0\10\0\0\0"s, width = "\0\1"s, subfileType = "\xfe\0"s;
        const auto first = begin + directory(width, 5, 8 + 18);
        QVERIFY(!animated(begin + directory(width, 5, 0)));
        QVERIFY(animated(first + directory(width, 5, 0)));
        QVERIFY(!animated(first));
        QVERIFY(!animated(first + directory(subfileType, 0, 8 + 18))); // leads to itself
        // A smaller one of the first page: two tags, 30 bytes.
        const auto smaller = "\2\0"s + subfileType + "\4\0\1\0\0\0\1\0\0\0"s + width + "\3\0\1\0\0\0\2\0\0\0"s;
        QVERIFY(!animated(first + smaller + "\0\0\0\0"s));
        QVERIFY(animated(first + smaller + "\x38\0\0\0"s + directory(width, 5, 0)));
        QCOMPARE(parseImageHeader(std::as_bytes(std::span(first.data(), first.size()))).orientation, 1);
    }
};

QTEST_APPLESS_MAIN(TestFileKind)
#include "tst_file_kind.moc"
