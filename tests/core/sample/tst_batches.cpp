#include "core/sample/batch_size.h"
#include "core/sample/conditions.h"
#include "core/sample/guider.h"
#include "tests/core/sample/sampling_fixture.h"
#include "tests/support/tensor_difference.h"

#include <QtTest/QTest>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <string>
#include <vector>

using namespace nanodit;
using namespace nanodit::test;

namespace {

constexpr GridSize latentTokens = {4, 4};

/// Of 8-bit values, all over the picture.
int largestDifference(const Image& a, const Image& b)
{
    if (a.rgb.size() != b.rgb.size())
        return 256;
    int largest = 0;
    for (std::size_t i = 0; i < a.rgb.size(); ++i)
        largest = std::max(largest, std::abs(int(a.rgb[i]) - int(b.rgb[i])));
    return largest;
}

ModelConfig configOf(const QString& kind)
{
    auto config = tinyModelConfig();
    if (kind == "sines and cosines")
        config.patchPosition = PatchPosition::Sincos;
    else if (kind == "rope")
        config.patchPosition = PatchPosition::Rope;
    else if (kind == "prior")
        config.patchPrior = PatchPrior::Learned;
    else if (kind == "gates")
        config.gate = Gate::AdalnZero;
    else if (kind == "head")
        config.internalHead = 1;
    config.useDinoPatches = kind != "CLS alone";
    return config;
}

/// One picture's, with a word and patches left out.
Conditions conditionsWithHoles(const ModelConfig& config)
{
    auto batch = randomBatch(config, 1);
    batch.textMask[0][1].fill_(false);
    auto conditions = test::conditionsOf(batch);
    conditions.patchMask = maskWithout({2, 7}, batch.patchGrid);
    return conditions;
}

std::vector<PlanePicture> cellsOf(SamplingSession& session, const SampleRequest& request, const GuidancePlane& plane)
{
    std::vector<PlanePicture> cells;
    session.samplePlane(request, plane, {}, [&cells](const PlanePicture& cell) { cells.push_back(cell); });
    return cells;
}

std::vector<SeedPicture> picturesOf(SamplingSession& session, const SampleRequest& request,
                                    const std::vector<std::uint64_t>& seeds)
{
    std::vector<SeedPicture> pictures;
    session.sampleSeeds(request, seeds, {}, [&pictures](const SeedPicture& picture) { pictures.push_back(picture); });
    return pictures;
}

/// Rows of how pictures are painted: solvers that look twice or back, rules of guidance, and one that begins with a
/// picture.
void eachWayToPaint()
{
    QTest::addColumn<int>("solver");
    QTest::addColumn<int>("rule");
    QTest::addColumn<bool>("started");
    const auto add = [](const char* name, Solver solver, GuidanceRule rule, bool started) {
        QTest::newRow(name) << static_cast<int>(solver) << static_cast<int>(rule) << started;
    };
    add("euler", Solver::Euler, GuidanceRule::Plain, false);
    add("heun, cfg-zero", Solver::Heun, GuidanceRule::CfgZero, false);
    add("dpm++2m, projected", Solver::Multistep, GuidanceRule::Projected, false);
    add("from a picture", Solver::Euler, GuidanceRule::Plain, true);
}

SampleRequest requestOfRow()
{
    QFETCH(int, solver);
    QFETCH(int, rule);
    QFETCH(bool, started);
    auto request = smallRequest();
    request.reference = RecordReference{"val0"};
    request.textRecord = "val0";
    request.solver = static_cast<Solver>(solver);
    request.guidanceRule = static_cast<GuidanceRule>(rule);
    if (started)
        request.start = PictureStart{.picture = RecordReference{"val0"}, .time = 0.7};
    return request;
}

/// With weights of patches, and the model itself as a weak guide.
void weigh(SampleRequest& request, const std::filesystem::path& checkpoint)
{
    request.dinoWeights = std::vector<double>(16, 0.5);
    request.weakGuide = WeakGuide{.checkpoint = checkpoint, .scale = 1.5};
}

/// A picture of a batch is the one that it is alone, up to so much of its 8-bit values.
void compareWithAlone(const SampleResult& together, const SampleResult& alone, int most)
{
    QVERIFY(together.settings == alone.settings);
    QVERIFY(largestDifference(together.picture, alone.picture) <= most);
    QVERIFY(together.seconds > 0);
    QCOMPARE(together.guidance.size(), alone.guidance.size());
    for (std::size_t step = 0; step < alone.guidance.size(); ++step) {
        const auto &a = together.guidance[step].text, &b = alone.guidance[step].text;
        QCOMPARE(a.has_value(), b.has_value());
        QVERIFY(!a || std::abs(a->length - b->length) < 1e-3 * (1 + b->length));
    }
}

} // namespace

