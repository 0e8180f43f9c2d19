#include "core/inspect/attention_session.h"
#include "core/model/autocast.h"
#include "core/runs/checkpoint.h"
#include "core/runs/checkpoint_weights.h"
#include "core/runtime/compute.h"
#include "core/runtime/generator.h"
#include "core/sample/models_in_memory.h"
#include "core/sample/sampling_session.h"
#include "core/sample/shared_models.h"
#include "tests/support/tiny_model.h"
#include "tests/support/tiny_workspace.h"

#include <ATen/Parallel.h>
#include <QtTest/QTest>

#include <future>
#include <vector>

using namespace nanodit;
using namespace nanodit::test;

namespace {

/// Its raw weights differ from their average, and both from those of another seed.
std::filesystem::path writeModel(const TinyWorkspace& tiny, std::int64_t step, std::uint64_t seed)
{
    const auto config = tinyModelConfig();
    const NanoDiT raw(config), averaged(config);
    randomise(raw.parameters(), seed);
    randomise(averaged.parameters(), seed + 1);
    CheckpointState state;
    state.run = "demo-run";
    state.step = step;
    state.config.model = config;
    state.textTokens = 8;
    return writeCheckpoint(
        tiny.workspace.runsFolder() / "demo-run", state,
        {.model = stateOf(raw.parameters()), .ema = stateOf(averaged.parameters()), .optimiser = {}});
}

const void* firstWeight(const std::shared_ptr<const OpenedModel>& opened)
{
    return opened->model.parameters().front().value.data_ptr();
}

/// What the model says at a point of the flow, under conditions and keys of its own.
at::Tensor velocityOf(const NanoDiT& model, std::uint64_t seed, Precision precision)
{
    const at::NoGradGuard noGradient;
    const AutocastScope autocast(precision);
    at::set_num_threads(1); // of the calling thread: all compute alike
    const auto generator = seededGenerator(seed);
    const auto& config = model.config();
    const auto draw = [&](at::IntArrayRef shape) { return at::randn(shape, generator, at::TensorOptions(at::kFloat)); };
    const Conditions conditions{.cls = draw({1, config.dinoDim}),
                                .patches = draw({1, 16, config.dinoDim}),
                                .patchGrid = {.rows = 4, .cols = 4},
                                .text = draw({1, 3, config.textDim}),
                                .textMask = {},
                                .textTokens = 8};
    const auto context = model.context(conditions, {}, {.rows = 4, .cols = 4}, true);
    return model.velocity(draw({1, config.latentChannels, 8, 8}), at::full({1}, 0.5), context);
}

SampleRequest smallRequest()
{
    SampleRequest request;
    request.size = TinyWorkspace::square;
    request.steps = 3;
    request.reference = RecordReference{"val0"};
    request.textRecord = "val0";
    return request;
}

const std::function<void(const SamplePreview&)> noPreview = [](const SamplePreview&) {};

} // namespace

