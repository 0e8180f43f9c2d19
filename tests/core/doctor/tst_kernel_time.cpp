#include "core/doctor/data_time.h"
#include "core/doctor/kernel_time.h"
#include "tests/support/tiny_training.h"

#include <QTest>

#include <cstdint>

using namespace nanodit;

namespace {

StepTimeRequest shapeOf(std::int64_t batch)
{
    StepTimeRequest shape;
    shape.config = test::tinyConfig(4);
    shape.config.model.textDim = 12;
    shape.config.model.dinoDim = 16;
    shape.config.data.batchSize = batch;
    shape.picture = {64, 64};
    shape.textTokens = 8;
    shape.steps = 1;
    shape.device.threads = 1;
    return shape;
}

KernelTimes timesOf(KernelKind kind, std::int64_t batch)
{
    KernelTimes times;
    KernelTimeRequest request{.kind = kind, .shape = shapeOf(batch)};
    request.finished = [&times](const KernelTimes& found) { times = found; };
    makeKernelTimeJob(request)->run({});
    return times;
}

} // namespace

class TestKernelTime : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void aBatchIsAsMuchWorkAsItsSamples_data()
    {
        QTest::addColumn<KernelKind>("kind");
        QTest::newRow("attention") << KernelKind::Attention;
        QTest::newRow("sample") << KernelKind::Sample;
        QTest::newRow("vae") << KernelKind::Vae;
    }
    void aBatchIsAsMuchWorkAsItsSamples()
    {
        QFETCH(KernelKind, kind);
        const auto one = timesOf(kind, 1), three = timesOf(kind, 3);
        QVERIFY(!one.kernels.empty());
        QCOMPARE(three.kernels.size(), one.kernels.size());
        for (std::size_t i = 0; i < one.kernels.size(); ++i) {
            QCOMPARE(three.kernels[i].operations, 3 * one.kernels[i].operations);
            QVERIFY(three.kernels[i].shape != one.kernels[i].shape);
            QVERIFY(one.kernels[i].best() > 0);
        }
        QVERIFY(one.product.perSecond() > 0);
        QVERIFY(one.memory > 0);
    }

    void dataTellsOfItsMemory()
    {
        DataTimes times;
        DataTimeRequest request{.shape = shapeOf(2), .setBytes = 1 << 16};
        request.finished = [&times](const DataTimes& found) { times = found; };
        QVERIFY(makeDataTimeJob(request)->run({}) == JobEnd::Finished);
        QVERIFY(times.packing.best() > 0 && times.loading.best() > 0);
        QVERIFY(times.memory > times.packing.bytes);
    }
};

QTEST_GUILESS_MAIN(TestKernelTime)
#include "tst_kernel_time.moc"
