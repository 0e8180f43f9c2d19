#include "core/io/atomic_file.h"
#include "core/io/film.h"
#include "core/io/heat_picture.h"
#include "core/io/png.h"
#include "core/io/viridis.h"
#include "tests/support/test_data.h"

#include <QImageReader>
#include <QtTest/QTest>
#include <opencv2/videoio.hpp>

#include <algorithm>
#include <cmath>
#include <random>
#include <utility>

using namespace nanodit;
using namespace nanodit::test;

namespace {

/// Pictures of few colours, none of which is like another.
std::vector<Image> drawnFrames(ImageSize size, int count, unsigned colours = 6)
{
    std::mt19937 random(3);
    std::vector<Image> frames;
    for (int i = 0; i < count; ++i) {
        Image frame{.size = size, .rgb = {}};
        for (std::int64_t pixel = 0; pixel < size.width * size.height; ++pixel) {
            const auto c = (random() % colours * 37 + static_cast<unsigned>(i)) % 256;
            for (const auto channel : {c, 255 - c, c / 2})
                frame.rgb.push_back(static_cast<std::uint8_t>(channel));
        }
        frames.push_back(std::move(frame));
    }
    return frames;
}

Image filledImage(ImageSize size, std::array<std::uint8_t, 3> colour)
{
    Image frame{.size = size, .rgb = {}};
    for (std::int64_t pixel = 0; pixel < size.width * size.height; ++pixel)
        frame.rgb.insert(frame.rgb.end(), colour.begin(), colour.end());
    return frame;
}

Image smoothFrame(ImageSize size)
{
    Image frame{.size = size, .rgb = {}};
    for (std::int64_t y = 0; y < size.height; ++y) {
        for (std::int64_t x = 0; x < size.width; ++x) {
            const auto colour = viridis(static_cast<double>(x) / static_cast<double>(size.width));
            for (const auto channel : colour)
                frame.rgb.push_back(static_cast<std::uint8_t>(channel * (y + 1) / size.height));
        }
    }
    return frame;
}

Image imageFrom(const QImage& picture)
{
    Image image{.size = {picture.width(), picture.height()}, .rgb = {}};
    for (int y = 0; y < picture.height(); ++y) {
        for (int x = 0; x < picture.width(); ++x) {
            const auto rgb = picture.pixel(x, y);
            for (const int channel : {qRed(rgb), qGreen(rgb), qBlue(rgb)})
                image.rgb.push_back(static_cast<std::uint8_t>(channel));
        }
    }
    return image;
}

/// Qt's reader, which shares no line with the writer.
std::vector<Image> readGif(const std::filesystem::path& file, int* delay = nullptr)
{
    QImageReader reader(QString::fromStdString(file.string()));
    std::vector<Image> frames;
    for (auto picture = reader.read(); !picture.isNull(); picture = reader.read()) {
        frames.push_back(imageFrom(picture));
        if (delay != nullptr)
            *delay = reader.nextImageDelay();
    }
    return frames;
}

std::uint32_t number(std::span<const std::byte> bytes, std::size_t at)
{
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < 4; ++i)
        value = value << 8 | std::to_integer<std::uint32_t>(bytes[at + i]);
    return value;
}

int largestDifference(const Image& a, const Image& b)
{
    int largest = a.size == b.size ? 0 : 256;
    for (std::size_t i = 0; largest < 256 && i < a.rgb.size(); ++i)
        largest = std::max(largest, std::abs(a.rgb[i] - b.rgb[i]));
    return largest;
}

} // namespace

