#include "core/dataset/catalog.h"
#include "core/encoders/autoencoder_kl.h"
#include "core/encoders/dino.h"
#include "core/encoders/t5.h"
#include "core/io/npy.h"
#include "core/io/tensor.h"
#include "core/workbench.h"
#include "tests/core/preprocess/pass_fixture.h"

#include <ATen/ATen.h>
#include <QTest>

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
    PreprocessReport run() const
    {
        PreprocessReport report;
        makePreprocessJob({.workspace = workspace, .device = {}, .finished = [&](const auto& r) { report = r; }})
            ->run({});
        return report;
    }
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
