#include "core/kernels/attention.h"
#include "core/kernels/attention_kernel.h"
#include "core/kernels/instruction_set.h"
#include "tests/core/kernels/each_set.h"
#include "tests/support/peak_bytes.h"
#include "tests/support/thread_count.h"

#include <QtTest/QTest>

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

using namespace nanodit;
using nanodit::test::eachSetAndType;
using nanodit::test::ThreadCount;

namespace {

struct Shape {
    std::int64_t batch, heads, queries, keys, width;
};

/// What may be added to the logits.
enum class Addition { None, KeyBias, RelativeBias, Prior, KeyBiasAndPrior, Padding };

struct Problem {
    at::Tensor q, k, v, gradient; ///< In the type under test; q, k, v are parts of one tensor where they can be.
    AttentionTerms terms;

    Problem(const Shape& shape, at::ScalarType type, Addition addition)
    {
        at::manual_seed(5);
        const auto tokens = [&](std::int64_t count, std::int64_t parts) {
            return at::randn({shape.batch, count, parts, shape.heads, shape.width}).to(type);
        };
        const auto part = [](const at::Tensor& x, std::int64_t index) { return x.select(2, index).transpose(1, 2); };
        q = part(tokens(shape.queries, 3), 0);
        const auto kv = tokens(shape.keys, 2);
        k = part(kv, 0);
        v = part(kv, 1);
        gradient = part(tokens(shape.queries, 1), 0);
        terms.scale = 1 / std::sqrt(static_cast<double>(shape.width));
        if (addition == Addition::KeyBias || addition == Addition::KeyBiasAndPrior) {
            terms.bias = at::zeros({shape.batch, 1, 1, shape.keys});
            terms.bias.select(3, 0).fill_(-std::numeric_limits<float>::infinity());
            terms.bias.select(3, shape.keys / 2).fill_(std::log(9.0));
        }
        if (addition == Addition::Padding) { // every sample but the last ends in keys that no query sees
            terms.bias = at::zeros({shape.batch, 1, 1, shape.keys});
            for (std::int64_t sample = 0; sample + 1 < shape.batch || sample == 0; ++sample) {
                const auto seen = 1 + shape.keys / (sample + 3);
                terms.bias[sample].slice(2, seen).fill_(-std::numeric_limits<float>::infinity());
            }
            if (shape.batch > 1) // and the last one has a gap, in which a tile ends
                terms.bias[-1]
                    .slice(2, shape.keys / 8, shape.keys / 2 + 1)
                    .fill_(-std::numeric_limits<float>::infinity());
        }
        if (addition == Addition::RelativeBias)
            terms.bias = at::randn({1, shape.heads, shape.queries, shape.keys});
        if (addition == Addition::Prior || addition == Addition::KeyBiasAndPrior) {
            terms.prior.strengths = at::rand({shape.batch, shape.heads}) * 0.2;
            terms.prior.strengths.select(0, shape.batch - 1).zero_(); // its patches have no place
            terms.prior.queryAt = at::rand({shape.queries, 2}) * 8;
            terms.prior.patchAt = at::rand({shape.keys - shape.keys / 3, 2}) * 8;
        }
    }
};

struct Answer {
    at::Tensor values, q, k, v, strengths;
};

using Way = at::Tensor (*)(const at::Tensor&, const at::Tensor&, const at::Tensor&, const AttentionTerms&);

Answer answerOf(const Problem& problem, at::ScalarType type, Way way)
{
    const auto leaf = [&](const at::Tensor& x) { return x.detach().to(type).set_requires_grad(true); };
    const auto q = leaf(problem.q), k = leaf(problem.k), v = leaf(problem.v);
    auto terms = problem.terms;
    if (terms.prior.defined())
        terms.prior.strengths =
            terms.prior.strengths.detach().to(type == at::kDouble ? type : at::kFloat).set_requires_grad(true);
    const auto values = way(q, k, v, terms);
    values.backward(problem.gradient.to(type));
    return {.values = values.detach(),
            .q = q.grad(),
            .k = k.grad(),
            .v = v.grad(),
            .strengths = terms.prior.defined() ? terms.prior.strengths.grad() : at::zeros({1})};
}

/// The largest difference as a share of the largest value; NaN counts as infinite. Inputs are about 1: the gradient of
/// a query with one key is 0, and what is computed for it is the rounding of terms as large as they are.
double error(const at::Tensor& is, const at::Tensor& should)
{
    constexpr double smallest = 0.1;
    const auto worst = (is.to(at::kDouble) - should.to(at::kDouble)).abs().max().item<double>();
    const double error = worst / std::max(smallest, should.abs().max().item<double>());
    return std::isnan(error) ? std::numeric_limits<double>::infinity() : error;
}

std::string errorsOf(const Answer& is, const Answer& should)
{
    return "values " + std::to_string(error(is.values, should.values)) + ", q " +
           std::to_string(error(is.q, should.q)) + ", k " + std::to_string(error(is.k, should.k)) + ", v " +
           std::to_string(error(is.v, should.v)) + ", strengths " +
           std::to_string(error(is.strengths, should.strengths));
}

bool agrees(const Answer& is, const Answer& should, double tolerance)
{
    return error(is.values, should.values) < tolerance && error(is.q, should.q) < tolerance &&
           error(is.k, should.k) < tolerance && error(is.v, should.v) < tolerance &&
           error(is.strengths, should.strengths) < 4 * tolerance;
}

/// Rounding of the inputs to bf16 is the same on both sides; that of probabilities and results is not.
double toleranceOf(at::ScalarType type)
{
    return type == at::kFloat ? 4e-6 : 1.2e-2;
}

} // namespace

