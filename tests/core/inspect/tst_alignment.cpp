#include "core/inspect/alignment.h"
#include "core/inspect/wrong_crops.h"
#include "tests/support/test_data.h"

#include <ATen/ATen.h>
#include <QTest>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <functional>

using namespace nanodit;

namespace {

constexpr GridSize grid{.rows = 6, .cols = 9};
constexpr std::int64_t width = 12;

/// Features that all have much in common, as those of a ViT do, and vary from place to place: [rows, cols, D].
at::Tensor field(std::uint64_t seed)
{
    at::manual_seed(seed);
    return at::randn({grid.rows, grid.cols, width}) + 2 * at::randn({width});
}

at::Tensor flat(const at::Tensor& patches)
{
    return patches.reshape({grid.count(), width});
}

RecomputedPatches recomputed()
{
    return {.grid = grid,
            .truth = flat(field(1)),
            .mistaken = {{"squashed", flat(field(2))}, {"old crop", at::randn({16, width})}},
            .registers = 4};
}

/// What would be stored with tokens [CLS, registers, patches] cut at another place.
at::Tensor cutAt(std::int64_t first)
{
    at::manual_seed(9);
    const auto tokens = at::cat({at::randn({5, width}), flat(field(1))});
    return tokens.narrow(0, first, grid.count());
}

std::vector<std::string> namesOf(const std::vector<WrongCrop>& crops)
{
    std::vector<std::string> names;
    for (const auto& crop : crops)
        names.push_back(crop.name.substr(0, crop.name.find(' ')));
    return names;
}

bool near(double a, double b)
{
    return std::abs(a - b) < 1e-9;
}

} // namespace

