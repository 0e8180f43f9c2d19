#include "core/golden/golden.h"
#include "core/runtime/compute.h"
#include "core/runtime/error.h"
#include "core/validate/lpips.h"
#include "tests/support/test_data.h"

#include <ATen/ATen.h>
#include <QTest>

using namespace nanodit;
namespace fs = std::filesystem;

/// Golden cases made with lpips 0.1.4.
class TestLpips : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void meetsTheGoldens_data()
    {
        QTest::addColumn<QString>("folder");
        QTest::newRow("alex") << "golden/lpips_alex";
        QTest::newRow("squeeze") << "golden/lpips_squeeze";
    }

    void meetsTheGoldens()
    {
        QFETCH(QString, folder);
        const auto lines = lpipsGoldenRunners().at("lpips")(test::dataPath(folder.toStdString()), Compute{});
        QVERIFY(lines.size() > 20);
        for (const auto& line : lines)
            QVERIFY2(line.passed, (line.name + ": " + std::to_string(line.largestError) + " " + line.note).c_str());
    }

    void loadsPublishedFilesAndMeasuresEqualPicturesAsZero()
    {
        const test::TemporaryFolder folder;
        fs::create_directories(folder / "lpips");
        fs::copy_file(test::dataPath("golden/lpips_squeeze/backbone.safetensors"),
                      folder / "lpips/squeezenet1_1-b8a52dc0.safetensors");
        fs::copy_file(test::dataPath("golden/lpips_squeeze/lin_squeeze.pth"), folder / "lpips/squeeze.pth");
        const auto lpips = Lpips::load(folder / "lpips", LpipsNet::Squeeze);
        const auto picture = at::rand({1, 3, 40, 48}) * 2 - 1;
        QCOMPARE(lpips.distance(picture, picture).item<float>(), 0.0F);
        QVERIFY(lpips.distance(picture, -picture).item<float>() > 0);
    }

    void tellsWhichWeightsAreMissing()
    {
        const test::TemporaryFolder folder;
        fs::create_directories(folder / "lpips");
        try {
            Lpips::load(folder / "lpips", LpipsNet::Vgg);
            QFAIL("loaded from an empty folder");
        } catch (const DataError& error) {
            const std::string sentence = error.what();
            QVERIFY(sentence.find("vgg16-") != std::string::npos && sentence.find("vgg.pth") != std::string::npos);
        }
        QVERIFY_EXCEPTION_THROWN(Lpips(LpipsNet::Alex, {}, {}, "nothing"), DataError);
    }
};

QTEST_APPLESS_MAIN(TestLpips)
#include "tst_lpips.moc"
