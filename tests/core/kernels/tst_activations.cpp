#include "core/kernels/activations.h"
#include "core/kernels/instruction_set.h"
#include "tests/core/kernels/each_set.h"
#include "tests/support/thread_count.h"

#include <ATen/ATen.h>
#include <QtTest/QTest>

#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <vector>

using namespace nanodit;
using nanodit::test::eachSetAndType;
using nanodit::test::ThreadCount;

namespace {

constexpr double eps = 1e-6;

using Tensors = std::vector<at::Tensor>;
using Function = std::function<at::Tensor(const Tensors&)>;

/// LayerNorm and modulation of x, shift, scale by LibTorch's operations in the type of x.
at::Tensor plainNorm(const Tensors& in)
{
    const auto normed = at::layer_norm(in[0], {in[0].size(-1)}, {}, {}, eps);
    return normed * (1 + in[2]).unsqueeze(1) + in[1].unsqueeze(1);
}

/// Of x, branch and, where it is given, gate.
at::Tensor plainSum(const Tensors& in)
{
    return in.size() == 2 ? in[0] + in[1] : in[0] + in[2].unsqueeze(1) * in[1];
}

/// The value and the gradients of all inputs when the value's is `gradient`.
Tensors answerOf(const Function& function, const Tensors& inputs, const at::Tensor& gradient)
{
    Tensors leaves;
    for (const auto& input : inputs)
        leaves.push_back(input.detach().set_requires_grad(true));
    const auto value = function(leaves);
    value.backward(gradient.to(value.scalar_type()));
    Tensors answer = {value.detach()};
    for (const auto& leaf : leaves)
        answer.push_back(leaf.grad());
    return answer;
}

/// The largest difference as a share of the largest value; NaN counts as infinite.
double error(const at::Tensor& is, const at::Tensor& should)
{
    if (is.sizes() != should.sizes())
        return std::numeric_limits<double>::infinity();
    const auto worst = (is.to(at::kDouble) - should.to(at::kDouble)).abs().max().item<double>();
    const double error = worst / std::max(1e-3, should.abs().max().item<double>());
    return std::isnan(error) ? std::numeric_limits<double>::infinity() : error;
}

/// Empty when all agree.
std::string differences(const Tensors& is, const Tensors& should, double tolerance)
{
    std::string text;
    for (std::size_t i = 0; i < should.size(); ++i) {
        const double found = error(is[i], should[i]);
        if (!(found < tolerance))
            text += (i == 0 ? "value" : " gradient " + std::to_string(i)) + " off by " + std::to_string(found);
    }
    return text;
}

/// Compares with the plain way in float64 on the same inputs.
std::string differencesFromPlain(const Function& function, const Function& plain, const Tensors& inputs,
                                 const at::Tensor& gradient, double tolerance)
{
    Tensors exact;
    for (const auto& input : inputs)
        exact.push_back(input.to(at::kDouble));
    return differences(answerOf(function, inputs, gradient), answerOf(plain, exact, gradient), tolerance);
}

double toleranceOf(at::ScalarType type)
{
    return type == at::kFloat ? 4e-6 : 8e-3; // bf16 has eight bits
}

const std::vector<std::vector<std::int64_t>> shapes = {
    {1, 1, 1},    // the smallest
    {2, 3, 7},    // less than a vector
    {1, 65, 33},  // one row and one element more than a block and whole vectors
    {3, 130, 80}, // several blocks a sample
    {2, 64, 768}, // as base has it
};

Function normTo(at::ScalarType type)
{
    return [type](const Tensors& in) { return modulatedNorm(in[0], in[1], in[2], eps, type); };
}

at::Tensor sumOf(const Tensors& in)
{
    return in.size() == 2 ? gatedSum(in[0], in[1]) : gatedSum(in[0], in[1], in[2]);
}

at::Tensor geluOf(const Tensors& in)
{
    return tanhGelu(in[0]);
}

at::Tensor plainGelu(const Tensors& in)
{
    return at::gelu(in[0], "tanh");
}

} // namespace

