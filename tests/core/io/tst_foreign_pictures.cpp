#include "core/io/atomic_file.h"
#include "core/io/image.h"
#include "core/io/image_header.h"
#include "core/io/picture_notes.h"
#include "core/io/stored_picture.h"
#include "tests/support/contains.h"
#include "tests/support/png_chunk.h"
#include "tests/support/test_data.h"

#include <QTest>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

using namespace nanodit;
using nanodit::test::contains;
using nanodit::test::dataPath;
using nanodit::test::errorOf;
namespace fs = std::filesystem;

namespace {

/// The mean difference of a channel, of 255; 255 where sizes differ.
double difference(const Image& a, const Image& b)
{
    if (a.size != b.size)
        return 255;
    double sum = 0;
    for (std::size_t i = 0; i < a.rgb.size(); ++i)
        sum += std::abs(int{a.rgb[i]} - int{b.rgb[i]});
    return sum / static_cast<double>(a.rgb.size());
}

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

/// A big-endian number of four bytes.
std::string big(std::uint32_t value)
{
    return {static_cast<char>(value >> 24), static_cast<char>(value >> 16), static_cast<char>(value >> 8),
            static_cast<char>(value)};
}

/// A PNG of one pixel, grey (of one sample) or RGB, with chunks before its pixels.
std::string pngOf(const std::vector<std::uint8_t>& pixel, const std::string& chunks)
{
    using namespace std::string_literals;
    const auto row = "\0"s + std::string(pixel.begin(), pixel.end());
    std::string packed(64, '\0');
    auto length = static_cast<uLongf>(packed.size());
    compress(reinterpret_cast<Bytef*>(packed.data()), &length, reinterpret_cast<const Bytef*>(row.data()),
             static_cast<uLong>(row.size()));
    packed.resize(length);
    const auto kind = pixel.size() == 1 ? "\x08\0\0\0\0"s : "\x08\2\0\0\0"s;
    return "\x89PNG\r\n\x1a\n"s + test::pngChunk("IHDR", big(1) + big(1) + kind) + chunks +
           test::pngChunk("IDAT", packed) + test::pngChunk("IEND", "");
}

std::string gammaChunk(std::uint32_t gamma)
{
    return test::pngChunk("gAMA", big(gamma));
}

/// White, red, green and blue, x before y, in units of 0.00001.
std::string placesChunk(const std::array<std::uint32_t, 8>& places)
{
    std::string data;
    for (const auto place : places)
        data += big(place);
    return test::pngChunk("cHRM", data);
}

std::string codesChunk(int primaries, int transfer, int matrix = 0, int fullRange = 1)
{
    return test::pngChunk("cICP", {static_cast<char>(primaries), static_cast<char>(transfer), static_cast<char>(matrix),
                                   static_cast<char>(fullRange)});
}

constexpr std::array<std::uint32_t, 8> srgbPlaces = {31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000},
                                       adobePlaces = {31270, 32900, 64000, 33000, 21000, 71000, 15000, 6000};

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

