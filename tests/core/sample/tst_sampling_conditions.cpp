#include "core/dataset/catalog.h"
#include "core/io/image.h"
#include "core/io/npy.h"
#include "core/io/tensor.h"
#include "core/preprocess/derived_array.h"
#include "core/preprocess/text_padding.h"
#include "core/sample/conditions.h"
#include "core/sample/sample_request.h"
#include "tests/core/sample/sampling_fixture.h"
#include "tests/support/damage_byte.h"

#include <QtTest/QTest>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

using namespace nanodit;
using namespace nanodit::test;

namespace {

/// The record "wide", with a stored CLS of its own and no patches.
void addWideRecord(const TinyWorkspace& tiny)
{
    Record record;
    record.id = "wide";
    record.image = tiny.workspace.imagesFolder() / "wide.png";
    record.split = "val";
    record.original = record.bucket = TinyWorkspace::wide;
    Catalog::open(tiny.workspace).put(record);
    const auto cls = at::arange(TinyWorkspace::dinoWidth, at::kFloat);
    writeNpy(arrayFile(tiny.workspace, ArrayKind::DinoCls, "wide"), arrayFromTensor(cls));
}

/// As a PNG with its settings gives it back.
SampleRequest requestAgain(const TinyWorkspace& tiny, const SampleRequest& request)
{
    const auto file = tiny.folder / "again.png";
    writePng(file, {.size = {.width = 1, .height = 1}, .rgb = {0, 0, 0}}, settingsOf(request));
    return readSampleRequest(file);
}

} // namespace

