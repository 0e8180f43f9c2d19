#include "app/pages/train/mechanism_view.h"
#include "app/training.h"
#include "widgets/matrix_view.h"
#include "widgets/theme.h"

#include <QApplication>
#include <QLabel>
#include <QTest>

using namespace nanodit;

class TestMechanismView : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { const Theme theme(*qApp); }
    void blocksAndStepsWithTheBreakThrough();
    void whatARunDoesNotHaveIsEmpty();
    void theSeriesKeepWhatWasMeasured();
};

namespace {

StepMetrics measured(std::int64_t step, double patchesAdd, double alignment)
{
    StepMetrics m;
    m.step = step;
    BlockAttention block;
    block.textAdds = 0.9 - patchesAdd;
    block.clsAdds = 0.1;
    block.patchesAdd = patchesAdd;
    block.alignment = alignment;
    block.evenAlignment = 3;
    m.attention = {block, block};
    m.attention[0].patchesAdd = 0.1;
    return m;
}

MatrixView* viewOf(const MechanismView& view, const char* name)
{
    return view.findChild<MatrixView*>(QLatin1String(name));
}

} // namespace

void TestMechanismView::blocksAndStepsWithTheBreakThrough()
{
    MechanismView view;
    view.showSteps({measured(10, 0.2, 2.9), measured(20, 0.5, 1), measured(30, 0.6, 0.5)}, 11);
    const auto* const patches = viewOf(view, "mechanismPatches");
    QCOMPARE(patches->matrixSize(), (GridSize{2, 3}));
    QCOMPARE(patches->values()[4], 50.0F);
    QCOMPARE(viewOf(view, "mechanismAlignment")->values()[5], 0.5F);
    const auto text = view.findChild<QLabel*>("mechanismAbout")->text();
    QVERIFY2(text.contains("from step 11"), qPrintable(text));
    view.showSteps({measured(10, 0.2, 2.9), measured(20, 0.2, 1)}, {});
    QVERIFY(view.findChild<QLabel*>("mechanismAbout")->text().contains("not used yet"));
}

void TestMechanismView::whatARunDoesNotHaveIsEmpty()
{
    MechanismView view;
    view.showSteps({measured(10, 0.2, 2.9)}, {});
    QVERIFY(viewOf(view, "mechanismWidest")->values().empty()); // no prior
    QVERIFY(!viewOf(view, "mechanismText")->values().empty());
    view.showSteps({}, {});
    QVERIFY(viewOf(view, "mechanismText")->values().empty());
}

void TestMechanismView::theSeriesKeepWhatWasMeasured()
{
    RunCurves series;
    for (const std::int64_t step : {1, 2, 3}) {
        auto metrics = measured(step, 0.2, 1);
        if (step == 2)
            metrics.attention.clear();
        series.append(metrics);
    }
    QCOMPARE(series.measured().size(), std::size_t{2});
    series.append(measured(3, 0.4, 1)); // resumed from step 2
    QCOMPARE(series.measured().size(), std::size_t{2});
    QCOMPARE(series.measured().back().attention[1].patchesAdd, 0.4);
    QCOMPARE(series.of("contribution/patches").last(), 0.25); // the mean over blocks
    series.clear();
    QVERIFY(series.measured().empty());
}

QTEST_MAIN(TestMechanismView)
#include "tst_mechanism_view.moc"
