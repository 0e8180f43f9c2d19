#include "core/dataset/catalog.h"
#include "core/encoders/autoencoder_kl.h"
#include "core/encoders/encoder_info.h"
#include "core/front/attention.h"
#include "core/front/data.h"
#include "core/front/demo.h"
#include "core/front/sampling.h"
#include "core/front/training.h"
#include "core/front/validation.h"
#include "core/io/npy.h"
#include "core/io/tensor.h"
#include "core/runtime/compute.h"
#include "core/runtime/error.h"
#include "core/train/checkpoint_writer.h"
#include "core/train/trainer.h"
#include "tests/support/far_device.h"
#include "tests/support/files_below.h"
#include "tests/support/test_data.h"
#include "tests/support/tiny_model.h"

#include <ATen/ATen.h>
#include <QTest>

#include <algorithm>
#include <cmath>

using namespace nanodit;
using test::farDevice;
using test::farDeviceLearns;
namespace fs = std::filesystem;

namespace {

/// One thread everywhere, so that sums are taken in one order.
ComputeChoice near()
{
    return {.device = "cpu", .threads = 1};
}
ComputeChoice far()
{
    return {.device = farDevice().str(), .threads = 1};
}

/// Of two pictures, in steps of 256; 256 when they are of different sizes.
int difference(const Image& a, const Image& b)
{
    if (a.size != b.size || a.empty())
        return 256;
    int largest = 0;
    for (std::size_t i = 0; i < a.rgb.size(); ++i)
        largest = std::max(largest, std::abs(int(a.rgb[i]) - int(b.rgb[i])));
    return largest;
}

double difference(const AttentionNumbers& a, const AttentionNumbers& b)
{
    if (a.values.size() != b.values.size() || a.values.empty())
        return INFINITY;
    double largest = 0;
    for (std::size_t i = 0; i < a.values.size(); ++i) {
        if (std::isnan(a.values[i]) != std::isnan(b.values[i])) // which std::max would pass over
            return INFINITY;
        largest = std::max(largest, std::abs(double(a.values[i]) - double(b.values[i])));
    }
    return largest;
}

bool nearlyEqual(double a, double b)
{
    return (std::isnan(a) && std::isnan(b)) || std::abs(a - b) <= 1e-3 * (1 + std::abs(b));
}

struct Training {
    std::vector<StepMetrics> steps;
    std::vector<PreviewPicture> previews;
    std::vector<ValidationReport> validations;
    TrainReport report;
    std::string log;
};

} // namespace

