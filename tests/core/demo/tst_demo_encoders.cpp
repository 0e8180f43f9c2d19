#include "core/demo/caption.h"
#include "core/demo/measure.h"
#include "core/demo/scene_set.h"
#include "core/encoders/autoencoder_kl.h"
#include "core/encoders/t5.h"
#include "core/runtime/resources.h"
#include "tests/support/test_data.h"

#include <ATen/ATen.h>
#include <QTest>
#include <torch/csrc/autograd/grad_mode.h>

#include <algorithm>
#include <cmath>

using namespace nanodit;

namespace {

std::filesystem::path shipped()
{
    return resourcesFolder() / "demo";
}

} // namespace

/// What the shipped encoders promise, on scenes that they have not seen.
class TestDemoEncoders : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void shippedEncodersKeepTheirPromises()
    {
        const auto figures = measureDemoEncoders(shipped(), {}, 1, 15, {});
        QVERIFY(figures.has_value());
        QVERIFY2(figures->psnrMean >= 32 && figures->psnrLowest >= 28, std::to_string(figures->psnrMean).c_str());
        QVERIFY2(figures->patchAccuracy >= 0.94, std::to_string(figures->patchAccuracy).c_str());
        QVERIFY2(figures->thingPatchAccuracy >= 0.65, std::to_string(figures->thingPatchAccuracy).c_str());
        QVERIFY2(figures->filledPatchAccuracy >= 0.7 && figures->filledPatchAccuracy > figures->thingPatchAccuracy,
                 std::to_string(figures->filledPatchAccuracy).c_str());
        QVERIFY2(figures->positionShare < 0.2, std::to_string(figures->positionShare).c_str());
        QVERIFY2(figures->oneWordSmallest > 0.04, std::to_string(figures->oneWordSmallest).c_str());
        QVERIFY2(figures->swapSmallest > 0.03, std::to_string(figures->swapSmallest).c_str());
        QVERIFY(figures->longestCaption > 20 && figures->longestCaption <= demoTextTokens);
    }

    void everyCaptionFits()
    {
        const auto encoder = T5Encoder::load(shipped() / "t5-demo");
        for (std::int64_t index = 0; index < 2000; ++index) {
            const auto ids = encoder->tokenizer().encode(makeScene(2, index).caption);
            QVERIFY(static_cast<std::int64_t>(ids.size()) <= demoTextTokens);
            QVERIFY(std::find(ids.begin(), ids.end(), 2) == ids.end()); // no <unk>
        }
    }

    void tokensOfWordsAreTheTokensOfTheCaption()
    {
        // Training tells each token what its word is about.
        const auto encoder = T5Encoder::load(shipped() / "t5-demo");
        for (std::int64_t index = 0; index < 200; ++index) {
            CounterRandom random(9, static_cast<std::uint64_t>(index));
            const auto words = describe(makeScene(2, index), random);
            std::vector<std::int64_t> tokens;
            for (const auto& word : words) {
                const auto own = encoder->tokenizer().encode(word.text);
                tokens.insert(tokens.end(), own.begin(), own.end() - 1);
            }
            tokens.push_back(encoder->tokenizer().endId());
            QVERIFY2(tokens == encoder->tokenizer().encode(captionText(words)), captionText(words).c_str());
        }
    }

    void everyTokenKnowsItsThing()
    {
        // Of the word "ring" in two captions that differ in its thing's colour alone, the token differs nearly as much
        // as where the shape itself is another; the token of the other thing hardly at all.
        const at::NoGradGuard noGrad;
        const auto encoder = T5Encoder::load(shipped() / "t5-demo");
        const auto of = [&](const std::string& ring, const std::string& shape) {
            return encoder->encodeCaption("a " + ring + " " + shape +
                                              " at the top and a blue star on the left on a sand "
                                              "plain background lit from above",
                                          demoTextTokens);
        };
        const auto red = of("red", "ring"), green = of("green", "ring"), cross = of("red", "cross");
        const auto apart = [](const at::Tensor& a, const at::Tensor& b, std::int64_t token) {
            return (a[token] - b[token]).norm().item<double>();
        };
        constexpr std::int64_t shape = 2, star = 9;
        QVERIFY2(apart(red, green, shape) > 0.4 * apart(red, cross, shape),
                 std::to_string(apart(red, green, shape) / apart(red, cross, shape)).c_str());
        QVERIFY2(apart(red, green, star) < 0.2 * apart(red, green, shape),
                 std::to_string(apart(red, green, star) / apart(red, green, shape)).c_str());
    }

    void latentsAreNearUnitGaussian()
    {
        const at::NoGradGuard noGrad;
        const auto autoencoder = AutoencoderKl::load(shipped() / "vae");
        const SceneSet scenes({}, 3, 10, "val", {});
        std::vector<at::Tensor> latents;
        for (std::int64_t i = 0; i < scenes.size(); ++i)
            latents.push_back(autoencoder.modelLatent(autoencoder.encode(scenes.picture(i)).mean).flatten());
        const auto all = at::cat(latents);
        QVERIFY(std::abs(all.mean().item<double>()) < 0.1);
        QVERIFY(std::abs(all.std().item<double>() - 1) < 0.1);
    }

    void tiledDecodingIsCloseToPlain()
    {
        const at::NoGradGuard noGrad;
        const auto autoencoder = AutoencoderKl::load(shipped() / "vae");
        const SceneSet scenes({}, 3, 2, "val", {});
        const auto latent = autoencoder.encode(scenes.picture(0)).mean;
        const auto plain = autoencoder.decode(latent), tiled = autoencoder.decodeTiled(latent, 12, 6);
        QVERIFY(!at::equal(plain, tiled));
        const double psnr = -10 * std::log10((plain - tiled).square().mean().item<double>() / 4);
        QVERIFY2(psnr > 26, std::to_string(psnr).c_str());
    }

    void folderWithoutEncodersIsNamedBeforeScenesAreDrawn()
    {
        const test::TemporaryFolder folder;
        bool drawn = false;
        JobContext context;
        context.report = [&drawn](const Progress&) { drawn = true; };
        const auto message = test::errorOf([&] { measureDemoEncoders(folder.path(), {}, 1, 10, context); });
        QVERIFY2(message.find(folder.path().string()) != std::string::npos, message.c_str());
        QVERIFY(!drawn);
    }
};

QTEST_APPLESS_MAIN(TestDemoEncoders)
#include "tst_demo_encoders.moc"
