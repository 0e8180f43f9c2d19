#include "core/model/attention.h"
#include "tests/support/tensor_difference.h"

#include <QtTest/QTest>

#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>

using namespace nanodit;
using nanodit::test::difference;

namespace {

at::Tensor plainAttention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const at::Tensor& bias)
{
    auto logits = at::matmul(q, k.transpose(-1, -2)) / std::sqrt(static_cast<double>(q.size(-1)));
    if (bias.defined())
        logits = logits + bias.unsqueeze(1).unsqueeze(1);
    return at::matmul(at::softmax(logits, -1), v);
}

struct Inputs {
    at::Tensor q, k, v;
    Inputs(std::int64_t batch, std::int64_t heads, std::int64_t queries, std::int64_t keys, std::int64_t width)
    {
        at::manual_seed(3);
        q = at::randn({batch, heads, queries, width}).set_requires_grad(true);
        k = at::randn({batch, heads, keys, width}).set_requires_grad(true);
        v = at::randn({batch, heads, keys, width}).set_requires_grad(true);
    }
};

/// Four keys or values [2, 2, 4, 8] with the last one nine times.
at::Tensor nineTimesTheLast(const at::Tensor& x)
{
    return at::cat({x.narrow(2, 0, 3), x.narrow(2, 3, 1).expand({2, 2, 9, 8})}, 2);
}

} // namespace

class TestAttention : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void equalsThePlainFormulaForwardAndBackward_data()
    {
        QTest::addColumn<QList<int>>("shape"); // B, heads, L, S, d
        QTest::addColumn<bool>("masked");
        QTest::newRow("one query, one key") << QList<int>{1, 1, 1, 1, 4} << false;
        QTest::newRow("batch and heads") << QList<int>{2, 3, 7, 11, 8} << false;
        QTest::newRow("masked") << QList<int>{2, 3, 7, 11, 8} << true;
        QTest::newRow("more logits than one block holds") << QList<int>{1, 2, 2500, 4001, 4} << true;
    }

    void equalsThePlainFormulaForwardAndBackward()
    {
        QFETCH(QList<int>, shape);
        QFETCH(bool, masked);
        const Inputs ours(shape[0], shape[1], shape[2], shape[3], shape[4]);
        const Inputs plain(shape[0], shape[1], shape[2], shape[3], shape[4]);
        at::Tensor bias;
        if (masked) {
            bias = at::zeros({shape[0], shape[3]});
            bias.select(1, 0).fill_(-std::numeric_limits<float>::infinity());
            bias.select(1, 2).fill_(std::log(5.0));
        }
        const auto y = attend(ours.q, ours.k, ours.v, bias), expected = plainAttention(plain.q, plain.k, plain.v, bias);
        QVERIFY(difference(y, expected) < 2e-6);
        at::manual_seed(4);
        const auto gradient = at::randn(y.sizes());
        y.backward(gradient);
        expected.backward(gradient);
        for (const auto& [a, b] : {std::pair(ours.q, plain.q), {ours.k, plain.k}, {ours.v, plain.v}})
            QVERIFY2(difference(a.grad(), b.grad()) < 1e-5 * (1 + b.grad().abs().max().item<double>()),
                     std::to_string(difference(a.grad(), b.grad())).c_str());
    }

    void aPriorEqualsTheDistancesAddedToTheLogits_data()
    {
        QTest::addColumn<int>("latents");
        QTest::addColumn<int>("patches");
        QTest::newRow("small") << 6 << 5;
        QTest::newRow("more logits than one block holds") << 2500 << 3900;
    }

    void aPriorEqualsTheDistancesAddedToTheLogits()
    {
        QFETCH(int, latents);
        QFETCH(int, patches);
        const int text = 3;
        const Inputs ours(2, 2, latents, text + patches, 8), plain(2, 2, latents, text + patches, 8);
        const auto strengths = at::tensor({0.5f, 0.02f, 0.0f, 0.0f}).view({2, 2}); // the second sample's have no place
        const auto a = strengths.clone().set_requires_grad(true), b = strengths.clone().set_requires_grad(true);
        const auto queryAt = at::rand({latents, 2}) * 8, patchAt = at::rand({patches, 2}) * 8;
        const auto y = attend(ours.q, ours.k, ours.v, {}, {.strengths = a, .queryAt = queryAt, .patchAt = patchAt});
        const auto distances = at::cdist(queryAt.to(at::kDouble), patchAt.to(at::kDouble)).square();
        // In double precision: a strength's gradient sums millions of terms.
        const auto logits =
            at::matmul(plain.q.to(at::kDouble), plain.k.to(at::kDouble).transpose(-1, -2)) / std::sqrt(8.0) -
            at::constant_pad_nd(b.to(at::kDouble).view({2, 2, 1, 1}) * distances, {text, 0}, 0);
        const auto expected = at::matmul(at::softmax(logits, -1), plain.v.to(at::kDouble)).to(at::kFloat);
        QVERIFY2(difference(y, expected) < 5e-6, std::to_string(difference(y, expected)).c_str());
        const auto gradient = at::randn(y.sizes());
        y.backward(gradient);
        expected.backward(gradient);
        for (const auto& [of, as] : {std::pair(ours.q, plain.q), {ours.k, plain.k}, {ours.v, plain.v}, {a, b}})
            QVERIFY2(difference(of.grad(), as.grad()) < 5e-5 * (1 + as.grad().abs().max().item<double>()),
                     qPrintable(QStringLiteral("%1 where the largest is %2")
                                    .arg(difference(of.grad(), as.grad()))
                                    .arg(as.grad().abs().max().item<double>())));
    }

    void aTokenThatStandsForManyEqualsManyEqualTokens()
    {
        const Inputs in(2, 2, 5, 4, 8);
        const at::NoGradGuard noGradient;
        auto bias = at::zeros({2, 4});
        bias.select(1, 3).fill_(std::log(9.0));
        QVERIFY(difference(attend(in.q, in.k, in.v, bias),
                           attend(in.q, nineTimesTheLast(in.k), nineTimesTheLast(in.v))) < 1e-6);
    }

    void aTokenThatStandsForManyGetsTheGradientsOfAll()
    {
        const Inputs ours(2, 2, 5, 4, 8), plain(2, 2, 5, 4, 8);
        auto bias = at::zeros({2, 4});
        bias.select(1, 3).fill_(std::log(9.0));
        at::manual_seed(4);
        const auto gradient = at::randn({2, 2, 5, 8});
        attend(ours.q, ours.k, ours.v, bias).backward(gradient);
        attend(plain.q, nineTimesTheLast(plain.k), nineTimesTheLast(plain.v)).backward(gradient);
        for (const auto& [a, b] : {std::pair(ours.q, plain.q), {ours.k, plain.k}, {ours.v, plain.v}})
            QVERIFY2(difference(a.grad(), b.grad()) < 1e-5 * (1 + b.grad().abs().max().item<double>()),
                     std::to_string(difference(a.grad(), b.grad())).c_str());
    }
};

QTEST_APPLESS_MAIN(TestAttention)
#include "tst_attention.moc"
