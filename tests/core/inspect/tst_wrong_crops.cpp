#include "core/inspect/wrong_crops.h"

#include <QTest>

#include <algorithm>
#include <cmath>

using namespace nanodit;

namespace {

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

class TestWrongCrops : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void eachIsTheBoxThatItsNameSays()
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

    void thoseThatMoveNothingAreLeftOut()
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

QTEST_APPLESS_MAIN(TestWrongCrops)
#include "tst_wrong_crops.moc"
