#include "core/model/autocast.h"
#include "core/model/layers.h"
#include "core/model/recompute.h"
#include "core/model/rounded_weight.h"
#include "core/train/optimiser.h"

#include <ATen/ATen.h>
#include <QtTest/QTest>

using namespace nanodit;

namespace {

at::Tensor someWeight()
{
    at::manual_seed(1);
    return at::randn({6, 5}).set_requires_grad(true);
}

/// What the copy is, without gradients.
at::Tensor roundedOf(const at::Tensor& weight)
{
    const at::NoGradGuard noGradient;
    return roundedWeight(weight, at::kBFloat16);
}

} // namespace

class TestRoundedWeight : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void isMadeOnceAndAgainAfterEachChange()
    {
        const auto weight = someWeight();
        const Parameters parameters = {{"weight", weight}};
        const auto first = roundedOf(weight);
        QVERIFY(at::equal(first, weight.detach().to(at::kBFloat16)));

        // Not made again while nothing changes: what is written into the copy stays.
        first.fill_(7);
        QVERIFY(roundedOf(weight).eq(7).all().item<bool>());

        const auto follows = [&] { return at::equal(roundedOf(weight), weight.detach().to(at::kBFloat16)); };
        loadState(parameters, {{"weight", at::randn({6, 5})}}, "a file");
        QVERIFY(follows());
        AdamW optimiser(parameters);
        auto leaf = weight;
        leaf.mutable_grad() = at::randn({6, 5});
        optimiser.step(0.5);
        QVERIFY(follows());
        stateOf(parameters).at("weight").add_(1); // as the other processes' weights arrive
        QVERIFY(follows());
        weight.data_ptr<float>()[3] = 100;
        markAsWritten(weight.detach());
        QVERIFY(follows());
        QVERIFY(at::equal(roundedWeight(weight, at::kHalf), weight.detach().to(at::kHalf)));
    }

    void isGivenBackWithItsWeight()
    {
        auto weight = someWeight();
        const c10::weak_intrusive_ptr<c10::TensorImpl, c10::UndefinedTensorImpl> copy(
            roundedOf(weight).getIntrusivePtr());
        {
            const AutocastScope autocast(Precision::Bf16);
        }
        QVERIFY(!copy.expired());
        weight.reset();
        {
            const AutocastScope autocast(Precision::Bf16);
        }
        QVERIFY(copy.expired());
    }

    void givesTheWeightItsGradient()
    {
        const auto weight = someWeight();
        const auto x = at::randn({3, 5}).to(at::kBFloat16);
        const auto gradient = at::randn({3, 6}).to(at::kBFloat16);
        for (int pass = 0; pass < 2; ++pass) // two micro-batches of one step add up
            at::mm(x, roundedWeight(weight, at::kBFloat16).t()).backward(gradient);
        QVERIFY(weight.grad().scalar_type() == at::kFloat);
        const auto should = 2 * at::mm(gradient.to(at::kFloat).t(), x.to(at::kFloat));
        QVERIFY(at::allclose(weight.grad(), should, 2e-2, 2e-2));
    }

    /// As LibTorch's autocast has it, also where a piece is computed without gradients first and again with them.
    void aLinearLayerIsThatOfAutocast()
    {
        at::manual_seed(2);
        ParameterMaker make(3, at::kCPU);
        const auto layer = make.linear("layer", 16, 8);
        const auto x = at::randn({2, 5, 16}).set_requires_grad(true), gradient = at::randn({2, 5, 8}).to(at::kBFloat16);
        const auto answer = [&](auto&& linear, bool recompute) {
            for (const auto& tensor : {x, layer.weight, layer.bias}) {
                auto leaf = tensor;
                leaf.mutable_grad() = at::Tensor();
            }
            const AutocastScope autocast(Precision::Bf16);
            const auto y = recompute ? recomputed([&](const std::vector<at::Tensor>& in) { return linear(in[0]); }, {x})
                                     : linear(x);
            y.backward(gradient);
            return std::vector<at::Tensor>{y.detach(), x.grad(), layer.weight.grad(), layer.bias.grad()};
        };
        const auto should =
            answer([&](const at::Tensor& in) { return at::linear(in, layer.weight, layer.bias); }, false);
        for (const bool recompute : {false, true}) {
            const auto is = answer(layer, recompute);
            for (std::size_t i = 0; i < is.size(); ++i) {
                QVERIFY(is[i].scalar_type() == should[i].scalar_type());
                QVERIFY2(at::equal(is[i], should[i]), std::to_string(i).c_str());
            }
        }
    }
};

QTEST_APPLESS_MAIN(TestRoundedWeight)
#include "tst_rounded_weight.moc"
