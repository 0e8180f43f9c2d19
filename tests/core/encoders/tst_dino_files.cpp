#include "core/config/workspace_config.h"
#include "core/encoders/dino.h"
#include "core/encoders/dino_weights.h"
#include "core/encoders/encoder_info.h"
#include "core/io/atomic_file.h"
#include "tests/support/test_data.h"
#include "tests/support/tiny_dino.h"

#include <ATen/ATen.h>
#include <QTest>
#include <nlohmann/json.hpp>

#include <cstdint>
#include <filesystem>
#include <string>

using namespace nanodit;
using nanodit::test::distance;
using nanodit::test::noise;
using nanodit::test::tinyDino;
using nanodit::test::tinyDinoConfig;

namespace {

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

} // namespace

/// Folders and files of DINO's weights: written, of other libraries, and unusable.
class TestDinoFiles : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { at::manual_seed(2); }

    void writtenFoldersLoadAgain()
    {
        const test::TemporaryFolder temporary;
        const auto folder = temporary / "vit";
        const auto weights = DinoEncoder::initialWeights(tinyDinoConfig(), 4);
        const ImageNormalisation normalisation{.mean = {0.1, 0.2, 0.3}, .std = {0.5, 0.6, 0.7}, .rescale = 1.0 / 255};
        writeDinoFolder(folder, tinyDinoConfig(), weights, normalisation);
        const auto encoder = DinoEncoder::load(folder);
        const auto pixels = noise(1, 8, 12);
        QVERIFY(
            at::equal(encoder->encode(pixels).patches, DinoEncoder(tinyDinoConfig(), weights).encode(pixels).patches));
        QVERIFY(encoder->normalisation() == normalisation);
        QCOMPARE(readModelFolder(folder).at("embeddings.mask_token").sizes(), (at::IntArrayRef{1, 1, 24}));
        QVERIFY(!test::errorOf([&] { writeDinoFolder(folder, tinyDinoConfig(), weights); }).empty());
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
        for (const auto& [name, tensor] : DinoEncoder::initialWeights(tinyDinoConfig(), 5))
            wrapped["model." + name] = tensor;
        const auto pixels = noise(1, 8, 8);
        QVERIFY(at::equal(DinoEncoder(tinyDinoConfig(), wrapped).encode(pixels).cls, tinyDino().encode(pixels).cls));
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

        auto tiny = tinyDinoConfig();
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
        QTest::newRow("another rotation") << R"({"rope_parameters": {"rope_type": "linear", "rope_theta": 100.0}})"
                                          << "rope_type \"linear\"";
        QTest::newRow("quantised") << R"({"quantization_config": {"quant_method": "bitsandbytes"}})"
                                   << "quantised model (bitsandbytes)";
        QTest::newRow("timm") << R"({"model_type": null, "architecture": "vit_small_patch16_dinov3"})"
                              << "timm (\"vit_small_patch16_dinov3\")";
    }
    void configurationsThatCannotBeUsedAreRefused()
    {
        QFETCH(QString, changes);
        QFETCH(QString, named);
        auto config = tinyDinoConfig().toJson();
        config.update(nlohmann::json::parse(changes.toStdString()));
        const auto error = test::errorOf([&] { DinoConfig::fromJson(config, "models/x/config.json"); });
        QVERIFY2(error.find(named.toStdString()) != std::string::npos &&
                     error.find("models/x/config.json") != std::string::npos,
                 error.c_str());
    }

    void weightsThatDoNotFitAreNamed()
    {
        auto weights = DinoEncoder::initialWeights(tinyDinoConfig(), 1);
        const auto whole = weights;
        const auto refusal = [&] {
            return test::errorOf([&] { DinoEncoder(tinyDinoConfig(), weights, {}, "models/x"); });
        };
        weights.erase("layer.1.mlp.up_proj.weight");
        QVERIFY(refusal().find("models/x lacks the tensor layer.1.mlp.up_proj.weight [40, 24]") != std::string::npos);
        weights = whole;
        weights["norm.weight"] = at::ones({23});
        QVERIFY(refusal().find("norm.weight in the shape [23]") != std::string::npos);
        weights = whole;
        weights["norm.weight"] = at::ones({24}, at::kChar);
        QVERIFY(refusal().find("norm.weight as int8, where") != std::string::npos);
        weights = whole;
        weights["layer.0.attention.q_proj.scale_weight"] = at::ones({1});
        QVERIFY(refusal().find("models/x holds layer.0.attention.q_proj.scale_weight, by which") != std::string::npos);
    }

    void whatTheConfigurationLeavesOutOfALayerIsRefused()
    {
        const auto weights = DinoEncoder::initialWeights(tinyDinoConfig(), 1);
        auto config = tinyDinoConfig();
        config.queryBias = false;
        const auto refusal = test::errorOf([&] { DinoEncoder(config, weights, {}, "models/x"); });
        QVERIFY2(refusal.find("models/x holds layer.0.attention.q_proj.bias, which its config.json leaves out") !=
                     std::string::npos,
                 refusal.c_str());
        auto gated = weights;
        gated["layer.1.mlp.gate_proj.weight"] = at::ones({40, 24});
        QVERIFY(test::errorOf([&] {
                    DinoEncoder(tinyDinoConfig(), gated, {}, "models/x");
                }).find("layer.1.mlp.gate_proj.weight, which its config.json leaves out") != std::string::npos);
    }

    void registersThatTheConfigurationLeavesOutAreRefused()
    {
        const auto weights = DinoEncoder::initialWeights(tinyDinoConfig(), 1);
        auto config = tinyDinoConfig();
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
        writeDinoFolder(folder, tinyDinoConfig(), DinoEncoder::initialWeights(tinyDinoConfig(), 1));
        const auto weights = folder / "model.safetensors";
        std::filesystem::resize_file(weights, std::filesystem::file_size(weights) - 100);
        QVERIFY(refusal().find("model.safetensors") != std::string::npos);
        std::filesystem::remove(weights);
        QVERIFY(refusal().find(folder.string()) != std::string::npos);
        test::writeText(folder / "config.json", "{\"model_type\": \"dinov3_vi");
        QVERIFY(refusal().find("config.json is not valid JSON") != std::string::npos);
    }
};

QTEST_APPLESS_MAIN(TestDinoFiles)
#include "tst_dino_files.moc"
