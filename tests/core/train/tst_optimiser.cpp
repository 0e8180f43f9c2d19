#include "core/train/muon.h"
#include "core/train/optimiser.h"
#include "tests/support/test_data.h"
#include "tests/support/thread_count.h"

#include <QtTest/QTest>

#include <algorithm>
#include <cmath>
#include <limits>

using namespace nanodit;
using nanodit::test::errorOf;

namespace {

Parameters twoParameters(std::uint64_t seed = 1)
{
    at::manual_seed(seed);
    return {{"a.weight", at::randn({70, 900}).set_requires_grad(true)},
            {"a.bias", at::randn({7}).set_requires_grad(true)}};
}

void setGradients(const Parameters& parameters, std::int64_t step)
{
    at::manual_seed(static_cast<std::uint64_t>(100 + step));
    for (const auto& parameter : parameters) {
        auto value = parameter.value;
        value.mutable_grad() = at::randn(value.sizes());
    }
}

double largestDifference(const at::Tensor& a, const at::Tensor& b)
{
    return (a - b).abs().max().item<double>();
}

} // namespace

class TestOptimiser : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void stepsAsTheFormulaInFloat64()
    {
        const auto parameters = twoParameters();
        const AdamWOptions options{.betas = {0.8, 0.9}, .eps = 1e-6, .weightDecay = 0.1};
        AdamW optimiser(parameters, options);
        auto weight = parameters[0].value.detach().to(at::kDouble);
        auto mean = at::zeros_like(weight), square = at::zeros_like(weight);
        for (int k = 1; k <= 4; ++k) {
            setGradients(parameters, k);
            const auto g = parameters[0].value.grad().to(at::kDouble);
            mean = 0.8 * mean + 0.2 * g;
            square = 0.9 * square + 0.1 * g * g;
            const auto step = mean / (1 - std::pow(0.8, k)) / ((square / (1 - std::pow(0.9, k))).sqrt() + 1e-6);
            weight = weight * (1 - 0.01 * 0.1) - 0.01 * step;
            optimiser.step(0.01);
        }
        QVERIFY(largestDifference(parameters[0].value.detach(), weight) < 1e-6);
    }

    /// Gradients clipped, weights stepped, averages moved: in one pass as in three.
    void oneSweepIsAsSeparatePasses()
    {
        const auto parametersOf = [] {
            at::manual_seed(8);
            Parameters parameters = {{"large.weight", at::randn({130, 700})}, // several pieces
                                     {"small.bias", at::randn({3})},
                                     {"turned.weight", at::randn({20, 30}).t()},
                                     {"wide.weight", at::randn({5, 6}, at::kDouble)},
                                     {"unused.weight", at::randn({4, 4})}};
            for (auto& parameter : parameters)
                parameter.value.set_requires_grad(true);
            return parameters;
        };
        const auto setSome = [](const Parameters& parameters, std::int64_t step) {
            at::manual_seed(static_cast<std::uint64_t>(step));
            for (const auto& [name, tensor] : parameters) {
                auto value = tensor;
                if (name != "unused.weight")
                    value.mutable_grad() = at::randn(value.sizes(), value.scalar_type());
            }
        };
        const auto once = parametersOf(), apart = parametersOf();
        const AdamWOptions options{.weightDecay = 0.1};
        AdamW sweep(once, options), plain(apart, options);
        Ema swept(once, 0.9, true), followed(apart, 0.9, true);
        const double clip = 0.7;
        for (std::int64_t step = 0; step < 6; ++step) {
            setSome(once, step);
            setSome(apart, step);
            const auto norm = gradientNorm(apart);
            QCOMPARE(gradientNorm(once), norm);
            QVERIFY(clipFactor(norm, clip) < 0.1);
            sweep.step({.lr = 0.01, .gradientFactor = clipFactor(norm, clip), .average = &swept, .number = step});
            clipGradients(apart, norm, clip);
            plain.step(0.01);
            followed.update(step);
        }
        const auto agree = [](const TensorMap& is, const TensorMap& should) {
            return is.size() == should.size() && std::all_of(should.begin(), should.end(), [&is](const auto& entry) {
                       return at::allclose(is.at(entry.first), entry.second, 1e-5, 1e-7);
                   });
        };
        QVERIFY(agree(stateOf(once), stateOf(apart)));
        QVERIFY(agree(sweep.state(), plain.state()));
        QVERIFY(agree(swept.state(), followed.state()));
        QVERIFY(!agree(swept.state(), stateOf(once)));
    }

    void isTheSameWhateverTheThreads()
    {
        std::vector<at::Tensor> weights, averages;
        std::vector<double> norms;
        for (const int count : {1, 2, 5}) {
            const test::ThreadCount threads(count);
            const auto parameters = twoParameters();
            AdamW optimiser(parameters);
            Ema average(parameters, 0.9);
            setGradients(parameters, 1);
            norms.push_back(gradientNorm(parameters));
            optimiser.step({.lr = 0.01, .gradientFactor = 0.5, .average = &average});
            weights.push_back(parameters[0].value.detach());
            averages.push_back(average.at(0));
        }
        for (const std::size_t other : {1U, 2U}) {
            QCOMPARE(norms[other], norms[0]);
            QVERIFY(at::equal(weights[other], weights[0]));
            QVERIFY(at::equal(averages[other], averages[0]));
        }
    }

    void muonTakesClippedGradientsAndMovesTheAverage()
    {
        const auto parametersOf = [] {
            at::manual_seed(4);
            return Parameters{{"blocks.0.qkv.weight", at::randn({24, 8}).set_requires_grad(true)},
                              {"text_proj.weight", at::randn({8, 12}).set_requires_grad(true)}};
        };
        const auto once = parametersOf(), apart = parametersOf();
        Muon ours(once, {}), plain(apart, {});
        Ema swept(once, 0.9), followed(apart, 0.9);
        for (std::int64_t step = 0; step < 3; ++step) {
            setGradients(once, step);
            setGradients(apart, step);
            const double norm = gradientNorm(apart);
            ours.step({.lr = 0.01, .gradientFactor = clipFactor(norm, 1), .average = &swept, .number = step});
            clipGradients(apart, norm, 1);
            plain.step(0.01);
            followed.update(step);
        }
        for (std::size_t i = 0; i < once.size(); ++i) {
            QVERIFY(largestDifference(once[i].value.detach(), apart[i].value.detach()) < 1e-6);
            QVERIFY(largestDifference(swept.at(i), followed.at(i)) < 1e-6);
        }
    }

    void leavesAParameterWithoutGradientAlone()
    {
        const auto parameters = twoParameters();
        setGradients(parameters, 1);
        auto bias = parameters[1].value;
        bias.mutable_grad() = at::Tensor();
        const auto before = bias.detach().clone();
        AdamW optimiser(parameters);
        optimiser.step(0.1);
        QVERIFY(at::equal(bias.detach(), before));
        QCOMPARE(optimiser.state().at("a.bias.step").item<std::int64_t>(), 0);
        QCOMPARE(optimiser.state().at("a.weight.step").item<std::int64_t>(), 1);
    }

    void continuesFromItsStateBitForBit()
    {
        const auto straight = twoParameters(), stopped = twoParameters();
        AdamW whole(straight), first(stopped);
        for (int k = 1; k <= 6; ++k) {
            setGradients(straight, k);
            whole.step(0.01);
        }
        for (int k = 1; k <= 3; ++k) {
            setGradients(stopped, k);
            first.step(0.01);
        }
        const auto resumed = twoParameters(2);
        loadState(resumed, stateOf(stopped), "state");
        AdamW second(resumed);
        second.restore(first.state(), "state");
        for (int k = 4; k <= 6; ++k) {
            setGradients(resumed, k);
            second.step(0.01);
        }
        for (std::size_t i = 0; i < straight.size(); ++i)
            QVERIFY(at::equal(straight[i].value, resumed[i].value));
    }

    void decaysMatricesAloneWhenAskedTo()
    {
        const auto parameters = twoParameters(); // a matrix and a bias
        const auto weight = parameters[0].value.detach().clone(), bias = parameters[1].value.detach().clone();
        zeroGradients(parameters);
        AdamW optimiser(parameters, {.weightDecay = 0.5, .decayed = Decayed::Matrices});
        optimiser.step(0.1);
        QVERIFY(largestDifference(parameters[0].value.detach(), weight * 0.95) < 1e-6);
        QVERIFY(at::equal(parameters[1].value.detach(), bias));
        QVERIFY(isWeightMatrix({"blocks.0.mlp.fc1.weight", at::zeros({2, 2})}));
        QVERIFY(!isWeightMatrix({"null_text", at::zeros({1, 1, 4})}));
        QVERIFY(!isWeightMatrix({"blocks.0.cross_attn.q_norm.weight", at::zeros({4})}));
    }

    void muonMakesStepsOrthogonal()
    {
        at::manual_seed(3);
        for (const auto& shape :
             std::vector<std::vector<std::int64_t>>{{1, 24, 24}, {3, 16, 16}, {1, 48, 12}, {1, 12, 48}}) {
            const auto matrices = at::randn(shape);
            for (const auto type : {at::kFloat, at::kBFloat16}) {
                const auto step = orthogonalised(matrices.to(type));
                QCOMPARE(step.sizes().vec(), shape);
                QCOMPARE(step.scalar_type(), type);
                const auto values = at::linalg_svdvals(step.to(at::kFloat));
                const double mean = values.mean().item<double>();
                QVERIFY2(mean > 0.7 && mean < 1.2, std::to_string(mean).c_str());
                QVERIFY(values.max().item<double>() < 1.3);
            }
        }
    }

    void muonInBf16StepsAlmostAsInFloat32()
    {
        const auto matrix = [] {
            at::manual_seed(4);
            return Parameters{{"blocks.0.mlp.fc1.weight", at::randn({32, 8}).set_requires_grad(true)}};
        };
        const auto exact = matrix(), rough = matrix();
        const auto before = exact[0].value.detach().clone();
        Muon inFloat32(exact, {}), inBf16(rough, {}, Precision::Bf16);
        for (const auto* parameters : {&exact, &rough})
            setGradients(*parameters, 1);
        inFloat32.step(0.01);
        inBf16.step(0.01);
        const auto moved = (exact[0].value.detach() - before).norm().item<double>();
        const auto apart = (exact[0].value.detach() - rough[0].value.detach()).norm().item<double>();
        QVERIFY2(apart > 0 && apart < 0.15 * moved, std::to_string(apart / moved).c_str());
        QCOMPARE(inBf16.state().at("blocks.0.mlp.fc1.weight.momentum").scalar_type(), at::kFloat);
    }

    void muonStepsBlockMatricesByTheirMomentumAndTheRestByAdamW()
    {
        const auto parametersOf = [] {
            at::manual_seed(4);
            Parameters parameters;
            for (const auto& [name, shape] : std::vector<std::pair<std::string, std::vector<std::int64_t>>>{
                     {"blocks.0.qkv.weight", {24, 8}}, {"blocks.0.qkv.bias", {24}}, {"text_proj.weight", {8, 12}}})
                parameters.push_back({name, at::randn(shape).set_requires_grad(true)});
            return parameters;
        };
        const AdamWOptions options{.weightDecay = 0.1};
        const auto ours = parametersOf(), plain = parametersOf();
        Muon muon(ours, options);
        AdamW adamW(plain, options);
        auto weight = ours[0].value.detach().clone(), mean = at::zeros_like(weight);
        for (int k = 1; k <= 3; ++k) {
            setGradients(ours, k);
            setGradients(plain, k);
            const auto g = ours[0].value.grad();
            mean = 0.95 * mean + 0.05 * g;
            const auto step = orthogonalised((0.05 * g + 0.95 * mean).view({3, 8, 8})).reshape({24, 8});
            weight = weight * (1 - 0.01 * 0.1) - 0.01 * 0.2 * std::sqrt(8.0) * step;
            muon.step(0.01);
            adamW.step(0.01);
        }
        QVERIFY(largestDifference(ours[0].value.detach(), weight) < 1e-5);
        for (const std::size_t other : {1U, 2U})
            QVERIFY(at::equal(ours[other].value, plain[other].value));

        // And goes on from its state bit for bit.
        const auto resumed = parametersOf();
        loadState(resumed, stateOf(ours), "state");
        Muon second(resumed, options);
        second.restore(muon.state(), "state");
        setGradients(ours, 4);
        setGradients(resumed, 4);
        muon.step(0.01);
        second.step(0.01);
        for (std::size_t i = 0; i < ours.size(); ++i)
            QVERIFY(at::equal(ours[i].value, resumed[i].value));
        auto state = muon.state();
        state.erase("blocks.0.qkv.weight.momentum");
        QVERIFY(errorOf([&] { second.restore(state, "x"); }).find("blocks.0.qkv.weight.momentum") != std::string::npos);
    }

    /// The feed-forward's first layer could be cut into squares, as queries, keys and values are, but is one map.
    void muonMakesAFeedForwardLayerOrthogonalAsAWhole()
    {
        at::manual_seed(4);
        const Parameters parameters = {
            {"blocks.0.mlp.fc1.weight", at::randn({32, 8}).set_requires_grad(true)},
            {"blocks.0.adaLN_modulation.1.weight", at::randn({48, 8}).set_requires_grad(true)}};
        setGradients(parameters, 1);
        const auto steppedBy = [&](std::size_t place, std::int64_t maps) {
            const auto weight = parameters[place].value.detach(), g = parameters[place].value.grad();
            const auto ahead = 0.05 * g + 0.95 * (0.05 * g);
            const auto each = weight.size(0) / maps;
            const auto step = orthogonalised(ahead.view({maps, each, 8})).reshape(weight.sizes());
            return at::Tensor(weight - 0.01 * 0.2 * std::sqrt(static_cast<double>(each)) * step);
        };
        const auto whole = steppedBy(0, 1), apart = steppedBy(1, 6);
        Muon(parameters, {.weightDecay = 0}).step(0.01);
        QVERIFY(largestDifference(parameters[0].value.detach(), whole) < 1e-5);
        QVERIFY(largestDifference(parameters[1].value.detach(), apart) < 1e-5);
    }

    void aWarmAverageSoonForgetsTheBeginning()
    {
        const auto parameters = twoParameters();
        Ema cold(parameters, 0.999), warm(parameters, 0.999, true);
        QCOMPARE(warm.decayAt(0), 0.1);
        QCOMPARE(warm.decayAt(90), 0.91);
        QCOMPARE(warm.decayAt(1000000), 0.999);
        QCOMPARE(cold.decayAt(0), 0.999);
        const auto begin = parameters[0].value.detach().clone();
        {
            const at::NoGradGuard noGradient;
            auto value = parameters[0].value;
            value.add_(1);
        }
        for (std::int64_t step = 0; step < 50; ++step) {
            cold.update(step);
            warm.update(step);
        }
        const auto moved = [&begin](const Ema& ema) {
            return (ema.state().at("a.weight") - begin).mean().item<double>();
        };
        QVERIFY(moved(warm) > 0.99);
        QVERIFY(moved(cold) < 0.06);
    }

    void refusesAForeignState()
    {
        AdamW optimiser(twoParameters());
        auto state = optimiser.state();
        state["a.bias.exp_avg"] = at::zeros({8});
        const auto message = errorOf([&] { optimiser.restore(state, "optimizer.safetensors"); });
        QVERIFY2(message.find("a.bias.exp_avg") != std::string::npos && message.find("[8]") != std::string::npos &&
                     message.find("[7]") != std::string::npos,
                 message.c_str());
        state.erase("a.weight.exp_avg_sq");
        state["a.bias.exp_avg"] = at::zeros({7});
        QVERIFY(errorOf([&] { optimiser.restore(state, "x"); }).find("a.weight.exp_avg_sq") != std::string::npos);
    }

    void measuresAndClipsTheWholeGradient()
    {
        const auto parameters = twoParameters();
        setGradients(parameters, 1);
        const double expected = std::sqrt(parameters[0].value.grad().pow(2).sum().item<double>() +
                                          parameters[1].value.grad().pow(2).sum().item<double>());
        const double norm = gradientNorm(parameters);
        QVERIFY(std::abs(norm - expected) < 1e-3);
        clipGradients(parameters, norm, 2 * norm);
        QCOMPARE(gradientNorm(parameters), norm);
        clipGradients(parameters, norm, 0.5);
        QVERIFY(std::abs(gradientNorm(parameters) - 0.5) < 1e-4);
        parameters[1].value.grad()[0] = std::numeric_limits<float>::quiet_NaN();
        QVERIFY(std::isnan(gradientNorm(parameters)));
    }

    void averagesWeightsFromWhereTheyStarted()
    {
        const auto parameters = twoParameters();
        const auto start = parameters[0].value.detach().clone();
        Ema ema(parameters, 0.9);
        {
            const at::NoGradGuard noGradient;
            auto weight = parameters[0].value;
            weight.add_(1);
        }
        ema.update();
        QVERIFY(largestDifference(ema.state().at("a.weight"), start + 0.1) < 1e-6);
    }

    void warmsUpThenFollowsHalfACosine()
    {
        ScheduleConfig schedule{.steps = 12, .warmupSteps = 4, .decay = Decay::Cosine};
        QCOMPARE(learningRate(schedule, 1e-2, 0), 0.0);
        QCOMPARE(learningRate(schedule, 1e-2, 2), 5e-3);
        QCOMPARE(learningRate(schedule, 1e-2, 4), 1e-2);
        QVERIFY(std::abs(learningRate(schedule, 1e-2, 8) - 5e-3) < 1e-12);
        QVERIFY(learningRate(schedule, 1e-2, 12) < 1e-12);
        schedule.decay = Decay::Constant;
        QCOMPARE(learningRate(schedule, 1e-2, 1000), 1e-2);
        schedule.warmupSteps = 0;
        QCOMPARE(learningRate(schedule, 1e-2, 0), 1e-2);
    }
};

QTEST_APPLESS_MAIN(TestOptimiser)
#include "tst_optimiser.moc"
