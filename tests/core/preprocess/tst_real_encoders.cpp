#include "core/config/workspace_config.h"
#include "core/dataset/catalog.h"
#include "core/dataset/pass.h"
#include "core/dataset/record_info.h"
#include "core/encoders/autoencoder_kl.h"
#include "core/encoders/dino.h"
#include "core/encoders/encoder_info.h"
#include "core/encoders/t5.h"
#include "core/geometry/bucket.h"
#include "core/io/atomic_file.h"
#include "core/io/npy.h"
#include "core/io/tensor.h"
#include "core/io/work_lock.h"
#include "core/preprocess/forecast_job.h"
#include "core/preprocess/preprocess_job.h"
#include "core/preprocess/set_aside.h"
#include "core/preprocess/verify_job.h"
#include "core/preprocess/workspace_state.h"
#include "tests/core/preprocess/pass_fixture.h"

#include <ATen/ATen.h>
#include <QTest>
#include <nlohmann/json.hpp>

#include <algorithm>

using namespace nanodit;
using test::dataPath;
namespace fs = std::filesystem;

namespace {

/// A workspace of six pictures with small encoders of the real architectures.
struct Chain {
    test::PassFixture fixture{6};
    Workspace& workspace = fixture.workspace;
    fs::path dinoFolder = fixture.folder / "dino";

    Chain(const std::string& dino, const std::string& processor)
    {
        fs::copy(dataPath("golden/" + dino), dinoFolder);
        fs::copy_file(dataPath("golden/" + processor + "/preprocessor_config.json"),
                      dinoFolder / "preprocessor_config.json");
        workspace.config.dinoEncoder = dinoFolder.string();
        workspace.config.t5Encoder = dataPath("golden/03_t5_encoder").string();
        workspace.config.vae = dataPath("golden/04_vae_f8").string();
        workspace.save();
    }
    PreprocessReport run(std::optional<PassPrecision> precision = {}) const
    {
        PreprocessReport report;
        memory.clear();
        makePreprocessJob(
            {.workspace = workspace, .device = {}, .finished = [&](const auto& r) { report = r; }},
            {.precision = precision, .onMemory = [this](const PassMemory& used) { memory.push_back(used); }})
            ->run({});
        return report;
    }
    mutable std::vector<PassMemory> memory; ///< Of the last run.
    VerifyReport verify() const
    {
        VerifyReport report;
        makeVerifyJob({.workspace = workspace, .finished = [&](const auto& r) { report = r; }})->run({});
        return report;
    }
    at::Tensor load(ArrayKind kind, const std::string& id) const
    {
        return tensorFromArray(readNpy(fixture.array(kind, id))).to(at::kFloat);
    }
};

double largestDifference(const at::Tensor& a, const at::Tensor& b)
{
    return a.sizes() == b.sizes() ? (a - b).abs().max().item<double>() : std::numeric_limits<double>::infinity();
}

} // namespace

