#include "core/config/train_config.h"
#include "core/front/training.h"
#include "core/io/foreign_text.h"
#include "core/model/nanodit.h"
#include "core/runs/condition_worth.h"
#include "core/runs/metrics_file.h"
#include "core/runs/previews.h"
#include "core/runs/run_record.h"
#include "core/train/draws.h"
#include "core/train/flow_matching.h"
#include "core/train/measure_worth.h"
#include "core/train/preview.h"
#include "tests/support/tiny_model.h"
#include "tests/support/tiny_training.h"

#include <QtTest/QTest>

#include <algorithm>
#include <cmath>
#include <fstream>

using namespace nanodit;
using namespace nanodit::test;
namespace fs = std::filesystem;

namespace {

constexpr std::int64_t textTokens = 8;

std::vector<std::string> idsOf(const std::vector<PictureWorth>& pictures)
{
    std::vector<std::string> ids;
    for (const auto& picture : pictures)
        ids.push_back(picture.id);
    return ids;
}

std::size_t filesIn(const fs::path& folder)
{
    return fs::exists(folder) ? static_cast<std::size_t>(std::distance(fs::directory_iterator(folder), {})) : 0;
}

} // namespace

/// What conditions are worth, and what previews show of them.
class TestConditionWorth : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void lossesAreThoseOfFlowMatchingOnePairAtATime()
    {
        const TinyWorkspace tiny;
        const NanoDiT model(tinyModelConfig());
        randomise(model.parameters());
        const auto set = ShardSet::open(tiny.workspace.shardsFolder() / "val");
        const auto sample = set->read(1);
        const WorthMeter meter(model, set->dinoStatistics(), textTokens, 3, {});
        const auto worth = meter.measure(sample);

        // By hand: each time by itself, in a batch of one. The noise is told by the picture's own loss at no condition.
        const at::NoGradGuard noGradient;
        const auto x0 = tensorFromArray(sample.latent).unsqueeze(0);
        const auto conditions = nanodit::conditionsOf(sample, set->dinoStatistics(), textTokens);
        auto withoutPatches = conditions;
        withoutPatches.patchMask = at::zeros({1, conditions.patches.size(1)}, at::kBool);
        std::uint64_t hash = 0xcbf29ce484222325ULL;
        for (const char c : sample.id)
            hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
        auto generator = generatorFor({.seed = 3, .step = -2, .microBatch = static_cast<std::int64_t>(hash)});
        const auto noise = at::randn({4, x0.size(1), x0.size(2), x0.size(3)}, generator, at::TensorOptions(at::kFloat));
        const auto lossOf = [&](const Conditions& given, bool nullText, bool nullDino) {
            double sum = 0;
            for (std::int64_t i = 0; i < 4; ++i) {
                const auto context = model.context(given, {.text = {nullText}, .dino = {nullDino}},
                                                   model.tokenGrid(x0.size(2), x0.size(3)));
                const auto t = at::full({1}, 0.125 + 0.25 * static_cast<double>(i), at::TensorOptions(at::kFloat));
                sum += flowMatching(model, x0, noise.narrow(0, i, 1), t, context).mean().item<double>();
            }
            return sum / 4;
        };
        const auto near = [](double a, double b) { return std::abs(a - b) < 1e-5 * std::max(1.0, std::abs(b)); };
        QVERIFY(near(worth.loss, lossOf(conditions, false, false)));
        QVERIFY(near(worth.nullText, lossOf(conditions, true, false)));
        QVERIFY(near(worth.nullDino, lossOf(conditions, false, true)));
        QVERIFY(near(worth.clsOnly, lossOf(withoutPatches, false, false)));
        // A random model hears each of them.
        QVERIFY(worth.captionGain() != 0 && worth.dinoGain() != 0 && worth.patchGain() != 0);
        QVERIFY(worth.patchGain() != worth.dinoGain());
    }

    void aModelWithoutPatchesGainsNothingByThem()
    {
        const TinyWorkspace tiny;
        auto config = tinyModelConfig();
        config.useDinoPatches = false;
        const NanoDiT model(config);
        randomise(model.parameters());
        const auto set = ShardSet::open(tiny.workspace.shardsFolder() / "val");
        const auto worth = WorthMeter(model, set->dinoStatistics(), textTokens, 3, {}).measure(set->read(0));
        QCOMPARE(worth.patchGain(), 0.0);
        QVERIFY(worth.captionGain() != 0 && worth.dinoGain() != 0);
    }

    void theSamePicturesAreMeasuredEveryTime()
    {
        const TinyWorkspace tiny;
        const NanoDiT model(tinyModelConfig());
        randomise(model.parameters());
        const auto train = ShardSet::open(tiny.workspace.shardsFolder() / "train");
        const auto val = ShardSet::open(tiny.workspace.shardsFolder() / "val");
        const WorthMeter meter(model, train->dinoStatistics(), textTokens, 3, {});
        WorthSample sample{.validation = val, .training = train, .ofValidation = 100, .ofTraining = 5, .seed = 3};
        const auto five = *measureWorth(meter, sample, {});
        QCOMPARE(five.size(), 3U + 5U);
        QVERIFY(!five[0].training && !five[2].training && five[3].training);
        const auto again = *measureWorth(meter, sample, {});
        for (std::size_t i = 0; i < five.size(); ++i) {
            QCOMPARE(again[i].id, five[i].id);
            QCOMPARE(again[i].nullDino, five[i].nullDino); // to the bit
        }
        // A larger sample holds the smaller one, with the same numbers.
        sample.ofTraining = 8;
        const auto eight = *measureWorth(meter, sample, {});
        for (const auto& picture : five) {
            const auto found = std::ranges::find(eight, picture.id, &PictureWorth::id);
            QVERIFY(found != eight.end());
            QCOMPARE(found->loss, picture.loss);
        }
        sample.seed = 4; // another seed chooses others
        sample.ofTraining = 5;
        QVERIFY(idsOf(*measureWorth(meter, sample, {})) != idsOf(five));
        JobContext stopped;
        stopped.control->requestStop();
        QVERIFY(!measureWorth(meter, sample, stopped));
    }

    void aTrainingMeasuresAndIsTheSameTraining()
    {
        const TinyWorkspace tiny;
        auto config = tinyConfig(6);
        const auto plain = train(requestFor(tiny, "plain", config));
        config.metrics.worthEvery = 3;
        config.metrics.worthTraining = 4;
        std::vector<IntervalValues> told;
        auto request = requestFor(tiny, "measured", config);
        request.onMeasured = [&told](const IntervalValues& values) { told.push_back(values); };
        const auto outcome = train(request);
        QVERIFY(outcome.end == JobEnd::Finished);
        for (std::size_t i = 0; i < plain.steps.size(); ++i)
            QCOMPARE(outcome.steps[i].loss, plain.steps[i].loss); // to the bit

        const auto run = tiny.workspace.runsFolder() / "measured";
        const auto worth = readConditionWorth(run);
        QVERIFY(worth);
        QCOMPARE(worth->run, "measured");
        QCOMPARE(worth->step, 6);
        QCOMPARE(worth->weights, "ema");
        QCOMPARE(worth->pictures.size(), 3U + 4U);
        QCOMPARE(newestConditionWorth(tiny.workspace)->run, "measured");
        QCOMPARE(told.size(), 2U);
        const auto record = readRunRecord(run, 0, 1 << 20);
        QCOMPARE(record.measured.size(), 2U);
        QCOMPARE(record.measured[1].step, 6);
        QCOMPARE(record.measured[1].values.size(), 8U); // four numbers of each split
        QCOMPARE(record.measured[1].values, meansOf(*worth));

        // The same of a checkpoint afterwards: the average, as the training had it.
        std::optional<ConditionWorth> later;
        WorthRequest again;
        again.workspace = tiny.workspace;
        again.checkpoint = outcome.report.checkpoint;
        again.ofTraining = 4;
        again.device.threads = 2;
        again.finished = [&later](const ConditionWorth& measured) { later = measured; };
        QVERIFY(makeWorthJob(again)->run({}) == JobEnd::Finished);
        QCOMPARE(later->pictures.size(), worth->pictures.size());
        for (std::size_t i = 0; i < later->pictures.size(); ++i)
            QCOMPARE(later->pictures[i].clsOnly, worth->pictures[i].clsOnly);
        again.checkpoint /= "model.safetensors";
        QVERIFY(makeWorthJob(again)->run({}) == JobEnd::Finished);
        QCOMPARE(later->weights, "raw");
        QVERIFY(later->pictures[0].loss != worth->pictures[0].loss);
        QCOMPARE(readConditionWorth(run)->weights, "raw");
    }

    void textsThatAreNoUtf8AreWritten()
    {
        const TemporaryFolder folder;
        ConditionWorth worth{.run = "caf\xe9", .step = 4, .weights = "ema", .pictures = {}};
        worth.pictures.push_back({.id = "th\xe9", .loss = 1});
        writeConditionWorth(folder.path(), worth);
        const auto read = readConditionWorth(folder.path());
        QCOMPARE(read->run, printableText("caf\xe9"));
        QCOMPARE(read->pictures.at(0).id, printableText("th\xe9"));
    }

    void aDamagedMeasurementIsNamed()
    {
        const TemporaryFolder folder;
        QVERIFY(!readConditionWorth(folder.path()));
        std::ofstream(folder / "condition_worth.json") << "{\"format\": 1}";
        QVERIFY_EXCEPTION_THROWN(readConditionWorth(folder.path()), DataError);
    }

    void rawWeightsPaintUntilTheyAgree()
    {
        const TinyWorkspace tiny;
        auto config = tinyConfig(4);
        config.previews.every = 2;
        config.previews.rawUntil = 1; // any two pictures agree
        const auto outcome = train(requestFor(tiny, "agreeing", config));
        const auto run = tiny.workspace.runsFolder() / "agreeing";
        QCOMPARE(listPreviews(run).size(), 2U);
        const auto raw = listPreviews(run, PreviewKind::Raw);
        QCOMPARE(raw.size(), 1U);
        QCOMPARE(raw.at(2).size(), 2U);
        QVERIFY2(outcome.log.find("raw and averaged previews agree") != std::string::npos, outcome.log.c_str());
        const auto record = readRunRecord(run, 0, 1 << 20);
        QCOMPARE(record.measured.size(), 1U);
        QCOMPARE(record.measured[0].values[0].first, "preview/raw_difference");
        double sum = 0;
        for (const auto& [id, file] : raw.at(2)) {
            const auto a = readImage(file), b = readImage(previewFile(run, 2, id));
            double difference = 0;
            for (std::size_t i = 0; i < a.rgb.size(); ++i)
                difference += std::abs(a.rgb[i] - b.rgb[i]) / 255.0;
            sum += difference / static_cast<double>(a.rgb.size());
        }
        QVERIFY(std::abs(record.measured[0].values[0].second - sum / 2) < 1e-12);

        config.previews.rawUntil = 1e-9; // never
        config.optimiser.lr = 0.1;
        train(requestFor(tiny, "differing", config));
        QCOMPARE(listPreviews(tiny.workspace.runsFolder() / "differing", PreviewKind::Raw).size(), 2U);
        config.ema.enabled = false; // there is nothing beside the current weights
        train(requestFor(tiny, "alone", config));
        QVERIFY(listPreviews(tiny.workspace.runsFolder() / "alone", PreviewKind::Raw).empty());
    }

    void partsOfTheConditionsPaintFromTheSameNoise()
    {
        const TinyWorkspace tiny;
        const auto set = ShardSet::open(tiny.workspace.shardsFolder() / "val");
        auto config = tinyConfig(4);
        config.previews.conditions = 1;
        config.model = tinyModelConfig();
        config.model.patchPosition = PatchPosition::Rope; // else a model does not know where patches lie
        const NanoDiT model(config.model);
        randomise(model.parameters());
        PreviewPainter painter(tiny.workspace, config, textTokens, set->dinoStatistics(), set, {});
        std::map<PreviewKind, Image> painted;
        std::vector<PreviewPicture> all;
        QVERIFY(painter.paint(model, nullptr, 7, tiny.folder / "run", {}, [&](const PreviewPicture& preview) {
            all.push_back(preview);
            if (preview.recordId == all.front().recordId)
                painted[preview.kind] = preview.picture;
        }));
        QCOMPARE(all.size(), 2U + conditionPreviews.size()); // two records, the first under parts of its conditions
        QCOMPARE(painted.size(), 1U + conditionPreviews.size());
        for (const auto kind : conditionPreviews) {
            QVERIFY(fs::exists(previewFile(tiny.folder / "run", 7, all.front().recordId, kind)));
            QVERIFY(painted.at(kind).rgb != painted.at(PreviewKind::Usual).rgb);
        }
        QVERIFY(painted.at(PreviewKind::ClsOnly).rgb != painted.at(PreviewKind::DinoOnly).rgb);
        QVERIFY(painted.at(PreviewKind::Swapped).rgb != painted.at(PreviewKind::Shuffled).rgb);
        QVERIFY(!painter.rawDifference());
        QCOMPARE(filesIn(tiny.folder / "run/samples/raw"), 0U);
        // Again it is the same, and it does not depend on what else is painted.
        config.previews.conditions = 0;
        PreviewPainter plain(tiny.workspace, config, textTokens, set->dinoStatistics(), set, {});
        plain.paint(model, nullptr, 7, tiny.folder / "plain", {}, [&](const PreviewPicture& preview) {
            if (preview.recordId == all.front().recordId)
                QVERIFY(preview.picture.rgb == painted.at(PreviewKind::Usual).rgb);
        });
    }
};

QTEST_APPLESS_MAIN(TestConditionWorth)
#include "tst_condition_worth.moc"
