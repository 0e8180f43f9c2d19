#include "core/config/train_config.h"
#include "core/train/warm_start.h"
#include "tests/support/test_data.h"
#include "tests/support/tiny_model.h"

#include <ATen/ATen.h>
#include <QtTest/QTest>

#include <limits>

using namespace nanodit;
using nanodit::test::errorOf;

namespace {

Parameters model()
{
    const auto make = [](at::IntArrayRef shape) { return at::zeros(shape).set_requires_grad(true); };
    return {{"a.weight", make({2, 3})},
            {"a.bias", make({2})},
            {"head.weight", make({4, 2})},
            {"patch.weight", make({2, 2})}};
}

const TensorMap stored = {{"module.a.weight", at::ones({2, 3})},
                          {"module.a.bias", at::ones({2}).to(at::kHalf)},
                          {"module.head.weight", at::ones({5, 2})},
                          {"module.legacy", at::ones({1})}};

} // namespace

class TestWarmStart : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void loadsWhatFitsAndListsTheRest()
    {
        const auto parameters = model();
        const auto report = warmStart(parameters, stored, {"^module\\.=>"}, "old.pt");
        QCOMPARE(report.loaded, (std::vector<std::string>{"a.weight", "a.bias"}));
        QCOMPARE(report.fresh, std::vector<std::string>{"patch.weight"});
        QCOMPARE(report.skipped, std::vector<std::string>{"legacy"});
        QCOMPARE(report.mismatched.size(), 1U);
        QCOMPARE(report.mismatched[0].name, "head.weight");
        const auto text = report.text();
        for (const auto* part : {"2 tensors loaded", "new: patch.weight", "skipped: legacy", "[5, 2]", "[4, 2]"})
            QVERIFY2(text.find(part) != std::string::npos, text.c_str());
        QVERIFY(at::equal(parameters[0].value.detach(), at::ones({2, 3})));
        QVERIFY(at::equal(parameters[1].value.detach(), at::ones({2})));
        QVERIFY(at::equal(parameters[2].value.detach(), at::zeros({4, 2})));
        QVERIFY(parameters[0].value.requires_grad());
    }

    void prefixesAreFoundTriedAndTold()
    {
        for (const std::string prefix : {"", "module.", "_orig_mod.", "model.diffusion_model.", "any.thing."}) {
            const auto parameters = model();
            TensorMap wrapped = {{"loss.net.0.weight", at::ones({3, 3})}};
            for (const auto& [name, value] : parameters)
                wrapped[prefix + name] = at::ones(value.sizes());
            const auto report = warmStart(parameters, wrapped, {}, "old.pt");
            QCOMPARE(report.loaded.size(), parameters.size());
            QCOMPARE(report.prefix, prefix);
            QCOMPARE(report.share(), 1.0);
            QVERIFY(report.warning().empty());
            QVERIFY(prefix.empty() || report.text().find("lose \"" + prefix + "\"") != std::string::npos);
        }
    }

    void aModelFromBeforeRopeAndPriorBeginsOneWithBoth()
    {
        // What a run of the first versions says of its model: nothing of a prior.
        const auto old = trainConfigFromYaml("model:\n  patch_position: sincos\n", "config.yaml").model;
        QVERIFY(old.patchPosition == PatchPosition::Sincos && old.patchPrior == PatchPrior::None);
        auto config = test::tinyModelConfig();
        config.patchPosition = old.patchPosition;
        config.patchPrior = old.patchPrior;
        const NanoDiT before(config);
        test::randomise(before.parameters());
        config.patchPosition = PatchPosition::Rope;
        config.patchPrior = PatchPrior::Learned;
        const NanoDiT after(config);
        const auto radii = after.priorRadii().detach().clone();
        const auto report = warmStart(after.parameters(), stateOf(before.parameters()), {}, "old");
        QCOMPARE(report.loaded.size(), before.parameters().size());
        QVERIFY(report.skipped.empty() && report.mismatched.empty());
        QCOMPARE(static_cast<std::int64_t>(report.fresh.size()), config.depth); // a prior for each block
        for (const auto& name : report.fresh)
            QVERIFY2(name.find("patch_prior") != std::string::npos, name.c_str());
        QVERIFY(at::equal(after.priorRadii().detach(), radii)); // from wide to narrow, as in a new model
        QVERIFY(report.warning().empty());
    }

    void currentWeightsGoBeforeTheirAverageUnlessAnotherPlaceIsWanted()
    {
        const auto file = [](const char* name) {
            return readStoredWeights(test::dataPath("io/foreign_objects") / name);
        };
        const auto parameters = model();
        const auto taken = [&] { return parameters[0].value.detach()[0][0].item<double>(); };
        const auto current = warmStart(parameters, file("namespace.pt"), {}, "sit.pt");
        QCOMPARE(current.place, std::string("model"));
        QCOMPARE(current.otherPlaces, std::vector<std::string>{"ema"});
        QCOMPARE(current.foreignObjects, std::vector<std::string>{"argparse.Namespace"});
        QCOMPARE(taken(), 1.0);
        QVERIFY(current.text().find("\"model\"") != std::string::npos &&
                current.text().find("ema") != std::string::npos);
        warmStart(parameters, file("namespace.pt"), {}, "sit.pt", "ema");
        QCOMPARE(taken(), 2.0);
        const auto refusal = errorOf([&] { warmStart(parameters, file("namespace.pt"), {}, "sit.pt", "model_ema"); });
        QVERIFY2(refusal.find("at model, ema") != std::string::npos, refusal.c_str());
        QCOMPARE(warmStart(parameters, file("lightning.ckpt"), {}, "l.ckpt").prefix, std::string("model."));
        QCOMPARE(taken(), 1.0);
        QCOMPARE(
            warmStart(parameters, file("lightning.ckpt"), {"^ema_model\\.module\\.=>", "^=>other."}, "l.ckpt").prefix,
            std::string());
        QCOMPARE(taken(), 2.0);
        QCOMPARE(warmStart(parameters, file("deep.pt"), {}, "deep.pt").place,
                 std::string("checkpoint.model.state_dict"));
    }

    void namesOfTheDitFamilyStandForOurs()
    {
        const auto make = [](at::IntArrayRef shape) { return at::zeros(shape).set_requires_grad(true); };
        const Parameters parameters = {{"patch_embed.weight", make({4, 2, 2, 2})},
                                       {"blocks.0.self_attn.qkv.weight", make({12, 4})},
                                       {"blocks.0.cross_attn.kv.weight", make({8, 4})}};
        const auto weights = readStoredWeights(test::dataPath("io/foreign_objects/dit.pt"));
        const auto report = warmStart(parameters, weights, {}, "DiT-XL.pt");
        QCOMPARE(report.loaded, (std::vector<std::string>{"patch_embed.weight", "blocks.0.self_attn.qkv.weight"}));
        QCOMPARE(report.fresh, std::vector<std::string>{"blocks.0.cross_attn.kv.weight"});
        QCOMPARE(report.skipped, (std::vector<std::string>{"pos_embed", "y_embedder.embedding_table.weight"}));
    }

    void tensorsThatAreNotReadAreCountedAndNamed()
    {
        const StoredWeights weights = {.sets = {{.place = {}, .tensors = {{"a.bias", at::ones({2})}}}},
                                       .foreignObjects = {},
                                       .unreadable = {"a.weight (my.tensors.Int8Tensor)"}};
        const auto report = warmStart(model(), weights, {}, "quantised.pt");
        for (const auto& said : {report.text(), report.warning()})
            QVERIFY2(said.find("1 tensor is of a type or class that is not read") != std::string::npos &&
                         said.find("a.weight (my.tensors.Int8Tensor)") != std::string::npos,
                     said.c_str());
        const auto plain = warmStart(model(), weights.sets.front().tensors, {}, "plain.pt");
        QVERIFY(plain.text().find("not read") == std::string::npos);
    }

    void aPartThatMayHaveAnotherNameIsTold()
    {
        const auto parameters = model();
        TensorMap tensors = {
            {"a.weight", at::ones({2, 3})}, {"a.bias", at::ones({2})}, {"patch.weight", at::ones({2, 2})}};
        const auto grown = warmStart(parameters, tensors, {}, "old.pt");
        QCOMPARE(grown.share(), 0.6);
        QCOMPARE(grown.warning(), ""); // the model has more than the file, which is what a warm start is for
        tensors["output.weight"] = at::ones({4, 2});
        const auto warning = warmStart(parameters, tensors, {}, "old.pt").warning();
        for (const auto* const part : {"60.0 %", "1 is not in the file", "the rest starts from random weights",
                                       "head.weight", "output.weight", "warm_start.rename"})
            QVERIFY2(warning.find(part) != std::string::npos, warning.c_str());
    }

    void aStartThatTakesNextToNothingSaysSo()
    {
        const auto parameters = model();
        const TensorMap little = {{"a.bias", at::ones({2})}, {"a.weight", at::ones({20, 30})}, {"x", at::ones({9})}};
        const auto warning = warmStart(parameters, little, {}, "old.pt").warning();
        for (const auto* const part :
             {"only", "%", "1 of 4 tensors", "start from random weights", "a.weight, [20, 30]", "x"})
            QVERIFY2(warning.find(part) != std::string::npos, warning.c_str());
    }

    void weightsThatAreNotFiniteAreRefused()
    {
        const auto parameters = model();
        const TensorMap broken = {{"a.bias", at::full({2}, std::numeric_limits<float>::quiet_NaN())}};
        const auto refusal = errorOf([&] { warmStart(parameters, broken, {}, "old.pt"); });
        QVERIFY2(refusal.find("a.bias") != std::string::npos, refusal.c_str());
    }

    void usesTheFirstRuleThatMatches()
    {
        const std::vector<std::string> rules = {"^blocks\\.(\\d+)\\.attn=>blocks.$1.self_attn", "attn=>wrong"};
        QCOMPARE(renamed("blocks.3.attn.qkv.weight", rules), "blocks.3.self_attn.qkv.weight");
        QCOMPARE(renamed("x.attn", rules), "x.wrong");
        QCOMPARE(renamed("mlp", rules), "mlp");
    }

    void refusesRulesAndFilesThatCannotBeMeant()
    {
        const auto parameters = model();
        const TensorMap foreign = {{"conv.weight", at::ones({5, 2})}, {"conv.bias", at::ones({5})}};
        QVERIFY(errorOf([&] {
                    warmStart(parameters, foreign, {}, "old.pt");
                }).find("none of the 2 tensors of old.pt") == 0);
        const TensorMap whole = {{"a.bias", at::ones({2}, at::kLong)}};
        QVERIFY(errorOf([&] {
                    warmStart(parameters, whole, {}, "old.pt");
                }).find("holds no floating-point numbers, but int64 in a.bias: ") != std::string::npos);
        QVERIFY(errorOf([&] { warmStart(parameters, stored, {".*=>same"}, "old.pt"); }).find("renamed to same") !=
                std::string::npos);
        QVERIFY(errorOf([&] { renamed("a", {"a->b"}); }).find("a->b") != std::string::npos);
        QVERIFY(errorOf([&] { renamed("a", {"(=>b"}); }).find("regular expression") != std::string::npos);
    }
};

QTEST_APPLESS_MAIN(TestWarmStart)
#include "tst_warm_start.moc"