/// Everything that computes, on a device whose tensors do not go together with the CPU's: a tensor made in the wrong
/// place ends the test, and the results must be those of the CPU.
class AnotherDeviceTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        farDevice();
        DemoRequest demo;
        demo.folder = folder_ / "demo";
        demo.scenes = 20;
        QVERIFY(makeDemoJob(demo)->run({}) == JobEnd::Finished);
        workspace_ = Workspace::open(demo.folder);
        checkpoint_ = listRuns(workspace_).front().checkpoints.back();
        for (const auto& record : listRecords(workspace_)) {
            if (record.split == "val")
                validation_.push_back(record.id);
        }
        QVERIFY(validation_.size() >= 2);
    }

    void aModelAndItsGradients_data()
    {
        QTest::addColumn<int>("position");
        QTest::addColumn<bool>("checkpointing");
        QTest::newRow("plain") << int(PatchPosition::None) << false;
        QTest::newRow("position, recomputed") << int(PatchPosition::Sincos) << true;
        QTest::newRow("rope and prior") << int(PatchPosition::Rope) << false;
        QTest::newRow("rope and prior, recomputed") << int(PatchPosition::Rope) << true;
    }
    void aModelAndItsGradients()
    {
        if (!farDeviceLearns())
            QSKIP("this LibTorch learns on NVIDIA's devices alone");
        QFETCH(int, position);
        QFETCH(bool, checkpointing);
        TrainConfig config;
        config.model = test::tinyModelConfig();
        config.model.patchPosition = static_cast<PatchPosition>(position);
        if (config.model.patchPosition == PatchPosition::Rope)
            config.model.patchPrior = PatchPrior::Learned;
        config.model.qkNorm = true;
        config.model.gate = Gate::AdalnZero;
        config.checkpointing = checkpointing;
        config.metrics.attentionEvery = 1;
        config.conditions = {.dropBoth = 0.25, .dropDino = 0.25, .dropText = 0.25};
        const auto step = [&](const ComputeChoice& choice) {
            Trainer trainer(config, 8, makeCompute(choice, config.arithmetic()));
            std::vector<StepMetrics> steps;
            for (std::uint64_t i = 0; i < 3; ++i)
                steps.push_back(*trainer.step([&] { return test::randomBatch(config.model, 6, i); }));
            auto average = trainer.averagedModel();
            std::vector<at::Tensor> weights;
            for (const auto& parameter : trainer.model().parameters())
                weights.push_back(parameter.value.detach().cpu());
            for (const auto& parameter : average->parameters())
                weights.push_back(parameter.value.detach().cpu());
            return std::pair(steps, weights);
        };
        const auto [farSteps, farWeights] = step(far());
        const auto [nearSteps, nearWeights] = step(near());
        for (std::size_t i = 0; i < farSteps.size(); ++i) {
            QVERIFY(nearlyEqual(farSteps[i].loss, nearSteps[i].loss));
            QVERIFY(nearlyEqual(farSteps[i].gradNorm, nearSteps[i].gradNorm));
            QCOMPARE(farSteps[i].attention.size(), nearSteps[i].attention.size());
            QVERIFY(nearlyEqual(farSteps[i].attention[1].patches, nearSteps[i].attention[1].patches));
            QVERIFY(nearlyEqual(farSteps[i].attention[1].alignment, nearSteps[i].attention[1].alignment));
        }
        for (std::size_t i = 0; i < farWeights.size(); ++i)
            QVERIFY(at::allclose(farWeights[i], nearWeights[i], 1e-3, 1e-4));
    }

    void aMicroBatchIsWaitedForOnce_data()
    {
        QTest::addColumn<double>("repa");
        QTest::addColumn<int>("samples");
        QTest::newRow("flow matching alone") << 0.0 << int(RepaSamples::All);
        QTest::newRow("aligned") << 0.5 << int(RepaSamples::All);
        QTest::newRow("aligned without DINO") << 0.5 << int(RepaSamples::WithoutDino);
    }
    /// A device computes the gradients of a micro-batch while the CPU makes the next one.
    void aMicroBatchIsWaitedForOnce()
    {
        if (!farDeviceLearns())
            QSKIP("this LibTorch learns on NVIDIA's devices alone");
        QFETCH(double, repa);
        QFETCH(int, samples);
        const auto fetchesOfAStep = [&](std::int64_t microBatches) {
            TrainConfig config;
            config.model = test::tinyModelConfig();
            config.repa = {.weight = repa, .samples = static_cast<RepaSamples>(samples)};
            config.optimiser.accumulation = microBatches;
            config.conditions = {.dropBoth = 0.25, .dropDino = 0.25, .dropText = 0.25};
            Trainer trainer(config, 8, makeCompute(far(), config.arithmetic()));
            std::uint64_t number = 0;
            const auto before = test::farFetches();
            trainer.step([&] { return test::randomBatch(config.model, 6, number++); });
            return test::farFetches() - before;
        };
        const auto two = fetchesOfAStep(2);
        QCOMPARE(fetchesOfAStep(5) - two, 3L);
    }

    void masksAreLookedAtWithoutAWait()
    {
        const auto config = test::tinyModelConfig();
        const NanoDiT model(config, 1, farDevice());
        auto conditions = test::conditionsOf(test::randomBatch(config, 3));
        conditions.patchMask = at::ones({3, 16}, at::kBool);
        conditions.patchMask[0].narrow(0, 3, 5).fill_(false);
        const auto there = conditions.to({.device = farDevice()});
        const auto before = test::farFetches();
        const auto context =
            model.context(there, {.text = {true, false, false}, .dino = {false, true, false}}, {.rows = 4, .cols = 4});
        QCOMPARE(test::farFetches() - before, 0L);
        QVERIFY(context.terms.logitBias.device() == farDevice());
    }

    void weightsThatAreNotFiniteAreFoundWithOneWait()
    {
        const auto there = [](double value) { return at::full({3, 4}, value).to(farDevice()); };
        const auto found = [](const Parameters& parameters) {
            const auto before = test::farFetches();
            const auto name = firstNotFinite(parameters);
            return std::pair(name, test::farFetches() - before);
        };
        QCOMPARE(found({{"a", there(1)}, {"b", there(NAN)}, {"c", there(INFINITY)}}), std::pair(std::string("b"), 1L));
        QCOMPARE(found({{"a", there(1)}, {"b", there(2)}}), std::pair(std::string(), 1L));
        QCOMPARE(found({}), std::pair(std::string(), 0L));
    }

    void aCheckpointIsWaitedForOnce()
    {
        at::manual_seed(1);
        const auto weight = at::randn({3, 4}), mean = at::randn({3, 4});
        const CheckpointTensors tensors{
            .model = {{"w", weight.to(farDevice())}},
            .ema = {{"w", (weight / 2).to(farDevice())}},
            .optimiser = {{"w.exp_avg", mean.to(farDevice())}, {"w.step", at::full({1}, 3, at::kLong)}}};
        const auto run = folder_ / "copied";
        fs::create_directories(run);
        CheckpointState state;
        state.run = "copied";
        state.step = 1;
        CheckpointWriter writer(run, state.config.saving);
        const auto before = test::farFetches();
        writer.begin(state, tensors);
        QCOMPARE(test::farFetches() - before, 1L);
        tensors.model.at("w").zero_(); // as the next step would change it
        writer.finish();
        const auto read = readCheckpointTensors(writer.newest());
        QVERIFY(at::equal(read.model.at("w"), weight));
        QVERIFY(at::equal(read.ema.at("w"), weight / 2));
        QVERIFY(at::equal(read.optimiser.at("w.exp_avg"), mean));
        QCOMPARE(read.optimiser.at("w.step").item<std::int64_t>(), std::int64_t{3});
    }

    void aTrainingWithPreviewsAttentionAndValidation()
    {
        if (!farDeviceLearns())
            QSKIP("this LibTorch learns on NVIDIA's devices alone");
        const auto there = train("far", far(), 4), here = train("near", near(), 4);
        QVERIFY2(there.log.find("computing on privateuseone:0, float32") != std::string::npos, there.log.c_str());
        for (const auto* const text : {"no preview pictures", "no validation"})
            QVERIFY2(there.log.find(text) == std::string::npos, there.log.c_str());
        QCOMPARE(there.steps.size(), std::size_t(4));
        QCOMPARE(there.steps[1].attention.size(), std::size_t(2));
        QCOMPARE(there.previews.size(), std::size_t(4)); // two pictures, twice
        QCOMPARE(there.validations.size(), std::size_t(1));
        for (std::size_t i = 0; i < there.steps.size(); ++i)
            QVERIFY(nearlyEqual(there.steps[i].loss, here.steps[i].loss));
        for (std::size_t i = 0; i < there.previews.size(); ++i)
            QVERIFY(difference(there.previews[i].picture, here.previews[i].picture) <= 1);
        QCOMPARE(there.validations[0].summaries.size(), here.validations[0].summaries.size());
        for (std::size_t i = 0; i < there.validations[0].summaries.size(); ++i) {
            const auto &a = there.validations[0].summaries[i], &b = here.validations[0].summaries[i];
            QVERIFY2(std::abs(a.mean - b.mean) <= 0.01 * (1 + std::abs(b.mean)),
                     (a.metric + ": " + std::to_string(a.mean) + ", " + std::to_string(b.mean)).c_str());
        }
        QCOMPARE(train("far", far(), 6, true).report.lastStep, 6);  // and goes on from its checkpoint
        QCOMPARE(train("near", far(), 6, true).report.lastStep, 6); // or from one of the CPU
    }

    void aValidationWithLpips()
    {
        fs::create_directories(folder_ / "lpips");
        fs::copy_file(test::dataPath("golden/lpips_squeeze/backbone.safetensors"),
                      folder_ / "lpips/squeezenet1_1-b8a52dc0.safetensors");
        fs::copy_file(test::dataPath("golden/lpips_squeeze/lin_squeeze.pth"), folder_ / "lpips/squeeze.pth");
        const auto validate = [&](const std::string& name, const ComputeChoice& choice) {
            ValidateRequest request;
            request.workspace = workspace_;
            request.checkpoint = checkpoint_;
            request.folder = folder_ / name;
            request.lpips = folder_ / "lpips";
            request.lpipsNet = "squeeze";
            request.settings.records = 2;
            request.settings.steps = 1;
            request.device = choice;
            ValidationReport report;
            request.finished = [&](const auto& r) { report = r; };
            makeValidateJob(request)->run({});
            return report;
        };
        const auto there = validate("far", far()), here = validate("near", near());
        QVERIFY(there.find(ValidationTask::Reconstruction, "lpips") != nullptr);
        QCOMPARE(there.pictures.size(), here.pictures.size());
        for (std::size_t i = 0; i < there.pictures.size(); ++i) {
            for (const auto& [name, value] : here.pictures[i].values)
                QVERIFY2(std::abs(there.pictures[i].values.at(name) - value) <= 0.01 * (1 + std::abs(value)),
                         name.c_str());
        }
    }

    void aSampling_data()
    {
        QTest::addColumn<bool>("heun");
        QTest::addColumn<QString>("reference"); // a record, "picture" or nothing
        QTest::addColumn<bool>("prompt");
        const auto record = QString::fromStdString(validation_[0]);
        QTest::newRow("a record's conditions") << false << record << false;
        QTest::newRow("prompt and picture, Heun") << true << QStringLiteral("picture") << true;
        QTest::newRow("nothing") << false << QString() << false;
    }
    void aSampling()
    {
        QFETCH(bool, heun);
        QFETCH(QString, reference);
        QFETCH(bool, prompt);
        const auto record = *Catalog::open(workspace_).find(validation_[0]);
        SampleRequest request;
        request.size = record.bucket;
        request.steps = 2;
        request.previewEvery = 1;
        request.solver = heun ? Solver::Heun : Solver::Euler;
        request.guidance = heun ? GuidanceMode::Chained : GuidanceMode::Additive;
        if (prompt)
            request.prompt = record.caption;
        else if (!reference.isEmpty())
            request.textRecord = record.id;
        if (reference == "picture")
            request.reference = PictureReference{record.image};
        else if (!reference.isEmpty())
            request.reference = RecordReference{record.id};
        const auto paint = [&](const ComputeChoice& choice) {
            std::vector<Image> pictures;
            const auto result =
                SamplingSession::open(workspace_, checkpoint_, choice)->sample(request, {}, [&](const auto& p) {
                    pictures.push_back(p.picture);
                });
            pictures.push_back(result->picture);
            return pictures;
        };
        const auto there = paint(far()), here = paint(near());
        QCOMPARE(there.size(), std::size_t(2));
        for (std::size_t i = 0; i < there.size(); ++i)
            QVERIFY2(difference(there[i], here[i]) <= 1, std::to_string(difference(there[i], here[i])).c_str());
    }

    void aGuidancePlane_data()
    {
        QTest::addColumn<int>("rule");
        for (const auto rule : {GuidanceRule::Plain, GuidanceRule::CfgZero, GuidanceRule::Projected})
            QTest::newRow(nameOf(rule)) << int(rule);
    }
    /// From a picture, with the DINO scale by place and a weak guide; the last two pictures are one batch.
    void aGuidancePlane()
    {
        QFETCH(int, rule);
        const auto record = *Catalog::open(workspace_).find(validation_[0]);
        const auto patches = dinoGrid(record.bucket, dinoEncoderInfo(workspace_).patchSize).count();
        SampleRequest request;
        request.size = record.bucket;
        request.steps = 2;
        request.solver = Solver::Multistep;
        request.textRecord = record.id;
        request.reference = RecordReference{record.id};
        request.dinoWeights.assign(static_cast<std::size_t>(patches), 0.5);
        request.start = PictureStart{.picture = RecordReference{record.id}, .time = 0.9};
        request.weakGuide = WeakGuide{.checkpoint = checkpoint_, .scale = 1.5};
        request.guidanceRule = static_cast<GuidanceRule>(rule);
        request.projected = {.parallel = 0.5, .momentum = -0.5, .threshold = 1};
        const GuidancePlane plane{.textScales = {0, 1, 2}, .dinoScales = {2}};
        const auto paint = [&](const ComputeChoice& choice) {
            std::vector<Image> pictures;
            SamplingSession::open(workspace_, checkpoint_, choice)
                ->samplePlane(request, plane, {}, [&](const PlanePicture& p) { pictures.push_back(p.result.picture); });
            return pictures;
        };
        const auto there = paint(far()), here = paint(near());
        QCOMPARE(there.size(), plane.count());
        QCOMPARE(here.size(), plane.count());
        for (std::size_t i = 0; i < there.size(); ++i)
            QVERIFY2(difference(there[i], here[i]) <= 1, std::to_string(difference(there[i], here[i])).c_str());
    }

    void whatConditionsAreWorth()
    {
        const auto measure = [&](const ComputeChoice& choice) {
            ConditionWorth worth;
            makeWorthJob({.workspace = workspace_,
                          .checkpoint = checkpoint_,
                          .ofValidation = 2,
                          .ofTraining = 2,
                          .device = choice,
                          .finished = [&](const auto& w) { worth = w; }})
                ->run({});
            return worth.pictures;
        };
        const auto there = measure(far()), here = measure(near());
        QVERIFY(!there.empty());
        QCOMPARE(there.size(), here.size());
        for (std::size_t i = 0; i < there.size(); ++i) {
            QCOMPARE(there[i].id, here[i].id);
            QVERIFY(nearlyEqual(there[i].loss, here[i].loss));
            QVERIFY(nearlyEqual(there[i].nullText, here[i].nullText));
            QVERIFY(nearlyEqual(there[i].nullDino, here[i].nullDino));
            QVERIFY(nearlyEqual(there[i].clsOnly, here[i].clsOnly));
        }
    }

    void lookingInside()
    {
        AttentionSubject subject;
        subject.record = validation_[0];
        subject.sampling.steps = 2;
        auto edited = subject;
        edited.edits.erasedWords = {1};
        edited.edits.replacedWords = {{0, "two"}};
        edited.edits.clsFrom = validation_[1];
        edited.edits.erasedPatches = {0, 3};
        edited.edits.pastes = {{.record = validation_[1], .from = {0, 0}, .to = {1, 1}, .rows = 2, .cols = 2}};
        auto erased = subject;
        erased.edits.eraseCls = true;
        erased.alongSampling = true;
        auto sampled = subject;
        sampled.record.clear();
        sampled.sampling.prompt = "a red circle";
        sampled.sampling.size = Catalog::open(workspace_).find(validation_[0])->bucket;
        const auto there = AttentionSession::open(workspace_, checkpoint_, far());
        const auto here = AttentionSession::open(workspace_, checkpoint_, near());
        for (const auto& seen : {subject, edited, erased, sampled}) {
            const auto farScene = there->look(seen), nearScene = here->look(seen);
            QVERIFY(difference(farScene->forming, nearScene->forming) <= 1);
            const AttentionQuestion latents{.latents = {5, 17}, .tokens = {}, .self = true, .summaries = true};
            const AttentionQuestion tokens{.latents = {}, .tokens = {0, farScene->clsToken()}};
            const auto a = there->answer(latents), b = here->answer(latents);
            QVERIFY(difference(a->seen->patches, b->seen->patches) < 1e-4);
            QVERIFY(difference(a->seen->words, b->seen->words) < 1e-4);
            QVERIFY(difference(*a->self, *b->self) < 1e-4);
            QVERIFY(difference(a->summaries->byRow, b->summaries->byRow) < 1e-4);
            QVERIFY(difference(*there->answer(tokens)->given, *here->answer(tokens)->given) < 1e-4);
            const auto farWithout = there->knockOut({0}, 1, AttentionMeasure::Contribution);
            const auto nearWithout = here->knockOut({0}, 1, AttentionMeasure::Contribution);
            QVERIFY(nearlyEqual(farWithout->mass, nearWithout->mass));
            QVERIFY(nearlyEqual(farWithout->meanChange, nearWithout->meanChange));
        }
        QVERIFY(difference(*there->paint(edited), *here->paint(edited)) <= 1);
        QCOMPARE(there->course(subject, {0.9, 0.5})->at.size(), std::size_t(2));
    }

    void passesAndCertificates()
    {
        constexpr std::size_t scenes = 20;
        const auto arraysOf = [this](const std::string& name, const ComputeChoice& choice) {
            DemoRequest demo;
            demo.folder = folder_ / name;
            demo.scenes = scenes;
            demo.preprocess = false;
            makeDemoJob(demo)->run({});
            const auto workspace = Workspace::open(demo.folder);
            PreprocessReport report;
            makePreprocessJob(
                {.workspace = workspace, .device = choice, .finished = [&](const auto& r) { report = r; }})
                ->run({});
            for (const auto& pass : report.passes) {
                if (!pass.failures.empty())
                    throw Error(pass.failures.front().reason);
            }
            CertifyReport certified;
            makeCertifyJob(
                {.workspace = workspace, .device = choice, .finished = [&](const auto& r) { certified = r; }})
                ->run({});
            if (!certified.sound() || certified.certificates.size() != scenes)
                throw Error("the certificates are not sound");
            DriftReport drift;
            makeDriftJob({.workspace = workspace, .device = choice, .finished = [&](const auto& r) { drift = r; }})
                ->run({});
            if (drift.records.size() != scenes)
                throw Error("the drift was not measured");
            return test::filesBelow(workspace.derivedFolder());
        };
        const auto before = test::farOperations();
        const auto there = arraysOf("far arrays", far());
        QVERIFY(test::farOperations() > before + 1000);
        const auto here = arraysOf("near arrays", near());
        QCOMPARE(there.size(), 4 * scenes);
        QCOMPARE(here.size(), there.size());
        const auto load = [this](const std::string& name, const std::string& file) {
            return tensorFromArray(readNpy(Workspace::open(folder_ / name).derivedFolder() / file)).to(at::kFloat);
        };
        // The device's kernels are the CPU's, but products are put together in another way: the last bits differ, of
        // float16 arrays by one step.
        for (const auto& [file, bytes] : here) {
            QVERIFY2(there.count(file) == 1, file.c_str());
            QVERIFY2(at::allclose(load("far arrays", file), load("near arrays", file), 2e-3, 2e-3), file.c_str());
        }
    }

    void decodingInTiles()
    {
        const auto vae = workspace_.path(workspace_.config.vae);
        const auto there = AutoencoderKl::load(vae, {.device = farDevice()}), here = AutoencoderKl::load(vae);
        const auto latent = at::randn({1, here.config().latentChannels, 12, 10});
        const at::NoGradGuard noGradient;
        const auto tiled = there.decodeTiled(latent, 8, 2);
        QVERIFY(tiled.device() == farDevice());
        QVERIFY(at::allclose(tiled.cpu(), here.decodeTiled(latent, 8, 2), 1e-5, 1e-5));
        QVERIFY(at::allclose(there.encode(there.decode(latent)).mean.cpu(), here.encode(here.decode(latent)).mean, 1e-4,
                             1e-4));
    }

