#include "core/train/warm_start.h"
#include "tests/support/test_data.h"

#include <QtTest/QTest>

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
        QVERIFY(errorOf([&] { warmStart(parameters, stored, {}, "old.pt"); }).find("none of the 4 tensors of old.pt") ==
                0);
        QVERIFY(errorOf([&] { warmStart(parameters, stored, {".*=>same"}, "old.pt"); }).find("renamed to same") !=
                std::string::npos);
        QVERIFY(errorOf([&] { renamed("a", {"a->b"}); }).find("a->b") != std::string::npos);
        QVERIFY(errorOf([&] { renamed("a", {"(=>b"}); }).find("regular expression") != std::string::npos);
    }
};

QTEST_APPLESS_MAIN(TestWarmStart)
#include "tst_warm_start.moc"