    void aDamagedProfileDoesNotCostThePicture()
    {
        using namespace std::string_literals;
        const test::TemporaryFolder folder;
        const auto whole = readTextFile(dataPath("pictures/kinds/b.jfif"));
        const auto part = "ICC_PROFILE\0\2\3"s + std::string(20, 'x'); // the second of three
        const auto segment = "\xff\xe2\0"s + static_cast<char>(part.size() + 2) + part;
        test::writeText(folder / "a.jpg", whole.substr(0, 2) + segment + whole.substr(2));
        PictureNotes notes;
        const auto image = readImage(folder / "a.jpg", notes);
        QVERIFY(image.rgb == readImage(dataPath("pictures/kinds/b.jfif")).rgb);
        QVERIFY(notes.profileIgnored && !notes.profileApplied);
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

    void coloursAreConvertedByTheirProfile()
    {
        const auto folder = dataPath("pictures/profiles");
        PictureNotes notes;
        readImage(folder / "wide.png", notes);
        if (notes.profileIgnored)
            QSKIP("built without LittleCMS");
        for (const std::string name : {"wide", "bgr"}) {
            const auto shown = readImage(folder / (name + "-as-shown.png"), notes);
            QVERIFY(!notes.profileApplied);
            for (const auto* ending : {".png", ".jpg"}) {
                const auto off = difference(readImage(folder / (name + ending), notes), shown);
                QVERIFY2(notes.profileApplied && off < 4, (name + ending + " " + std::to_string(off)).c_str());
            }
        }
    }

    /// Expected values were computed apart from the program: light by the curve, XYZ by the primaries, sRGB from XYZ.
    void coloursThatPngChunksDescribeAreConverted_data()
    {
        using Pixel = std::vector<std::uint8_t>;
        QTest::addColumn<std::string>("chunks");
        QTest::addColumn<Pixel>("stored");
        QTest::addColumn<Pixel>("shown");
        const Pixel p3{200, 100, 50}, plain{120, 100, 80};
        QTest::newRow("linear light") << gammaChunk(100000) << Pixel{55, 128, 13} << Pixel{128, 188, 64};
        QTest::newRow("gamma 1.8") << gammaChunk(55556) << Pixel{128, 64, 200} << Pixel{146, 81, 210};
        QTest::newRow("grey, linear") << gammaChunk(100000) << Pixel{55} << Pixel{128, 128, 128};
        QTest::newRow("Adobe's green") << gammaChunk(45455) + placesChunk(adobePlaces) << plain << Pixel{128, 100, 78};
        QTest::newRow("P3") << codesChunk(12, 13) << p3 << Pixel{215, 93, 31};
        QTest::newRow("P3, a camera's curve") << codesChunk(12, 1) << p3 << Pixel{215, 93, 31};
        QTest::newRow("BT.2020") << codesChunk(9, 13) << Pixel{150, 140, 120} << Pixel{157, 139, 117};
        QTest::newRow("codes before gamma") << gammaChunk(100000) + codesChunk(12, 13) << p3 << Pixel{215, 93, 31};
    }

    void coloursThatPngChunksDescribeAreConverted()
    {
        QFETCH(std::string, chunks);
        QFETCH(std::vector<std::uint8_t>, stored);
        QFETCH(std::vector<std::uint8_t>, shown);
        const test::TemporaryFolder folder;
        test::writeText(folder / "a.png", pngOf(stored, chunks));
        PictureNotes notes;
        const auto image = readImage(folder / "a.png", notes);
        if (notes.profileIgnored)
            QSKIP("built without LittleCMS");
        QVERIFY(notes.profileApplied);
        for (std::size_t c = 0; c < 3; ++c)
            QVERIFY2(std::abs(int{image.rgb[c]} - int{shown[c]}) <= 1,
                     (std::to_string(c) + ": " + std::to_string(image.rgb[c])).c_str());
    }

    void chunksThatSaySrgbChangeNothing()
    {
        const test::TemporaryFolder folder;
        const std::vector<std::uint8_t> pixel{200, 100, 50};
        const auto sure = test::pngChunk("sRGB", std::string(1, '\0'));
        auto broken = gammaChunk(100000);
        broken.back() ^= 1; // its checksum
        for (const auto& chunks :
             {std::string(), gammaChunk(45455), gammaChunk(46000) + placesChunk(srgbPlaces), placesChunk(srgbPlaces),
              sure + gammaChunk(100000) + placesChunk(adobePlaces), codesChunk(1, 13), codesChunk(1, 1),
              gammaChunk(100000) + codesChunk(1, 13), codesChunk(200, 13), codesChunk(12, 13, 1), gammaChunk(0),
              gammaChunk(1), gammaChunk(0x7fffffff), broken}) {
            test::writeText(folder / "a.png", pngOf(pixel, chunks));
            PictureNotes notes;
            QVERIFY(readImage(folder / "a.png", notes).rgb == pixel);
            QVERIFY(!notes.profileApplied && !notes.profileIgnored);
        }
    }

    void aProfileThatThePngLibraryDropsIsTold()
    {
        const test::TemporaryFolder folder;
        const std::vector<std::uint8_t> pixel{200, 100, 50};
        const auto profile = test::pngChunk("iCCP", std::string("a\0\0not compressed", 17));
        test::writeText(folder / "a.png", pngOf(pixel, profile));
        PictureNotes notes;
        QVERIFY(readImage(folder / "a.png", notes).rgb == pixel);
        QVERIFY(notes.profileIgnored && !notes.profileApplied);
        test::writeText(folder / "a.png", pngOf(pixel, test::pngChunk("sRGB", std::string(1, '\0')) + profile));
        readImage(folder / "a.png", notes);
        QVERIFY(!notes.profileIgnored);
    }

    void coloursThatMakeNoSenseAreTakenAsSrgbAndTold()
    {
        const test::TemporaryFolder folder;
        const std::vector<std::uint8_t> pixel{200, 100, 50};
        test::writeText(folder / "a.png", pngOf(pixel, placesChunk({31270, 0, 1, 1, 1, 1, 1, 1})));
        PictureNotes notes;
        QVERIFY(readImage(folder / "a.png", notes).rgb == pixel);
        QVERIFY(notes.profileIgnored && !notes.profileApplied);
    }

    void hdrIsRefusedByName()
    {
        const test::TemporaryFolder folder;
        for (const auto& [transfer, word] : {std::pair{16, "PQ"}, {18, "HLG"}}) {
            test::writeText(folder / "a.png", pngOf({1, 2, 3}, codesChunk(9, transfer)));
            const auto message = errorOf([&] { readImage(folder / "a.png"); });
            QVERIFY2(contains(message, "HDR") && contains(message, word) && contains(message, "tone mapping"),
                     message.c_str());
        }
        test::writeText(folder / "a.png", pngOf({1, 2, 3}, codesChunk(1, 13, 0, 0)));
        QVERIFY(contains(errorOf([&] { readImage(folder / "a.png"); }), "narrow range"));
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

    void colourKeysAreTransparent()
    {
        using namespace std::string_literals;
        // 2 x 1 RGB, red and blue, with blue as the transparent colour.
        const auto file = dataPath("pictures/kinds/key.png");
        const auto image = readImage(file);
        QVERIFY((image.size == ImageSize{2, 1}));
        QVERIFY(image.rgb == (std::vector<std::uint8_t>{255, 0, 0, 255, 255, 255}));
    }
};

QTEST_APPLESS_MAIN(ForeignPicturesTest)
#include "tst_foreign_pictures.moc"
