#include "core/encoders/autoencoder_kl.h"
#include "core/golden/golden.h"
#include "core/io/atomic_file.h"
#include "core/runtime/compute.h"
#include "tests/support/test_data.h"

#include <ATen/ATen.h>
#include <QTest>
#include <nlohmann/json.hpp>
#include <torch/csrc/autograd/grad_mode.h>

#include <algorithm>
#include <map>
#include <regex>

using namespace nanodit;

namespace {

AutoencoderConfig tinyConfig()
{
    AutoencoderConfig config;
    config.blockOutChannels = {8, 16};
    config.layersPerBlock = 1;
    config.latentChannels = 4;
    config.normNumGroups = 4;
    config.useQuantConv = config.usePostQuantConv = true;
    config.scalingFactor = 0.5;
    config.shiftFactor = 0.25;
    return config;
}

AutoencoderKl tinyAutoencoder(std::uint64_t seed = 3)
{
    return AutoencoderKl(tinyConfig(), initialAutoencoderWeights(tinyConfig(), seed));
}

} // namespace

class TestAutoencoderKl : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void matchesGolden_data()
    {
        QTest::addColumn<QString>("folder");
        QTest::newRow("quant convs, bfloat16 weights") << "golden/04_vae_quantconv";
        QTest::newRow("f8 with taps, float16 weights") << "golden/04_vae_f8";
    }
    void matchesGolden()
    {
        QFETCH(QString, folder);
        const auto run = autoencoderGoldenRunners().at("autoencoder_kl");
        const auto lines = run(test::dataPath(folder.toStdString()), Compute{});
        QVERIFY(lines.size() > 10);
        for (const auto& line : lines)
            QVERIFY2(line.passed, (line.name + " " + std::to_string(line.largestError) + " " + line.note).c_str());
    }

    void gradientReachesEveryWeight()
    {
        auto weights = initialAutoencoderWeights(tinyConfig(), 1);
        for (auto& [name, tensor] : weights)
            tensor.requires_grad_(true);
        const AutoencoderKl autoencoder(tinyConfig(), weights);
        const auto pictures = at::rand({2, 3, 8, 12}) * 2 - 1;
        const auto latent = autoencoder.encode(pictures);
        const auto out = autoencoder.decode(latent.sample(at::randn(latent.mean.sizes())));
        ((out - pictures).square().mean() + 0.01 * latent.kl().mean()).backward();
        for (const auto& [name, tensor] : autoencoder.weights()) {
            QVERIFY2(tensor.grad().defined() && tensor.grad().isfinite().all().item<bool>(), name.c_str());
            // A bias in front of a normalisation over one group per channel may have none; here groups hold several.
            const bool keyBias = name.ends_with("to_k.bias");
            QVERIFY2(keyBias || tensor.grad().abs().max().item<float>() > 0, name.c_str());
        }
    }

    /// Where channels lie in memory changes roundings alone; nothing between two convolutions puts them back, which
    /// would cost what the layout gains, and results have them first either way.
    void layoutsGiveTheSame()
    {
        auto config = tinyConfig();
        config.blockOutChannels = {16, 32, 32};
        const auto weights = initialAutoencoderWeights(config, 5);
        const auto pictures = at::rand({2, 3, 64, 48}) * 2 - 1;
        struct Outcome {
            at::Tensor moments, decoded;
            TensorMap taps;
        };
        const auto outcomeOf = [&](PixelLayout layout) {
            const AutoencoderKl autoencoder(config, weights, "the autoencoder", {.layout = layout});
            Outcome outcome;
            const auto tap = [&outcome](const std::string& module, const at::Tensor& x) { outcome.taps[module] = x; };
            outcome.moments = autoencoder.encode(pictures, tap).moments;
            outcome.decoded = autoencoder.decode(outcome.moments.narrow(1, 0, 4), tap);
            return outcome;
        };
        const auto agree = [](const at::Tensor& a, const at::Tensor& b) {
            return (a - b).abs().max().item<double>() < 1e-5 * std::max(1.0, b.abs().max().item<double>());
        };
        {
            const at::NoGradGuard noGrad;
            const auto first = outcomeOf(PixelLayout::ChannelsFirst), last = outcomeOf(PixelLayout::ChannelsLast);
            QVERIFY(agree(last.moments, first.moments));
            QVERIFY(agree(last.decoded, first.decoded));
            QVERIFY(last.moments.is_contiguous() && last.decoded.is_contiguous());
            QVERIFY(last.taps.size() > 8);
            for (const auto& [module, x] : last.taps) {
                QVERIFY2(agree(x, first.taps.at(module)), module.c_str());
                QVERIFY2(x.is_contiguous(at::MemoryFormat::ChannelsLast), module.c_str());
                QVERIFY2(first.taps.at(module).is_contiguous(), module.c_str());
            }
        }
        // Where gradients are kept, the same numbers again.
        const auto first = outcomeOf(PixelLayout::ChannelsFirst), last = outcomeOf(PixelLayout::ChannelsLast);
        QVERIFY(agree(last.moments, first.moments));
        QVERIFY(agree(last.decoded, first.decoded));
    }

    /// Rounded convolutions are near the exact ones, in strips, too, and are left alone where gradients are asked for.
    void convolutionsAreRoundedWhereThatIsAskedFor()
    {
        auto config = tinyConfig();
        config.blockOutChannels = {16, 32, 32};
        const auto weights = initialAutoencoderWeights(config, 5);
        const auto pictures = at::rand({1, 3, 64, 48}) * 2 - 1;
        const AutoencoderKl exact(config, weights);
        const auto share = [](const at::Tensor& found, const at::Tensor& expected) {
            return ((found - expected).square().mean() / expected.square().mean()).sqrt().item<double>();
        };
        for (const auto layout : {PixelLayout::ChannelsFirst, PixelLayout::ChannelsLast}) {
            const AutoencoderKl rounded(config, weights, "the autoencoder",
                                        {.convolutions = at::kBFloat16, .layout = layout});
            {
                const at::NoGradGuard noGrad;
                const auto latent = exact.encode(pictures).mean;
                const auto encoded = rounded.encode(pictures).mean, decoded = rounded.decode(latent);
                QVERIFY(encoded.scalar_type() == at::kFloat && decoded.scalar_type() == at::kFloat);
                for (const double error : {share(encoded, latent), share(decoded, exact.decode(latent))})
                    QVERIFY2(error > 0 && error < 0.05, std::to_string(error).c_str());
                const auto inStrips = rounded.encode(pictures, [] { return false; })->mean;
                QVERIFY(share(inStrips, encoded) < 0.01);
            }
            QVERIFY(share(rounded.encode(pictures).mean, exact.encode(pictures).mean) < 1e-5);
            for (const auto& [name, tensor] : rounded.weights())
                QVERIFY2(tensor.scalar_type() == at::kFloat, name.c_str()); // what is saved
        }
    }

    void weightsThatTheConfigurationLeavesOutAreRefused()
    {
        const auto weights = initialAutoencoderWeights(tinyConfig(), 3);
        const auto refusal = [&](const AutoencoderConfig& config) {
            return test::errorOf([&] { AutoencoderKl(config, weights, "models/vae"); });
        };
        QCOMPARE(refusal(tinyConfig()), std::string());
        auto config = tinyConfig();
        config.midBlockAddAttention = false;
        QVERIFY(refusal(config).find("models/vae holds decoder.mid_block.attentions.0.") != std::string::npos);
        config = tinyConfig();
        config.useQuantConv = false;
        QVERIFY(refusal(config).find("models/vae holds quant_conv.") != std::string::npos);
    }

    void stopIsAskedWithinLargeLayersAndChangesNothing_data()
    {
        QTest::addColumn<int>("layout");
        QTest::newRow("channels first") << static_cast<int>(PixelLayout::ChannelsFirst);
        QTest::newRow("channels last") << static_cast<int>(PixelLayout::ChannelsLast);
    }
    /// Layers that take long are done in strips of rows when somebody may stop them: the same numbers, and more
    /// questions than layers.
    void stopIsAskedWithinLargeLayersAndChangesNothing()
    {
        QFETCH(int, layout);
        const at::NoGradGuard noGrad;
        AutoencoderConfig config;
        config.blockOutChannels = {128, 128};
        config.layersPerBlock = 1;
        config.midBlockAddAttention = false;
        const AutoencoderKl autoencoder(config, initialAutoencoderWeights(config, 3), "the autoencoder",
                                        {.layout = static_cast<PixelLayout>(layout)});
        const auto picture = at::rand({1, 3, 256, 250}) * 2 - 1; // its convolutions at full size are above the limit
        QVERIFY(128. * 128 * 9 * 256 * 250 > operationsAtOnce);
        int asked = 0;
        const auto unstopped = autoencoder.encode(picture, [&asked] { return ++asked > 1000; });
        QVERIFY(unstopped.has_value());
        const auto whole = autoencoder.encode(picture).moments;
        const bool first = layout == static_cast<int>(PixelLayout::ChannelsFirst);
        QVERIFY2(first ? at::equal(unstopped->moments, whole) : at::allclose(unstopped->moments, whole, 1e-5, 1e-5),
                 "strips change the result");
        const auto convolutions = std::ranges::count_if(autoencoder.weights(), [](const auto& weight) {
            return weight.first.starts_with("encoder.") && weight.second.dim() == 4;
        });
        QVERIFY2(asked > convolutions + 2, std::to_string(asked).c_str());
        for (const int when : {1, 4, asked}) {
            int count = 0;
            QVERIFY(!autoencoder.encode(picture, [&] { return ++count == when; }));
            QCOMPARE(count, when); // it left at once
        }
    }

    void decodingIsStoppedWithinLayersAndItsStripsChangeNothing()
    {
        const at::NoGradGuard noGrad;
        AutoencoderConfig config;
        config.blockOutChannels = {64, 128};
        config.layersPerBlock = 1;
        config.midBlockAddAttention = false;
        const AutoencoderKl autoencoder(config, initialAutoencoderWeights(config, 3));
        const auto latent = at::randn({1, config.latentChannels, 122, 122});
        QVERIFY(128. * 128 * 9 * 244 * 244 > operationsAtOnce); // the convolution that enlarges it
        int asked = 0;
        const auto unstopped = autoencoder.decode(latent, [&asked] { return ++asked > 1000; });
        QVERIFY(unstopped.has_value());
        QVERIFY2(at::allclose(*unstopped, autoencoder.decode(latent), 1e-4, 1e-4), "strips change the result");
        const auto convolutions = std::ranges::count_if(autoencoder.weights(), [](const auto& weight) {
            return weight.first.starts_with("decoder.") && weight.second.dim() == 4;
        });
        QVERIFY2(asked > convolutions, std::to_string(asked).c_str());
        for (const int when : {1, 4, asked / 2}) {
            int count = 0;
            QVERIFY(!autoencoder.decode(latent, [&] { return ++count == when; }));
            QCOMPARE(count, when); // it left at once
        }
    }

    void decodingInTilesIsStoppedToo()
    {
        const at::NoGradGuard noGrad;
        const auto autoencoder = tinyAutoencoder();
        const auto latent = at::randn({1, 4, 37, 29});
        int asked = 0;
        const auto tiled = autoencoder.decodeTiled(
            latent, [&asked] { return ++asked > 1000; }, 16, 6);
        QVERIFY(tiled && at::equal(*tiled, autoencoder.decodeTiled(latent, 16, 6)));
        const auto inAll = asked;
        for (const int when : {1, inAll / 2, inAll}) {
            asked = 0;
            QVERIFY(!autoencoder.decodeTiled(
                latent, [&] { return ++asked == when; }, 16, 6));
            QCOMPARE(asked, when);
        }
        const auto whole = autoencoder.decodeWithinMemory(latent, {});
        QVERIFY(whole && at::equal(*whole, autoencoder.decode(latent)));
        QVERIFY(!autoencoder.decodeWithinMemory(latent, [] { return true; }));
    }

    void seededTwiceIsEqual()
    {
        const auto first = initialAutoencoderWeights(tinyConfig(), 7),
                   second = initialAutoencoderWeights(tinyConfig(), 7);
        for (const auto& [name, tensor] : first)
            QVERIFY(at::equal(tensor, second.at(name)));
        QVERIFY(!at::equal(first.at("encoder.conv_in.weight"),
                           initialAutoencoderWeights(tinyConfig(), 8).at("encoder.conv_in.weight")));
    }

    void modelLatentGoesBack()
    {
        const auto autoencoder = tinyAutoencoder();
        const auto latent = at::randn({1, 4, 3, 3});
        QVERIFY(at::allclose(autoencoder.modelLatent(latent), (latent - 0.25) * 0.5));
        QVERIFY(at::allclose(autoencoder.latentFromModel(autoencoder.modelLatent(latent)), latent, 1e-5, 1e-6));
    }

    void oneTileDecodesExactly()
    {
        const at::NoGradGuard noGrad;
        const auto autoencoder = tinyAutoencoder();
        const auto latent = at::randn({2, 4, 10, 7});
        QVERIFY(at::allclose(autoencoder.decodeTiled(latent, 16, 4), autoencoder.decode(latent), 1e-5, 1e-6));
    }
    void tilesCoverAnOddSizeWithoutSeams()
    {
        const at::NoGradGuard noGrad;
        auto weights = initialAutoencoderWeights(tinyConfig(), 1);
        weights.at("decoder.conv_out.weight").zero_();
        weights.at("decoder.conv_out.bias").fill_(0.25);
        const AutoencoderKl autoencoder(tinyConfig(), weights);
        const auto tiled = autoencoder.decodeTiled(at::randn({1, 4, 37, 29}), 16, 6);
        QCOMPARE(tiled.sizes(), at::IntArrayRef({1, 3, 74, 58}));
        QVERIFY(at::allclose(tiled, at::full_like(tiled, 0.25)));
    }
    void estimateOfMemoryGrowsWithThePicture()
    {
        const auto autoencoder = tinyAutoencoder();
        QCOMPARE(autoencoder.decodeBytes({1, 4, 64, 64}), 4 * autoencoder.decodeBytes({1, 4, 32, 32}));
        QVERIFY(autoencoder.decodeBytes({1, 4, 32, 32}) >= 64 * 64 * 8 * 4);
    }

    void savesAndLoads_data()
    {
        QTest::addColumn<bool>("half");
        QTest::newRow("float32") << false;
        QTest::newRow("float16") << true;
    }
    void savesAndLoads()
    {
        QFETCH(bool, half);
        const test::TemporaryFolder folder;
        const auto autoencoder = tinyAutoencoder();
        autoencoder.save(folder / "vae", half, {{"README.md", "text"}});
        const auto again = AutoencoderKl::load(folder / "vae");
        QCOMPARE(again.config().latentChannels, std::int64_t{4});
        QCOMPARE(again.config().shiftFactor, 0.25);
        QCOMPARE(readTextFile(folder / "vae" / "README.md"), std::string("text"));
        for (const auto& [name, tensor] : autoencoder.weights())
            QVERIFY(at::allclose(again.weights().at(name), tensor, half ? 1e-3 : 0.0, half ? 1e-6 : 0.0));
    }

    void acceptsNamesOfOlderDiffusers()
    {
        auto weights = initialAutoencoderWeights(tinyConfig(), 1);
        TensorMap older;
        for (const auto& [name, tensor] : weights) {
            auto before = name;
            if (const auto at = name.find("to_out.0"); at != std::string::npos)
                before.replace(at, 8, "proj_attn");
            else if (const auto key = name.find("to_k"); key != std::string::npos)
                before.replace(key, 4, "key");
            older.emplace(before, tensor);
        }
        const AutoencoderKl autoencoder(tinyConfig(), older);
        QVERIFY(at::equal(autoencoder.weights().at("encoder.mid_block.attentions.0.to_k.weight"),
                          weights.at("encoder.mid_block.attentions.0.to_k.weight")));
    }

    /// ae.safetensors of FLUX, and "first_stage_model." of whole Stable Diffusion files.
    void readsTheNamesThatModelsWerePublishedWith()
    {
        auto config = tinyConfig();
        config.blockOutChannels = {8, 16, 16};
        const auto weights = initialAutoencoderWeights(config, 3);
        const auto level = [&](const std::string& number) { return std::to_string(2 - std::stoi(number)); };
        TensorMap original;
        for (const auto& [name, tensor] : weights) {
            auto theirs = name;
            std::smatch m;
            if (std::regex_match(theirs, m, std::regex("(.*)down_blocks\\.(\\d)\\.resnets\\.(\\d)\\.(.*)")))
                theirs = m.str(1) + "down." + m.str(2) + ".block." + m.str(3) + "." + m.str(4);
            else if (std::regex_match(theirs, m, std::regex("(.*)up_blocks\\.(\\d)\\.resnets\\.(\\d)\\.(.*)")))
                theirs = m.str(1) + "up." + level(m.str(2)) + ".block." + m.str(3) + "." + m.str(4);
            else if (std::regex_match(theirs, m, std::regex("(.*)down_blocks\\.(\\d)\\.downsamplers\\.0\\.(.*)")))
                theirs = m.str(1) + "down." + m.str(2) + ".downsample." + m.str(3);
            else if (std::regex_match(theirs, m, std::regex("(.*)up_blocks\\.(\\d)\\.upsamplers\\.0\\.(.*)")))
                theirs = m.str(1) + "up." + level(m.str(2)) + ".upsample." + m.str(3);
            for (const auto& [ours, old] :
                 std::map<std::string, std::string>{{"mid_block.resnets.0", "mid.block_1"},
                                                    {"mid_block.resnets.1", "mid.block_2"},
                                                    {"mid_block.attentions.0.group_norm", "mid.attn_1.norm"},
                                                    {"mid_block.attentions.0.to_q", "mid.attn_1.q"},
                                                    {"mid_block.attentions.0.to_k", "mid.attn_1.k"},
                                                    {"mid_block.attentions.0.to_v", "mid.attn_1.v"},
                                                    {"mid_block.attentions.0.to_out.0", "mid.attn_1.proj_out"},
                                                    {"conv_norm_out", "norm_out"},
                                                    {"conv_shortcut", "nin_shortcut"}}) {
                if (const auto at = theirs.find(ours); at != std::string::npos)
                    theirs.replace(at, ours.size(), old);
            }
            const bool attention = theirs.find("attn_1") != std::string::npos && tensor.dim() == 2;
            original[theirs] = attention ? tensor.unsqueeze(-1).unsqueeze(-1) : tensor;
        }
        QVERIFY(original.contains("decoder.up.2.block.0.conv1.weight"));
        QVERIFY(original.contains("encoder.mid.attn_1.q.weight"));
        const auto picture = at::rand({1, 3, 16, 16}) * 2 - 1;
        const AutoencoderKl expected(config, weights);
        const auto latent = expected.encode(picture).mean;
        for (const std::string prefix : {"", "first_stage_model."}) {
            TensorMap wrapped = {{"model.diffusion_model.out.2.bias", at::ones({4})}};
            for (const auto& [name, tensor] : original)
                wrapped[prefix + name] = tensor;
            const AutoencoderKl read(config, wrapped);
            QVERIFY(at::equal(read.encode(picture).mean, latent));
            QVERIFY(at::equal(read.decode(latent), expected.decode(latent)));
        }
    }

    void missingTensorIsNamed()
    {
        auto weights = initialAutoencoderWeights(tinyConfig(), 1);
        weights.erase("decoder.conv_out.bias");
        const auto message = test::errorOf([&] { AutoencoderKl(tinyConfig(), weights, "some/file.safetensors"); });
        QVERIFY2(message.find("decoder.conv_out.bias") != std::string::npos, message.c_str());
        QVERIFY(message.find("some/file.safetensors") != std::string::npos);
    }
    void scalesOfQuantisedWeightsAreRefused()
    {
        auto weights = initialAutoencoderWeights(tinyConfig(), 1);
        weights["decoder.conv_out.weight_scale"] = at::ones({1});
        const auto message = test::errorOf([&] { AutoencoderKl(tinyConfig(), weights, "some/file.safetensors"); });
        QVERIFY2(message.find("some/file.safetensors holds decoder.conv_out.weight_scale, by which") !=
                     std::string::npos,
                 message.c_str());
    }
    void wrongShapeIsNamedWithBothShapes()
    {
        auto weights = initialAutoencoderWeights(tinyConfig(), 1);
        weights["quant_conv.weight"] = at::zeros({8, 4, 1, 1});
        const auto message = test::errorOf([&] { AutoencoderKl(tinyConfig(), weights); });
        QVERIFY2(message.find("[8, 4, 1, 1]") != std::string::npos && message.find("[8, 8, 1, 1]") != std::string::npos,
                 message.c_str());
    }
    void configOfAnotherModelIsRefused_data()
    {
        QTest::addColumn<QString>("json");
        QTest::newRow("not an object") << "[]";
        QTest::newRow("another model") << R"({"model_type": "t5"})";
        QTest::newRow("wrong type") << R"({"block_out_channels": "64"})";
        QTest::newRow("groups") << R"({"block_out_channels": [30], "norm_num_groups": 8})";
        QTest::newRow("act_fn") << R"({"block_out_channels": [32], "act_fn": "relu"})";
        QTest::newRow("blocks") << R"({"block_out_channels": [32], "down_block_types": ["AttnDownEncoderBlock2D"]})";
        QTest::newRow("scale") << R"({"block_out_channels": [32], "scaling_factor": 0})";
        QTest::newRow("negative scale") << R"({"block_out_channels": [32], "scaling_factor": -0.18215})";
        QTest::newRow("another class") << R"({"block_out_channels": [32], "_class_name": "AsymmetricAutoencoderKL"})";
        QTest::newRow("a class without blocks") << R"({"_class_name": "AutoencoderDC"})";
        QTest::newRow("a class that is no text") << R"({"block_out_channels": [32], "_class_name": 3})";
        QTest::newRow("means") << R"({"block_out_channels": [32], "latents_mean": [0.5, 0.5, 0.5, 0.5]})";
        QTest::newRow("deviations") << R"({"block_out_channels": [32], "latents_std": [2, 2, 2, 2]})";
        QTest::newRow("batch norm") << R"({"block_out_channels": [32], "batch_norm_eps": 0.0001})";
        QTest::newRow("no scale") << R"({"block_out_channels": [32], "latent_channels": 16})";
        QTest::newRow("null scale") << R"({"block_out_channels": [32], "latent_channels": 16, "scaling_factor": null})";
        QTest::newRow("scale in words") << R"({"block_out_channels": [32], "scaling_factor": "0.5"})";
        QTest::newRow("half a layer") << R"({"block_out_channels": [32], "layers_per_block": 2.5})";
        QTest::newRow("half a channel") << R"({"block_out_channels": [32.5]})";
        QTest::newRow("a number for yes") << R"({"block_out_channels": [32], "use_quant_conv": 1})";
        QTest::newRow("yes for a number") << R"({"block_out_channels": [32], "scaling_factor": true})";
        QTest::newRow("blocks by name") << R"({"block_out_channels": [32], "down_block_types": "D"})";
        QTest::newRow("number of blocks")
            << R"({"block_out_channels": [32], "up_block_types": ["UpDecoderBlock2D", "UpDecoderBlock2D"]})";
        QTest::newRow("grey pictures") << R"({"block_out_channels": [32], "in_channels": 1})";
    }
    void theUsualScaleIsAssumedOfFourChannelsAlone()
    {
        const auto config = autoencoderConfigFromJson(
            nlohmann::json::parse(R"({"block_out_channels": [32], "shift_factor": null, "in_channels": null})"), "x");
        QVERIFY(config.scalingAssumed);
        QCOMPARE(config.scalingFactor, 0.18215);
        QCOMPARE(config.shiftFactor, 0.0);
        QVERIFY(!autoencoderConfigFromJson(toJson(tinyConfig()), "x").scalingAssumed);
    }
    void configOfAnotherModelIsRefused()
    {
        QFETCH(QString, json);
        const auto message = test::errorOf(
            [&] { autoencoderConfigFromJson(nlohmann::json::parse(json.toStdString()), "x/config.json"); });
        QVERIFY2(message.starts_with("x/config.json"), message.c_str());
    }
};

QTEST_APPLESS_MAIN(TestAutoencoderKl)
#include "tst_autoencoder_kl.moc"
