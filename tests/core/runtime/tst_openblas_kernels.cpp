#include "core/runtime/compute_info.h"
#include "core/runtime/openblas_kernels.h"

#include <ATen/ATen.h>
#include <QtTest/QTest>

#include <cstdlib>
#include <string>

using namespace nanodit;

class TestOpenBlasKernels : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void onlyKernelsThatLeaveAvx2UnusedAreReplaced()
    {
        QCOMPARE(fasterOpenBlasKernels("Prescott", true, true), "SkylakeX");
        QCOMPARE(fasterOpenBlasKernels("Sandybridge", true, false), "Haswell");
        for (const auto* good :
             {"Haswell", "Zen", "SkylakeX", "Cooperlake", "Sapphirerapids", "one of later years", ""})
            QCOMPARE(fasterOpenBlasKernels(good, true, true), "");
        QCOMPARE(fasterOpenBlasKernels("Prescott", false, false), "");
    }

    void productsAreOfTheKernelsThatWereTaken()
    {
#if !defined(__x86_64__)
        QSKIP("these kernels are for x86-64");
#endif
        if (openBlasKernels().empty())
            QSKIP("the BLAS is not OpenBLAS");
        if (!takeOpenBlasKernels("Prescott"))
            QSKIP("this OpenBLAS was built for one processor");
        QCOMPARE(openBlasKernels(), "Prescott");
        at::manual_seed(1);
        const auto a = at::randn({300, 500}), b = at::randn({500, 200});
        const auto should = at::mm(a.to(at::kDouble), b.to(at::kDouble));
        const auto error = [&] { return (at::mm(a, b).to(at::kDouble) - should).abs().max().item<double>(); };
        QVERIFY(error() < 1e-4);

        // As at a start on a processor that OpenBLAS does not know.
        unsetenv("OPENBLAS_CORETYPE");
        setUpCompute({});
#if defined(__x86_64__)
        if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
            QVERIFY2(openBlasKernels() != "Prescott", openBlasKernels().c_str());
#endif
        QVERIFY(error() < 1e-4);
    }
};

QTEST_APPLESS_MAIN(TestOpenBlasKernels)
#include "tst_openblas_kernels.moc"