class TestActivations : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void normsAsTheFormula_data() { eachSetAndType(); }
    void normsAsTheFormula()
    {
        QFETCH(int, set);
        QFETCH(int, type);
        const InstructionSetScope scope(static_cast<InstructionSet>(set));
        const auto result = static_cast<at::ScalarType>(type);
        const ThreadCount threads(3);
        at::manual_seed(1);
        for (const auto& shape : shapes) {
            if (shape[2] == 1)
                continue; // its norm is zero whatever it holds, and so is its gradient but for rounding
            const auto x = at::randn(shape) * 3 + 0.5;
            const auto shift = at::randn({shape[0], shape[2]}), scale = at::randn({shape[0], shape[2]});
            const auto gradient = at::randn(shape).to(result);
            const auto text =
                differencesFromPlain(normTo(result), plainNorm, {x, shift, scale}, gradient, toleranceOf(result));
            QVERIFY2(text.empty(), text.c_str());
        }
        const auto one = modulatedNorm(at::full({1, 1, 1}, 5.0), at::full({1, 1}, 0.25), at::ones({1, 1}), eps, result);
        QCOMPARE(one.item<float>(), 0.25F);
        QVERIFY(one.scalar_type() == result);
    }

    void sumsAsTheFormula_data() { eachSetAndType(); }
    void sumsAsTheFormula()
    {
        QFETCH(int, set);
        QFETCH(int, type);
        const InstructionSetScope scope(static_cast<InstructionSet>(set));
        const auto of = static_cast<at::ScalarType>(type);
        const ThreadCount threads(3);
        at::manual_seed(2);
        for (const auto& shape : shapes) {
            Tensors inputs = {at::randn(shape), at::randn(shape).to(of), at::randn({shape[0], shape[2]})};
            const auto gradient = at::randn(shape);
            auto text = differencesFromPlain(sumOf, plainSum, inputs, gradient, toleranceOf(of));
            QVERIFY2(text.empty(), text.c_str());
            QVERIFY(sumOf(inputs).scalar_type() == at::kFloat);
            inputs.pop_back(); // no gate
            text = differencesFromPlain(sumOf, plainSum, inputs, gradient, toleranceOf(of));
            QVERIFY2(text.empty(), text.c_str());
            QVERIFY(sumOf(inputs).scalar_type() == at::kFloat);
        }
    }

    void gelusAsTheFormula_data() { eachSetAndType(); }
    void gelusAsTheFormula()
    {
        QFETCH(int, set);
        QFETCH(int, type);
        const InstructionSetScope scope(static_cast<InstructionSet>(set));
        const auto of = static_cast<at::ScalarType>(type);
        const ThreadCount threads(3);
        at::manual_seed(3);
        for (const std::int64_t count : {1, 5, 64, 40001}) {
            const auto x = at::linspace(-14, 14, count).to(of), gradient = at::randn({count}).to(of);
            const auto text = differencesFromPlain(geluOf, plainGelu, {x}, gradient, toleranceOf(of));
            QVERIFY2(text.empty(), text.c_str());
        }
        const auto far = tanhGelu(at::tensor({-1e4F, 1e4F, 0.0F}).to(of));
        QCOMPARE(far[0].item<float>(), 0.0F);
        QCOMPARE(far[1].item<float>(), at::scalar_tensor(1e4F).to(of).item<float>());
        QCOMPARE(far[2].item<float>(), 0.0F);
    }

    /// Parts of other tensors, turned round, and gradients that are one number everywhere.
    void takesInputsThatAreNotContiguous()
    {
        at::manual_seed(4);
        for (const auto type : {at::kFloat, at::kBFloat16}) {
            const auto turned = [](const at::Tensor& x) { return x.transpose(0, 1); };
            const auto x = turned(at::randn({70, 2, 40})), branch = turned(at::randn({70, 2, 40}).to(type));
            const auto parts = at::randn({2, 3 * 40}).chunk(3, 1);
            const auto same = at::ones({1}).expand({2, 70, 40});
            auto text = differencesFromPlain(normTo(type), plainNorm, {x, parts[0], parts[1]}, same, toleranceOf(type));
            QVERIFY2(text.empty(), text.c_str());
            text = differencesFromPlain(sumOf, plainSum, {x, branch, parts[2]}, same, toleranceOf(type));
            QVERIFY2(text.empty(), text.c_str());
            text = differencesFromPlain(geluOf, plainGelu, {branch}, same, toleranceOf(type));
            QVERIFY2(text.empty(), text.c_str());
        }
    }

    /// What the kernels do not take goes to LibTorch.
    void takesOtherTypes()
    {
        at::manual_seed(5);
        const auto x = at::randn({2, 9, 16}, at::kDouble), branch = at::randn({2, 9, 16}, at::kDouble);
        const auto a = at::randn({2, 16}, at::kDouble), b = at::randn({2, 16}, at::kDouble);
        const auto gradient = at::randn({2, 9, 16}, at::kDouble);
        auto text =
            differencesFromPlain(normTo(at::kDouble), plainNorm, {x, a, b}, gradient, 4e-6); // normed in float32
        QVERIFY2(text.empty(), text.c_str());
        text = differencesFromPlain(geluOf, plainGelu, {x}, gradient, 1e-12);
        QVERIFY2(text.empty(), text.c_str());
        text = differencesFromPlain(sumOf, plainSum, {x, branch}, gradient, 1e-12);
        QVERIFY2(text.empty(), text.c_str());
        QVERIFY(tanhGelu(x).scalar_type() == at::kDouble);
        QVERIFY(modulatedNorm(x.to(at::kHalf).to(at::kFloat), a.to(at::kFloat), b.to(at::kFloat), eps, at::kHalf)
                    .scalar_type() == at::kHalf);
    }

    void roundsToBf16AsLibTorchDoes_data() { eachSetAndType(); }
    void roundsToBf16AsLibTorchDoes()
    {
        QFETCH(int, set);
        const InstructionSetScope scope(static_cast<InstructionSet>(set));
        at::manual_seed(6);
        auto numbers = at::randn({1, 30, 100}) * at::pow(10.0, at::randint(-20, 20, {1, 30, 100}, at::kFloat));
        const auto ties = at::arange(0x3f808000, 0x3f808000 + 50 * 0x8000, 0x8000, at::kInt).view(at::kFloat);
        numbers[0][0].narrow(0, 0, 50).copy_(ties);
        numbers[0][1][0] = std::numeric_limits<float>::infinity();
        numbers[0][1][1] = std::numeric_limits<float>::quiet_NaN();
        numbers[0][1][2] = -0.0F;
        numbers[0][1][3] = std::numeric_limits<float>::max();
        const auto branch = at::zeros({1, 30, 100}, at::kBFloat16).set_requires_grad(true);
        gatedSum(at::zeros({1, 30, 100}), branch).backward(numbers);
        const auto should = numbers.to(at::kBFloat16);
        QVERIFY(at::equal(branch.grad().isnan(), should.isnan()));
        QVERIFY(at::equal(branch.grad().nan_to_num(), should.nan_to_num()));
    }

    void isTheSameWhateverTheThreads()
    {
        at::manual_seed(7);
        const auto x = at::randn({2, 300, 96}), branch = at::randn({2, 300, 96}).to(at::kBFloat16);
        const auto a = at::randn({2, 96}), b = at::randn({2, 96}), gradient = at::randn({2, 300, 96});
        std::vector<Tensors> found;
        for (const int count : {1, 2, 5}) {
            const ThreadCount threads(count);
            auto all = answerOf(normTo(at::kBFloat16), {x, a, b}, gradient);
            for (const auto& tensor : answerOf(sumOf, {x, branch, a}, gradient))
                all.push_back(tensor);
            for (const auto& tensor : answerOf(geluOf, {branch}, gradient))
                all.push_back(tensor);
            found.push_back(all);
        }
        for (std::size_t i = 0; i < found[0].size(); ++i) {
            QVERIFY(at::equal(found[0][i], found[1][i]));
            QVERIFY(at::equal(found[0][i], found[2][i]));
        }
    }

    /// A training step is given up when its loss is not finite: no sweep must make numbers of what is none.
    void whatIsNotANumberStaysSo()
    {
        const float none = std::numeric_limits<float>::quiet_NaN();
        for (const auto set : usableInstructionSets()) {
            const InstructionSetScope scope(set);
            for (const auto type : {at::kFloat, at::kBFloat16}) {
                auto x = at::randn({1, 3, 20});
                x[0][1][4] = none;
                const auto normed = modulatedNorm(x, at::zeros({1, 20}), at::zeros({1, 20}), eps, type);
                QVERIFY(normed[0][1].isnan().all().item<bool>());
                QVERIFY(!normed[0][0].isnan().any().item<bool>() && !normed[0][2].isnan().any().item<bool>());
                QCOMPARE(tanhGelu(x.to(type)).isnan().sum().item<std::int64_t>(), 1);
                const auto sum = gatedSum(at::zeros({1, 3, 20}), x.to(type), at::ones({1, 20}));
                QCOMPARE(sum.isnan().sum().item<std::int64_t>(), 1);
            }
        }
    }
};

QTEST_APPLESS_MAIN(TestActivations)
#include "tst_activations.moc"