/// The passes with small encoders of the real architectures, read from their folders.
class TestRealEncoders : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void arraysAreWhatTheEncodersGiveForTheBucketImage_data()
    {
        QTest::addColumn<QString>("dino");
        QTest::addColumn<QString>("processor");
        QTest::newRow("DINOv3") << "01_dinov3_vit_swiglu"
                                << "01_dinov3_preprocess";
        QTest::newRow("DINOv2 with registers, p = 14") << "02_dinov2_registers_swiglu"
                                                       << "02_dinov2_preprocess";
    }

    void arraysAreWhatTheEncodersGiveForTheBucketImage()
    {
        QFETCH(QString, dino);
        QFETCH(QString, processor);
        const Chain chain(dino.toStdString(), processor.toStdString());
        for (const auto& pass : chain.run().passes) {
            QVERIFY2(pass.failures.empty(), pass.failures.empty() ? "" : pass.failures.front().reason.c_str());
            QCOMPARE(pass.made, 6);
        }
        const auto report = chain.verify();
        QVERIFY2(report.sound(), report.sound() ? "" : report.problems.front().reason.c_str());

        const at::NoGradGuard noGrad;
        const auto encoder = DinoEncoder::load(chain.dinoFolder);
        const auto text = T5Encoder::load(chain.workspace.path(chain.workspace.config.t5Encoder));
        const auto vae = AutoencoderKl::load(chain.workspace.path(chain.workspace.config.vae));
        const auto p = encoder->config().patchSize;
        QCOMPARE(dinoEncoderInfo(chain.workspace).patchSize, p);
        for (const auto& record : listRecords(chain.workspace)) {
            QVERIFY((record.arrays ==
                     std::array{ArrayState::Whole, ArrayState::Whole, ArrayState::Whole, ArrayState::Whole}));
            const auto image = loadBucketImage(record);
            QVERIFY(image.size == record.bucket);

            const auto features =
                encoder->encode(dinoPixels(image, dinoInputSize(record.bucket, p), encoder->normalisation()));
            const auto grid = dinoGrid(record.bucket, p);
            const auto patches = chain.load(ArrayKind::DinoPatches, record.id);
            QVERIFY((patches.sizes().vec() == std::vector<std::int64_t>{grid.count(), encoder->config().width}));
            const double scale = features.patches.abs().max().item<double>();
            QVERIFY(largestDifference(patches, features.patches[0]) < 2e-3 * scale); // half precision
            QVERIFY(largestDifference(chain.load(ArrayKind::DinoCls, record.id), features.cls[0]) < 1e-4 * scale);

            const auto pixels = tensorFromImage(image).to(at::kFloat).unsqueeze(0) / 127.5 - 1;
            const auto latent = vae.modelLatent(vae.encode(pixels).mean)[0];
            QVERIFY((latent.sizes().vec() ==
                     std::vector<std::int64_t>{16, record.bucket.height / 8, record.bucket.width / 8}));
            QVERIFY(largestDifference(chain.load(ArrayKind::Vae, record.id), latent) < 1e-4);

            const auto caption = text->encodeCaption(record.caption, chain.workspace.config.textTokens);
            QVERIFY(largestDifference(chain.load(ArrayKind::T5, record.id), caption) <
                    2e-3 * caption.abs().max().item<double>());
        }
    }

    void anEncoderThatCannotBeUsedIsToldBeforeItsPassAndStopsNoOther_data()
    {
        QTest::addColumn<int>("pass");
        QTest::addColumn<QString>("file");
        QTest::addColumn<QString>("text"); // merged into the JSON that is there; empty: the file goes
        QTest::addColumn<QString>("says");
        const auto row = [](const char* name, Pass pass, const char* file, const char* text, const char* says) {
            QTest::newRow(name) << static_cast<int>(pass) << file << text << says;
        };
        row("no image processor", Pass::Dino, "preprocessor_config.json", "", "preprocessor_config.json");
        row("another processor", Pass::Dino, "preprocessor_config.json", R"({"image_processor_type": "CLIP"})", "CLIP");
        row("timm", Pass::Dino, "config.json", R"({"model_type": null, "architecture": "vit_small"})", "timm");
        row("no weights", Pass::Dino, "model.safetensors", "", "files of weights");
        row("another class", Pass::Vae, "config.json", R"({"_class_name": "AsymmetricAutoencoderKL"})", "Asymmetric");
        row("means of latents", Pass::Vae, "config.json", R"({"latents_mean": [0.5, 0.5]})", "latents_mean");
        row("batch norm", Pass::Vae, "config.json", R"({"batch_norm_eps": 1e-4})", "batch_norm_eps");
        row("no scale", Pass::Vae, "config.json", R"({"scaling_factor": null})", "scaling_factor");
        row("no tokenizer", Pass::T5, "spiece.model", "", "spiece.model");
        row("quantised DINO", Pass::Dino, "config.json", R"({"quantization_config": {"quant_method": "awq"}})", "awq");
        row("quantised", Pass::T5, "config.json", R"({"quantization_config": {"quant_method": "gptq"}})", "gptq");
    }
    void anEncoderThatCannotBeUsedIsToldBeforeItsPassAndStopsNoOther()
    {
        QFETCH(int, pass);
        QFETCH(QString, file);
        QFETCH(QString, text);
        QFETCH(QString, says);
        Chain chain("01_dinov3_vit_swiglu", "01_dinov3_preprocess");
        const auto folders = std::array{chain.fixture.folder / "t5", chain.fixture.folder / "vae", chain.dinoFolder};
        fs::copy(dataPath("golden/03_t5_encoder"), folders[0]);
        fs::copy(dataPath("golden/04_vae_f8"), folders[1]);
        chain.workspace.config.t5Encoder = folders[0].string();
        chain.workspace.config.vae = folders[1].string();
        chain.workspace.save();
        const auto spoilt = folders.at(static_cast<std::size_t>(pass)) / file.toStdString();
        if (text.isEmpty()) {
            fs::remove(spoilt);
        } else {
            auto json = nlohmann::json::parse(readTextFile(spoilt));
            json.update(nlohmann::json::parse(text.toStdString()));
            test::writeText(spoilt, json.dump());
        }
        for (const auto one : {Pass::T5, Pass::Vae, Pass::Dino}) {
            PreprocessReport report;
            const auto error = test::errorOf([&] {
                makePreprocessJob({.workspace = chain.workspace,
                                   .passes = {one},
                                   .device = {},
                                   .finished = [&](const auto& r) { report = r; }})
                    ->run({});
            });
            if (static_cast<int>(one) != pass) {
                QCOMPARE(error, std::string());
                QCOMPARE(report.passes.at(0).made, 6);
                continue;
            }
            QVERIFY2(error.find(says.toStdString()) != std::string::npos, error.c_str());
            QVERIFY2(error.find(folders.at(static_cast<std::size_t>(pass)).string()) != std::string::npos,
                     error.c_str());
            QVERIFY(report.passes.empty());
        }
        QCOMPARE(status(chain.workspace).records, 6); // answers in each state
    }

    void precisionIsPartOfWhatAnArrayIsMadeOf()
    {
        const Chain chain("01_dinov3_vit_swiglu", "01_dinov3_preprocess");
        chain.run();
        const auto exact = chain.load(ArrayKind::DinoPatches, "picture0");
        QCOMPARE(chain.run(PassPrecision::Float32).passes[0].alreadyWhole, 6); // as it is by itself
        test::writeText(chain.workspace.root / "data" / "precision.json", R"({"products": "bf16"})");
        for (const auto& record : listRecords(chain.workspace)) {
            QVERIFY((record.arrays ==
                     std::array{ArrayState::Stale, ArrayState::Whole, ArrayState::Stale, ArrayState::Stale}));
            QCOMPARE(record.changes[0].size(), 1U);
            QVERIFY(record.changes[0][0].input == ArrayInput::PassSettings);
        }
        const auto report = chain.run(PassPrecision::Bf16);
        QCOMPARE(report.passes[0].made, 6);
        QCOMPARE(report.passes[1].made, 0);
        QCOMPARE(report.passes[2].made, 6);
        QVERIFY(chain.verify().sound());
        const auto rounded = chain.load(ArrayKind::DinoPatches, "picture0");
        const auto difference = largestDifference(rounded, exact);
        QVERIFY(difference > 0 && difference < 0.1 * exact.abs().max().item<double>());
        QCOMPARE(chain.run(PassPrecision::Float32).passes[2].made, 6); // and back
        QVERIFY(at::equal(chain.load(ArrayKind::DinoPatches, "picture0"), exact));
    }

    void measuredPrecisionIsDecidedOnce()
    {
        const Chain chain("01_dinov3_vit_swiglu", "01_dinov3_preprocess");
        const auto file = chain.workspace.root / "data" / "precision.json";
        QVERIFY(!fs::exists(file));
        QCOMPARE(chain.run(PassPrecision::Auto).passes[2].made, 6);
        const auto decided = readTextFile(file);
        const auto json = nlohmann::json::parse(decided);
        const bool bf16 = json.at("products") == "bf16";
        QVERIFY(bf16 == (json.at("bf16_ms").get<double>() * 1.25 < json.at("float32_ms").get<double>()));
        QVERIFY(chain.verify().sound());
        QCOMPARE(chain.run(PassPrecision::Auto).passes[2].alreadyWhole, 6); // no other answer the next time
        QCOMPARE(readTextFile(file), decided);
        test::writeText(file, R"({"products": ")" + std::string(bf16 ? "float32" : "bf16") + R"("})");
        QCOMPARE(chain.run().passes[2].made, 6);
        test::writeText(file, "{}");
        QVERIFY(test::errorOf([&] { chain.run(); }).find("precision.json") != std::string::npos);
    }

    void precisionIsNotDecidedWhileOthersAreAtWork()
    {
        const Chain chain("01_dinov3_vit_swiglu", "01_dinov3_preprocess");
        const WorkLock other(workLockFile(chain.workspace), workLockText(chain.workspace));
        const auto refused = test::errorOf([&] { chain.run(PassPrecision::Bf16); });
        QVERIFY2(refused.find("is being worked on") != std::string::npos, refused.c_str());
        QVERIFY(!fs::exists(chain.workspace.root / "data" / "precision.json"));
    }

    void memoryOfTheEncodersIsAccountedFor()
    {
        const Chain chain("01_dinov3_vit_swiglu", "01_dinov3_preprocess");
        chain.run();
        QCOMPARE(chain.memory.size(), 3U);
        for (const auto& used : chain.memory)
            QVERIFY2(used.most > 10'000 && used.most <= used.budget, std::to_string(used.most).c_str());
    }

    void forecastOfRealEncodersIsExact()
    {
        const Chain chain("01_dinov3_vit_swiglu", "01_dinov3_preprocess");
        PreprocessForecast forecast;
        makeForecastJob({.workspace = chain.workspace, .device = {}, .finished = [&](const auto& f) { forecast = f; }})
            ->run({});
        const auto before = status(chain.workspace);
        chain.run();
        const auto after = status(chain.workspace);
        std::int64_t written = 0, foretold = 0;
        for (std::size_t i = 0; i < 4; ++i) {
            QCOMPARE(*before.arrays[i].fullBytes, after.arrays[i].bytes);
            QCOMPARE(*after.arrays[i].fullBytes, after.arrays[i].bytes);
            written += after.arrays[i].bytes;
        }
        for (const auto& pass : forecast.passes)
            foretold += *pass.bytesToWrite;
        QCOMPARE(foretold, written);
    }

    void replacedWeightsMakeTheirArraysStale()
    {
        const Chain chain("01_dinov3_vit_swiglu", "01_dinov3_preprocess");
        chain.run();
        fs::remove(chain.dinoFolder / "config.json");
        fs::copy_file(dataPath("golden/01_dinov3_vit_swiglu/config.json"), chain.dinoFolder / "config.json");
        QVERIFY(chain.verify().sound()); // the same bytes, another time
        test::writeText(
            chain.dinoFolder / "preprocessor_config.json",
            R"({"image_processor_type": "DINOv3ViTImageProcessorFast", "do_resize": true, "size": {"height": 64, "width": 64},
                            "do_rescale": true, "rescale_factor": 0.00392156862745098, "do_normalize": true,
                            "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5]})");
        const auto report = chain.verify();
        QCOMPARE(report.arrays[0].whole, 6);
        QCOMPARE(report.arrays[1].whole, 6);
        QCOMPARE(report.arrays[2].stale, 6);
        QCOMPARE(report.arrays[3].stale, 6);
        for (const auto& record : listRecords(chain.workspace)) {
            for (const auto kind : {ArrayKind::DinoCls, ArrayKind::DinoPatches}) {
                const auto& changes = record.changes[static_cast<std::size_t>(kind)];
                QVERIFY(std::any_of(changes.begin(), changes.end(),
                                    [](const InputChange& change) { return change.input == ArrayInput::Encoder; }));
            }
            QVERIFY(!record.problem.empty());
        }
    }
};

QTEST_APPLESS_MAIN(TestRealEncoders)
#include "tst_real_encoders.moc"
