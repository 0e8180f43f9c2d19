#include "core/kernels/heads.h"
#include "core/kernels/instruction_set.h"
#include "tests/support/thread_count.h"

#include <ATen/ATen.h>
#include <QtTest/QTest>

#include <string>

using namespace nanodit;
using nanodit::test::ThreadCount;

namespace {

/// The formula in float64: (a, b) -> (a cos - b sin, a sin + b cos), the first tokens as they are.
at::Tensor plainTurned(const at::Tensor& x, const at::Tensor& cosines, const at::Tensor& sines)
{
    const auto turning = cosines.size(2), resting = x.size(2) - turning, half = x.size(3) / 2;
    const auto last = x.narrow(2, resting, turning);
    const auto a = last.narrow(3, 0, half), b = last.narrow(3, half, half);
    const auto c = cosines.to(at::kDouble), s = sines.to(at::kDouble);
    return at::cat({x.narrow(2, 0, resting), at::cat({a * c - b * s, a * s + b * c}, 3)}, 2);
}

double difference(const at::Tensor& is, const at::Tensor& should)
{
    return (is.to(at::kDouble) - should.to(at::kDouble)).abs().max().item<double>();
}

} // namespace

class TestHeads : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void turnAsTheFormula_data()
    {
        QTest::addColumn<int>("set");
        QTest::addColumn<int>("type");
        for (const auto set : usableInstructionSets())
            for (const auto type : {at::kFloat, at::kBFloat16, at::kDouble})
                QTest::addRow("%s, %s", nameOf(set), at::toString(type))
                    << static_cast<int>(set) << static_cast<int>(type);
    }

    void turnAsTheFormula()
    {
        QFETCH(int, set);
        QFETCH(int, type);
        const InstructionSetScope scope(static_cast<InstructionSet>(set));
        const auto of = static_cast<at::ScalarType>(type);
        const ThreadCount threads(3);
        at::manual_seed(1);
        struct Shape {
            std::int64_t batch, heads, tokens, width, resting, angles;
        };
        for (const auto& s : {Shape{1, 1, 1, 2, 0, 1}, Shape{2, 3, 50, 12, 0, 1}, Shape{2, 3, 50, 12, 7, 2},
                              Shape{2, 12, 300, 64, 100, 1}, Shape{3, 4, 90, 72, 89, 3}, Shape{1, 2, 5, 8, 5, 1}}) {
            // As splitHeads gives them, in a product of three.
            const auto x = at::randn({s.batch, s.tokens, 3 * s.heads * s.width}).to(of).set_requires_grad(true);
            const auto angles = at::randn({s.angles, 1, s.tokens - s.resting, s.width / 2}) * 3;
            const auto cosines = angles.cos(), sines = angles.sin();
            const auto gradient = at::randn({s.batch, s.heads, s.tokens, s.width}).to(of);
            const auto turned = turnedHeads(splitHeads(x, 3, s.heads)[1], cosines, sines);
            QVERIFY(turned.scalar_type() == of);
            turned.backward(gradient);

            const auto exact = x.detach().to(at::kDouble).set_requires_grad(true);
            const auto should = plainTurned(splitHeads(exact, 3, s.heads)[1], cosines, sines);
            should.backward(gradient.to(at::kDouble));
            const double tolerance = of == at::kBFloat16 ? 4e-2 : 2e-6;
            const auto name = std::to_string(s.tokens) + " tokens of " + std::to_string(s.width);
            QVERIFY2(difference(turned, should) < tolerance, name.c_str());
            QVERIFY2(difference(x.grad(), exact.grad()) < tolerance, name.c_str());
            const auto rests = turned.narrow(2, 0, s.resting);
            QVERIFY(at::equal(rests, splitHeads(x, 3, s.heads)[1].narrow(2, 0, s.resting)));
        }
    }

    /// As LibTorch's own views, of which one may be left without a gradient.
    void splitIntoViewsThatShareMemory()
    {
        at::manual_seed(2);
        for (const bool all : {true, false}) {
            const auto x = at::randn({2, 5, 24}).set_requires_grad(true),
                       y = x.detach().clone().set_requires_grad(true);
            const auto parts = splitHeads(x, 3, 2);
            const auto plain = y.view({2, 5, 3, 2, 4}).permute({2, 0, 3, 1, 4}).unbind(0);
            const auto loss = [all](const std::vector<at::Tensor>& of) {
                const auto sum = (of[0] * of[2]).sum() + of[2].pow(3).sum();
                return all ? sum + of[1].square().sum() : sum;
            };
            for (std::size_t i = 0; i < 3; ++i) {
                QVERIFY(at::equal(parts[i], plain[i]));
                QCOMPARE(parts[i].storage().data_ptr().get(), x.storage().data_ptr().get());
            }
            loss(parts).backward();
            loss(plain).backward();
            QVERIFY(at::allclose(x.grad(), y.grad(), 1e-6, 1e-6));
            QVERIFY(x.grad().is_contiguous());
        }
        const at::NoGradGuard noGradient;
        QVERIFY(at::equal(splitHeads(at::ones({1, 2, 4}), 2, 1)[1], at::ones({1, 1, 2, 2})));
    }
};

QTEST_APPLESS_MAIN(TestHeads)
#include "tst_heads.moc"
