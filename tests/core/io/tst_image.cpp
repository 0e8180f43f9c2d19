#include "core/io/atomic_file.h"
#include "core/io/image.h"
#include "tests/support/png_chunk.h"
#include "tests/support/test_data.h"

#include <QTest>
#include <opencv2/imgcodecs.hpp>

#include <array>
#include <cmath>
#include <utility>

using namespace nanodit;
using nanodit::test::errorOf;
using nanodit::test::pngChunk;
using nanodit::test::TemporaryFolder;
namespace fs = std::filesystem;

namespace {

using Rgb = std::array<int, 3>;

Rgb pixel(const Image& image, std::int64_t x, std::int64_t y)
{
    const auto* const at = image.at(x, y);
    return {at[0], at[1], at[2]};
}

bool near(const Rgb& a, const Rgb& b, int tolerance)
{
    for (std::size_t c = 0; c < 3; ++c)
        if (std::abs(a[c] - b[c]) > tolerance)
            return false;
    return true;
}

/// Left third red, middle green, right blue; the lower half darker: every turn and mirror of it differs.
Image flag(std::int64_t width = 48, std::int64_t height = 32)
{
    Image image{.size = {width, height},
                .rgb = std::vector<std::uint8_t>(static_cast<std::size_t>(3 * width * height))};
    for (std::int64_t y = 0; y < height; ++y)
        for (std::int64_t x = 0; x < width; ++x)
            image.at(x, y)[x * 3 / width] = y < height / 2 ? 250 : 120;
    return image;
}

cv::Mat bgrOf(const Image& image, int depth = CV_8U)
{
    cv::Mat mat(static_cast<int>(image.size.height), static_cast<int>(image.size.width), CV_8UC3);
    for (int y = 0; y < mat.rows; ++y)
        for (int x = 0; x < mat.cols; ++x)
            for (int c = 0; c < 3; ++c)
                mat.at<cv::Vec3b>(y, x)[2 - c] = image.at(x, y)[c];
    if (depth == CV_16U)
        mat.convertTo(mat, CV_16U, 257);
    return mat;
}

std::string bytesOf(const cv::Mat& mat, const std::string& ending, const std::vector<int>& parameters = {})
{
    std::vector<std::uint8_t> bytes;
    cv::imencode(ending, mat, bytes, parameters);
    return {bytes.begin(), bytes.end()};
}

/// An EXIF block with nothing but the orientation.
std::string exifWith(int orientation, bool bigEndian)
{
    using namespace std::string_literals;
    const auto value = static_cast<char>(orientation);
    if (bigEndian)
        return "Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0"s + value + "\0\0\0\0\0\0"s;
    return "Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0"s + value + "\0\0\0\0\0\0\0"s;
}

std::string withExif(const std::string& jpeg, const std::string& exif)
{
    const auto length = exif.size() + 2;
    return jpeg.substr(0, 2) + "\xff\xe1" + static_cast<char>(length >> 8) + static_cast<char>(length) + exif +
           jpeg.substr(2);
}

} // namespace

class ImageTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void readsEveryFormat_data()
    {
        QTest::addColumn<QString>("ending");
        QTest::addColumn<int>("depth");
        QTest::addColumn<int>("tolerance");
        QTest::newRow("png") << ".png" << CV_8U << 0;
        QTest::newRow("png 16") << ".png" << CV_16U << 0;
        QTest::newRow("jpeg") << ".jpg" << CV_8U << 60;
        QTest::newRow("webp") << ".webp" << CV_8U << 60;
        QTest::newRow("bmp") << ".bmp" << CV_8U << 0;
        QTest::newRow("tiff") << ".tiff" << CV_8U << 0;
        QTest::newRow("tiff 16") << ".tiff" << CV_16U << 0;
    }
    void readsEveryFormat()
    {
        QFETCH(QString, ending);
        QFETCH(int, depth);
        QFETCH(int, tolerance);
        const TemporaryFolder folder;
        const auto file = folder / ("a" + ending.toStdString());
        test::writeText(file, bytesOf(bgrOf(flag(), depth), ending.toStdString()));
        QVERIFY(isImageFile(file));
        const auto image = readImage(file);
        QVERIFY(image.size == (ImageSize{48, 32}));
        QVERIFY(readImageSize(file) == image.size);
        for (const auto& [x, y] : {std::pair{4, 4}, {24, 4}, {44, 4}, {4, 28}, {24, 28}, {44, 28}})
            QVERIFY(near(pixel(image, x, y), pixel(flag(), x, y), tolerance));
    }

    void appliesExifRotation_data()
    {
        QTest::addColumn<int>("orientation");
        QTest::addColumn<int>("redX");
        QTest::addColumn<int>("redY");
        QTest::addColumn<bool>("tall");
        // Where the bright red corner, stored at the top left, belongs (as tiny as 0, as far as 1).
        const std::array<std::array<int, 2>, 8> corners = {
            {{0, 0}, {1, 0}, {1, 1}, {0, 1}, {0, 0}, {1, 0}, {1, 1}, {0, 1}}};
        for (int orientation = 1; orientation <= 8; ++orientation) {
            const auto& [x, y] = corners[static_cast<std::size_t>(orientation - 1)];
            QTest::addRow("%d", orientation) << orientation << x << y << (orientation >= 5);
        }
    }
    void appliesExifRotation()
    {
        QFETCH(int, orientation);
        QFETCH(int, redX);
        QFETCH(int, redY);
        QFETCH(bool, tall);
        const TemporaryFolder folder;
        const auto jpeg = bytesOf(bgrOf(flag()), ".jpg", {cv::IMWRITE_JPEG_QUALITY, 100});
        for (const bool bigEndian : {false, true}) {
            const auto exif = exifWith(orientation, bigEndian);
            test::writeText(folder / "a.jpg", withExif(jpeg, exif));
            auto png = bytesOf(bgrOf(flag()), ".png");
            png.insert(33, pngChunk("eXIf", exif.substr(6)));
            test::writeText(folder / "a.png", png);
            for (const auto* name : {"a.jpg", "a.png"}) {
                const auto image = readImage(folder / name);
                QVERIFY(image.size == (tall ? ImageSize{32, 48} : ImageSize{48, 32}));
                QVERIFY(readImageSize(folder / name) == image.size);
                const auto x = redX * (image.size.width - 9) + 4, y = redY * (image.size.height - 9) + 4;
                QVERIFY(near(pixel(image, x, y), {250, 0, 0}, 12));
                // The long side of the flag goes red, green, blue; its bright half is that of the corner.
                const auto acrossX = tall ? x : image.size.width / 2, acrossY = tall ? image.size.height / 2 : y;
                QVERIFY(near(pixel(image, acrossX, acrossY), {0, 250, 0}, 12));
            }
        }
    }

    void compositesAlphaOverWhite()
    {
        const TemporaryFolder folder;
        for (const int depth : {CV_8U, CV_16U}) {
            cv::Mat mat(1, 3, CV_8UC4);
            mat.at<cv::Vec4b>(0, 0) = {0, 0, 200, 255};
            mat.at<cv::Vec4b>(0, 1) = {0, 0, 200, 0};
            mat.at<cv::Vec4b>(0, 2) = {0, 0, 200, 51};
            if (depth == CV_16U)
                mat.convertTo(mat, CV_16U, 257);
            test::writeText(folder / "a.png", bytesOf(mat, ".png"));
            const auto image = readImage(folder / "a.png");
            QCOMPARE(pixel(image, 0, 0), (Rgb{200, 0, 0}));
            QCOMPARE(pixel(image, 1, 0), (Rgb{255, 255, 255}));
            QCOMPARE(pixel(image, 2, 0), (Rgb{244, 204, 204}));
        }
    }

    void readsGreyAndPalette()
    {
        const TemporaryFolder folder;
        const cv::Mat grey = (cv::Mat_<std::uint8_t>(1, 2) << 10, 200);
        test::writeText(folder / "grey.png", bytesOf(grey, ".png"));
        QCOMPARE(pixel(readImage(folder / "grey.png"), 1, 0), (Rgb{200, 200, 200}));
        test::writeText(folder / "grey.jpg", bytesOf(cv::Mat(16, 16, CV_8U, cv::Scalar(200)), ".jpg"));
        QVERIFY(near(pixel(readImage(folder / "grey.jpg"), 1, 0), {200, 200, 200}, 2));

        const auto image =
            readImage(test::dataPath("io/palette.png")); // Two by one: (255, 128, 0), half transparent blue.
        QCOMPARE(pixel(image, 0, 0), (Rgb{255, 128, 0}));
        QCOMPARE(pixel(image, 1, 0), (Rgb{127, 127, 255}));
    }

    void readsCmykAsAdobeStoresIt()
    {
        const auto image = readImage(test::dataPath("io/cmyk.jpg")); // 16 x 16, of cyan ink alone.
        QVERIFY(image.size == (ImageSize{16, 16}));
        QVERIFY(near(pixel(image, 8, 8), {0, 255, 255}, 4));
    }

    void everyTruncationIsAnError_data()
    {
        QTest::addColumn<QString>("ending");
        for (const auto* ending : {".png", ".jpg", ".webp", ".bmp", ".tiff"})
            QTest::newRow(ending) << ending;
        QTest::newRow("progressive") << ".progressive.jpg";
    }
    void everyTruncationIsAnError()
    {
        QFETCH(QString, ending);
        const TemporaryFolder folder;
        const auto file = folder / ("a" + ending.toStdString());
        const bool progressive = ending.startsWith(".progressive");
        const auto whole =
            bytesOf(bgrOf(flag()), progressive ? ".jpg" : ending.toStdString(),
                    progressive ? std::vector<int>{cv::IMWRITE_JPEG_PROGRESSIVE, 1} : std::vector<int>{});
        test::writeText(file, whole);
        readImage(file);
        for (std::size_t length = 0; length < whole.size(); length += length < 200 || whole.size() < 2000 ? 1 : 97) {
            fs::remove(file); // Some file systems flush what is truncated and written again.
            test::writeText(file, whole.substr(0, length));
            const auto message = errorOf([&] { readImage(file); });
            QVERIFY2(message.find(file.string()) != std::string::npos,
                     (std::to_string(length) + " of " + std::to_string(whole.size()) + ": " + message).c_str());
        }
    }

    void damagedPixelsOfPngAreAnError()
    {
        const TemporaryFolder folder;
        auto png = bytesOf(bgrOf(flag()), ".png");
        png[png.size() - 30] ^= 1;
        test::writeText(folder / "a.png", png);
        QVERIFY(errorOf([&] { readImage(folder / "a.png"); }).find("damaged") != std::string::npos);
    }

    void hugeSizesAreRefusedBeforeDecoding()
    {
        const TemporaryFolder folder;
        using namespace std::string_literals;
        auto png = "\x89PNG\r\n\x1a\n"s + pngChunk("IHDR", "\0\1\0\0\0\1\0\0\x08\2\0\0\0"s) + pngChunk("IDAT", "") +
                   pngChunk("IEND", "");
        test::writeText(folder / "a.png", png);
        for (const auto& message :
             {errorOf([&] { readImage(folder / "a.png"); }), errorOf([&] { readImageSize(folder / "a.png"); })})
            QVERIFY2(message.find("65536x65536") != std::string::npos, message.c_str());
    }

    void refusesWhatIsNoPicture()
    {
        const TemporaryFolder folder;
        test::writeText(folder / "text.jpg", "not a picture at all");
        test::writeText(folder / "empty.png", "");
        for (const auto* name : {"text.jpg", "empty.png", "absent.png"}) {
            const auto message = errorOf([&] { readImage(folder / name); });
            QVERIFY2(message.find(name) != std::string::npos, message.c_str());
        }
        QVERIFY(!isImageFile("a.txt"));
        QVERIFY(isImageFile("a.JPG"));
    }

    void pngCarriesText()
    {
        const TemporaryFolder folder;
        const PngText text = {{"parameters", "steps: 30\nseed: 7"},
                              {"prompt", "un chat noir, déjà vu — 猫"},
                              {"empty", ""},
                              {"long", std::string(100000, 'x')}};
        writePng(folder / "a.png", flag(), text);
        QCOMPARE(readPngText(folder / "a.png"), text);
        QCOMPARE(readImage(folder / "a.png").rgb, flag().rgb);
        QVERIFY(!errorOf([&] { writePng(folder / "b.png", flag(), {{"", "x"}}); }).empty());
        QVERIFY(!errorOf([&] { writePng(folder / "b.png", flag(), {{"a", std::string("x\0y", 3)}}); }).empty());
        QVERIFY(!errorOf([&] { writePng(folder / "b.png", Image{}); }).empty());
        QVERIFY(!fs::exists(folder / "b.png"));
    }

    void readsTextOfOtherProgramsSafely()
    {
        using namespace std::string_literals;
        const TemporaryFolder folder;
        const auto compress = [](const std::string& text) {
            std::string compressed(compressBound(text.size()), '\0');
            uLongf length = compressed.size();
            ::compress(reinterpret_cast<Bytef*>(compressed.data()), &length,
                       reinterpret_cast<const Bytef*>(text.data()), text.size());
            compressed.resize(length);
            return compressed;
        };
        auto png = bytesOf(bgrOf(flag()), ".png");
        auto wrong = pngChunk("tEXt", "wrong\0checksum"s);
        wrong.back() = static_cast<char>(wrong.back() ^ 1);
        png.insert(33, pngChunk("tEXt", "latin\0caf\xe9"s) + pngChunk("zTXt", "z\0\0"s + compress("packed")) +
                           pngChunk("iTXt", "i\0\1\0fr\0\0"s + compress("déjà")) +
                           pngChunk("zTXt", "bomb\0\0"s + compress(std::string(20 << 20, 'a'))) +
                           pngChunk("zTXt", "torn\0\0"s + compress("packed").substr(0, 4)) +
                           pngChunk("tEXt", "no zero") + pngChunk("iTXt", "i2\0\0"s) + wrong);
        test::writeText(folder / "a.png", png);
        const PngText expected = {{"latin", "café"}, {"z", "packed"}, {"i", "déjà"}};
        QCOMPARE(readPngText(folder / "a.png"), expected);
        test::writeText(folder / "b.jpg", "nothing");
        QVERIFY(errorOf([&] { readPngText(folder / "b.jpg"); }).find("not a PNG") != std::string::npos);
    }

    void bucketImageShowsExactlyTheCrop_data()
    {
        QTest::addColumn<QSize>("original");
        QTest::addColumn<QSize>("bucket");
        QTest::newRow("shrink, wide into square") << QSize(301, 150) << QSize(64, 64);
        QTest::newRow("shrink, tall into wide") << QSize(201, 403) << QSize(128, 64);
        QTest::newRow("grow") << QSize(40, 31) << QSize(128, 64);
        QTest::newRow("same size") << QSize(128, 64) << QSize(128, 64);
        QTest::newRow("odd ratio") << QSize(517, 389) << QSize(112, 144);
    }
    void bucketImageShowsExactlyTheCrop()
    {
        QFETCH(QSize, original);
        QFETCH(QSize, bucket);
        const ImageSize from{original.width(), original.height()}, to{bucket.width(), bucket.height()};
        // A ramp tells by its value which place of the original a pixel shows.
        Image ramp{.size = from,
                   .rgb = std::vector<std::uint8_t>(static_cast<std::size_t>(3 * from.width * from.height))};
        for (std::int64_t y = 0; y < from.height; ++y) {
            for (std::int64_t x = 0; x < from.width; ++x) {
                ramp.at(x, y)[0] = static_cast<std::uint8_t>(std::lround(250.0 * (x + 0.5) / from.width));
                ramp.at(x, y)[1] = static_cast<std::uint8_t>(std::lround(250.0 * (y + 0.5) / from.height));
            }
        }
        const auto image = makeBucketImage(ramp, to);
        QVERIFY(image.size == to);
        const auto crop = bucketCrop(from, to);
        double sumX = 0, sumY = 0;
        for (std::int64_t y = 6; y < to.height - 6; ++y) {
            for (std::int64_t x = 6; x < to.width - 6; ++x) {
                const double placeX = crop.left + (x + 0.5) * (crop.right - crop.left) / to.width;
                const double placeY = crop.top + (y + 0.5) * (crop.bottom - crop.top) / to.height;
                const double errorX = image.at(x, y)[0] - 250.0 * placeX / from.width;
                const double errorY = image.at(x, y)[1] - 250.0 * placeY / from.height;
                QVERIFY2(std::abs(errorX) < 1.5 && std::abs(errorY) < 1.5,
                         qPrintable(QString("%1 %2").arg(errorX).arg(errorY)));
                sumX += errorX;
                sumY += errorY;
            }
        }
        const double count = static_cast<double>((to.width - 12) * (to.height - 12));
        // Rounding to grey levels does not average out on every ramp; 0.2 of them are 0.24 pixels of the longest
        // original.
        QVERIFY2(std::abs(sumX / count) < 0.2 && std::abs(sumY / count) < 0.2,
                 qPrintable(QString("%1 %2").arg(sumX / count).arg(sumY / count)));
    }

    void bucketImageOfTheSameSizeIsTheImage()
    {
        QCOMPARE(makeBucketImage(flag(128, 64), {128, 64}).rgb, flag(128, 64).rgb);
    }

    void shrinkingDoesNotAlias()
    {
        Image stripes{.size = {512, 512}, .rgb = std::vector<std::uint8_t>(3 * 512 * 512)};
        for (std::int64_t y = 0; y < 512; ++y)
            for (std::int64_t x = 0; x < 512; ++x)
                std::fill_n(stripes.at(x, y), 3, x % 2 == 0 ? 255 : 0);
        const auto image = makeBucketImage(stripes, {96, 96});
        for (std::int64_t x = 4; x < 92; ++x)
            QVERIFY2(std::abs(pixel(image, x, 48)[0] - 128) < 6, std::to_string(pixel(image, x, 48)[0]).c_str());
    }

    void resizesForDisplay()
    {
        QVERIFY(near(pixel(resizeForDisplay(flag(), {24, 16}), 2, 2), {250, 0, 0}, 2));
        const auto larger = resizeForDisplay(flag(), {96, 64});
        QVERIFY(larger.size == (ImageSize{96, 64}));
        QVERIFY(near(pixel(larger, 90, 60), {0, 0, 120}, 2));
    }
};

QTEST_APPLESS_MAIN(ImageTest)
#include "tst_image.moc"
