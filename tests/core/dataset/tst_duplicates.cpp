#include "core/dataset/duplicates.h"
#include "tests/support/drawn_picture.h"

#include <QTest>

#include <algorithm>
#include <bit>
#include <cmath>
#include <map>
#include <random>
#include <utility>

using namespace nanodit;

namespace {

Image plain(std::uint8_t red, std::uint8_t green, std::uint8_t blue)
{
    Image image{.size = {50, 40}, .rgb = {}};
    for (int i = 0; i < 50 * 40; ++i)
        image.rgb.insert(image.rgb.end(), {red, green, blue});
    return image;
}

int structureDistance(const PictureFingerprint& a, const PictureFingerprint& b)
{
    return std::popcount(a.structure ^ b.structure);
}

DuplicateCandidate candidate(const std::string& id, const PictureFingerprint& fingerprint, std::int64_t pixels = 100)
{
    DuplicateCandidate made;
    made.id = id;
    made.file = "/pictures/" + id;
    made.imageHash = "bytes of " + id;
    made.fingerprint = fingerprint;
    made.pixelCount = pixels;
    return made;
}

PictureFingerprint structured(std::uint64_t structure, std::uint64_t pixels)
{
    PictureFingerprint made;
    made.structure = structure;
    made.pixels = pixels;
    return made;
}

std::vector<Duplicate> find(const std::vector<DuplicateCandidate>& candidates, std::int64_t bits = 4)
{
    return *findDuplicates(candidates, {.exact = true, .nearBits = bits}, {});
}

/// By id: of whom.
std::map<std::string, std::string> byId(const std::vector<DuplicateCandidate>& candidates,
                                        const std::vector<Duplicate>& duplicates)
{
    std::map<std::string, std::string> found;
    for (const auto& duplicate : duplicates)
        found[candidates[duplicate.candidate].id] = candidates[duplicate.of].id;
    return found;
}

} // namespace

