#include "core/io/image.h"
#include "tests/support/contains.h"
#include "tests/support/test_data.h"

#include <QTest>

#include <iostream>
#include <limits>
#include <sstream>
#include <string>
#include <vector>

using namespace nanodit;
using nanodit::test::contains;
using nanodit::test::errorOf;
using namespace std::string_literals;

namespace {

/// The least significant byte first.
std::string number(std::uint32_t value, std::size_t bytes)
{
    std::string text;
    for (std::size_t i = 0; i < bytes; ++i, value >>= 8)
        text += static_cast<char>(value & 255u);
    return text;
}

/// What a BMP file is made of. Masks (and the zeros of longer headers) go into `more`.
struct Bmp {
    std::int32_t width = 2, height = 1;
    std::uint32_t bits = 24, compression = 0;
    std::string more = {}, palette = {}, pixels = {};
    bool moreIsHeader = false;

    std::string file() const
    {
        const auto info = static_cast<std::uint32_t>(40 + (moreIsHeader ? more.size() : 0));
        const auto pixelsAt = static_cast<std::uint32_t>(14 + 40 + more.size() + palette.size());
        return "BM" + number(static_cast<std::uint32_t>(pixelsAt + pixels.size()), 4) + number(0, 4) +
               number(pixelsAt, 4) + number(info, 4) + number(static_cast<std::uint32_t>(width), 4) +
               number(static_cast<std::uint32_t>(height), 4) + number(1, 2) + number(bits, 2) + number(compression, 4) +
               number(static_cast<std::uint32_t>(pixels.size()), 4) + number(0, 16) + more + palette + pixels;
    }
};

std::string masks(std::initializer_list<std::uint32_t> values)
{
    std::string text;
    for (const auto value : values)
        text += number(value, 4);
    return text;
}

using Rgb = std::vector<int>;

/// The pixels of a file of these bytes, row by row.
Rgb pixelsOf(const std::string& bytes)
{
    const test::TemporaryFolder folder;
    test::writeText(folder / "a.bmp", bytes);
    const auto image = readImage(folder / "a.bmp");
    return {image.rgb.begin(), image.rgb.end()};
}

std::string refusalOf(const std::string& bytes)
{
    const test::TemporaryFolder folder;
    test::writeText(folder / "a.bmp", bytes);
    return errorOf([&] { readImage(folder / "a.bmp"); });
}

/// Black, red, green, blue.
const std::string fourColours = "\0\0\0\0"s + "\0\0\xff\0"s + "\0\xff\0\0"s + "\xff\0\0\0"s;
const Rgb black = {0, 0, 0}, red = {255, 0, 0}, green = {0, 255, 0}, blue = {0, 0, 255}, white = {255, 255, 255};

Rgb joined(std::initializer_list<Rgb> parts)
{
    Rgb all;
    for (const auto& part : parts)
        all.insert(all.end(), part.begin(), part.end());
    return all;
}

} // namespace

class BmpTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void decodersPrintNothing() // first: what std::cerr leads to is asked for once
    {
        static auto& heard = *new std::ostringstream; // never deleted: std::cerr is flushed when the program ends
        std::cerr.rdbuf(heard.rdbuf());
        const test::TemporaryFolder folder;
        test::writeText(folder / "a.ppm", "P6\n40 40\n255\nabc");
        QVERIFY(contains(errorOf([&] { readImage(folder / "a.ppm"); }), "a.ppm is a Netpbm picture that is damaged"));
        QCOMPARE(heard.str(), std::string());
        std::cerr << "of another kind" << std::flush; // what the program itself says is heard
        QCOMPARE(heard.str(), std::string("of another kind"));
    }

    void rowsBeginAtTheBottomUnlessTheHeightIsNegative()
    {
        // Blue first; a row ends at a multiple of four bytes.
        const auto pixels = "\xff\0\0\0\xff\0"s + "\0\0"s + "\0\0\xff\0\0\0"s + "\0\0"s;
        QCOMPARE(pixelsOf(Bmp{.height = 2, .pixels = pixels}.file()), joined({red, black, blue, green}));
        QCOMPARE(pixelsOf(Bmp{.height = -2, .pixels = pixels}.file()), joined({blue, green, red, black}));
    }

    void theOldestHeaderIsRead()
    {
        const auto file = "BM"s + number(34, 4) + number(0, 4) + number(26, 4) + number(12, 4) + number(2, 2) +
                          number(1, 2) + number(1, 2) + number(24, 2) + "\xff\0\0\0\0\xff\0\0"s;
        QCOMPARE(pixelsOf(file), joined({blue, red}));
    }

    void palettesOfAllDepthsAreRead()
    {
        const auto line = [](std::uint32_t bits, const std::string& pixels) {
            return pixelsOf(Bmp{.width = 3, .bits = bits, .palette = fourColours, .pixels = pixels}.file());
        };
        QCOMPARE(line(8, "\1\2\3\0"s), joined({red, green, blue}));
        QCOMPARE(line(4, "\x12\x30\0\0"s), joined({red, green, blue}));
        QCOMPARE(line(2, "\x6c\0\0\0"s), joined({red, green, blue}));
        QCOMPARE(line(1, "\x40\0\0\0"s), joined({black, red, black}));
        QCOMPARE(line(8, "\1\xc8\3\0"s), joined({red, black, blue})); // beyond the palette
    }

    void masksSayWhereColoursLieAndTheHighestValueIsFull()
    {
        const auto line = [](std::uint32_t bits, std::uint32_t compression, const std::string& more,
                             const std::string& pixels) {
            return pixelsOf(Bmp{.bits = bits, .compression = compression, .more = more, .pixels = pixels}.file());
        };
        QCOMPARE(line(16, 0, "", "\xff\x7f\x1f\0"s), joined({white, blue}));
        QCOMPARE(line(16, 3, masks({0xf800, 0x07e0, 0x001f}), "\xff\xff\xe0\x07"s), joined({white, green}));
        QCOMPARE(line(32, 0, "", "\xff\0\0\0\0\0\xff\x80"s), joined({blue, red})); // the fourth byte means nothing
        QCOMPARE(line(32, 3, masks({0xff, 0xff00, 0xff0000}), "\xff\0\0\0\0\0\xff\0"s), joined({red, blue}));
        QCOMPARE(line(32, 3, masks({0x3ff00000, 0xffc00, 0x3ff}), "\0\0\xf0\x3f\xff\xff\xff\x3f"s),
                 joined({red, white}));
    }

    void transparencyThatAMaskNamesGoesOverWhite()
    {
        const auto line = [](const std::string& pixels) {
            return pixelsOf(Bmp{.bits = 32,
                                .compression = 3,
                                .more = masks({0xff0000, 0xff00, 0xff, 0xff000000}),
                                .pixels = pixels,
                                .moreIsHeader = true}
                                .file());
        };
        QCOMPARE(line("\0\0\xff\xff\0\0\xff\0"s), joined({red, white}));
        QCOMPARE(line("\0\0\xff\0\xff\0\0\0"s), joined({red, blue})); // nobody means an empty picture
    }

    void pixelsWhosePlaceIsNotSaidFollowTheHeader()
    {
        const auto placeless = [](const Bmp& bmp) {
            auto file = bmp.file();
            file.replace(10, 4, 4, '\0');
            return pixelsOf(file);
        };
        QCOMPARE(placeless({.pixels = "\xff\0\0\0\0\xff\0\0"s}), joined({blue, red}));
        QCOMPARE(
            placeless(
                {.bits = 16, .compression = 3, .more = masks({0xf800, 0x07e0, 0x001f}), .pixels = "\xff\xff\xe0\x07"s}),
            joined({white, green}));
        QCOMPARE(placeless({.bits = 1, .palette = fourColours.substr(0, 8), .pixels = "\x40\0\0\0"s}),
                 joined({black, red}));
    }

    void runsAreUnpacked()
    {
        const auto picture = [](std::uint32_t bits, std::uint32_t compression, const std::string& pixels) {
            return pixelsOf(Bmp{.width = 4,
                                .height = 2,
                                .bits = bits,
                                .compression = compression,
                                .palette = fourColours,
                                .pixels = pixels}
                                .file());
        };
        // The lower row: three red, one blue. The upper one: a step of one to the right, then green, blue, red as they
        // are.
        const auto lower = joined({red, red, red, blue}), upper = joined({black, green, blue, red});
        QCOMPARE(picture(8, 1, "\3\1\1\3\0\0\0\2\1\0\0\3\2\3\1\0\0\1"s), joined({upper, lower}));
        QCOMPARE(picture(4, 2, "\3\x11\1\x30\0\0\0\2\1\0\0\3\x23\x10\0\1"s), joined({upper, lower}));
        // What is not reached stays of the first colour; without an end mark the last row is the end.
        QCOMPARE(picture(8, 1, "\4\2\0\1"s), joined({black, black, black, black, green, green, green, green}));
        QCOMPARE(picture(8, 1, "\4\2\0\0\x9\1\0\0"s), joined({red, red, red, red, green, green, green, green}));
        QVERIFY(contains(
            refusalOf(Bmp{.width = 4, .bits = 8, .compression = 1, .palette = fourColours, .pixels = "\2"}.file()),
            "is truncated"));
    }

    void whatIsNotReadIsNamed_data()
    {
        QTest::addColumn<QByteArray>("file");
        QTest::addColumn<QString>("said");
        const auto row = [](const char* name, const Bmp& bmp, const char* said) {
            const auto file = bmp.file();
            QTest::newRow(name) << QByteArray(file.data(), static_cast<qsizetype>(file.size())) << QString(said);
        };
        row("cut off", {.height = 2, .pixels = std::string(8, '\0')}, "is truncated");
        row("a JPEG inside", {.bits = 0, .compression = 4}, "holds a JPEG or PNG picture");
        row("unknown compression", {.compression = 9}, "a compression that is not known");
        row("unknown depth", {.bits = 13, .pixels = std::string(8, '\0')}, "of 13 bits a pixel");
        row("runs of true colours", {.compression = 1, .pixels = std::string(8, '\0')}, "of 24 bits a pixel");
        row("runs of 32 bits", {.bits = 32, .compression = 1, .pixels = std::string(8, '\0')}, "of 32 bits a pixel");
        row("masks of pieces",
            {.bits = 16, .compression = 3, .more = masks({5, 8, 16}), .pixels = std::string(4, '\0')},
            "colour masks are invalid");
        row("no masks", {.bits = 16, .compression = 3, .more = masks({0, 0, 0}), .pixels = std::string(4, '\0')},
            "colour masks are invalid");
        row("no width", {.width = 0}, "is damaged");
        row("a negative width", {.width = -3}, "is damaged");
        row("huge", {.width = 100000, .height = 100000}, "is too large");
        row("the lowest height", {.width = 1, .height = std::numeric_limits<std::int32_t>::min()}, "is too large");
    }
    void whatIsNotReadIsNamed()
    {
        QFETCH(QByteArray, file);
        QFETCH(QString, said);
        const auto message = refusalOf(file.toStdString());
        QVERIFY2(contains(message, "a.bmp") && contains(message, said.toStdString()), message.c_str());
    }

    void everyBeginningOfAFileIsRefusedInASentence()
    {
        const auto whole =
            Bmp{.width = 4, .height = 2, .bits = 4, .palette = fourColours, .pixels = std::string(8, '\1')}.file();
        QVERIFY(refusalOf(whole).empty());
        for (std::size_t length = 1; length < whole.size(); ++length)
            QVERIFY2(contains(refusalOf(whole.substr(0, length)), "a.bmp"), std::to_string(length).c_str());
    }
};

QTEST_APPLESS_MAIN(BmpTest)
#include "tst_bmp.moc"
