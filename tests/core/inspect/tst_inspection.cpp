#include "core/geometry/bucket.h"
#include "core/inspect/inspection.h"
#include "core/inspect/place_field.h"
#include "core/inspect/stored_fit.h"
#include "core/io/image.h"
#include "core/runtime/job.h"
#include "tests/support/tiny_workspace.h"

#include <ATen/ATen.h>
#include <QTest>

#include <cmath>
#include <fstream>

using namespace nanodit;
namespace fs = std::filesystem;

class InspectionTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        // Weights beside the config.json that a tiny workspace has, so that the encoder has a fingerprint.
        test::writeText(tiny_.workspace.path("models/dino") / "model.safetensors", "weights");
        std::filesystem::copy_file(test::dataPath("golden/01_dinov3_preprocess/preprocessor_config.json"),
                                   tiny_.workspace.path("models/dino") / "preprocessor_config.json");
        at::manual_seed(4);
        for (int i = 0; i < 6; ++i) {
            const auto id = "r" + std::to_string(i);
            const auto bucket = i % 2 == 0 ? tiny_.square : tiny_.wide;
            const auto rows = at::randn({dinoGrid(bucket, 16).count(), tiny_.dinoWidth});
            writeNpy(tiny_.workspace.derivedFolder() / "dinov3_patches" / (id + ".npy"),
                     arrayFromTensor(rows.to(at::kHalf)));
            records_.push_back({.id = id, .bucket = bucket});
        }
    }

    void readsFeaturesAndNamesWhatIsWrong()
    {
        const auto features = loadFeatures(tiny_.workspace, {.id = "val0", .bucket = tiny_.square});
        QVERIFY((features.grid == GridSize{.rows = 4, .cols = 4}));
        QCOMPARE(features.width, tiny_.dinoWidth);
        QCOMPARE(features.cls.size(), std::size_t(tiny_.dinoWidth));
        QVERIFY(test::errorOf([&] {
                    loadFeatures(tiny_.workspace, {.id = "none", .bucket = tiny_.square});
                }).find("run the pass dinov3") != std::string::npos);
        const auto wrong = test::errorOf([&] { loadFeatures(tiny_.workspace, {.id = "r0", .bucket = tiny_.wide}); });
        QVERIFY2(wrong.find("[16, 12]") != std::string::npos && wrong.find("18 patches") != std::string::npos,
                 wrong.c_str());
    }

    void aFitIsKeptAndComesBackTheSame()
    {
        for (const bool withoutPlace : {false, true}) {
            const PatchFitOptions options{
                .scope = BasisScope::Set, .foregroundOnly = true, .withoutPlace = withoutPlace};
            QVERIFY(!storedPatchFit(tiny_.workspace, options).has_value());
            const auto fit = run(options);
            const auto kept = storedPatchFit(tiny_.workspace, options);
            QVERIFY(kept.has_value());
            QVERIFY(kept->basis.directions == fit.basis.directions);
            QVERIFY(kept->basis.mean == fit.basis.mean);
            QVERIFY(kept->basis.foreground == fit.basis.foreground);
            QCOMPARE(kept->basis.threshold, fit.basis.threshold);
            QCOMPARE(kept->basis.patches, fit.basis.patches);
            QVERIFY(kept->place.coefficients == fit.place.coefficients);
            QCOMPARE(fit.place.empty(), !withoutPlace);
        }
        const PatchFitOptions picture{.scope = BasisScope::Picture};
        run(picture);
        std::size_t files = 0;
        for ([[maybe_unused]] const auto& entry :
             fs::directory_iterator(cacheFolder(tiny_.workspace) / "patch_colours"))
            ++files;
        QCOMPARE(files, 3UL); // two fits and the place field; none of a single picture
    }

    void aDamagedOrForeignFitIsMadeAgain()
    {
        const PatchFitOptions options;
        run(options);
        const auto file = patchFitFile(tiny_.workspace, options, dinoFingerprint(tiny_.workspace));
        QVERIFY(fs::exists(file));
        fs::resize_file(file, fs::file_size(file) / 2);
        QVERIFY(!storedPatchFit(tiny_.workspace, options).has_value());
        run(options);
        QVERIFY(storedPatchFit(tiny_.workspace, options).has_value());
        const auto before = dinoFingerprint(tiny_.workspace);
        test::writeText(tiny_.workspace.path("models/dino") / "model.safetensors", "other weights");
        QVERIFY(dinoFingerprint(tiny_.workspace) != before);
        QVERIFY(!storedPatchFit(tiny_.workspace, options).has_value()); // another encoder, other colours
    }

    void aRecordWithoutPatchesIsLeftOutAndNamed()
    {
        auto records = records_;
        records.push_back({.id = "missing", .bucket = tiny_.square});
        std::vector<std::string> log;
        const auto fit = run({}, records, &log);
        QCOMPARE(fit.basis.pictures, 6);
        QCOMPARE(log.size(), 1UL);
        QVERIFY(log[0].find("missing.npy") != std::string::npos);
    }

    void stopsWhenAsked()
    {
        JobContext context;
        context.control->requestStop();
        bool finished = false;
        const auto job = makePatchFitJob({.workspace = tiny_.workspace,
                                          .options = {},
                                          .records = records_,
                                          .all = records_,
                                          .finished = [&](const PatchFit&) { finished = true; }});
        QCOMPARE(job->run(context), JobEnd::Cancelled);
        QVERIFY(!finished);
    }

    void reconstructsFromTheStoredLatent()
    {
        Reconstructor reconstructor(tiny_.workspace);
        const RecordKey record{.id = "val0", .bucket = tiny_.square};
        const Image picture{.size = tiny_.square, .rgb = std::vector<std::uint8_t>(3 * 64 * 64, 90)};
        const auto result = reconstructor.reconstruct(record, picture);
        QCOMPARE(result.picture.size, tiny_.square);
        QCOMPARE(result.error.values.size(), 64UL * 64UL);
        QVERIFY(result.psnr > 0 && result.psnr < 60);
        const auto again = reconstructor.reconstruct(record, result.picture);
        QVERIFY(std::isinf(again.psnr)); // the same latent gives the same picture
        QVERIFY(test::errorOf([&] {
                    reconstructor.reconstruct({.id = "none", .bucket = tiny_.square}, picture);
                }).find("run the pass vae") != std::string::npos);
    }

    void errorsAreMeanLevelsOfThePixel()
    {
        Image a{.size = {.width = 2, .height = 1}, .rgb = {10, 20, 30, 0, 0, 0}};
        const Image b{.size = {.width = 2, .height = 1}, .rgb = {13, 20, 24, 0, 0, 0}};
        const auto result = compareWithReconstruction(a, b);
        QCOMPARE(result.error.values, (std::vector<float>{3, 0}));
        QVERIFY(std::abs(result.psnr - 10 * std::log10(255.0 * 255 * 6 / 45)) < 1e-9);
        a.size = {.width = 1, .height = 2};
        QVERIFY(!test::errorOf([&] { compareWithReconstruction(a, b); }).empty());
    }

private:
    PatchFit run(const PatchFitOptions& options) { return run(options, records_, nullptr); }

    PatchFit run(const PatchFitOptions& options, const std::vector<RecordKey>& records, std::vector<std::string>* log)
    {
        JobContext context;
        if (log != nullptr)
            context.log = [log](LogLevel, const std::string& text) { log->push_back(text); };
        std::optional<PatchFit> fit;
        const auto job = makePatchFitJob({.workspace = tiny_.workspace,
                                          .options = options,
                                          .records = records,
                                          .all = records,
                                          .finished = [&](const PatchFit& found) { fit = found; }});
        job->run(context);
        return fit.value();
    }

    test::TinyWorkspace tiny_;
    std::vector<RecordKey> records_;
};

QTEST_APPLESS_MAIN(InspectionTest)
#include "tst_inspection.moc"