/// What an alignment certificate tells apart, and the wrong crops that it tries.
class TestAlignment : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void patchesInTheirPlaceAreTrue()
    {
        const auto truth = recomputed().truth;
        for (const auto& stored : {truth, truth.to(at::kHalf), truth + 0.02 * at::randn_like(truth)}) {
            const auto certificate = certifyPatches(stored, recomputed());
            QVERIFY2(certificate.verdict == AlignmentVerdict::True, certificate.sentence().c_str());
            QVERIFY(certificate.cosine > 0.999);
            QVERIFY(certificate.lowestCosine > 0.99);
            QVERIFY(certificate.largestDifference < 0.1);
            QVERIFY(certificate.alternatives.size() >= 15);
            QVERIFY(certificate.alternatives.front().cosine < 0.95);
            QVERIFY2(certificate.sentence().starts_with("true; best alternative: "), certificate.sentence().c_str());
        }
        QCOMPARE(certifyPatches(truth, recomputed()).largestDifference, 0.);
    }

    void eachMistakeIsNamed_data()
    {
        QTest::addColumn<int>("mistake");
        QTest::addColumn<QString>("name");
        const char* const names[] = {"one column right",
                                     "one column left",
                                     "one row down",
                                     "one row up",
                                     "one row down and one column right",
                                     "one row down and one column left",
                                     "one row up and one column right",
                                     "one row up and one column left",
                                     "transposed",
                                     "mirrored left to right",
                                     "upside down",
                                     "turned by 180 degrees",
                                     "offset by the 4 registers",
                                     "offset by CLS and the 4 registers",
                                     "squashed"};
        int number = 0;
        for (const auto* const name : names)
            QTest::newRow(name) << number++ << name;
    }

    void eachMistakeIsNamed()
    {
        QFETCH(int, mistake);
        QFETCH(QString, name);
        const auto truth = field(1);
        const std::function<at::Tensor()> mistakes[] = {[&] { return truth.roll({1}, {1}); },
                                                        [&] { return truth.roll({-1}, {1}); },
                                                        [&] { return truth.roll({1}, {0}); },
                                                        [&] { return truth.roll({-1}, {0}); },
                                                        [&] {
                                                            return truth.roll({1, 1}, {0, 1});
                                                        },
                                                        [&] {
                                                            return truth.roll({1, -1}, {0, 1});
                                                        },
                                                        [&] {
                                                            return truth.roll({-1, 1}, {0, 1});
                                                        },
                                                        [&] {
                                                            return truth.roll({-1, -1}, {0, 1});
                                                        },
                                                        [&] { return truth.transpose(0, 1); },
                                                        [&] { return truth.flip({1}); },
                                                        [&] { return truth.flip({0}); },
                                                        [&] {
                                                            return truth.flip({0, 1});
                                                        },
                                                        [&] { return cutAt(1); },
                                                        [&] { return cutAt(0); },
                                                        [&] { return field(2); }};
        const auto certificate = certifyPatches(flat(mistakes[mistake]()), recomputed());
        QVERIFY2(certificate.verdict == AlignmentVerdict::Misaligned, certificate.sentence().c_str());
        QCOMPARE(QString::fromStdString(certificate.alternatives.front().name), name);
        QVERIFY2(certificate.sentence().find("; in its correct place ") != std::string::npos, // as on the page
                 certificate.sentence().c_str());
        QVERIFY(certificate.alternatives.front().cosine > 0.999);
        QVERIFY(certificate.cosine < 0.95);
    }

    /// Without registers, patches that begin a token early look moved by a column but for the ends of rows.
    void anOffsetByClsIsNoShift()
    {
        auto anew = recomputed();
        anew.registers = 0;
        const auto certificate = certifyPatches(cutAt(4), anew);
        QCOMPARE(certificate.alternatives.front().name, std::string("offset by CLS"));
    }

    void anotherNumberOfPatchesIsComparedWithPicturesThatGiveIt()
    {
        auto anew = recomputed();
        const auto old = anew.mistaken[1].second;
        const auto named = certifyPatches(old, anew);
        QVERIFY(named.verdict == AlignmentVerdict::Misaligned);
        QCOMPARE(named.sentence(),
                 std::string("misaligned: old crop, cosine 1.00; its 16 patches do not fit the grid of 6 x 9"));
        const auto unknown = certifyPatches(at::randn({17, width}), anew);
        QVERIFY(unknown.verdict == AlignmentVerdict::Unlike);
        QVERIFY(unknown.alternatives.empty());
    }

    void damagedPatchesAreCountedAndTheWorstIsFound()
    {
        auto stored = field(1).clone();
        stored.select(0, 2).zero_();
        stored[4][7] = -stored[4][7];
        const auto certificate = certifyPatches(flat(stored), recomputed());
        QVERIFY2(certificate.verdict == AlignmentVerdict::Partly, certificate.sentence().c_str());
        QCOMPARE(certificate.deviating, 10);
        QVERIFY((certificate.lowestCell == GridCell{4, 7}));
        QVERIFY2(certificate.sentence().find("row 4, column 7") != std::string::npos, certificate.sentence().c_str());
    }

    void featuresOfSomethingElseAreUnlike()
    {
        const auto certificate = certifyPatches(flat(field(3)), recomputed());
        QVERIFY2(certificate.verdict == AlignmentVerdict::Unlike, certificate.sentence().c_str());
        QVERIFY(certifyPatches(at::randn({grid.count(), width + 1}), recomputed()).verdict == AlignmentVerdict::Unlike);
    }

    /// A picture of one colour fits every alternative as well as the truth.
    void whatCannotBeToldApartIsTrue()
    {
        auto anew = recomputed();
        anew.truth = at::ones({grid.count(), width});
        anew.mistaken.clear();
        const auto certificate = certifyPatches(anew.truth, anew);
        QVERIFY(certificate.verdict == AlignmentVerdict::True);
        QVERIFY(certificate.alternatives.front().cosine > 0.999);
    }

    void survivesJson()
    {
        const auto certificate = certifyPatches(flat(field(1).flip({1})), recomputed());
        const auto again = AlignmentCertificate::fromJson(certificate.toJson());
        QCOMPARE(again.toJson().dump(), certificate.toJson().dump());
        QCOMPARE(again.sentence(), certificate.sentence());
        auto damaged = certificate.toJson();
        damaged["verdict"] = "splendid";
        QVERIFY(test::errorOf([&] { AlignmentCertificate::fromJson(damaged); }).find("splendid") != std::string::npos);
        damaged.erase("verdict");
        QVERIFY(!test::errorOf([&] { AlignmentCertificate::fromJson(damaged); }).empty());
    }

    void aWrongCropIsTheBoxThatItsNameSays()
    {
        // Cropped to 1200 x 800 at 0.64 of its size.
        const auto crops = wrongCropsOfBucketSize({1600, 800}, {768, 512}, {32, 48});
        QCOMPARE(crops.size(), 3U);
        const auto& centre = crops[0].box;
        QVERIFY(near(centre.left, 800 - 525) && near(centre.right, 800 + 525));
        QVERIFY(near(centre.top, 50) && near(centre.bottom, 750));
        const auto& squashed = crops[1].box;
        QVERIFY(near(squashed.left, 0) && near(squashed.right, 1600) && near(squashed.bottom, 800));
        const auto& unscaled = crops[2].box;
        QVERIFY(near(unscaled.right - unscaled.left, 768) && near(unscaled.bottom - unscaled.top, 512));
        for (const auto& crop : crops)
            QVERIFY((crop.size == ImageSize{768, 512}));
    }

    void wrongCropsThatMoveNothingAreLeftOut()
    {
        // Of the bucket's own shape, it cannot be squashed; of its size, not cropped without resizing either.
        QCOMPARE(namesOf(wrongCropsOfBucketSize({1536, 1024}, {768, 512}, {32, 48})),
                 (std::vector<std::string>{"centre-cropped", "cropped"}));
        QCOMPARE(namesOf(wrongCropsOfBucketSize({768, 512}, {768, 512}, {32, 48})),
                 (std::vector<std::string>{"centre-cropped"}));
        // Smaller than the bucket: there is nothing to crop without resizing.
        QCOMPARE(namesOf(wrongCropsOfBucketSize({400, 200}, {768, 512}, {32, 48})),
                 (std::vector<std::string>{"centre-cropped", "squashed"}));
    }

    void theOldCropIsTheMiddleOfTheShorterSide()
    {
        const auto old = oldCentreCropOf({1600, 800});
        QVERIFY((old.size == ImageSize{224, 224}));
        QVERIFY(near(old.box.left, 450) && near(old.box.right, 1150) && near(old.box.top, 50));
    }
};

QTEST_APPLESS_MAIN(TestAlignment)
#include "tst_alignment.moc"
