#include "core/io/atomic_file.h"
#include "core/io/image.h"
#include "core/io/image_header.h"
#include "core/io/picture_notes.h"
#include "core/io/stored_picture.h"
#include "tests/support/contains.h"
#include "tests/support/picture_difference.h"
#include "tests/support/test_data.h"
#include "tests/support/written_png.h"

#include <QTest>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

using namespace nanodit;
using nanodit::test::contains;
using nanodit::test::dataPath;
using nanodit::test::difference;
using nanodit::test::errorOf;
using nanodit::test::pngOf;
namespace fs = std::filesystem;

namespace {

/// A little-endian TIFF (or BigTIFF) of one uncompressed strip; `fields` may replace or add some.
std::string tiffWith(std::map<unsigned, unsigned> fields, const std::string& pixels, bool big = false)
{
    const auto number = [](std::size_t value, int bytes) {
        std::string text;
        for (int i = 0; i < bytes; ++i)
            text += static_cast<char>(value >> 8 * i & 255u);
        return text;
    };
    const int wide = big ? 8 : 4, head = big ? 16 : 8;
    fields.insert({{258, 8}, {259, 1}, {273, head}, {277, 1}, {278, fields[257]}, {279, pixels.size()}});
    std::string directory = number(fields.size(), big ? 8 : 2);
    for (const auto& [tag, value] : fields) {
        const bool isShort = tag == 338 || tag == 339 || tag == 274;
        directory += number(tag, 2) + number(isShort ? 3 : 4, 2) + number(1, wide) + number(value, wide);
    }
    return (big ? std::string("II+\0\x8\0\0\0", 8) : std::string("II*\0", 4)) +
           number(static_cast<std::size_t>(head) + pixels.size(), wide) + pixels + directory + number(0, wide);
}

/// The same of 8-bit samples of one value.
std::string tiffOf(int width, int height, int samples, int photometric)
{
    const auto of = [](int value) { return static_cast<unsigned>(value); };
    return tiffWith({{256, of(width)}, {257, of(height)}, {262, of(photometric)}, {277, of(samples)}},
                    std::string(static_cast<std::size_t>(width * height * samples), '\x40'));
}

} // namespace

