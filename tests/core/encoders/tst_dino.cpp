#include "core/encoders/attention.h"
#include "core/encoders/dino.h"
#include "core/golden/golden.h"
#include "core/runtime/compute.h"
#include "tests/support/test_data.h"
#include "tests/support/tiny_dino.h"

#include <ATen/ATen.h>
#include <QTest>

#include <cstdint>
#include <string>
#include <vector>

using namespace nanodit;
using nanodit::test::distance;
using nanodit::test::noise;
using nanodit::test::tinyDino;
using nanodit::test::tinyDinoConfig;

class TestDino : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { at::manual_seed(2); }

    void matchesGolden_data()
    {
        QTest::addColumn<QString>("folder");
        QTest::newRow("DINOv3, gated, float16") << "golden/01_dinov3_vit_swiglu";
        QTest::newRow("DINOv3, shards, bfloat16, no registers") << "golden/01_dinov3_vit_sharded_bf16";
        QTest::newRow("DINOv2") << "golden/02_dinov2";
        QTest::newRow("DINOv2 with registers, SwiGLU") << "golden/02_dinov2_registers_swiglu";
    }
    void matchesGolden()
    {
        QFETCH(QString, folder);
        const auto lines = encoderGoldenRunners().at("dinov3_vit")(test::dataPath(folder.toStdString()), Compute{});
        QVERIFY(lines.size() >= 4);
        for (const auto& line : lines)
            QVERIFY2(line.passed, (line.name + " " + std::to_string(line.largestError) + " " + line.note).c_str());
    }

    void tokensAreClsThenRegistersThenPatches()
    {
        const auto encoder = tinyDino();
        const auto pixels = noise(2, 12, 20);
        const auto features = encoder.encode(pixels);
        const auto tokens = encoder.tokens(pixels);
        QCOMPARE(features.grid, (GridSize{3, 5}));
        QCOMPARE(tokens.size(1), 1 + 2 + 15);
        QVERIFY(at::equal(features.cls, tokens.select(1, 0)));
        QVERIFY(at::equal(features.patches, tokens.slice(1, 3)));
    }

    void batchEqualsSinglePictures()
    {
        const auto encoder = tinyDino();
        const auto pixels = noise(2, 16, 8);
        const auto both = encoder.encode(pixels);
        for (std::int64_t i = 0; i < 2; ++i) {
            const auto one = encoder.encode(pixels.narrow(0, i, 1));
            QVERIFY(distance(one.cls, both.cls.narrow(0, i, 1)) < 1e-5);
            QVERIFY(distance(one.patches, both.patches.narrow(0, i, 1)) < 1e-5);
        }
    }

    void pixelsBeyondTheLastWholePatchAreLeftOut()
    {
        const auto encoder = tinyDino();
        const auto pixels = noise(1, 15, 22);
        const auto whole = encoder.encode(pixels.narrow(2, 0, 12).narrow(3, 0, 20).contiguous());
        QVERIFY(distance(encoder.encode(pixels).patches, whole.patches) < 1e-5);
    }

    void patchesFollowTheirPlace()
    {
        // A patch's features say most about the pixels under it: changing a corner changes that corner's patch most.
        const auto encoder = tinyDino();
        const auto pixels = noise(1, 16, 24);
        auto changed = pixels.clone();
        changed.narrow(2, 12, 4).narrow(3, 20, 4).add_(2.0);
        const auto moved = (encoder.encode(changed).patches - encoder.encode(pixels).patches).norm(2, -1)[0];
        QCOMPARE(moved.argmax().item<std::int64_t>(), 4 * 6 - 1);
    }

    void gradientReachesEveryWeight_data()
    {
        QTest::addColumn<int>("mlp");
        QTest::newRow("plain") << int(DinoConfig::Mlp::Plain);
        QTest::newRow("gated") << int(DinoConfig::Mlp::Gated);
    }
    void gradientReachesEveryWeight()
    {
        QFETCH(int, mlp);
        auto config = tinyDinoConfig();
        config.mlp = DinoConfig::Mlp(mlp);
        auto weights = DinoEncoder::initialWeights(config, 1);
        for (auto& [name, tensor] : weights)
            tensor.requires_grad_(true);
        const DinoEncoder encoder(config, weights);
        encoder.tokens(noise(2, 8, 8)).square().sum().backward();
        for (const auto& [name, tensor] : weights) {
            QVERIFY2(tensor.grad().defined(), name.c_str());
            // The keys' bias adds the same to every logit of a query, unless they are rotated: patches are.
            QVERIFY2(tensor.grad().abs().max().item<double>() > 0, name.c_str());
        }
    }

    void updatesOfTheWeightsAreSeen()
    {
        auto weights = DinoEncoder::initialWeights(tinyDinoConfig(), 1);
        const DinoEncoder encoder(tinyDinoConfig(), weights);
        const auto pixels = noise(1, 8, 8);
        const auto before = encoder.encode(pixels).cls.clone();
        weights["norm.bias"].add_(1);
        QVERIFY(distance(encoder.encode(pixels).cls, before + 1) < 1e-5);
    }

    void initialWeightsAreDeterministicAndKeepTheScale()
    {
        const auto first = DinoEncoder::initialWeights(tinyDinoConfig(), 7),
                   second = DinoEncoder::initialWeights(tinyDinoConfig(), 7);
        for (const auto& [name, tensor] : first)
            QVERIFY2(at::equal(tensor, second.at(name)), name.c_str());
        QVERIFY(!at::equal(first.at("embeddings.cls_token"),
                           DinoEncoder::initialWeights(tinyDinoConfig(), 8).at("embeddings.cls_token")));
        std::vector<at::Tensor> hiddenStates;
        DinoEncoder(tinyDinoConfig(), first).tokens(noise(2, 32, 32), &hiddenStates);
        const auto spread = hiddenStates.back().std().item<double>();
        QVERIFY2(spread > 0.3 && spread < 3, std::to_string(spread).c_str());
    }

    void stopsWhenAsked()
    {
        const auto encoder = tinyDino();
        int asked = 0;
        QVERIFY(!encoder.encode(noise(1, 8, 8), [&] { return ++asked == 2; }));
        QCOMPARE(asked, 2);
        QVERIFY(encoder.encode(noise(1, 8, 8), [] { return false; }).has_value());
    }

    void largeProductsGoInPartsWhereSomebodyMayStopThem()
    {
        const at::NoGradGuard noGrad;
        const std::vector<ExpectedTensor> expected = {{"a.weight", {2048, 2048}, {}}, {"a.bias", {2048}, {}}};
        at::manual_seed(4);
        const EncoderWeights weights({{"a.weight", at::randn({2048, 2048})}, {"a.bias", at::randn({2048})}}, expected,
                                     "here", {});
        const auto x = at::randn({3, 700, 2048});
        const auto whole = weights.linear(x, "a");
        int asked = 0;
        const auto parts = weights.linear(x, "a", [&asked] { return ++asked < 0; });
        QCOMPARE(asked, 2);
        QVERIFY((parts.sizes() == whole.sizes()));
        QVERIFY(distance(parts, whole) < 1e-3); // of sums of 2048 products of deviation 45
        QVERIFY_EXCEPTION_THROWN(weights.linear(x, "a", [] { return true; }), EncodingStopped);
    }

    void roundedProductsAreNearerThanEverythingInBfloat16()
    {
        const auto weights = DinoEncoder::initialWeights(tinyDinoConfig(), 3);
        const auto pixels = noise(1, 16, 16);
        const auto encode = [&](at::ScalarType compute, at::ScalarType products) {
            const EncoderOptions options{.device = at::kCPU, .compute = compute, .products = products};
            return DinoEncoder(tinyDinoConfig(), weights, options).encode(pixels).patches;
        };
        const auto exact = encode(at::kFloat, at::kFloat);
        const auto rounded = encode(at::kFloat, at::kBFloat16);
        QCOMPARE(rounded.scalar_type(), at::kFloat);
        const auto error = distance(rounded, exact);
        QVERIFY2(error > 0 && error < distance(encode(at::kBFloat16, at::kFloat).to(at::kFloat), exact),
                 std::to_string(error).c_str());
    }

    void bfloat16IsNearFloat32()
    {
        const auto weights = DinoEncoder::initialWeights(tinyDinoConfig(), 3);
        const auto pixels = noise(1, 16, 16);
        const auto exact = DinoEncoder(tinyDinoConfig(), weights).encode(pixels).patches;
        const auto rough = DinoEncoder(tinyDinoConfig(), weights, {.device = at::kCPU, .compute = at::kBFloat16})
                               .encode(pixels)
                               .patches;
        QCOMPARE(rough.scalar_type(), at::kBFloat16);
        const auto error = distance(rough.to(at::kFloat), exact);
        QVERIFY2(error > 0 && error < 0.2, std::to_string(error).c_str());
    }

    void streamedAttentionEqualsTheWholeMatrix()
    {
        const auto q = at::randn({2, 3, 4000, 8}), k = at::randn({2, 3, 500, 8}),
                   v = at::randn({2, 3, 500, 8}); // several blocks
        const auto bias = at::randn({1, 3, 4000, 500});
        const auto plain = at::matmul(at::softmax(at::matmul(q, k.transpose(-1, -2)) * 0.3 + bias, -1), v);
        QVERIFY(distance(attend(q, k, v, 0.3, bias), plain) < 1e-5);
    }

    void pixelsOfAnotherShapeAreRefused()
    {
        const auto encoder = tinyDino();
        QVERIFY(test::errorOf([&] {
                    encoder.encode(at::zeros({1, 1, 8, 8}));
                }).find("[1, 1, 8, 8]") != std::string::npos);
        QVERIFY(test::errorOf([&] { encoder.encode(at::zeros({1, 3, 3, 8})); }).find("one patch") != std::string::npos);
        QVERIFY(test::errorOf([&] { encoder.normalisation(); }).find("preprocessor_config.json") != std::string::npos);
    }
};

QTEST_APPLESS_MAIN(TestDino)
#include "tst_dino.moc"
