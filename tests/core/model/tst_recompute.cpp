#include "core/kernels/fixed_order.h"
#include "core/model/autocast.h"
#include "core/model/recompute.h"

#include <ATen/ATen.h>
#include <QtTest/QTest>

#include <optional>
#include <utility>
#include <vector>

using namespace nanodit;

class TestRecompute : public QObject {
    Q_OBJECT

private Q_SLOTS:
    /// A backward pass may run on another thread, and behind the scopes of the first run.
    void computesAsInTheFirstRun()
    {
        using How = std::pair<std::optional<at::ScalarType>, bool>;
        std::vector<How> runs;
        const auto x = at::ones({2, 3}).set_requires_grad(true);
        at::Tensor y;
        {
            const AutocastScope autocast(at::kBFloat16);
            const FixedOrderScope fixed(true);
            y = recomputed(
                [&runs](const std::vector<at::Tensor>& inputs) {
                    runs.emplace_back(autocastType(), addsInFixedOrder());
                    return inputs[0] * 2;
                },
                {x});
        }
        y.sum().backward();
        QCOMPARE(runs.size(), std::size_t{2});
        QVERIFY(runs[0] == How(at::kBFloat16, true));
        QVERIFY(runs[1] == runs[0]);
        QVERIFY(!addsInFixedOrder());
        QVERIFY(at::equal(x.grad(), at::full({2, 3}, 2.f)));
    }
};

QTEST_APPLESS_MAIN(TestRecompute)
#include "tst_recompute.moc"