class TestAttentionKernels : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void equalTheFormulaWithEveryInstructionSet_data() { eachSetAndType(); }
    void equalTheFormulaWithEveryInstructionSet()
    {
        QFETCH(int, set);
        QFETCH(int, type);
        const InstructionSetScope scope(static_cast<InstructionSet>(set));
        const Shape shapes[] = {
            {1, 1, 1, 1, 4},      // the smallest
            {2, 3, 7, 11, 8},     // less than a vector of keys
            {1, 2, 97, 257, 32},  // one more than a tile of each
            {2, 2, 193, 515, 64}, // several tiles, odd ends
            {1, 1, 50, 130, 33},  // an odd width
            {1, 1, 40, 70, 192},  // wider than a panel
        };
        for (const auto& shape : shapes) {
            for (const auto addition : {Addition::None, Addition::KeyBias, Addition::RelativeBias, Addition::Prior,
                                        Addition::KeyBiasAndPrior, Addition::Padding}) {
                if (shape.keys == 1 && addition != Addition::None)
                    continue;
                const Problem problem(shape, static_cast<at::ScalarType>(type), addition);
                const auto is = answerOf(problem, static_cast<at::ScalarType>(type), attention);
                const auto should = answerOf(problem, at::kDouble, plainAttention);
                QVERIFY2(agrees(is, should, toleranceOf(static_cast<at::ScalarType>(type))),
                         (std::to_string(shape.keys) + " keys, addition " + std::to_string(static_cast<int>(addition)) +
                          ": " + errorsOf(is, should))
                             .c_str());
            }
        }
    }

    void blocksOfLibTorchsProductsEqualTheFormula()
    {
        const Problem problem({2, 3, 300, 70, 16}, at::kFloat, Addition::KeyBiasAndPrior);
        const auto output = blockAttention().forward(problem.q, problem.k, problem.v, problem.terms);
        const auto of =
            blockAttention().backward(problem.gradient, problem.q, problem.k, problem.v, output, problem.terms);
        const auto should = answerOf(problem, at::kDouble, plainAttention);
        const Answer is{output.values, of.q, of.k, of.v, of.strengths};
        QVERIFY2(agrees(is, should, 4e-6), errorsOf(is, should).c_str());
    }

    /// Logits of up to a hundred, which bf16 would round by up to 1/4. The same bf16 numbers in float32 say what is
    /// right.
    void blocksDoNotRoundLogitsOfBf16()
    {
        Problem problem({2, 3, 300, 70, 16}, at::kBFloat16, Addition::KeyBiasAndPrior);
        problem.q = problem.q * 16;
        const auto wide = [](const at::Tensor& x) { return x.to(at::kFloat); };
        const auto is = blockAttention().forward(problem.q, problem.k, problem.v, problem.terms);
        const auto should = blockAttention().forward(wide(problem.q), wide(problem.k), wide(problem.v), problem.terms);
        QVERIFY(is.logSums.scalar_type() == at::kFloat);
        QVERIFY2(error(is.logSums, should.logSums) < 1e-5, std::to_string(error(is.logSums, should.logSums)).c_str());
        QVERIFY2(error(is.values, should.values) < 3e-2, std::to_string(error(is.values, should.values)).c_str());
        const auto of = blockAttention().backward(problem.gradient, problem.q, problem.k, problem.v, is, problem.terms);
        const auto ofWide = blockAttention().backward(wide(problem.gradient), wide(problem.q), wide(problem.k),
                                                      wide(problem.v), should, problem.terms);
        for (const auto& [rounded, exact] :
             {std::pair(of.q, ofWide.q), std::pair(of.k, ofWide.k), std::pair(of.v, ofWide.v)}) {
            QVERIFY(rounded.scalar_type() == at::kBFloat16);
            QVERIFY2(error(rounded, exact) < 5e-2, std::to_string(error(rounded, exact)).c_str());
        }
    }

    /// 36 M logits: three times what a block may hold, so that heads and queries are both cut.
    void blocksOfManyHeadsEqualTheFormula()
    {
        const Problem problem({2, 3, 1500, 4001, 4}, at::kFloat, Addition::KeyBias);
        const auto output = blockAttention().forward(problem.q, problem.k, problem.v, problem.terms);
        const auto of =
            blockAttention().backward(problem.gradient, problem.q, problem.k, problem.v, output, problem.terms);
        const auto tiles = tileAttention().forward(problem.q, problem.k, problem.v, problem.terms);
        const auto ofTiles =
            tileAttention().backward(problem.gradient, problem.q, problem.k, problem.v, tiles, problem.terms);
        QVERIFY(error(output.values, tiles.values) < 4e-6);
        QVERIFY(error(output.logSums, tiles.logSums) < 1e-6);
        QVERIFY(error(of.q, ofTiles.q) < 4e-6);
        QVERIFY(error(of.k, ofTiles.k) < 4e-6);
        QVERIFY(error(of.v, ofTiles.v) < 4e-6);
    }

    void moreThanAHundredHeadsEqualTheFormula_data()
    {
        QTest::addColumn<int>("type");
        QTest::newRow("float32") << static_cast<int>(at::kFloat);
        QTest::newRow("bf16") << static_cast<int>(at::kBFloat16);
    }

    void moreThanAHundredHeadsEqualTheFormula()
    {
        QFETCH(int, type);
        const ThreadCount threads(3);
        const Problem problem({9, 12, 130, 300, 32}, static_cast<at::ScalarType>(type), Addition::KeyBiasAndPrior);
        const auto is = answerOf(problem, static_cast<at::ScalarType>(type), attention);
        const auto should = answerOf(problem, at::kDouble, plainAttention);
        QVERIFY2(agrees(is, should, toleranceOf(static_cast<at::ScalarType>(type))), errorsOf(is, should).c_str());
    }

    /// One head on four threads: queries are shared out forward, keys backward.
    void fewerHeadsThanThreadsEqualTheFormula()
    {
        const ThreadCount threads(4);
        for (const auto type : {at::kFloat, at::kBFloat16}) {
            const Problem problem({1, 1, 700, 900, 64}, type, Addition::KeyBiasAndPrior);
            const auto is = answerOf(problem, type, attention);
            QVERIFY2(agrees(is, answerOf(problem, at::kDouble, plainAttention), toleranceOf(type)),
                     errorsOf(is, answerOf(problem, at::kDouble, plainAttention)).c_str());
        }
    }

    void isTheSameToTheBitEachTime()
    {
        const ThreadCount threads(3);
        for (const auto type : {at::kFloat, at::kBFloat16}) {
            const Problem problem({1, 2, 500, 700, 64}, type, Addition::KeyBiasAndPrior);
            const auto first = answerOf(problem, type, attention), second = answerOf(problem, type, attention);
            QVERIFY(at::equal(first.values, second.values));
            QVERIFY(at::equal(first.q, second.q));
            QVERIFY(at::equal(first.k, second.k));
            QVERIFY(at::equal(first.v, second.v));
            QVERIFY(at::equal(first.strengths, second.strengths));
        }
    }

    void aMaskedKeyGetsNoGradientAtAll()
    {
        const Problem problem({1, 2, 60, 90, 32}, at::kFloat, Addition::KeyBias);
        const auto is = answerOf(problem, at::kFloat, attention);
        QVERIFY(is.k.select(2, 0).eq(0).all().item<bool>());
        QVERIFY(is.v.select(2, 0).eq(0).all().item<bool>());
    }

    /// Tiles of keys that a sample masks are passed over: what they hold does not matter, and the rest is as without
    /// them. One thread, so that tiles begin at multiples of 256 backward, too.
    void tilesOfMaskedKeysAreNotComputed()
    {
        const ThreadCount threads(1);
        const float infinity = std::numeric_limits<float>::infinity();
        const auto rest = [](const at::Tensor& x) { return at::cat({x.narrow(2, 0, 256), x.narrow(2, 768, 132)}, 2); };
        for (const auto set : usableInstructionSets()) {
            const InstructionSetScope scope(set);
            for (const auto type : {at::kFloat, at::kBFloat16}) {
                Problem problem({1, 2, 100, 900, 32}, type, Addition::None);
                problem.terms.bias = at::zeros({1, 1, 1, 900});
                problem.terms.bias.narrow(3, 256, 512).fill_(-infinity);
                auto without = problem;
                without.k = rest(problem.k);
                without.v = rest(problem.v);
                without.terms.bias = at::Tensor();
                const auto should = answerOf(without, at::kDouble, plainAttention);
                for (const auto& x : {problem.k, problem.v})
                    x.narrow(2, 256, 512).fill_(std::numeric_limits<float>::quiet_NaN());
                auto is = answerOf(problem, type, attention);
                for (const auto& gradient : {is.k, is.v})
                    QVERIFY(gradient.narrow(2, 256, 512).eq(0).all().item<bool>());
                is.k = rest(is.k);
                is.v = rest(is.v);
                QVERIFY2(agrees(is, should, toleranceOf(type)), errorsOf(is, should).c_str());
            }
        }
    }

    /// A whole tile of masked keys before the first that counts, and logits far from zero.
    void masksAndLargeLogitsDoNotOverflow()
    {
        Problem problem({1, 1, 40, 700, 16}, at::kFloat, Addition::None);
        problem.q = problem.q * 300;
        problem.terms.bias = at::zeros({1, 1, 1, 700});
        problem.terms.bias.narrow(3, 0, 600).fill_(-std::numeric_limits<float>::infinity());
        const auto is = answerOf(problem, at::kFloat, attention);
        const auto should = answerOf(problem, at::kDouble, plainAttention);
        QVERIFY2(agrees(is, should, 1e-3), errorsOf(is, should).c_str());
    }

    /// Of a text that is nothing but padding, say: the mean of all, as by the formula.
    void finiteMasksOfEveryKeyGiveTheMean()
    {
        Problem problem({1, 2, 5, 300, 16}, at::kFloat, Addition::None);
        problem.terms.bias = at::full({1, 1, 1, 300}, std::numeric_limits<float>::lowest());
        for (const auto set : usableInstructionSets()) {
            const InstructionSetScope scope(set);
            const auto values = attention(problem.q, problem.k, problem.v, problem.terms);
            QVERIFY(error(values, problem.v.mean(2, true).expand({1, 2, 5, 16})) < 1e-4);
        }
    }

    /// A training step is given up when its loss is not finite: attention must not make numbers of what is none.
    void whatIsNotANumberStaysSo()
    {
        Problem problem({1, 1, 5, 40, 16}, at::kFloat, Addition::None);
        problem.q.select(2, 3).fill_(std::numeric_limits<float>::quiet_NaN());
        for (const auto set : usableInstructionSets()) {
            const InstructionSetScope scope(set);
            const auto values = answerOf(problem, at::kFloat, attention).values;
            QVERIFY(values.select(2, 3).isnan().all().item<bool>());
            QVERIFY(!values.narrow(2, 0, 3).isnan().any().item<bool>());
        }
    }

    /// Two threads need no more than two parts of one head: each holds a gradient of all queries, 1 MB here.
    void headsAreCutNoFurtherThanThreadsNeed()
    {
        const ThreadCount threads(2);
        const Problem problem({1, 1, 4096, 1024, 64}, at::kFloat, Addition::None);
        const auto& kernel = tileAttention();
        const auto output = kernel.forward(problem.q, problem.k, problem.v, problem.terms);
        AttentionGradients gradients;
        const auto bytes = test::peakBytes([&] {
            gradients = kernel.backward(problem.gradient, problem.q, problem.k, problem.v, output, problem.terms);
        });
        QVERIFY2(bytes < 7'000'000, std::to_string(bytes).c_str());
        QVERIFY(gradients.q.sizes() == problem.q.sizes());
    }

    void headsOfTheResultAreJoinedWithoutACopy()
    {
        const Problem problem({2, 3, 7, 11, 8}, at::kFloat, Addition::None);
        QVERIFY(attention(problem.q, problem.k, problem.v, problem.terms).transpose(1, 2).is_contiguous());
    }
};

QTEST_APPLESS_MAIN(TestAttentionKernels)
#include "tst_attention_kernels.moc"
