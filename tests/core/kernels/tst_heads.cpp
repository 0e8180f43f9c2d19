#include "core/kernels/attention.h"
#include "core/kernels/heads.h"
#include "core/kernels/instruction_set.h"
#include "tests/core/kernels/each_set.h"
#include "tests/support/tensor_difference.h"
#include "tests/support/thread_count.h"

#include <ATen/ATen.h>
#include <QtTest/QTest>

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

using namespace nanodit;
using nanodit::test::difference;
using nanodit::test::eachSetAndType;
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

constexpr double eps = 1e-6;

/// The formula in float64: x / sqrt(mean(x^2) + eps) * weight.
at::Tensor plainNormed(const at::Tensor& x, const at::Tensor& weight)
{
    return x * at::rsqrt(x.square().mean(-1, true) + eps) * weight;
}

/// What normedHeads makes of the middle of three parts of a product, as splitHeads gives it, and the gradients of the
/// product and the weight.
std::vector<at::Tensor> normedAnswer(const at::Tensor& product, std::int64_t heads, const at::Tensor& weight,
                                     const at::Tensor& gradient)
{
    const auto x = product.detach().set_requires_grad(true), gains = weight.detach().set_requires_grad(true);
    const auto part = splitHeads(x, 3, heads)[1];
    const auto y = x.scalar_type() == at::kDouble ? plainNormed(part, gains) : normedHeads(part, gains, eps);
    y.backward(gradient.to(y.scalar_type()));
    return {y.detach(), x.grad(), gains.grad()};
}

/// The largest difference as a share of the largest value.
double share(const at::Tensor& is, const at::Tensor& should)
{
    const auto worst = (is.to(at::kDouble) - should.to(at::kDouble)).abs().max().item<double>();
    return worst / std::max(1e-3, should.abs().max().item<double>());
}

} // namespace