class TestDuplicates : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void fingerprintsOutliveScalingNoiseAndLight()
    {
        std::mt19937_64 random(2);
        for (std::uint64_t seed = 0; seed < 20; ++seed) {
            const auto original = test::drawnPicture(seed, {300, 200});
            const auto own = fingerprintOf(original);
            auto copy = resampleBox(original, {0, 0, 300, 200}, {113, 80});
            for (auto& value : copy.rgb)
                value = static_cast<std::uint8_t>(std::clamp(int{value} + int(random() % 9) - 4, 0, 255));
            const auto scaled = fingerprintOf(copy);
            QVERIFY2(structureDistance(own, scaled) <= 4, std::to_string(structureDistance(own, scaled)).c_str());
            QVERIFY(colourDistance(own, scaled) <= 6);
            QVERIFY(own.pixels != scaled.pixels);
            auto brighter = original;
            for (auto& value : brighter.rgb)
                value = static_cast<std::uint8_t>(std::min(255, value + 12));
            QVERIFY(structureDistance(own, fingerprintOf(brighter)) <= 4);
        }
    }

    void otherPicturesHaveOtherFingerprints()
    {
        std::vector<PictureFingerprint> all;
        for (std::uint64_t seed = 0; seed < 60; ++seed)
            all.push_back(fingerprintOf(test::drawnPicture(seed, {120, 90})));
        double sum = 0;
        int pairs = 0;
        for (std::size_t i = 0; i < all.size(); ++i) {
            for (std::size_t k = 0; k < i; ++k, ++pairs) {
                QVERIFY(structureDistance(all[i], all[k]) > 4 || colourDistance(all[i], all[k]) > nearDuplicateColours);
                sum += structureDistance(all[i], all[k]);
            }
        }
        QVERIFY(std::abs(sum / pairs - 32) < 3); // bits of strangers are coins
    }

    void pixelsAreToldApartByOne()
    {
        auto image = test::drawnPicture(3, {61, 47}); // a count of bytes that is no multiple of a word's
        const auto own = fingerprintOf(image);
        QVERIFY(fingerprintOf(image) == own);
        for (const std::size_t place : {std::size_t{0}, image.rgb.size() / 2, image.rgb.size() - 1}) {
            auto other = image;
            other.rgb[place] ^= 1;
            QVERIFY(fingerprintOf(other).pixels != own.pixels);
        }
        const auto wide = fingerprintOf({.size = {4, 2}, .rgb = std::vector<std::uint8_t>(24, 9)});
        const auto high = fingerprintOf({.size = {2, 4}, .rgb = std::vector<std::uint8_t>(24, 9)});
        QVERIFY(wide.pixels != high.pixels);
    }

    void plainPicturesAreToldApartByColour()
    {
        const auto red = fingerprintOf(plain(200, 30, 30)), blue = fingerprintOf(plain(30, 30, 200)),
                   reddish = fingerprintOf(plain(203, 32, 31));
        QCOMPARE(red.structure, std::uint64_t{0});
        QCOMPARE(int{red.colours[0]}, 200);
        const std::vector candidates = {candidate("a", red), candidate("b", blue), candidate("c", reddish)};
        QVERIFY((byId(candidates, find(candidates)) == std::map<std::string, std::string>{{"c", "a"}}));
    }

    void smallPicturesHaveFingerprintsToo()
    {
        for (const auto size : {ImageSize{1, 1}, ImageSize{31, 7}, ImageSize{33, 32}, ImageSize{5, 200}}) {
            const auto fingerprint = fingerprintOf(
                {.size = size,
                 .rgb = std::vector<std::uint8_t>(static_cast<std::size_t>(3 * size.width * size.height), 77)});
            QCOMPARE(fingerprint.structure, std::uint64_t{0});
            QVERIFY(std::ranges::all_of(fingerprint.colours, [](std::uint8_t value) { return value == 77; }));
        }
    }

    void theLargestStaysThenTheFirstById()
    {
        std::vector candidates = {candidate("b", structured(0b111, 1)), candidate("a", structured(0b110, 2)),
                                  candidate("c", structured(0b100, 3), 400)};
        QVERIFY((byId(candidates, find(candidates)) == std::map<std::string, std::string>{{"a", "c"}, {"b", "c"}}));
        candidates[2].pixelCount = 100;
        QVERIFY((byId(candidates, find(candidates)) == std::map<std::string, std::string>{{"b", "a"}, {"c", "a"}}));
        candidates[0].stays = candidates[1].stays = true; // a person took both in
        QVERIFY((byId(candidates, find(candidates)) == std::map<std::string, std::string>{{"c", "a"}}));
    }

    void whatIsADuplicateExcludesNobody()
    {
        // b is near a and c near b, but c is not near a.
        const std::vector candidates = {candidate("a", structured(0, 1)), candidate("b", structured(0b1111, 2)),
                                        candidate("c", structured(0b11111111, 3))};
        QVERIFY((byId(candidates, find(candidates)) == std::map<std::string, std::string>{{"b", "a"}}));
    }

    void exactOnesAreNamedSo()
    {
        std::vector candidates = {candidate("a", structured(5, 1)), candidate("b", structured(5, 1)),
                                  candidate("c", structured(5, 9))};
        candidates[2].imageHash = candidates[0].imageHash;
        candidates[2].fingerprint.reset();
        auto found = find(candidates);
        QCOMPARE(found.size(), 2U);
        QVERIFY(found[0].kind == Duplicate::Kind::Pixels && found[1].kind == Duplicate::Kind::Bytes);
        QVERIFY(find(candidates, -1).size() == 2);
        const auto nearOnly = *findDuplicates(candidates, {.exact = false, .nearBits = 0}, {});
        QCOMPARE(nearOnly.size(), 1U);
        QVERIFY(nearOnly[0].kind == Duplicate::Kind::Near && nearOnly[0].bits == 0);
        QVERIFY(findDuplicates(candidates, {.exact = false, .nearBits = -1}, {})->empty());
    }

    void recordsOfOneFileAreNoDuplicates()
    {
        std::vector candidates = {candidate("a", structured(5, 1)), candidate("b", structured(5, 1))};
        candidates[1].file = candidates[0].file;
        candidates[1].imageHash = candidates[0].imageHash;
        QVERIFY(find(candidates).empty());
    }

    void lookUpFindsWhatComparingAllFinds_data()
    {
        QTest::addColumn<int>("bits");
        QTest::addColumn<int>("count");
        for (const int bits : {0, 1, 3, 4, 6, 9, 12})
            QTest::addRow("%d bits of 1500", bits) << bits << 1500;
        QTest::addRow("4 bits of 2") << 4 << 2;
        QTest::addRow("4 bits of 30000, a wider table") << 4 << 30000;
    }
    void lookUpFindsWhatComparingAllFinds()
    {
        QFETCH(int, bits);
        QFETCH(int, count);
        std::mt19937_64 random(static_cast<std::uint64_t>(bits + count));
        std::vector<std::uint64_t> centres(static_cast<std::size_t>(count) / 6 + 1);
        for (auto& centre : centres)
            centre = random();
        std::vector<DuplicateCandidate> candidates;
        for (int i = 0; i < count; ++i) {
            auto structure = centres[random() % centres.size()];
            for (auto flips = random() % static_cast<std::uint64_t>(bits + 3); flips > 0; --flips)
                structure ^= 1ULL << random() % 64;
            candidates.push_back(candidate("p" + std::to_string(i), structured(structure, random()),
                                           static_cast<std::int64_t>(random() % 5)));
        }
        const auto found = find(candidates, bits);
        std::vector<std::size_t> order(candidates.size());
        for (std::size_t i = 0; i < order.size(); ++i)
            order[i] = i;
        std::ranges::sort(order, {},
                          [&](std::size_t i) { return std::pair(-candidates[i].pixelCount, candidates[i].id); });
        std::map<std::string, std::string> expected;
        std::vector<std::size_t> stay;
        for (const auto i : order) {
            std::pair nearest(bits + 1, std::size_t{0});
            for (const auto other : stay) {
                const int distance = structureDistance(*candidates[i].fingerprint, *candidates[other].fingerprint);
                if (distance < nearest.first)
                    nearest = {distance, other};
            }
            if (nearest.first <= bits)
                expected[candidates[i].id] = candidates[nearest.second].id;
            else
                stay.push_back(i);
        }
        QVERIFY(!found.empty() || count < 3);
        QVERIFY(byId(candidates, found) == expected);
        std::ranges::shuffle(candidates, random); // the order in which they come decides nothing
        QVERIFY(byId(candidates, find(candidates, bits)) == expected);
    }

    void stoppedSearchGivesNothing()
    {
        const JobContext context;
        context.control->requestStop();
        const std::vector candidates = {candidate("a", structured(5, 1))};
        QVERIFY(!findDuplicates(candidates, {}, context));
    }
};

QTEST_APPLESS_MAIN(TestDuplicates)
#include "tst_duplicates.moc"