/// What a sampling session paints from: text, the reference's patches and CLS, and their scales.
class TestSamplingConditions : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void paddingOfARecordsStoredTextIsNoCondition()
    {
        const TinyWorkspace tiny;
        const auto session = SamplingSession::open(tiny.workspace, writeRandomModel(tiny), {.threads = 2});
        auto request = smallRequest();
        request.textRecord = "val0";
        const auto paint = [&] { return session->sample(request, {}, noPreview)->picture.rgb; };
        const auto file = arrayFile(tiny.workspace, ArrayKind::T5, "val0");
        const auto whole = tensorFromArray(readNpy(file));
        QVERIFY(whole.size(0) > 1);
        writeNpy(file, arrayFromTensor(whole.narrow(0, 0, 1).contiguous()));
        const auto cut = paint();

        writeNpy(file, arrayFromTensor(whole));
        const auto padded = paint();
        QVERIFY(padded != cut);
        const auto mask = TextPadding::maskFile(tiny.workspace, "val0");
        std::filesystem::create_directories(mask.parent_path());
        writeNpy(mask, arrayFromTensor(at::arange(whole.size(0)).lt(1).to(at::kLong)));
        QVERIFY(paint() == cut);
    }

    void erasedPatchesLeaveTheContextAndStayInThePicturesSettings()
    {
        const TinyWorkspace tiny;
        const auto session = SamplingSession::open(tiny.workspace, writeRandomModel(tiny), {.threads = 2});
        auto request = smallRequest();
        request.reference = RecordReference{"val0"};
        const auto all = session->sample(request, {}, noPreview)->picture;
        request.erasedPatches = {0, 3};
        const auto result = session->sample(request, {}, noPreview);
        QVERIFY(result->picture.rgb != all.rgb);
        const TemporaryFolder folder;
        writePng(folder / "erased.png", result->picture, result->settings);
        const auto again = sampleRequestFromPng(folder / "erased.png");
        QCOMPARE(again->erasedPatches, request.erasedPatches);
        QVERIFY(session->sample(*again, {}, noPreview)->picture.rgb == result->picture.rgb);
        request.erasedPatches = {10000};
        QVERIFY(errorOf([&] { session->sample(request, {}, noPreview); }).find("no patch 10000") != std::string::npos);
        request.reference = NoReference{};
        QVERIFY(errorOf([&] { session->sample(request, {}, noPreview); }).find("no reference") != std::string::npos);
    }

    void aRegionOfTheScaleIsInThePicturesSettings()
    {
        const TinyWorkspace tiny;
        const auto session = SamplingSession::open(tiny.workspace, writeRandomModel(tiny), {.threads = 2});
        auto request = smallRequest();
        request.reference = RecordReference{"val0"};
        const auto everywhere = session->sample(request, {}, noPreview)->picture;
        request.dinoWeights = std::vector<double>(16, 1);
        std::fill_n(request.dinoWeights.begin(), 8, 0.0);
        request.dinoWeights[8] = 0.125;
        const auto result = session->sample(request, {}, noPreview);
        QVERIFY(result->picture.rgb != everywhere.rgb);
        const TemporaryFolder folder;
        writePng(folder / "region.png", result->picture, result->settings);
        const auto again = sampleRequestFromPng(folder / "region.png");
        QCOMPARE(again->dinoWeights, request.dinoWeights);
        QVERIFY(session->sample(*again, {}, noPreview)->picture.rgb == result->picture.rgb);
        request.dinoWeights.pop_back();
        QVERIFY(errorOf([&] { session->sample(request, {}, noPreview); }).find("15 patches") != std::string::npos);
    }

    void clsOfAnotherPictureStandsBesideTheReferencesPatches()
    {
        const TinyWorkspace tiny;
        addWideRecord(tiny);
        const auto session = SamplingSession::open(tiny.workspace, writeRandomModel(tiny), {.threads = 2});
        auto request = smallRequest();
        request.reference = RecordReference{"val0"};
        const auto own = session->sample(request, {}, noPreview);
        QVERIFY(own->settings.at("nanodit").find("cls_from") == std::string::npos);
        request.clsFrom = RecordReference{"val0"}; // the same CLS, named
        QVERIFY(session->sample(request, {}, noPreview)->picture.rgb == own->picture.rgb);
        request.clsFrom = RecordReference{"wide"}; // stored for another bucket: a CLS lies on no grid
        const auto other = session->sample(request, {}, noPreview);
        QVERIFY(other->picture.rgb != own->picture.rgb);

        const TemporaryFolder folder;
        writePng(folder / "other.png", other->picture, other->settings);
        const auto again = sampleRequestFromPng(folder / "other.png");
        QCOMPARE(std::get<RecordReference>(again->clsFrom).id, std::string("wide"));
        QVERIFY(settingsOf(*again) == settingsOf(request));
        const auto fresh = SamplingSession::open(tiny.workspace, checkpointOf(tiny), {.threads = 2});
        QVERIFY(fresh->sample(*again, {}, noPreview)->picture.rgb == other->picture.rgb);

        // Back to its own: what the session keeps of either is not taken for the other.
        request.clsFrom = NoReference{};
        QVERIFY(session->sample(request, {}, noPreview)->picture.rgb == own->picture.rgb);
    }

    void clsOfAnotherPictureIsRefusedInWords()
    {
        const TinyWorkspace tiny; // its DINO encoder has no weights: no picture can be encoded
        const auto session = SamplingSession::open(tiny.workspace, writeRandomModel(tiny), {.threads = 2});
        auto request = smallRequest();
        const auto refusal = [&] { return errorOf([&] { session->sample(request, {}, noPreview); }); };
        request.clsFrom = RecordReference{"val0"};
        QVERIFY2(refusal().find("no reference is given") != std::string::npos, refusal().c_str());
        request.reference = RecordReference{"val0"};
        request.clsFrom = RecordReference{"nobody"};
        QVERIFY2(refusal().find("no record \"nobody\"") != std::string::npos, refusal().c_str());
        request.clsFrom = PictureReference{"elsewhere.png"};
        QVERIFY2(refusal().find("models/dino") != std::string::npos, refusal().c_str());
        QCOMPARE(std::get<PictureReference>(requestAgain(tiny, request).clsFrom).file.string(),
                 std::string("elsewhere.png"));
    }

    void storedPatchesOfAnotherBucketAreRefusedAlsoWhereTheyAreAsMany()
    {
        const TinyWorkspace tiny;
        auto catalog = Catalog::open(tiny.workspace);
        catalog.recordMade("val0", ArrayKind::DinoPatches,
                           {.inputs = {.source = "s", .bucket = "128x32", .parameters = "p", .encoder = "e"},
                            .fingerprint = "f",
                            .adopted = false,
                            .madeAt = "2026-03-01T12:00:00Z",
                            .dtype = DType::F16,
                            .shape = {16, TinyWorkspace::dinoWidth},
                            .fileMark = {}});
        const auto session = SamplingSession::open(tiny.workspace, writeRandomModel(tiny), {.threads = 2});
        auto request = smallRequest();
        request.reference = RecordReference{"val0"};
        const auto message = errorOf([&] { session->sample(request, {}, noPreview); });
        QVERIFY2(message.find("made for the bucket 128x32") != std::string::npos, message.c_str());
        QVERIFY2(message.find("64x64 now") != std::string::npos, message.c_str());
    }

    void storedPatchesServeNoOtherSizeThanTheirOwn()
    {
        const TinyWorkspace tiny; // its DINO encoder has no weights: nothing can be encoded anew
        const auto session = SamplingSession::open(tiny.workspace, writeRandomModel(tiny), {.threads = 2});
        auto request = smallRequest();
        request.reference = RecordReference{"val0"};
        request.size = TinyWorkspace::wide;
        const auto message = errorOf([&] { session->sample(request, {}, noPreview); });
        QVERIFY2(message.find("models/dino") != std::string::npos, message.c_str());
    }

    /// As by a script that writes an array again in place.
    void aStoredArrayMayChangeWhileItIsUsed()
    {
        const TinyWorkspace tiny;
        ConditionEncoder encoder(tiny.workspace, {}, 8, tinyModelConfig(), Compute{});
        auto request = smallRequest();
        request.reference = RecordReference{"val0"};
        const auto cls = encoder.dino(request)->cls; // stored as float32, as it is used
        const auto before = cls.clone();
        const auto file = arrayFile(tiny.workspace, ArrayKind::DinoCls, "val0");
        damageByte(file, static_cast<std::int64_t>(std::filesystem::file_size(file)) - 1);
        QVERIFY(at::equal(cls, before));
    }

    void nullPatchesAreAsManyAsTheAutoencodersFactorMakesTokens()
    {
        const TinyWorkspace tiny;
        auto workspace = tiny.workspace;
        workspace.config.dinoEncoder.clear();
        const auto grid = [&] {
            ConditionEncoder encoder(workspace, {}, 8, tinyModelConfig(), Compute{});
            return encoder.encode(smallRequest())->conditions.patchGrid;
        };
        QVERIFY((grid() == GridSize{4, 4})); // 64 pixels, of 8 to a latent pixel, of 2 to a token
        AutoencoderConfig fine;
        fine.blockOutChannels = {32, 32, 32};
        writeText(workspace.path("models/fine") / "config.json", toJson(fine).dump());
        workspace.config.vae = "models/fine";
        QVERIFY((grid() == GridSize{8, 8}));
        workspace.config.vae.clear();
        QVERIFY((grid() == GridSize{4, 4}));
    }

    void scalesOfNullConditionsChangeNothing()
    {
        const TinyWorkspace tiny;
        const auto session = SamplingSession::open(tiny.workspace, writeRandomModel(tiny), {.threads = 2});
        auto request = smallRequest();
        request.textScale = 0;
        request.dinoScale = 0;
        const auto unconditional = session->sample(request, {}, noPreview)->picture;
        request.textScale = 7;
        request.dinoScale = 3;
        const auto scaled = session->sample(request, {}, noPreview)->picture;
        int worst = 0;
        for (std::size_t i = 0; i < scaled.rgb.size(); ++i)
            worst = std::max(worst, std::abs(scaled.rgb[i] - unconditional.rgb[i]));
        QVERIFY(worst <= 1); // 1 - 7 - 3 + 7 + 3 is 1 but for rounding
    }
};

QTEST_APPLESS_MAIN(TestSamplingConditions)
#include "tst_sampling_conditions.moc"