private:
    Training train(const std::string& name, const ComputeChoice& choice, std::int64_t steps, bool resume = false) const
    {
        TrainRequest request;
        request.workspace = workspace_;
        auto& config = request.config;
        config.model.hiddenSize = 32;
        config.model.depth = 2;
        config.model.numHeads = 4;
        config.model.frequencyDim = 16;
        config.data.batchSize = 2;
        config.optimiser.accumulation = 2;
        config.schedule = {.steps = steps, .warmupSteps = 1, .decay = Decay::Constant};
        config.ema.decay = 0.9;
        config.previews = {.every = 2, .count = 2, .samplerSteps = 2};
        config.validation.every = 4;
        config.validation.records = 2;
        config.validation.samplerSteps = 1;
        config.metrics.attentionEvery = 2;
        request.runName = name;
        request.resume = resume;
        request.device = choice;
        request.check = true;
        Training training;
        request.onStep = [&](const auto& metrics) { training.steps.push_back(metrics); };
        request.onPreview = [&](const auto& preview) { training.previews.push_back(preview); };
        request.onValidation = [&](const auto& report) { training.validations.push_back(report); };
        request.finished = [&](const auto& report) { training.report = report; };
        JobContext context;
        context.log = [&](LogLevel, const std::string& line) { training.log += line + "\n"; };
        makeTrainJob(request)->run(context);
        return training;
    }

    test::TemporaryFolder folder_;
    Workspace workspace_;
    fs::path checkpoint_;
    std::vector<std::string> validation_;
};

QTEST_APPLESS_MAIN(AnotherDeviceTest)
#include "tst_another_device.moc"