class TestFilm : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void anAnimatedPngHoldsEveryPictureAsItWas()
    {
        const TemporaryFolder folder;
        const auto frames = drawnFrames({19, 11}, 3);
        writeAnimatedPng(folder / "film.png", frames, 0.3);
        QVERIFY(readImage(folder / "film.png").rgb == frames[0].rgb); // to those who know no films
        const auto text = readTextFile(folder / "film.png");
        PngChunks chunks(std::as_bytes(std::span(text)));
        std::uint32_t sequence = 0;
        std::size_t shown = 0;
        std::vector<PngChunk> all;
        for (PngChunk chunk; chunks.next(chunk);) {
            QVERIFY(chunk.checksumHolds());
            if (chunk.type == "acTL") {
                QCOMPARE(number(chunk.data, 0), 3U);
                QCOMPARE(number(chunk.data, 4), 0U); // for ever
            } else if (chunk.type == "fcTL") {
                QCOMPARE(number(chunk.data, 0), sequence++);
                QCOMPARE(number(chunk.data, 4), 19U);
                QCOMPARE(number(chunk.data, 8), 11U);
                QCOMPARE(number(chunk.data, 20), 300U << 16 | 1000U); // seconds as a fraction
                ++shown;
            } else if (chunk.type == "fdAT") {
                QCOMPARE(number(chunk.data, 0), sequence++);
                // The data of a later picture are those of a PNG of it alone.
                const auto alone = encodePng(frames[shown - 1]);
                const std::string_view whole(reinterpret_cast<const char*>(alone.data()), alone.size());
                const auto data = chunk.data.subspan(4);
                QVERIFY(whole.find(std::string_view(reinterpret_cast<const char*>(data.data()), data.size())) !=
                        std::string_view::npos);
            }
        }
        QVERIFY(chunks.complete());
        QCOMPARE(shown, 3U);
    }

    void aGifOfFewColoursLosesNothing()
    {
        const TemporaryFolder folder;
        const auto frames = drawnFrames({37, 23}, 4);
        writeAnimatedGif(folder / "film.gif", frames, 0.25);
        int delay = 0;
        const auto read = readGif(folder / "film.gif", &delay);
        QCOMPARE(read.size(), 4U);
        QCOMPARE(delay, 250);
        for (std::size_t i = 0; i < 4; ++i)
            QVERIFY2(read[i].rgb == frames[i].rgb, qPrintable(QString::number(i)));
    }

    /// Noise fills the table of codes again and again, one colour makes the longest codes; every width is met at the
    /// end of some picture.
    void everyLengthOfAGifIsReadBack()
    {
        const TemporaryFolder folder;
        for (const unsigned colours : {1U, 2U, 250U}) {
            for (const std::int64_t width : {1, 2, 3, 16, 64, 255, 256, 257, 300, 511, 2047, 5000}) {
                const auto frames = drawnFrames({width, width > 300 ? 3 : 17}, 1, colours);
                writeAnimatedGif(folder / "film.gif", frames, 0.1);
                const auto read = readGif(folder / "film.gif");
                QVERIFY2(read.size() == 1 && read[0].rgb == frames[0].rgb,
                         qPrintable(QStringLiteral("%1 colours, %2 wide").arg(colours).arg(width)));
            }
        }
    }

    void aGifOfManyColoursStaysClose()
    {
        const TemporaryFolder folder;
        const auto frame = smoothFrame({256, 64}); // thousands of colours
        writeAnimatedGif(folder / "film.gif", {frame}, 0.1);
        const auto read = readGif(folder / "film.gif");
        QCOMPARE(read.size(), 1U);
        const auto difference = largestDifference(read[0], frame);
        QVERIFY2(difference > 0 && difference < 32, qPrintable(QString::number(difference)));
    }

    void theEndingChoosesTheFormat()
    {
        const TemporaryFolder folder;
        const auto frames = drawnFrames({8, 8}, 2);
        writeFilm(folder / "a.gif", frames, 0.2);
        writeFilm(folder / "a.apng", frames, 0.2);
        QVERIFY(readTextFile(folder / "a.gif").starts_with("GIF89a"));
        QVERIFY(readTextFile(folder / "a.apng").starts_with("\x89PNG"));
        writeFilm(folder / "a.mp4", frames, 0.2);
        QCOMPARE(readTextFile(folder / "a.mp4").substr(4, 4), std::string("ftyp"));
        QVERIFY(errorOf([&] { writeFilm(folder / "a.avi", frames, 0.2); }).find(".gif") != std::string::npos);
    }

    void anMp4PlaysThePicturesInTheirOrder()
    {
        const TemporaryFolder folder;
        std::vector<Image> frames;
        for (const std::uint8_t level : {20, 120, 220})
            frames.push_back(filledImage({65, 33}, {level, 128, static_cast<std::uint8_t>(255 - level)})); // odd sides
        writeFilm(folder / "film.mp4", frames, 0.25);
        cv::VideoCapture film((folder / "film.mp4").string(), cv::CAP_FFMPEG);
        QVERIFY(film.isOpened());
        QCOMPARE(film.get(cv::CAP_PROP_FPS), 4.0);
        for (const auto& frame : frames) {
            cv::Mat picture;
            QVERIFY(film.read(picture));
            QCOMPARE(picture.cols, 66);
            QCOMPARE(picture.rows, 34);
            const auto mean = cv::mean(picture); // BGR
            for (int channel = 0; channel < 3; ++channel)
                QVERIFY(std::abs(mean[2 - channel] - frame.rgb[static_cast<std::size_t>(channel)]) < 8);
        }
        cv::Mat none;
        QVERIFY(!film.read(none));
        // A file in the place of a folder.
        QVERIFY(errorOf([&] { writeFilm(folder / "film.mp4" / "in.mp4", frames, 0.25); }).find("film.mp4") !=
                std::string::npos);
    }

    void saysWhatIsWrongWithTheFrames()
    {
        const TemporaryFolder folder;
        auto frames = drawnFrames({8, 8}, 1);
        frames.push_back(drawnFrames({8, 9}, 1)[0]);
        for (const char* name : {"film.gif", "film.png", "film.mp4"}) {
            QVERIFY(errorOf([&] { writeFilm(folder / name, frames, 0.2); }).find("8x9") != std::string::npos);
            QVERIFY(errorOf([&] { writeFilm(folder / name, {}, 0.2); }).find("at least one") != std::string::npos);
            QVERIFY(!std::filesystem::exists(folder / name));
        }
    }

    void heatIsViridisOverGrey()
    {
        const Image black{.size = {40, 20}, .rgb = std::vector<std::uint8_t>(2400, 0)};
        const std::vector<float> values = {0, 1, 2, 4};
        const auto picture = heatPicture(black, {1, 4}, values, 1, 80);
        QCOMPARE(picture.size.width, 80);
        const std::int64_t bar = 40 + 8; // below a gap
        QVERIFY(picture.size.height > bar + 12);
        for (std::int64_t cell = 0; cell < 4; ++cell) {
            const auto colour = viridis(values[static_cast<std::size_t>(cell)] / 4);
            QVERIFY(std::equal(colour.begin(), colour.end(), picture.at(20 * cell + 10, 20)));
        }
        const auto highest = viridis(1), lowest = viridis(0);
        QVERIFY(std::equal(lowest.begin(), lowest.end(), picture.at(0, bar)));
        QVERIFY(std::equal(highest.begin(), highest.end(), picture.at(79, bar)));
        const auto eighth = viridis(0.5);
        QVERIFY(std::equal(eighth.begin(), eighth.end(), heatPicture(black, {1, 4}, values, 1, 80, 8).at(79, 0)));
        // Below the bar stand numbers: those of the ends, which differ with what the last colour stands for.
        const auto numbers = [](const Image& drawn) {
            return std::vector<std::uint8_t>(drawn.rgb.end() - 3 * drawn.size.width * 16, drawn.rgb.end());
        };
        QVERIFY(std::ranges::count(numbers(picture), 27) < 3 * 80 * 16);
        QVERIFY(numbers(picture) != numbers(heatPicture(black, {1, 4}, values, 1, 80, 8)));
        const auto bare = heatPicture(drawnFrames({40, 20}, 1)[0], {1, 4}, values, 0, 40);
        for (std::int64_t x = 0; x < 40; ++x)
            QVERIFY(bare.at(x, 7)[0] == bare.at(x, 7)[1] && bare.at(x, 7)[1] == bare.at(x, 7)[2]);
    }

    void chosenCellsAreOutlined()
    {
        const Image black{.size = {64, 64}, .rgb = std::vector<std::uint8_t>(3 * 64 * 64, 0)};
        const std::vector<std::int64_t> cells = {5}; // row 1, column 1 of 4
        const auto picture = outlinedPicture(black, {64, 64}, {4, 4}, cells, 64);
        const auto lit = [&picture](std::int64_t x, std::int64_t y) { return picture.at(x, y)[1] > 0; };
        QVERIFY(lit(16, 16) && lit(31, 31) && lit(16, 31) && lit(20, 17));
        QVERIFY(!lit(15, 16) && !lit(32, 20) && !lit(24, 24) && !lit(0, 0));
    }

    void picturesStandSideBySide()
    {
        const auto a = drawnFrames({10, 8}, 1)[0], b = drawnFrames({6, 12}, 1)[0];
        const auto both = sideBySide({a, b});
        QCOMPARE(both.size.height, 12);
        const auto left = both.size.width - 6;
        QVERIFY(left > 10);
        QVERIFY(std::equal(a.at(0, 3), a.at(0, 3) + 30, both.at(0, 3)));
        QVERIFY(std::equal(b.at(0, 11), b.at(0, 11) + 18, both.at(left, 11)));
    }
};

QTEST_GUILESS_MAIN(TestFilm)
#include "tst_film.moc"
