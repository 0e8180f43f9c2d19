#include "core/golden/golden.h"
#include "tests/support/test_data.h"

#include <QtTest/QTest>

using namespace nanodit;
namespace fs = std::filesystem;

/// Golden cases made with PyTorch 2.13 and a plain PyTorch NanoDiT.
class TestGoldenModel : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void meetsTheGoldens_data()
    {
        QTest::addColumn<QString>("folder");
        QTest::addColumn<QString>("kind");
        QTest::newRow("adamw_ema") << "golden/adamw_ema"
                                   << "adamw_ema";
        QTest::newRow("adamw_ema_nowarmup") << "golden/adamw_ema_nowarmup"
                                            << "adamw_ema";
        QTest::newRow("nanodit_all_options") << "golden/nanodit_all_options"
                                             << "nanodit";
        QTest::newRow("nanodit_rope") << "golden/nanodit_rope"
                                      << "nanodit";
        QTest::newRow("nanodit_rope_prior") << "golden/nanodit_rope_prior"
                                            << "nanodit";
    }

    void meetsTheGoldens()
    {
        QFETCH(QString, folder);
        QFETCH(QString, kind);
        const auto lines = modelGoldenRunners().at(kind.toStdString())(test::dataPath(folder.toStdString()));
        QVERIFY(lines.size() > 10);
        for (const auto& line : lines) {
            QVERIFY2(line.passed, (line.name + ": " + std::to_string(line.largestError) + " > " +
                                   std::to_string(line.tolerance) + " " + line.note)
                                      .c_str());
        }
    }

    void aFolderOfCasesStandsForEachOfThem()
    {
        const test::TemporaryFolder folder;
        for (const auto* name : {"variants/b", "variants/a", "variants/none", "single"})
            fs::create_directories(folder / name);
        for (const auto* name : {"variants/b", "variants/a", "single"})
            test::writeText(folder / name / "case.json", "{}");
        const auto variants = folder / "variants";
        QCOMPARE(goldenCases(variants), (std::vector<fs::path>{variants / "a", variants / "b"}));
        QCOMPARE(goldenCases(folder / "single"), std::vector<fs::path>{folder / "single"});
        QCOMPARE(goldenCases(variants / "none"), std::vector<fs::path>{variants / "none"});
        QCOMPARE(goldenCases(folder / "absent"), std::vector<fs::path>{folder / "absent"});
    }
};

QTEST_APPLESS_MAIN(TestGoldenModel)
#include "tst_golden_model.moc"