class TestHeads : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void turnAsTheFormula_data() { eachSetAndType({at::kFloat, at::kBFloat16, at::kDouble}); }
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

    void normAsTheFormula_data() { eachSetAndType({at::kFloat, at::kBFloat16, at::kDouble}); }
    void normAsTheFormula()
    {
        QFETCH(int, set);
        QFETCH(int, type);
        const InstructionSetScope scope(static_cast<InstructionSet>(set));
        const auto of = static_cast<at::ScalarType>(type);
        const ThreadCount threads(3);
        at::manual_seed(3);
        struct Shape {
            std::int64_t batch, heads, tokens, width;
        };
        for (const auto& s : {Shape{1, 1, 1, 2}, Shape{2, 3, 5, 7}, Shape{2, 3, 65, 12}, Shape{1, 12, 300, 64},
                              Shape{3, 4, 130, 72}, Shape{2, 2, 70, 33}}) {
            const auto product = (at::randn({s.batch, s.tokens, 3 * s.heads * s.width}) * 2).to(of);
            const auto weight = at::randn({s.width}) + 1;
            const auto gradient = at::randn({s.batch, s.heads, s.tokens, s.width}).to(of);
            const auto exact = normedAnswer(product.to(at::kDouble), s.heads, weight.to(at::kDouble), gradient);
            std::vector<at::Tensor> is;
            if (of == at::kDouble) { // goes to LibTorch's operations, in float32
                const auto heads = splitHeads(product, 3, s.heads)[1];
                is = {normedHeads(heads, weight, eps)};
            } else {
                is = normedAnswer(product, s.heads, weight, gradient);
            }
            QVERIFY(is[0].scalar_type() == of);
            const double tolerance = of == at::kBFloat16 ? 1e-2 : 5e-6;
            for (std::size_t i = 0; i < is.size(); ++i) {
                QCOMPARE(is[i].sizes(), exact[i].sizes());
                const double found = share(is[i], exact[i]);
                QVERIFY2(found < tolerance, (std::to_string(s.tokens) + " tokens of " + std::to_string(s.width) + ", " +
                                             std::to_string(i) + ": off by " + std::to_string(found))
                                                .c_str());
            }
        }
    }

    void normsAreTheSameWhateverTheThreads()
    {
        at::manual_seed(4);
        const auto product = at::randn({2, 300, 3 * 96}), weight = at::randn({24});
        const auto gradient = at::randn({2, 4, 300, 24});
        std::vector<std::vector<at::Tensor>> found;
        for (const int count : {1, 2, 5}) {
            const ThreadCount threads(count);
            found.push_back(normedAnswer(product, 4, weight, gradient));
        }
        for (std::size_t i = 0; i < found[0].size(); ++i) {
            QVERIFY(at::equal(found[0][i], found[1][i]));
            QVERIFY(at::equal(found[0][i], found[2][i]));
        }
    }

    /// Gradients that are one number everywhere, and heads whose channels do not lie beside each other.
    void normsTakeWhatIsNotDense()
    {
        at::manual_seed(5);
        const auto across = at::randn({1, 2, 16, 70}).transpose(2, 3), weight = at::randn({16});
        const auto x = across.detach().set_requires_grad(true), same = across.detach().to(at::kDouble);
        const auto exact = same.set_requires_grad(true);
        normedHeads(x, weight, eps).backward(at::ones({1}).expand({1, 2, 70, 16}));
        plainNormed(exact, weight.to(at::kDouble)).sum().backward();
        QVERIFY(share(x.grad(), exact.grad()) < 5e-6);
    }

    /// A head of zeros has no direction, but numbers; what is none stays none, in its own head.
    void normsOfZerosAndOfWhatIsNotANumber()
    {
        for (const auto set : usableInstructionSets()) {
            const InstructionSetScope scope(set);
            for (const auto type : {at::kFloat, at::kBFloat16}) {
                auto x = at::ones({1, 2, 3, 20}, type);
                x[0][0][1].zero_();
                x[0][1][2][4] = std::numeric_limits<float>::quiet_NaN();
                const auto leaf = x.detach().set_requires_grad(true);
                const auto y = normedHeads(leaf, at::ones({20}), eps);
                QVERIFY(at::equal(y[0][0][1], at::zeros({20}, type)));
                QVERIFY(y[0][1][2].isnan().all().item<bool>());
                QCOMPARE(y.isnan().sum().item<std::int64_t>(), std::int64_t{20});
                y.backward(at::ones_like(y));
                QCOMPARE(leaf.grad().isnan().sum().item<std::int64_t>(), std::int64_t{20});
            }
        }
    }

    /// One part needs no copy of its gradient.
    void onePartIsAView()
    {
        const auto x = at::randn({2, 5, 24}).set_requires_grad(true);
        const auto parts = splitHeads(x, 1, 3);
        QCOMPARE(parts.size(), std::size_t{1});
        QVERIFY(at::equal(parts[0], x.view({2, 5, 3, 8}).transpose(1, 2)));
        QCOMPARE(parts[0].storage().data_ptr().get(), x.storage().data_ptr().get());
        const auto gradient = at::randn({2, 5, 24});
        parts[0].backward(gradient.view({2, 5, 3, 8}).transpose(1, 2));
        QVERIFY(at::equal(x.grad(), gradient));
    }

    /// The gradient of a product holds the same bits as those of queries, keys and values that lie apart. With three
    /// threads a head is cut, with one it is whole.
    void gradientsOfAttentionAreJoined_data() { eachSetAndType({at::kFloat, at::kBFloat16}); }
    void gradientsOfAttentionAreJoined()
    {
        QFETCH(int, set);
        QFETCH(int, type);
        const InstructionSetScope scope(static_cast<InstructionSet>(set));
        const auto of = static_cast<at::ScalarType>(type);
        at::manual_seed(6);
        for (const int count : {1, 3}) {
            const ThreadCount threads(count);
            for (const std::int64_t batch : {1, 2}) {
                constexpr std::int64_t heads = 2, tokens = 300, width = 20;
                const auto product = at::randn({batch, tokens, 3 * heads * width}).to(of);
                const auto gradient = at::randn({batch, heads, tokens, width}).to(of);
                const AttentionTerms terms{.scale = 0.2, .bias = {}, .prior = {}};

                const auto x = product.detach().set_requires_grad(true);
                const auto parts = splitHeads(x, 3, heads);
                attention(parts[0], parts[1], parts[2], terms).backward(gradient);

                std::vector<at::Tensor> apart;
                for (const auto& part : splitHeads(product, 3, heads))
                    apart.push_back(part.clone(at::MemoryFormat::Contiguous).set_requires_grad(true));
                attention(apart[0], apart[1], apart[2], terms).backward(gradient);
                const auto joined = splitHeads(x.grad(), 3, heads);
                for (std::size_t i = 0; i < apart.size(); ++i)
                    QVERIFY(at::equal(joined[i], apart[i].grad()));

                // Cross attention, whose queries are another product's.
                const auto both = product.narrow(2, heads * width, 2 * heads * width).contiguous();
                const auto y = both.detach().set_requires_grad(true);
                const auto q = apart[0].detach().set_requires_grad(true);
                const auto keyValues = splitHeads(y, 2, heads);
                attention(q, keyValues[0], keyValues[1], terms).backward(gradient);
                QVERIFY(at::equal(q.grad(), apart[0].grad()));
                const auto two = splitHeads(y.grad(), 2, heads);
                QVERIFY(at::equal(two[0], apart[1].grad()) && at::equal(two[1], apart[2].grad()));
            }
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
