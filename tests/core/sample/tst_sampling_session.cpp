#include "core/io/npy.h"
#include "core/io/tensor.h"
#include "core/model/nanodit.h"
#include "core/preprocess/derived_array.h"
#include "core/preprocess/text_padding.h"
#include "core/runs/catalogue.h"
#include "core/runs/checkpoint.h"
#include "core/runs/checkpoint_weights.h"
#include "core/runtime/error.h"
#include "core/runtime/job.h"
#include "core/sample/conditions.h"
#include "core/sample/painted_by.h"
#include "core/sample/sample_request.h"
#include "tests/core/sample/sampling_fixture.h"

#include <QtTest/QTest>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

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

/// A checkpoint of this run at step 2000 whose weights are random numbers times `factor`.
std::filesystem::path writeScaledModel(const TinyWorkspace& tiny, const std::string& run, double factor)
{
    const NanoDiT model(tinyModelConfig());
    randomise(model.parameters());
    for (const auto& parameter : model.parameters())
        at::Tensor(parameter.value.detach()).mul_(factor);
    CheckpointState state;
    state.run = run;
    state.step = 2000;
    state.config.model = tinyModelConfig();
    state.textTokens = 8;
    const auto weights = stateOf(model.parameters());
    return writeCheckpoint(tiny.workspace.runsFolder() / run, state,
                           {.model = weights, .ema = weights, .optimiser = weights});
}

/// As a PNG with its settings gives it back.
SampleRequest requestAgain(const TinyWorkspace& tiny, const SampleRequest& request)
{
    const auto file = tiny.folder / "again.png";
    writePng(file, {.size = {.width = 1, .height = 1}, .rgb = {0, 0, 0}}, settingsOf(request));
    return readSampleRequest(file);
}

} // namespace

