#include "core/runtime/compute.h"
#include "tests/support/test_data.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <QtTest>

using namespace nanodit;

class ComputeTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void theLoadedBlasIsFastAndSharesOpenMp();
    void threadsAreSetAsAsked();
    void unknownAndAbsentDevicesAreRefused();
};

void ComputeTest::theLoadedBlasIsFastAndSharesOpenMp()
{
    at::mm(at::ones({64, 64}), at::ones({64, 64}));
    const auto info = computeInfo();
    QVERIFY2(info.warning.empty(), info.warning.c_str());
    QVERIFY2(info.description.find("LibTorch") == 0, info.description.c_str());
}

void ComputeTest::threadsAreSetAsAsked()
{
    setUpCompute({.device = "cpu", .threads = 1});
    QCOMPARE(at::get_num_threads(), 1);
    QVERIFY(computeInfo().description.find("1 thread") != std::string::npos);
}

void ComputeTest::unknownAndAbsentDevicesAreRefused()
{
    QVERIFY(test::errorOf([] { setUpCompute({.device = "tpu"}); }).find("unknown") != std::string::npos);
    QVERIFY(!test::errorOf([] { setUpCompute({.device = "cpu", .threads = -1}); }).empty());
    if (!at::hasCUDA())
        QVERIFY(test::errorOf([] { setUpCompute({.device = "cuda"}); }).find("--device cpu") != std::string::npos);
}

QTEST_APPLESS_MAIN(ComputeTest)
#include "tst_compute.moc"
