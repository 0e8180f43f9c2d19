#include "core/config/workspace_config.h"
#include "core/encoders/attention.h"
#include "core/encoders/dino.h"
#include "core/encoders/dino_weights.h"
#include "core/encoders/encoder_info.h"
#include "core/geometry/bucket.h"
#include "core/golden/golden.h"
#include "core/io/atomic_file.h"
#include "core/runtime/compute.h"
#include "tests/support/test_data.h"

#include <ATen/ATen.h>
#include <QTest>
#include <nlohmann/json.hpp>

using namespace nanodit;

namespace {

DinoConfig tinyConfig()
{
    DinoConfig config;
    config.patchSize = 4;
    config.width = 24;
    config.layers = 2;
    config.heads = 3;
    config.mlpWidth = 40;
    config.registers = 2;
    config.keyBias = true;
    return config;
}

DinoEncoder tinyEncoder()
{
    return {tinyConfig(), DinoEncoder::initialWeights(tinyConfig(), 5)};
}

at::Tensor noise(std::int64_t pictures, std::int64_t height, std::int64_t width)
{
    return at::randn({pictures, 3, height, width});
}

/// The weights of a folder of transformers under the names of facebookresearch's repositories, with q, k and v in one
/// matrix; `timm` for those of timm.
TensorMap originalNames(const DinoConfig& config, const TensorMap& inFiles, bool timm = false)
{
    const bool v3 = config.rotary(), gated = config.mlp == DinoConfig::Mlp::Gated;
    const auto ours = canonicalDinoNames(inFiles, config);
    TensorMap original = {{"patch_embed.proj.weight", ours.at("embeddings.patch_embeddings.weight")},
                          {"patch_embed.proj.bias", ours.at("embeddings.patch_embeddings.bias")},
                          {"cls_token", ours.at("embeddings.cls_token")},
                          {"mask_token", at::zeros({1, config.width})},
                          {"norm.weight", ours.at("norm.weight")},
                          {"norm.bias", ours.at("norm.bias")}};
    if (config.registers > 0)
        original[timm ? "reg_token"
                 : v3 ? "storage_tokens"
                      : "register_tokens"] = ours.at("embeddings.register_tokens");
    if (!v3)
        original["pos_embed"] = ours.at("embeddings.position_embeddings");
    for (std::int64_t i = 0; i < config.layers; ++i) {
        const auto layer = "layer." + std::to_string(i) + ".", block = "blocks." + std::to_string(i) + ".";
        const auto part = [&](const std::string& name, const std::string& theirs) {
            for (const auto* const ending : {".weight", ".bias"})
                original[block + theirs + ending] = ours.at(layer + name + ending);
        };
        part("norm1", "norm1");
        part("norm2", "norm2");
        part("attention.o_proj", "attn.proj");
        part("mlp.down_proj", gated                                                ? "mlp.w3"
                              : config.mlp == DinoConfig::Mlp::FusedGated && !timm ? "mlp.w3"
                                                                                   : "mlp.fc2");
        if (gated) {
            part("mlp.gate_proj", "mlp.w1");
            part("mlp.up_proj", "mlp.w2");
        } else if (config.mlp == DinoConfig::Mlp::FusedGated) {
            part("mlp.gate_up_proj", timm ? "mlp.fc1" : "mlp.w12");
        } else {
            part("mlp.up_proj", "mlp.fc1");
        }
        original[block + (timm && v3 ? "gamma_1" : "ls1.gamma")] = ours.at(layer + "layer_scale1.lambda1");
        original[block + (timm && v3 ? "gamma_2" : "ls2.gamma")] = ours.at(layer + "layer_scale2.lambda1");
        const auto q = ours.at(layer + "attention.q_proj.bias"), v = ours.at(layer + "attention.v_proj.bias");
        original[block + "attn.qkv.weight"] =
            at::cat({ours.at(layer + "attention.q_proj.weight"), ours.at(layer + "attention.k_proj.weight"),
                     ours.at(layer + "attention.v_proj.weight")});
        const auto k = ours.find(layer + "attention.k_proj.bias");
        original[block + "attn.qkv.bias"] = at::cat({q, k == ours.end() ? at::zeros_like(q) : k->second, v});
        if (v3)
            original[block + "attn.qkv.bias_mask"] = at::ones_like(original[block + "attn.qkv.bias"]);
    }
    return original;
}

double distance(const at::Tensor& a, const at::Tensor& b)
{
    return a.sizes() == b.sizes() ? (a - b).abs().max().item<double>() : 1e9;
}

} // namespace

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
        const auto encoder = tinyEncoder();
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
        const auto encoder = tinyEncoder();
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
        const auto encoder = tinyEncoder();
        const auto pixels = noise(1, 15, 22);
        const auto whole = encoder.encode(pixels.narrow(2, 0, 12).narrow(3, 0, 20).contiguous());
        QVERIFY(distance(encoder.encode(pixels).patches, whole.patches) < 1e-5);
    }

    void patchesFollowTheirPlace()
    {
        // A patch's features say most about the pixels under it: changing a corner changes that corner's patch most.
        const auto encoder = tinyEncoder();
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
        auto config = tinyConfig();
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
        auto weights = DinoEncoder::initialWeights(tinyConfig(), 1);
        const DinoEncoder encoder(tinyConfig(), weights);
        const auto pixels = noise(1, 8, 8);
        const auto before = encoder.encode(pixels).cls.clone();
        weights["norm.bias"].add_(1);
        QVERIFY(distance(encoder.encode(pixels).cls, before + 1) < 1e-5);
    }

    void initialWeightsAreDeterministicAndKeepTheScale()
    {
        const auto first = DinoEncoder::initialWeights(tinyConfig(), 7),
                   second = DinoEncoder::initialWeights(tinyConfig(), 7);
        for (const auto& [name, tensor] : first)
            QVERIFY2(at::equal(tensor, second.at(name)), name.c_str());
        QVERIFY(!at::equal(first.at("embeddings.cls_token"),
                           DinoEncoder::initialWeights(tinyConfig(), 8).at("embeddings.cls_token")));
        std::vector<at::Tensor> hiddenStates;
        DinoEncoder(tinyConfig(), first).tokens(noise(2, 32, 32), &hiddenStates);
        const auto spread = hiddenStates.back().std().item<double>();
        QVERIFY2(spread > 0.3 && spread < 3, std::to_string(spread).c_str());
    }

    void stopsWhenAsked()
    {
        const auto encoder = tinyEncoder();
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
        const auto weights = DinoEncoder::initialWeights(tinyConfig(), 3);
        const auto pixels = noise(1, 16, 16);
        const auto encode = [&](at::ScalarType compute, at::ScalarType products) {
            const EncoderOptions options{.device = at::kCPU, .compute = compute, .products = products};
            return DinoEncoder(tinyConfig(), weights, options).encode(pixels).patches;
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
        const auto weights = DinoEncoder::initialWeights(tinyConfig(), 3);
        const auto pixels = noise(1, 16, 16);
        const auto exact = DinoEncoder(tinyConfig(), weights).encode(pixels).patches;
        const auto rough =
            DinoEncoder(tinyConfig(), weights, {.device = at::kCPU, .compute = at::kBFloat16}).encode(pixels).patches;
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

    void writtenFoldersLoadAgain()
    {
        const test::TemporaryFolder temporary;
        const auto folder = temporary / "vit";
        const auto weights = DinoEncoder::initialWeights(tinyConfig(), 4);
        const ImageNormalisation normalisation{.mean = {0.1, 0.2, 0.3}, .std = {0.5, 0.6, 0.7}, .rescale = 1.0 / 255};
        writeDinoFolder(folder, tinyConfig(), weights, normalisation);
        const auto encoder = DinoEncoder::load(folder);
        const auto pixels = noise(1, 8, 12);
        QVERIFY(at::equal(encoder->encode(pixels).patches, DinoEncoder(tinyConfig(), weights).encode(pixels).patches));
        QVERIFY(encoder->normalisation() == normalisation);
        QCOMPARE(readModelFolder(folder).at("embeddings.mask_token").sizes(), (at::IntArrayRef{1, 1, 24}));
        QVERIFY(!test::errorOf([&] { writeDinoFolder(folder, tinyConfig(), weights); }).empty());
    }

    void writtenFilesHoldWhatUpstreamsFilesHold_data()
    {
        QTest::addColumn<QString>("folder");
        QTest::newRow("gated, all biases") << "golden/01_dinov3_vit_swiglu";
        QTest::newRow("no registers, no MLP biases") << "golden/01_dinov3_vit_sharded_bf16";
    }
    void writtenFilesHoldWhatUpstreamsFilesHold()
    {
        QFETCH(QString, folder);
        const auto golden = test::dataPath(folder.toStdString());
        const test::TemporaryFolder temporary;
        const auto upstream = readModelFolder(golden);
        writeDinoFolder(temporary / "vit", DinoConfig::load(golden), upstream);
        const auto ours = readModelFolder(temporary / "vit");
        QCOMPARE(ours.size(), upstream.size());
        for (const auto& [name, tensor] : upstream) {
            QVERIFY2(ours.count(name) == 1 && ours.at(name).sizes() == tensor.sizes(), name.c_str());
            if (!name.ends_with("mask_token")) // which plays no part in encoding
                QVERIFY2(at::equal(ours.at(name), tensor.to(at::kFloat)), name.c_str());
        }
        const auto theirs = nlohmann::json::parse(readTextFile(golden / "config.json"));
        const auto written = nlohmann::json::parse(readTextFile(temporary / "vit" / "config.json"));
        for (const auto& [key, value] : written.items())
            QVERIFY2(theirs.contains(key) && (key == "dtype" || theirs[key] == value), key.c_str());
    }

    void namesOfOtherWrappingsAreKnown()
    {
        TensorMap wrapped;
        for (const auto& [name, tensor] : DinoEncoder::initialWeights(tinyConfig(), 5))
            wrapped["model." + name] = tensor;
        const auto pixels = noise(1, 8, 8);
        QVERIFY(at::equal(DinoEncoder(tinyConfig(), wrapped).encode(pixels).cls, tinyEncoder().encode(pixels).cls));
    }

    void originalNamesGiveTheSameFeatures_data()
    {
        QTest::addColumn<QString>("folder");
        QTest::addColumn<bool>("timm");
        QTest::newRow("dinov3") << "golden/01_dinov3_vit_swiglu" << false;
        QTest::newRow("dinov2") << "golden/02_dinov2" << false;
        QTest::newRow("dinov2 with registers") << "golden/02_dinov2_registers_swiglu" << false;
        QTest::newRow("timm, dinov2") << "golden/02_dinov2" << true;
    }
    void originalNamesGiveTheSameFeatures()
    {
        QFETCH(QString, folder);
        QFETCH(bool, timm);
        const auto path = test::dataPath(folder.toStdString());
        const auto config = DinoConfig::load(path);
        const auto inFiles = readModelFolder(path);
        const auto pixels = noise(1, 4 * config.patchSize, 5 * config.patchSize);
        const auto expected = DinoEncoder(config, inFiles).tokens(pixels);
        for (const std::string prefix : {"", "backbone.", "module.student.backbone."}) {
            TensorMap original = {{"dino_head.last_layer.weight", at::ones({3, 3})}};
            for (const auto& [name, tensor] : originalNames(config, inFiles, timm))
                original[prefix + name] = tensor;
            QVERIFY2(at::equal(DinoEncoder(config, original).tokens(pixels), expected), prefix.c_str());
        }
        TensorMap chunked; // as training with block_chunks saves them: blocks.CHUNK.NUMBER
        for (const auto& [name, tensor] : originalNames(config, inFiles, timm))
            chunked[name.starts_with("blocks.") ? "blocks.0." + name.substr(7) : name] = tensor;
        QVERIFY(at::equal(DinoEncoder(config, chunked).tokens(pixels), expected));
    }

    /// timm adds the position of CLS to CLS where there are registers, and leaves out biases that are zero.
    void whatTimmFoldsTogetherIsGivenBack()
    {
        const auto v2 = test::dataPath("golden/02_dinov2_registers_swiglu");
        const auto config = DinoConfig::load(v2);
        const auto inFiles = readModelFolder(v2);
        auto timm = originalNames(config, inFiles, true);
        const auto position = timm.at("pos_embed").to(at::kFloat);
        timm["cls_token"] = timm.at("cls_token").to(at::kFloat) + position.narrow(1, 0, 1);
        timm["pos_embed"] = position.narrow(1, 1, position.size(1) - 1);
        const auto pixels = noise(1, 4 * config.patchSize, 4 * config.patchSize);
        QVERIFY(distance(DinoEncoder(config, timm).tokens(pixels), DinoEncoder(config, inFiles).tokens(pixels)) < 1e-5);

        auto tiny = tinyConfig();
        tiny.keyBias = false;
        auto weights = DinoEncoder::initialWeights(tiny, 5);
        auto without = originalNames(tiny, weights, true);
        for (int i = 0; i < 2; ++i)
            QCOMPARE(without.erase("blocks." + std::to_string(i) + ".attn.qkv.bias"), std::size_t(1));
        const auto small = noise(1, 12, 12);
        QVERIFY(at::equal(DinoEncoder(tiny, without).tokens(small), DinoEncoder(tiny, weights).tokens(small)));
    }

    void theWorkbenchTellsTheEncoderOfAWorkspace()
    {
        Workspace workspace{.root = test::dataPath("golden"), .config = {}};
        QVERIFY(test::errorOf([&] { dinoEncoderInfo(workspace); }).find("encoders.dino") != std::string::npos);
        workspace.config.dinoEncoder = "02_dinov2_registers_swiglu";
        const auto info = dinoEncoderInfo(workspace);
        QCOMPARE(info.kind, std::string("dinov2_with_registers"));
        QCOMPARE(info.patchSize, 14);
        QCOMPARE(info.width, 48);
        QCOMPARE(info.registers, 2);
    }

    void configurationsThatCannotBeUsedAreRefused_data()
    {
        QTest::addColumn<QString>("changes");
        QTest::addColumn<QString>("named");
        QTest::newRow("another model") << R"({"model_type": "dinov3_convnext"})"
                                       << "dinov3_convnext";
        QTest::newRow("heads") << R"({"hidden_size": 50, "num_attention_heads": 4})"
                               << "num_attention_heads 4";
        QTest::newRow("rotary width") << R"({"hidden_size": 60, "num_attention_heads": 6})"
                                      << "multiple of 4";
        QTest::newRow("activation") << R"({"hidden_act": "selu_twice"})"
                                    << "selu_twice";
        QTest::newRow("no number") << R"({"num_hidden_layers": "twelve"})"
                                   << "num_hidden_layers";
        QTest::newRow("negative") << R"({"patch_size": -16})"
                                  << "patch_size";
        QTest::newRow("oblong patches") << R"({"patch_size": [16, 8]})"
                                        << "16 x 8";
        QTest::newRow("registers") << R"({"num_register_tokens": -1})"
                                   << "num_register_tokens";
        QTest::newRow("more registers than sense") << R"({"num_register_tokens": 1000000000000})"
                                                   << "num_register_tokens";
        QTest::newRow("layers without end") << R"({"num_hidden_layers": 1000000})"
                                            << "from 1 to 1000";
        QTest::newRow("endless pictures") << R"({"image_size": [9000000000000000000, 9000000000000000000]})"
                                          << "image_size";
        QTest::newRow("endless layers") << R"({"model_type": "dinov2", "mlp_ratio": 1e300})"
                                        << "mlp_ratio";
        QTest::newRow("more than 64 bits") << R"({"num_register_tokens": 18446744073709551615})"
                                           << "a whole number";
        QTest::newRow("grey pictures") << R"({"num_channels": 1})"
                                       << "num_channels";
        QTest::newRow("epsilon") << R"({"layer_norm_eps": -1e-5})"
                                 << "layer_norm_eps";
        QTest::newRow("base of the rotation") << R"({"rope_theta": 0})"
                                              << "rope_theta";
        QTest::newRow("quantised") << R"({"quantization_config": {"quant_method": "bitsandbytes"}})"
                                   << "quantised model (bitsandbytes)";
        QTest::newRow("timm") << R"({"model_type": null, "architecture": "vit_small_patch16_dinov3"})"
                              << "timm (\"vit_small_patch16_dinov3\")";
    }
    void configurationsThatCannotBeUsedAreRefused()
    {
        QFETCH(QString, changes);
        QFETCH(QString, named);
        auto config = tinyConfig().toJson();
        config.update(nlohmann::json::parse(changes.toStdString()));
        const auto error = test::errorOf([&] { DinoConfig::fromJson(config, "models/x/config.json"); });
        QVERIFY2(error.find(named.toStdString()) != std::string::npos &&
                     error.find("models/x/config.json") != std::string::npos,
                 error.c_str());
    }

    void weightsThatDoNotFitAreNamed()
    {
        auto weights = DinoEncoder::initialWeights(tinyConfig(), 1);
        const auto whole = weights;
        const auto refusal = [&] { return test::errorOf([&] { DinoEncoder(tinyConfig(), weights, {}, "models/x"); }); };
        weights.erase("layer.1.mlp.up_proj.weight");
        QVERIFY(refusal().find("models/x lacks the tensor layer.1.mlp.up_proj.weight [40, 24]") != std::string::npos);
        weights = whole;
        weights["norm.weight"] = at::ones({23});
        QVERIFY(refusal().find("norm.weight in the shape [23]") != std::string::npos);
        weights = whole;
        weights["norm.weight"] = at::ones({24}, at::kChar);
        QVERIFY(refusal().find("norm.weight as int8, where") != std::string::npos);
    }

    void registersThatTheConfigurationLeavesOutAreRefused()
    {
        const auto weights = DinoEncoder::initialWeights(tinyConfig(), 1);
        auto config = tinyConfig();
        config.registers = 0;
        const auto refusal = test::errorOf([&] { DinoEncoder(config, weights, {}, "models/x"); });
        QVERIFY2(refusal.find("models/x holds embeddings.register_tokens in the shape [1, 2, 24]") != std::string::npos,
                 refusal.c_str());
        auto without = weights;
        without["embeddings.register_tokens"] = at::zeros({1, 0, 24});
        QCOMPARE(test::errorOf([&] { DinoEncoder(config, without, {}, "models/x"); }), std::string());
    }

    void missingTensorsAreCalledAsTheFileCallsThem()
    {
        const auto folder = test::dataPath("golden/02_dinov2");
        auto weights = readTensors(folder / "model.safetensors");
        weights.erase("encoder.layer.1.attention.attention.query.weight");
        const auto error = test::errorOf([&] { DinoEncoder(DinoConfig::load(folder), weights, {}, "x"); });
        QVERIFY2(error.find("encoder.layer.1.attention.attention.query.weight [64, 64]") != std::string::npos,
                 error.c_str());
    }

    void brokenFoldersAreRefusedByName()
    {
        const test::TemporaryFolder temporary;
        const auto folder = temporary / "vit";
        const auto refusal = [&] { return test::errorOf([&] { DinoEncoder::load(folder); }); };
        QVERIFY(refusal().find("config.json") != std::string::npos);
        writeDinoFolder(folder, tinyConfig(), DinoEncoder::initialWeights(tinyConfig(), 1));
        const auto weights = folder / "model.safetensors";
        std::filesystem::resize_file(weights, std::filesystem::file_size(weights) - 100);
        QVERIFY(refusal().find("model.safetensors") != std::string::npos);
        std::filesystem::remove(weights);
        QVERIFY(refusal().find(folder.string()) != std::string::npos);
        test::writeText(folder / "config.json", "{\"model_type\": \"dinov3_vi");
        QVERIFY(refusal().find("config.json is not valid JSON") != std::string::npos);
    }

    void pixelsOfAnotherShapeAreRefused()
    {
        const auto encoder = tinyEncoder();
        QVERIFY(test::errorOf([&] {
                    encoder.encode(at::zeros({1, 1, 8, 8}));
                }).find("[1, 1, 8, 8]") != std::string::npos);
        QVERIFY(test::errorOf([&] { encoder.encode(at::zeros({1, 3, 3, 8})); }).find("one patch") != std::string::npos);
        QVERIFY(test::errorOf([&] { encoder.normalisation(); }).find("preprocessor_config.json") != std::string::npos);
    }
};

QTEST_APPLESS_MAIN(TestDino)
#include "tst_dino.moc"