class TestSamplingSession : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void paintsTheSamePictureForTheSameSeed()
    {
        const TinyWorkspace tiny;
        const auto session = SamplingSession::open(tiny.workspace, writeRandomModel(tiny), {.threads = 2});
        QVERIFY2(session->description().starts_with("demo-run, step 2000, EMA, 0.0"), session->description().c_str());
        const auto paint = [&session](const SampleRequest& request) {
            return session->sample(request, {}, noPreview)->picture;
        };
        auto request = smallRequest();
        const auto first = paint(request);
        QCOMPARE(first.size, tiny.square);
        QVERIFY(paint(request).rgb == first.rgb);
        request.seed = 6;
        QVERIFY(paint(request).rgb != first.rgb);
        request = smallRequest();
        request.reference = RecordReference{"val0"};
        const auto withReference = paint(request);
        QVERIFY(withReference.rgb != first.rgb);
        request.textRecord = "val0";
        QVERIFY(paint(request).rgb != withReference.rgb);
    }

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

    void rawAndAveragedWeightsAreOpenedByName()
    {
        const TinyWorkspace tiny;
        auto config = tinyModelConfig();
        const NanoDiT raw(config), averaged(config);
        randomise(raw.parameters(), 7);
        randomise(averaged.parameters(), 8);
        CheckpointState state;
        state.run = "demo-run";
        state.step = 2000;
        state.config.model = config;
        state.textTokens = 8;
        const auto checkpoint = writeCheckpoint(
            tiny.workspace.runsFolder() / "demo-run", state,
            {.model = stateOf(raw.parameters()), .ema = stateOf(averaged.parameters()), .optimiser = {}});
        const auto paint = [&](const std::filesystem::path& opened, const char* described) {
            const auto session = SamplingSession::open(tiny.workspace, opened, {.threads = 2});
            const std::string description = session->description();
            if (description.find(described) == std::string::npos)
                qWarning("%s", description.c_str());
            return std::pair(session->sample(smallRequest(), {}, noPreview)->picture,
                             description.find(described) != std::string::npos);
        };
        const auto usual = paint(checkpoint, ", EMA, ");
        const auto ema = paint(weightsFile(checkpoint, WeightsKind::Averaged), ", EMA, ");
        const auto current = paint(weightsFile(checkpoint, WeightsKind::Raw), ", raw weights, ");
        QVERIFY(usual.second && ema.second && current.second);
        QVERIFY(usual.first.rgb == ema.first.rgb);
        QVERIFY(usual.first.rgb != current.first.rgb);

        // The PNG says which, and by it the file is found again.
        const auto session =
            SamplingSession::open(tiny.workspace, weightsFile(checkpoint, WeightsKind::Raw), {.threads = 2});
        const auto result = session->sample(smallRequest(), {}, noPreview);
        const auto file = tiny.folder / "raw.png";
        writePng(file, result->picture, result->settings);
        const auto painter = paintedByOfPng(file);
        QVERIFY(painter && !painter->averaged);
        const auto runs = listRuns(tiny.workspace);
        QCOMPARE(findCheckpoint(runs, *painter).value(), checkpoint / "model.safetensors");
        auto other = *painter;
        other.sha256 = std::string(64, '0');
        QVERIFY(!findCheckpoint(runs, other));
    }

    void weightsThatACheckpointLacksAreRefusedByName()
    {
        const TinyWorkspace tiny;
        const auto checkpoint = writeRandomModel(tiny);
        std::filesystem::remove(checkpoint / "ema.safetensors");
        try {
            weightsFile(checkpoint, WeightsKind::Averaged);
            QFAIL("an average that is not there was found");
        } catch (const UsageError& error) {
            QVERIFY2(std::string(error.what()).find("no ema.safetensors") != std::string::npos, error.what());
            QVERIFY2(std::string(error.what()).find("open the raw weights") != std::string::npos, error.what());
        }
        QCOMPARE(weightsFile(checkpoint), checkpoint / "model.safetensors");
        QCOMPARE(weightsFile(checkpoint / "model.safetensors", WeightsKind::Raw), checkpoint / "model.safetensors");
        QVERIFY_EXCEPTION_THROWN(weightsFile(checkpoint / "model.safetensors", WeightsKind::Averaged), UsageError);
        QVERIFY_EXCEPTION_THROWN(weightsKindFromName("average"), UsageError);
        QVERIFY(!hasBothWeights(checkpoint));
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

    void whatCannotBePaintedIsRefusedInWords()
    {
        const TinyWorkspace tiny;
        const auto session = SamplingSession::open(tiny.workspace, writeRandomModel(tiny), {.threads = 2});
        const std::vector<std::pair<const char*, std::function<void(SampleRequest&)>>> spoilt = {
            {"17x3",
             [](auto& r) {
                 r.size = {17, 3};
             }},
            {"multiples of 16", [](auto& r) { r.size.width += 8; }},
            {"0x0", [](auto& r) { r.size = {}; }},
            {"0 steps", [](auto& r) { r.steps = 0; }},
            {"take 1 to", [](auto& r) { r.steps = std::numeric_limits<std::int64_t>::max(); }},
            {"shift", [](auto& r) { r.shift = 0; }},
            {"scales", [](auto& r) { r.textScale = std::nan(""); }},
            {"lower end", [](auto& r) {
                 r.guidanceInterval = {0.9, 0.1};
             }}};
        for (const auto& [says, spoil] : spoilt) {
            auto request = smallRequest();
            spoil(request);
            const auto message = errorOf([&] { session->sample(request, {}, noPreview); });
            QVERIFY2(message.find(says) != std::string::npos, (std::string(says) + ": " + message).c_str());
        }
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

    void showsThePictureAsItForms()
    {
        const TinyWorkspace tiny;
        const auto session = SamplingSession::open(tiny.workspace, writeRandomModel(tiny), {.threads = 2});
        auto request = smallRequest();
        request.size = TinyWorkspace::wide;
        request.previewEvery = 1;
        std::vector<std::int64_t> steps;
        const auto result = session->sample(request, {}, [&steps](const SamplePreview& preview) {
            steps.push_back(preview.step);
            QCOMPARE(preview.picture.size, TinyWorkspace::wide);
        });
        QCOMPARE(steps, (std::vector<std::int64_t>{1, 2, 3}));
        QVERIFY(result->settings.contains("nanodit"));
    }

    void stopsWithinAStep()
    {
        const TinyWorkspace tiny;
        const auto session = SamplingSession::open(tiny.workspace, writeRandomModel(tiny), {.threads = 2});
        auto request = smallRequest();
        request.previewEvery = 1;
        JobContext context;
        int previews = 0;
        QVERIFY(!session->sample(request, context, [&](const SamplePreview&) {
            ++previews;
            context.control->requestStop();
        }));
        QCOMPARE(previews, 1);
    }

    void saysWhatIsMissing()
    {
        const TinyWorkspace tiny;
        const auto checkpoint = writeRandomModel(tiny);
        const auto session = SamplingSession::open(tiny.workspace, checkpoint, {.threads = 2});
        const auto messageFor = [&](const SampleRequest& request) {
            return errorOf([&] { session->sample(request, {}, noPreview); });
        };
        auto request = smallRequest();
        request.prompt = "a red circle";
        QVERIFY(messageFor(request).find("encoders.t5") != std::string::npos);
        request = smallRequest();
        request.reference = RecordReference{"unknown"};
        QVERIFY(messageFor(request).find("unknown") != std::string::npos);
        request.reference = PictureReference{"missing.png"};
        QVERIFY(!messageFor(request).empty());
        request = smallRequest();
        request.size = {.width = 72, .height = 64};
        QVERIFY(messageFor(request).find("multiples of 16") != std::string::npos);
        QVERIFY(errorOf([&] { SamplingSession::open(tiny.workspace, checkpoint / "none"); }).find("does not exist") !=
                std::string::npos);
        QVERIFY(errorOf([&] { SamplingSession::open(tiny.workspace, tiny.workspace.root); }).find("state.json") !=
                std::string::npos);
    }
    void everyStepTellsWhatGuidanceDid()
    {
        const TinyWorkspace tiny;
        const auto session = SamplingSession::open(tiny.workspace, writeRandomModel(tiny), {.threads = 2});
        auto request = smallRequest();
        request.reference = RecordReference{"val0"};
        request.textRecord = "val0";
        for (const auto solver : {Solver::Euler, Solver::Heun}) {
            request.solver = solver;
            const auto steps = session->sample(request, {}, noPreview)->guidance;
            QCOMPARE(steps.size(), std::size_t(request.steps));
            QCOMPARE(steps.front().t, 1.0);
            for (const auto& step : steps)
                QVERIFY(step.applies && step.text && step.dino && step.dino->length > 0);
        }
    }

    void aPictureCanBeginWithAnother()
    {
        const TinyWorkspace tiny;
        const auto session = SamplingSession::open(tiny.workspace, writeRandomModel(tiny), {.threads = 2});
        auto request = smallRequest();
        request.start = PictureStart{.picture = RecordReference{"nobody"}, .time = 0.5};
        QVERIFY(errorOf([&] { session->sample(request, {}, noPreview); }).find("nobody") != std::string::npos);
        request.start->time = 0;
        QVERIFY(errorOf([&] { session->sample(request, {}, noPreview); }).find("time to start") != std::string::npos);
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

    void aWeakGuideIsACheckpointOfTheSameKind()
    {
        const TinyWorkspace tiny;
        const auto checkpoint = writeRandomModel(tiny);
        const auto session = SamplingSession::open(tiny.workspace, checkpoint, {.threads = 2});
        auto request = smallRequest();
        const auto plain = session->sample(request, {}, noPreview)->picture;
        request.weakGuide = WeakGuide{.checkpoint = checkpoint, .scale = 3}; // away from itself: nowhere
        QVERIFY(session->sample(request, {}, noPreview)->picture.rgb == plain.rgb);

        auto config = tinyModelConfig();
        const NanoDiT other(config, 3);
        randomise(other.parameters());
        for (const auto& parameter : other.parameters()) // random numbers are the same for both
            at::Tensor(parameter.value.detach()).mul_(0.7);
        CheckpointState state;
        state.run = "weak";
        state.step = 100;
        state.config.model = config;
        state.textTokens = 8;
        const auto weights = stateOf(other.parameters());
        const auto weak = writeCheckpoint(tiny.workspace.runsFolder() / "weak", state,
                                          {.model = weights, .ema = weights, .optimiser = weights});
        request.weakGuide->checkpoint = weak;
        QVERIFY(session->sample(request, {}, noPreview)->picture.rgb != plain.rgb);
        request.weakGuide->scale = 1;
        QVERIFY(session->sample(request, {}, noPreview)->picture.rgb == plain.rgb);
        state.config.model.latentChannels = 8;
        writeCheckpoint(tiny.workspace.runsFolder() / "weak", state,
                        {.model = weights, .ema = weights, .optimiser = weights});
        const auto again = SamplingSession::open(tiny.workspace, checkpoint, {.threads = 2});
        request.weakGuide->scale = 2;
        QVERIFY(errorOf([&] { again->sample(request, {}, noPreview); }).find("same run") != std::string::npos);
    }

    void aWeakGuideThatWasReplacedIsReadAnew()
    {
        const TinyWorkspace tiny;
        const auto checkpoint = writeRandomModel(tiny);
        const auto session = SamplingSession::open(tiny.workspace, checkpoint, {.threads = 2});
        auto request = smallRequest();
        request.weakGuide = WeakGuide{.checkpoint = writeScaledModel(tiny, "weak", 0.7), .scale = 3};
        const auto before = session->sample(request, {}, noPreview)->picture;
        QCOMPARE(writeScaledModel(tiny, "weak", 0.4), request.weakGuide->checkpoint);
        const auto after = session->sample(request, {}, noPreview)->picture;
        QVERIFY(after.rgb != before.rgb);
        const auto fresh = SamplingSession::open(tiny.workspace, checkpoint, {.threads = 2});
        QVERIFY(fresh->sample(request, {}, noPreview)->picture.rgb == after.rgb);
    }

    void aPictureNamesNoFileThatTookThePlaceOfItsWeights()
    {
        const TinyWorkspace tiny;
        const auto session = SamplingSession::open(tiny.workspace, writeRandomModel(tiny), {.threads = 2});
        writeScaledModel(tiny, "demo-run", 0.5); // before the first picture is kept
        const auto result = session->sample(smallRequest(), {}, noPreview);
        QCOMPARE(result->warnings.size(), std::size_t{1});
        QVERIFY2(result->warnings[0].find("was replaced or removed") != std::string::npos, result->warnings[0].c_str());
        const auto file = tiny.folder / "replaced.png";
        writePng(file, result->picture, result->settings);
        const auto painter = paintedByOfPng(file);
        QVERIFY(painter && painter->sha256.empty());
        QVERIFY(!findCheckpoint(listRuns(tiny.workspace), *painter));
    }
};

QTEST_APPLESS_MAIN(TestSamplingSession)
#include "tst_sampling_session.moc"
