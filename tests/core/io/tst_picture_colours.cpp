#include "core/io/atomic_file.h"
#include "core/io/image.h"
#include "core/io/picture_notes.h"
#include "tests/support/contains.h"
#include "tests/support/picture_difference.h"
#include "tests/support/test_data.h"
#include "tests/support/written_png.h"

#include <QTest>

#include <array>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

using namespace nanodit;
using nanodit::test::big;
using nanodit::test::contains;
using nanodit::test::dataPath;
using nanodit::test::difference;
using nanodit::test::errorOf;
using nanodit::test::pngOf;

namespace {

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

/// What the colours of pictures of other programs mean: profiles, and what chunks of a PNG say.
class PictureColoursTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
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

QTEST_APPLESS_MAIN(PictureColoursTest)
#include "tst_picture_colours.moc"