/// One copy in memory of what several sessions use at once.
class TestSharedModels : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init() { giveBackModels(); }
    void cleanup()
    {
        giveBackModels();
        QCOMPARE(modelsInMemory().values, std::size_t(0)); // a test leaves nothing in use
    }

    void theSameWeightsAreOneModel()
    {
        const TinyWorkspace tiny;
        const auto checkpoint = writeModel(tiny, 100, 1);
        const auto one = openModel(checkpoint, at::kCPU), two = openModel(checkpoint, at::kCPU);
        QCOMPARE(firstWeight(one), firstWeight(two));
        QCOMPARE(one.get(), two.get());
        // However they are named.
        const auto named = openModel(checkpoint / "." / "ema.safetensors", at::kCPU);
        QCOMPARE(firstWeight(named), firstWeight(one));
        QVERIFY(one->averaged);
        QCOMPARE(one->state.step, std::int64_t(100));
        QVERIFY2(one->description.starts_with("demo-run, step 100, EMA, "), one->description.c_str());

        const auto raw = openModel(weightsFile(checkpoint, WeightsKind::Raw), at::kCPU);
        QVERIFY(firstWeight(raw) != firstWeight(one));
        QVERIFY(!raw->averaged);
        QVERIFY(!raw->model.parameters().front().value.equal(one->model.parameters().front().value));
        QCOMPARE(modelsInMemory().values, std::size_t(2));
        QCOMPARE(modelsInMemory().bytes, 2 * 4 * elementCount(one->model.parameters()));
    }

    void weightsThatWereReplacedAreReadAnew()
    {
        const TinyWorkspace tiny;
        const auto checkpoint = writeModel(tiny, 100, 1);
        const auto before = openModel(checkpoint, at::kCPU);
        QCOMPARE(writeModel(tiny, 100, 5), checkpoint);
        const auto after = openModel(checkpoint, at::kCPU);
        QVERIFY(firstWeight(before) != firstWeight(after));
        QVERIFY(!before->model.parameters().front().value.equal(after->model.parameters().front().value));
    }

    void encodersAreSharedByFolder()
    {
        const TinyWorkspace tiny;
        const auto folder = tiny.workspace.path("models/vae");
        const Compute compute;
        const auto one = openAutoencoder(folder, compute), two = openAutoencoder(folder, compute);
        QCOMPARE(one.get(), two.get());
        QCOMPARE(modelsInMemory().used, std::size_t(1));
        QVERIFY(errorOf([&] { openAutoencoder(folder / "none", compute); }).find("none") != std::string::npos);
        QCOMPARE(modelsInMemory().values, std::size_t(1));
    }

    void sessionsOfOneCheckpointHoldOneModel()
    {
        const TinyWorkspace tiny;
        const auto checkpoint = writeModel(tiny, 100, 1);
        const ComputeChoice choice{.device = "cpu", .threads = 2};
        const auto sampler = SamplingSession::open(tiny.workspace, checkpoint, choice);
        const auto alone = sampler->sample(smallRequest(), {}, noPreview)->picture;
        const auto held = modelsInMemory();
        QCOMPARE(held.values, std::size_t(2)); // weights and autoencoder
        QCOMPARE(held.used, std::size_t(2));
        {
            const auto other = SamplingSession::open(tiny.workspace, checkpoint, choice);
            auto request = smallRequest();
            request.reference = NoReference{}; // contexts are each session's own
            QVERIFY(other->sample(request, {}, noPreview)->picture.rgb != alone.rgb);
            const auto attention = AttentionSession::open(tiny.workspace, checkpoint, choice);
            AttentionSubject subject;
            subject.record = "val0";
            QVERIFY(attention->look(subject));
            QVERIFY(sampler->sample(smallRequest(), {}, noPreview)->picture.rgb == alone.rgb);
            QCOMPARE(modelsInMemory().values, held.values);
            QCOMPARE(modelsInMemory().bytes, held.bytes);
        }
        giveBackModels(); // the workspace is left while one still works
        QCOMPARE(modelsInMemory().used, std::size_t(2));
        QVERIFY(sampler->sample(smallRequest(), {}, noPreview)->picture.rgb == alone.rgb);
    }

    void oneModelMayBeEvaluatedByManyThreads_data()
    {
        QTest::addColumn<bool>("reduced");
        QTest::newRow("float32") << false;
        QTest::newRow("bf16") << true;
    }

    void oneModelMayBeEvaluatedByManyThreads()
    {
        QFETCH(bool, reduced);
        const auto precision = reduced ? Precision::Bf16 : Precision::Float32;
        const TinyWorkspace tiny;
        const auto checkpoint = writeModel(tiny, 100, 1);
        std::vector<at::Tensor> expected;
        {
            const auto opened = openModel(checkpoint, at::kCPU);
            for (std::uint64_t seed = 0; seed < 4; ++seed)
                expected.push_back(velocityOf(opened->model, seed, precision));
        }
        giveBackModels(); // so that places and rounded weights are made by the threads
        const auto opened = openModel(checkpoint, at::kCPU);
        std::vector<std::future<bool>> threads;
        for (std::uint64_t seed = 0; seed < 4; ++seed) {
            threads.push_back(std::async(std::launch::async, [&opened, &expected, seed, precision] {
                bool same = true;
                for (int i = 0; i < 10; ++i)
                    same = same && velocityOf(opened->model, seed, precision).equal(expected[seed]);
                return same;
            }));
        }
        for (auto& thread : threads)
            QVERIFY(thread.get());
        QVERIFY(!expected[0].equal(expected[1]));
    }
};

QTEST_APPLESS_MAIN(TestSharedModels)
#include "tst_shared_models.moc"
