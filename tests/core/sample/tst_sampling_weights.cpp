#include "core/io/image.h"
#include "core/model/nanodit.h"
#include "core/runs/catalogue.h"
#include "core/runs/checkpoint.h"
#include "core/runs/checkpoint_weights.h"
#include "core/runtime/error.h"
#include "core/sample/painted_by.h"
#include "core/sample/sample_request.h"
#include "tests/core/sample/sampling_fixture.h"

#include <QtTest/QTest>

#include <filesystem>
#include <string>
#include <utility>

using namespace nanodit;
using namespace nanodit::test;

namespace {

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

} // namespace

/// Which weights a sampling session paints with, which guide it, and what a picture says of them.
class TestSamplingWeights : public QObject {
    Q_OBJECT

private Q_SLOTS:
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

QTEST_APPLESS_MAIN(TestSamplingWeights)
#include "tst_sampling_weights.moc"