/// Pictures that differ in their seed alone, or in their scales alone, computed as one batch.
class TestBatches : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void oneContextServesABatch_data()
    {
        QTest::addColumn<QString>("kind");
        for (const auto* const kind : {"plain", "sines and cosines", "rope", "prior", "gates", "CLS alone", "head"})
            QTest::newRow(kind) << QString(kind);
    }

    void oneContextServesABatch()
    {
        QFETCH(QString, kind);
        const auto config = configOf(kind);
        const NanoDiT model(config);
        randomise(model.parameters());
        const auto conditions = conditionsWithHoles(config);
        const auto x = at::randn({3, config.latentChannels, 8, 8});
        BranchEvaluator together(model, conditions, {}, latentTokens, Compute{});
        BranchEvaluator alone(model, conditions, {}, latentTokens, Compute{});
        for (const auto branch : allBranches) {
            for (const float t : {0.9F, 0.3F}) { // the context of the step before serves this one
                at::Tensor inside;
                const auto all = together.velocity(branch, x, t, config.internalHead > 0 ? &inside : nullptr);
                QCOMPARE(all.sizes(), x.sizes());
                for (std::int64_t i = 0; i < 3; ++i) {
                    at::Tensor insideOne;
                    const auto one =
                        alone.velocity(branch, x.narrow(0, i, 1), t, config.internalHead > 0 ? &insideOne : nullptr);
                    QVERIFY(difference(all.narrow(0, i, 1), one) < 1e-4);
                    if (inside.defined())
                        QVERIFY(difference(inside.narrow(0, i, 1), insideOne) < 1e-4);
                }
                QVERIFY(difference(all.narrow(0, 0, 1), all.narrow(0, 1, 1)) > 1e-3);
            }
        }
        // Between batches the context serves one picture too.
        const auto one = x.narrow(0, 2, 1);
        QVERIFY(together.velocity(Branch::Full, one, 0.5F).equal(alone.velocity(Branch::Full, one, 0.5F)));
    }

    void aSharedContextIsNotCopied()
    {
        const NanoDiT model(tinyModelConfig());
        const at::NoGradGuard noGradient;
        const auto context = model.context(conditionsWithHoles(model.config()), {}, latentTokens, true);
        QCOMPARE(static_cast<std::int64_t>(context.keyValues.size()), model.config().depth);
        for (const auto& kept : context.keyValues) {
            const auto seen = kept.forEach(5);
            QCOMPARE(seen.keys.size(0), std::int64_t{5});
            QVERIFY(seen.keys.is_alias_of(kept.keys) && seen.values.is_alias_of(kept.values));
        }
    }

    void guidanceIsMeasuredForEachPicture_data()
    {
        QTest::addColumn<int>("rule");
        for (const auto rule : {GuidanceRule::Plain, GuidanceRule::CfgZero, GuidanceRule::Projected})
            QTest::newRow(nameOf(rule)) << static_cast<int>(rule);
    }

    void guidanceIsMeasuredForEachPicture()
    {
        QFETCH(int, rule);
        const NanoDiT model(tinyModelConfig());
        randomise(model.parameters());
        const auto conditions = conditionsWithHoles(model.config());
        BranchEvaluator evaluator(model, conditions, {}, latentTokens, Compute{});
        const Guidance guidance{.textScale = 3, .dinoScale = 2, .rule = static_cast<GuidanceRule>(rule)};
        const auto x = at::randn({3, 4, 8, 8});
        const auto measured = [&](const at::Tensor& of) {
            const auto guider = makeGuider(guidance, {});
            BranchVelocities branches(evaluator, of, 0.6F);
            guider->velocity(branches);
            return guider->measure(branches);
        };
        const auto all = measured(x);
        QCOMPARE(all.size(), std::size_t{3});
        const auto near = [](double a, double b) { return std::abs(a - b) < 1e-4 * (1 + std::abs(b)); };
        for (std::int64_t i = 0; i < 3; ++i) {
            const auto one = measured(x.narrow(0, i, 1)).front();
            const auto& of = all[static_cast<std::size_t>(i)];
            QVERIFY(of.applies && of.text && of.dino && near(of.t, one.t));
            QVERIFY(near(of.text->length, one.text->length) && near(of.text->parallel, one.text->parallel));
            QVERIFY(near(of.dino->across, one.dino->across) && near(of.dino->parallel, one.dino->parallel));
            QVERIFY(near(of.zeroScale, one.zeroScale));
        }
        QVERIFY(!near(all[0].text->length, all[1].text->length));
    }

    void aBatchIsBounded()
    {
        ModelConfig model;
        const GridSize small{.rows = 10, .cols = 7}, large{.rows = 32, .cols = 32}, larger{.rows = 64, .cols = 64};
        const at::Device gpu(at::kCUDA, 0);
        const std::int64_t memory = std::int64_t{16} << 30;
        QCOMPARE(picturesAtOnce(model, small, 600, at::kCPU, memory), std::int64_t{14});
        QCOMPARE(picturesAtOnce(model, large, 600, at::kCPU, memory), std::int64_t{1});
        QCOMPARE(picturesAtOnce(model, larger, 600, at::kCPU, memory), std::int64_t{1});
        QCOMPARE(picturesAtOnce(model, large, 600, gpu, memory), std::int64_t{16});
        QCOMPARE(picturesAtOnce(model, large, 600, gpu, 0), std::int64_t{16}); // not known
        const auto few = picturesAtOnce(model, large, 600, gpu, memory / 16);
        QVERIFY2(few >= 1 && few < 16, std::to_string(few).c_str());
        model.hiddenSize *= 4;
        QVERIFY(picturesAtOnce(model, large, 600, gpu, memory / 16) <= few);
        QCOMPARE(picturesAtOnce(model, small, 600, at::kCPU, 1), std::int64_t{1});

        QCOMPARE(evenBatch(11, 4), std::int64_t{4});
        QCOMPARE(evenBatch(9, 4), std::int64_t{3});
        QCOMPARE(evenBatch(4, 4), std::int64_t{4});
        QCOMPARE(evenBatch(1, 64), std::int64_t{1});
        QCOMPARE(evenBatch(0, 64), std::int64_t{1});
    }

    void seedsTogetherAreThePicturesOfEach_data() { eachWayToPaint(); }

    void seedsTogetherAreThePicturesOfEach()
    {
        const TinyWorkspace tiny;
        const auto checkpoint = writeRandomModel(tiny);
        const auto session = SamplingSession::open(tiny.workspace, checkpoint, {.threads = 2});
        auto request = requestOfRow();
        weigh(request, checkpoint);
        const std::vector<std::uint64_t> seeds = {5, 9, 7};
        const auto pictures = picturesOf(*session, request, seeds);
        QCOMPARE(pictures.size(), seeds.size());
        for (std::size_t i = 0; i < seeds.size(); ++i) {
            auto one = request;
            one.seed = seeds[i];
            const auto fresh = SamplingSession::open(tiny.workspace, checkpoint, {.threads = 2});
            QCOMPARE(pictures[i].index, i);
            QCOMPARE(pictures[i].request.seed, seeds[i]);
            compareWithAlone(pictures[i].result, *fresh->sample(one, {}, noPreview), 1);
        }
        QVERIFY(largestDifference(pictures[0].result.picture, pictures[1].result.picture) > 1);
    }

    void cellsTogetherAreThePicturesOfEach_data() { eachWayToPaint(); }

    void cellsTogetherAreThePicturesOfEach()
    {
        const TinyWorkspace tiny;
        const auto checkpoint = writeRandomModel(tiny);
        const auto session = SamplingSession::open(tiny.workspace, checkpoint, {.threads = 2});
        auto request = requestOfRow();
        if (request.start)
            weigh(request, checkpoint);
        const GuidancePlane plane{.textScales = {0, 2, 4}, .dinoScales = {1, 3}};
        const auto cells = cellsOf(*session, request, plane); // one alone, two, and three together
        QCOMPARE(cells.size(), plane.count());
        const auto order = coarseToFine(plane.rows(), plane.cols());
        for (std::size_t i = 0; i < cells.size(); ++i) {
            QCOMPARE(cells[i].cell, order[i]);
            auto one = request;
            one.textScale = plane.textScales[order[i].row];
            one.dinoScale = plane.dinoScales[order[i].col];
            const auto fresh = SamplingSession::open(tiny.workspace, checkpoint, {.threads = 2});
            QVERIFY(settingsOf(cells[i].request) == settingsOf(one));
            compareWithAlone(cells[i].result, *fresh->sample(one, {}, noPreview), i == 0 ? 0 : 1);
        }
        QVERIFY(cells[1].result.picture.rgb != cells[2].result.picture.rgb);
    }

    void aPlaneIsStoppedAndCountsItsPictures()
    {
        const TinyWorkspace tiny;
        const auto session = SamplingSession::open(tiny.workspace, writeRandomModel(tiny), {.threads = 2});
        auto request = smallRequest();
        request.textRecord = "val0";
        const GuidancePlane plane{.textScales = {0, 1, 2, 3}, .dinoScales = {1, 2}};
        JobContext stopped;
        stopped.control->requestStop();
        QVERIFY(!session->samplePlane(request, plane, stopped, [](const PlanePicture&) {}));
        int pictures = 0;
        const JobContext between; // while the second is about to be decoded
        QVERIFY(!session->samplePlane(request, plane, between, [&](const PlanePicture&) {
            if (++pictures == 2)
                between.control->requestStop();
        }));
        QCOMPARE(pictures, 2);
        std::vector<std::int64_t> told;
        JobContext context;
        context.report = [&told](const Progress& progress) {
            if (progress.stage == Stage(Stage::Sampling))
                told.push_back(progress.done);
        };
        QVERIFY(session->samplePlane(request, plane, context, [](const PlanePicture&) {}));
        QVERIFY(std::ranges::is_sorted(told));
        QCOMPARE(told.back(), std::int64_t{8});
    }

    void oneSeedIsExactlyThePictureOfIt()
    {
        const TinyWorkspace tiny;
        const auto session = SamplingSession::open(tiny.workspace, writeRandomModel(tiny), {.threads = 2});
        const auto request = smallRequest();
        const auto alone = session->sample(request, {}, noPreview);
        const auto pictures = picturesOf(*session, request, {request.seed});
        QCOMPARE(pictures.size(), std::size_t{1});
        QVERIFY(pictures[0].result.picture.rgb == alone->picture.rgb);
        QVERIFY(picturesOf(*session, request, {}).empty());
    }

    void manySeedsAreSeveralBatches()
    {
        const TinyWorkspace tiny;
        const auto session = SamplingSession::open(tiny.workspace, writeRandomModel(tiny), {.threads = 2});
        auto request = smallRequest();
        request.steps = 1;
        std::vector<std::uint64_t> seeds; // 64 of 16 tokens fit into one
        for (std::uint64_t seed = 100; seed < 170; ++seed)
            seeds.push_back(seed);
        const auto pictures = picturesOf(*session, request, seeds);
        QCOMPARE(pictures.size(), seeds.size());
        for (const auto i : std::vector<std::size_t>{0, 34, 35, 69}) { // the ends of both
            request.seed = seeds[i];
            QCOMPARE(pictures[i].request.seed, seeds[i]);
            QVERIFY(largestDifference(pictures[i].result.picture, session->sample(request, {}, noPreview)->picture) <=
                    1);
        }
    }

    void progressCountsPictures()
    {
        const TinyWorkspace tiny;
        const auto session = SamplingSession::open(tiny.workspace, writeRandomModel(tiny), {.threads = 2});
        std::vector<Progress> told;
        JobContext context;
        context.report = [&told](const Progress& progress) {
            if (progress.stage == Stage(Stage::Sampling))
                told.push_back(progress);
        };
        std::int64_t handedOver = 0;
        QVERIFY(session->sampleSeeds(smallRequest(), {1, 2, 3}, context, [&](const SeedPicture&) { ++handedOver; }));
        QCOMPARE(handedOver, std::int64_t{3});
        QVERIFY(told.size() >= 2);
        QVERIFY(std::ranges::is_sorted(told, {}, &Progress::done));
        QCOMPARE(told.front().done, std::int64_t{0});
        QCOMPARE(told.back().done, std::int64_t{3});
        for (const auto& progress : told)
            QVERIFY(progress.unit == Unit::Pictures && progress.total == 3);
    }

    void aBatchIsStoppedAndWhatWasHandedOverIsWhole()
    {
        const TinyWorkspace tiny;
        const auto session = SamplingSession::open(tiny.workspace, writeRandomModel(tiny), {.threads = 2});
        const auto request = smallRequest();
        int pictures = 0;
        JobContext before;
        before.control->requestStop();
        QVERIFY(!session->sampleSeeds(request, {1, 2, 3}, before, [&](const SeedPicture&) { ++pictures; }));
        QCOMPARE(pictures, 0);
        const JobContext between; // while the second is about to be decoded
        Image kept;
        QVERIFY(!session->sampleSeeds(request, {1, 2, 3}, between, [&](const SeedPicture& picture) {
            ++pictures;
            kept = picture.result.picture;
            between.control->requestStop();
        }));
        QCOMPARE(pictures, 1);
        QCOMPARE(kept.size, request.size);
        // And the next goes on as if nothing had been.
        QCOMPARE(picturesOf(*session, request, {1, 2, 3}).size(), std::size_t{3});
    }
};

QTEST_APPLESS_MAIN(TestBatches)
#include "tst_batches.moc"