/// Pictures as other programs leave them.
class ForeignPicturesTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void animationsGiveTheirFirstFrame()
    {
        PictureNotes notes;
        for (const auto* name : {"anim.webp", "apng.png", "gif.png"}) {
            const auto image = readImage(dataPath("pictures/kinds") / name, notes);
            QVERIFY2(image.size.width > 1 && image.size.height > 1, name);
            QVERIFY(readImageSize(dataPath("pictures/kinds") / name) == image.size);
            QVERIFY2(notes.animated == (std::string(name) != "gif.png"), name);
            QVERIFY2(std::ranges::any_of(image.rgb, [](int value) { return value < 250; }), name); // not a blank canvas
        }
        readImage(dataPath("pictures/kinds/still.webp"), notes);
        QVERIFY(!notes.animated);
    }

    void anAnimationHasSeveralFrames()
    {
        using namespace std::string_literals;
        const auto chunk = [](const std::string& type, const std::string& data) {
            return type + static_cast<char>(data.size()) + "\0\0\0"s + data;
        };
        const auto frame = chunk("ANMF", std::string(24, '\0'));
        const auto webp = [&](const std::string& frames) {
            const auto body =
                "WEBP" + chunk("VP8X", "\2" + std::string(9, '\0')) + chunk("ANIM", std::string(6, '\0')) + frames;
            return "RIFF"s + static_cast<char>(body.size()) + "\0\0\0"s + body;
        };
        const auto animated = [](const std::string& bytes) {
            return tellsOfAnimation(std::as_bytes(std::span(bytes.data(), bytes.size())));
        };
        QVERIFY(!animated(webp(frame)));
        QVERIFY(animated(webp(frame + frame)));
    }

    void gifsAreReadWhateverTheirScreen()
    {
        using namespace std::string_literals;
        const test::TemporaryFolder folder;
        // A red and a blue pixel, side by side, on a screen of another size.
        const auto gif = [&](const std::string& screen) {
            test::writeText(folder / "a.gif", "GIF87a" + screen + "\x80\0\0"s + "\xff\0\0\0\0\xff"s +
                                                  ",\0\0\0\0\2\0\1\0\0"s + "\2\2\x44\x0a\0;"s);
            return readImage(folder / "a.gif");
        };
        using Pixels = std::vector<std::uint8_t>;
        QVERIFY((gif("\2\0\1\0"s).rgb == Pixels{255, 0, 0, 0, 0, 255}));
        QVERIFY((gif("\0\0\0\0"s).rgb == Pixels{255, 0, 0, 0, 0, 255}));
        QVERIFY((readImageSize(folder / "a.gif") == ImageSize{2, 1}));
        QVERIFY((gif("\1\0\1\0"s).rgb == Pixels{255, 0, 0}));
        QVERIFY((gif("\3\0\1\0"s).rgb == Pixels{255, 0, 0, 0, 0, 255, 255, 255, 255}));
    }

    void theFormatIsToldByTheBytes()
    {
        for (const auto* name : {"webp.jpg", "b.jfif"}) {
            QVERIFY(isImageFile(name));
            QVERIFY2(readImage(dataPath("pictures/kinds") / name).size.width > 1, name);
        }
    }

    void whatIsNoPictureIsNamed()
    {
        const auto page = errorOf([] { readImage(dataPath("pictures/kinds/page.jpg")); });
        QVERIFY2(contains(page, "web page") && !contains(page, "damaged"), page.c_str());
        const auto pointer = errorOf([] { readImage(dataPath("pictures/kinds/lfs.png")); });
        QVERIFY2(contains(pointer, "Git LFS pointer") && contains(pointer, "git lfs pull"), pointer.c_str());
        const test::TemporaryFolder folder;
        test::writeText(folder / "drawing.jpg", "<svg xmlns=\"http://www.w3.org/2000/svg\"/>");
        QVERIFY(contains(errorOf([&] { readImage(folder / "drawing.jpg"); }), "an SVG drawing"));
    }

    void heicAndAvifAreReadOrNamed()
    {
        for (const auto& [name, kind] : {std::pair{"avif.jpg", "an AVIF picture"}, {"heic.jpg", "a HEIC picture"}}) {
            const auto file = dataPath("pictures/kinds") / name;
            const auto message = errorOf([&] { readImage(file); });
            // Without libheif or its plugins it is refused by name; it never is "damaged".
            QVERIFY2(message.empty() || (contains(message, kind) && !contains(message, "damaged")), message.c_str());
            if (message.empty())
                QVERIFY(readImage(file).size == readImageSize(file));
        }
    }

    void orientationIsFoundWhereViewersLook()
    {
        const auto folder = dataPath("pictures/orientation");
        const auto reference = readImage(folder / "reference.png");
        for (const auto* name :
             {"short.jpg", "long.jpg", "big-endian.jpg", "xmp-first.jpg", "exif.png", "exif.webp", "raw-profile.png"}) {
            const auto image = readImage(folder / name);
            QVERIFY2(image.size == reference.size, name);
            const double off = difference(image, reference);
            QVERIFY2(off < (fs::path(name).extension() == ".jpg" ? 12 : 0.001), (name + std::to_string(off)).c_str());
            QVERIFY2(readImageSize(folder / name) == reference.size, name);
        }
        for (const auto* name : {"byte.jpg", "nul-version.jpg"}) // odd, and harmless
            QVERIFY(readImage(folder / name).size.width > 1);
    }

    void strayBytesAreNoDamageAndMissingOnesAre()
    {
        const auto folder = dataPath("pictures/ends");
        for (const auto* name : {"trailing.jpg", "mpo.jpg", "extraneous.jpg"}) {
            const auto image = readImage(folder / name);
            QVERIFY2(image.size == readImageSize(folder / name), name);
        }
        for (const auto* name : {"half.jpg", "progressive-cut.jpg", "without-eoi.jpg"}) {
            const auto message = errorOf([&] { readImage(folder / name); });
            QVERIFY2(contains(message, "does not reach its end"), message.c_str());
        }
        QVERIFY(contains(errorOf([&] { readImage(folder / "zero.jpg"); }), "empty"));
    }

    void channelsThatAreNoColoursAreNamed()
    {
        const test::TemporaryFolder folder;
        test::writeText(folder / "grey.tif", tiffOf(20, 10, 1, 1));
        QVERIFY((readImage(folder / "grey.tif").size == ImageSize{20, 10}));
        test::writeText(folder / "five.tif", tiffOf(20, 10, 5, 2));
        QVERIFY(contains(errorOf([&] { readImage(folder / "five.tif"); }), "5 channels"));
        test::writeText(folder / "lab.tif", tiffOf(20, 10, 3, 8));
        QVERIFY(contains(errorOf([&] { readImage(folder / "lab.tif"); }), "Lab colours"));
    }

    void sortsThatAreNotReadAreToldFromDamage()
    {
        const test::TemporaryFolder folder;
        test::writeText(folder / "a.png", pngOf({1, 2, 3}, test::pngChunk("CgBI", std::string(4, '\0'))));
        QVERIFY(contains(errorOf([&] { readImage(folder / "a.png"); }), "Apple's own form"));
        auto jpeg = readTextFile(dataPath("pictures/kinds/b.jfif"));
        const auto frame = jpeg.find("\xff\xc0");
        QVERIFY(frame != std::string::npos);
        jpeg[frame + 4] = 12; // bits
        test::writeText(folder / "a.jpg", jpeg);
        QVERIFY(contains(errorOf([&] { readImage(folder / "a.jpg"); }), "of a sort that is not read"));
        test::writeText(folder / "a.png", pngOf({1, 2, 3}, test::pngChunk("QuUx", "")));
        const auto damaged = errorOf([&] { readImage(folder / "a.png"); });
        QVERIFY2(contains(damaged, "a PNG picture that is damaged: fetch it again"), damaged.c_str());
    }

    void plainNetpbmNeedsNothingBehindItsLastNumber()
    {
        const test::TemporaryFolder folder;
        for (const auto* end : {"", "\n"}) {
            test::writeText(folder / "a.ppm", std::string("P3\n1 1\n255\n10 20 30") + end);
            QVERIFY((readImage(folder / "a.ppm").rgb == std::vector<std::uint8_t>{10, 20, 30}));
        }
        test::writeText(folder / "a.ppm", "P3\n1 1\n255\n10 20");
        QVERIFY(!errorOf([&] { readImage(folder / "a.ppm"); }).empty());
    }

    void samplesOfTiffsMeanWhatTheFileSays()
    {
        using namespace std::string_literals;
        constexpr unsigned white = 0, black = 1, rgb = 2, inks = 5;
        const test::TemporaryFolder folder;
        const auto first = [&](const std::string& bytes) {
            test::writeText(folder / "a.tif", bytes);
            const auto image = readImage(folder / "a.tif");
            return std::array<int, 3>{image.rgb[0], image.rgb[1], image.rgb[2]};
        };
        const auto near = [](std::array<int, 3> found, std::array<int, 3> expected) {
            for (std::size_t c = 0; c < 3; ++c) {
                if (std::abs(found[c] - expected[c]) > 1)
                    return false;
            }
            return true;
        };
        // Ink in 8 and 16 bits: nothing is white, cyan takes the red away.
        for (const unsigned bits : {8u, 16u}) {
            const std::string none(bits / 2, '\0'),
                cyan = std::string(bits / 8, '\xff') + std::string(3 * bits / 8, '\0');
            QVERIFY(
                near(first(tiffWith({{256, 1}, {257, 1}, {258, bits}, {262, inks}, {277, 4}}, none)), {255, 255, 255}));
            QVERIFY(
                near(first(tiffWith({{256, 1}, {257, 1}, {258, bits}, {262, inks}, {277, 4}}, cyan)), {0, 255, 255}));
            QVERIFY(near(first(tiffWith({{256, 1}, {257, 1}, {258, bits}, {262, white}}, none)), {255, 255, 255}));
        }
        QVERIFY(near(first(tiffWith({{256, 1}, {257, 1}, {258, 1}, {262, white}}, "\0"s)), {255, 255, 255}));
        QVERIFY(near(first(tiffWith({{256, 2}, {257, 1}, {258, 12}, {262, black}}, "\x80\x0f\xff"s)), {128, 128, 128}));
        // Red that half covers, as it is, multiplied by its alpha, and beside a sample that means nothing.
        const std::map<unsigned, unsigned> red = {{256, 1}, {257, 1}, {262, rgb}, {277, 4}};
        const auto with = [&](unsigned extra) {
            auto fields = red;
            fields[338] = extra;
            return fields;
        };
        QVERIFY(near(first(tiffWith(with(2), "\xff\0\0\x80"s)), {255, 127, 127}));
        QVERIFY(near(first(tiffWith(with(1), "\x80\0\0\x80"s)), {255, 127, 127}));
        QVERIFY(near(first(tiffWith(with(0), "\xff\0\0\x80"s)), {255, 0, 0}));
        QVERIFY(contains(errorOf([&] {
                             first(tiffWith({{256, 1}, {257, 1}, {258, 16}, {262, black}, {339, 2}}, "\1\1"));
                         }),
                         "signed numbers"));
        QVERIFY(contains(errorOf([&] {
                             first(tiffWith({{256, 99}, {257, 99}, {262, black}}, "short"));
                         }),
                         "truncated"));
    }

    void bigTiffsAreTurnedToo()
    {
        using namespace std::string_literals;
        const test::TemporaryFolder folder;
        const auto bytes = tiffWith({{256, 2}, {257, 1}, {262, 1}, {274, 6}}, "\x10\xf0"s, true);
        test::writeText(folder / "a.tif", bytes);
        const auto image = readImage(folder / "a.tif"); // turned clockwise: the left pixel is on top
        QVERIFY((image.size == ImageSize{1, 2}));
        QVERIFY((readImageSize(folder / "a.tif") == ImageSize{1, 2}));
        QCOMPARE(int{image.rgb[0]}, 0x10);
        QCOMPARE(int{image.rgb[3]}, 0xf0);
    }

    void sizesAreCheckedBeforeDecodingInEveryFormat()
    {
        using namespace std::string_literals;
        const test::TemporaryFolder folder;
        const std::array<std::pair<const char*, std::string>, 4> bombs = {
            {{"a.bmp", "BM\x46\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\0\0\1\0\0\0\1\0\1\0\x18\0"s + std::string(40, '\0')},
             {"a.gif", "GIF89a\xff\xff\xff\xff\0\0\0"s + std::string(40, '\0')},
             {"a.ppm", "P6 65536 65536 255\n"s},
             {"a.tif", tiffOf(4, 4, 1, 1)}}};
        for (const auto& [name, bytes] : bombs) {
            auto bomb = bytes;
            if (std::string(name) == "a.tif") { // its width and height, behind 24 bytes of head and pixels
                bomb.replace(24 + 2 + 8, 4, "\0\0\1\0"s);
                bomb.replace(24 + 2 + 12 + 8, 4, "\0\0\1\0"s);
            }
            test::writeText(folder / name, bomb);
            const auto message = errorOf([&] { readImage(folder / name); });
            QVERIFY2(contains(message, "too large"), (std::string(name) + ": " + message).c_str());
        }
    }

    void anAbsurdSizeIsToldAsItStands()
    {
        const test::TemporaryFolder folder;
        test::writeText(folder / "a.ppm", "P6 123456789012345 7 255\n");
        const auto message = errorOf([&] { readImage(folder / "a.ppm"); });
        QVERIFY2(contains(message, "too large: 123456789012345x7 pixels"), message.c_str());
        test::writeText(folder / "b.ppm", "P6 " + std::string(100, '9') + " 7 255\n");
        QVERIFY(contains(errorOf([&] { readImage(folder / "b.ppm"); }), "too large"));
    }

    void whatDoesNotFitInMemoryIsRefusedBeforeDecoding()
    {
        const ImageSize size{.width = 20000, .height = 19999};
        QVERIFY(errorOf([&] { requireRoom(size, 4'000'000'000, "a.png"); }).empty());
        QVERIFY(errorOf([&] { requireRoom(size, 0, "a.png"); }).empty()); // not known
        const auto message = errorOf([&] { requireRoom(size, 1'000'000'000, "a.png"); });
        QVERIFY2(contains(message, "a.png is too large for this machine") && contains(message, "3.2 GB"),
                 message.c_str());
    }
};

QTEST_APPLESS_MAIN(ForeignPicturesTest)
#include "tst_foreign_pictures.moc"
