#include "core/inspect/attention_probe.h"
#include "core/model/nanodit.h"
#include "tests/support/peak_bytes.h"
#include "tests/support/tiny_model.h"

#include <QtTest/QTest>

#include <cmath>
#include <numeric>
#include <utility>

using namespace nanodit;
using namespace nanodit::test;

namespace {

constexpr GridSize latentGrid = {4, 4}, patchGrid = {4, 4};
constexpr std::int64_t textTokens = 8, shownTokens = textTokens + 1 + 16;

double difference(const at::Tensor& a, const at::Tensor& b)
{
    return (a.to(at::kDouble) - b.to(at::kDouble)).abs().max().item<double>();
}

std::vector<std::int64_t> upTo(std::int64_t count)
{
    std::vector<std::int64_t> all(static_cast<std::size_t>(count));
    std::iota(all.begin(), all.end(), 0);
    return all;
}

/// Collects what a model compares, as it is.
struct Recorder final : AttentionObserver {
    std::vector<CrossAttentionInputs> cross;
    std::vector<std::array<at::Tensor, 2>> self;
    void selfAttention(std::int64_t, const at::Tensor& q, const at::Tensor& k) override
    {
        self.push_back({q.clone(), k.clone()});
    }
    void crossAttention(std::int64_t, const CrossAttentionInputs& inputs) override
    {
        cross.push_back(inputs);
        cross.back().queries = inputs.queries.clone();
        cross.back().keys = inputs.keys.clone();
        cross.back().values = inputs.values.clone();
    }
};

at::Tensor softmaxOf(const at::Tensor& q, const at::Tensor& k, const at::Tensor& bias = {})
{
    auto logits = at::matmul(q, k.transpose(-1, -2)) / std::sqrt(static_cast<double>(q.size(-1)));
    return at::softmax(bias.defined() ? logits + bias : logits, -1);
}

/// Of the tiny model's 4 x 4 latent tokens from its 4 x 4 patches, squared, counted cell by cell: [16, 16].
at::Tensor distancesOnTheGrid()
{
    auto distances = at::empty({16, 16});
    for (int a = 0; a < 16; ++a) {
        for (int b = 0; b < 16; ++b) {
            const int rows = a / 4 - b / 4, cols = a % 4 - b % 4;
            distances[a][b] = rows * rows + cols * cols;
        }
    }
    return distances;
}

ModelConfig placedConfig()
{
    auto config = tinyModelConfig();
    config.patchPosition = PatchPosition::Rope;
    config.patchPrior = PatchPrior::Learned;
    return config;
}

/// A model, conditions of two samples, and the plain way: every null token and all padding in the context.
struct Scene {
    NanoDiT model;
    Batch batch;
    at::Tensor t = at::tensor({0.3f, 0.8f});

    explicit Scene(const ModelConfig& config = tinyModelConfig())
        : model(config)
    {
        randomise(model.parameters());
        batch = randomBatch(model.config(), 2);
    }
    ConditionContext context(const Drops& drops, bool keep = false) const
    {
        return model.context(test::conditionsOf(batch, textTokens), drops, latentGrid, keep);
    }
    AttentionProbe probe(const ConditionContext& context, std::int64_t sample, std::set<std::int64_t> self = {}) const
    {
        AttentionProbe probe(context, sample, patchGrid, latentGrid, std::move(self));
        const at::NoGradGuard noGradient;
        model.velocity(batch.latent, t, context, {.checkpointing = false, .observer = &probe});
        return probe;
    }
    /// Of one sample in one block, from a context in which nothing is collapsed or trimmed.
    struct Plain {
        at::Tensor probabilities; ///< [H, L, M]
        at::Tensor throughHead;   ///< [H, M, D]: v W_o of every token through each head, float64.
    };
    Plain plain(const ConditionContext& context, std::int64_t sample, std::int64_t block) const
    {
        Recorder recorder;
        const at::NoGradGuard noGradient;
        model.velocity(batch.latent, t, context, {.checkpointing = false, .observer = &recorder});
        const auto& inputs = recorder.cross[static_cast<std::size_t>(block)];
        const auto &q = inputs.queries, &k = inputs.keys;
        const auto cls = context.clsIndex();
        const auto expand = [&](const at::Tensor& all, const ContextSegment& segment, std::int64_t from) {
            const auto part = all[sample].narrow(1, from, segment.size());
            if (segment.kinds[static_cast<std::size_t>(sample)] == SegmentKind::Null)
                return part.narrow(1, 0, 1).expand({part.size(0), segment.shownTokens, part.size(2)});
            return at::constant_pad_nd(part, {0, 0, 0, segment.shownTokens - segment.size()}, 0);
        };
        const auto whole = [&](const at::Tensor& all) {
            return at::cat(
                {expand(all, context.text, 0), all[sample].narrow(1, cls, 1), expand(all, context.patches, cls + 1)},
                1);
        };
        const auto keys = whole(k);
        auto mask = at::zeros({shownTokens});
        if (context.text.kinds[static_cast<std::size_t>(sample)] == SegmentKind::Real)
            mask.narrow(0, 0, 6).copy_(batch.textMask[sample].to(at::kFloat).log()),
                mask.narrow(0, 6, textTokens - 6).fill_(-std::numeric_limits<float>::infinity());
        auto nearness = at::zeros({q.size(1), latentGrid.count(), shownTokens});
        if (inputs.prior.defined() && context.patches.kinds[static_cast<std::size_t>(sample)] == SegmentKind::Real)
            nearness.narrow(2, textTokens + 1, patchGrid.count())
                .sub_(inputs.prior.strengths[sample].view({-1, 1, 1}) * distancesOnTheGrid());
        const auto values = whole(inputs.values).to(at::kDouble);
        const auto weights = inputs.outWeight.to(at::kDouble).t().view({q.size(1), q.size(3), -1}); // [H, d, D]
        return {.probabilities = softmaxOf(q[sample], keys, mask + nearness),
                .throughHead = at::matmul(values, weights)};
    }
};

/// [n, M, D] -> the lengths of the sums over text, CLS and patches: [n, 3]
at::Tensor segmentLengths(const at::Tensor& added)
{
    const auto length = [](const at::Tensor& x) { return x.sum(1).square().sum(-1).sqrt(); };
    return at::stack({length(added.narrow(1, 0, textTokens)), length(added.narrow(1, textTokens, 1)),
                      length(added.narrow(1, textTokens + 1, 16))},
                     -1);
}

CrossAttentionMap megapixelMap(std::int64_t width = 768, std::int64_t heads = 12)
{
    constexpr std::int64_t text = 512;
    const GridSize latents = {64, 64}, patches = {73, 73};
    const ContextLayout layout{.text = SegmentKind::Real,
                               .patches = SegmentKind::Real,
                               .textColumns = text,
                               .patchColumns = patches.count(),
                               .textTokens = text,
                               .patchGrid = patches,
                               .latentGrid = latents};
    at::manual_seed(4);
    const auto ofHeads = [&](std::int64_t tokens) { return at::randn({heads, tokens, width / heads}); };
    return {ofHeads(latents.count()),
            ofHeads(5842),
            {},
            layout,
            {},
            {},
            {.values = ofHeads(5842), .outWeight = at::randn({width, width})}};
}

} // namespace

class TestAttentionProbe : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void equalsThePlainWayWhateverIsCollapsedOrTrimmed_data()
    {
        QTest::addColumn<QList<bool>>("dropped"); // text of 0, 1; DINO of 0, 1
        QTest::addColumn<bool>("placed");
        for (const bool placed : {false, true}) {
            const auto row = [placed](const char* name) -> QTestData& {
                return QTest::addRow("%s%s", name, placed ? ", rope and prior" : "");
            };
            row("nothing dropped") << QList<bool>{false, false, false, false} << placed;
            row("everything dropped") << QList<bool>{true, true, true, true} << placed;
            row("mixed") << QList<bool>{true, false, false, true} << placed;
        }
    }

    void equalsThePlainWayWhateverIsCollapsedOrTrimmed()
    {
        QFETCH(QList<bool>, dropped);
        QFETCH(bool, placed);
        const Scene scene(placed ? placedConfig() : tinyModelConfig());
        for (const bool keep : {false, true}) {
            const at::NoGradGuard noGradient;
            const auto context =
                scene.context({.text = {dropped[0], dropped[1]}, .dino = {dropped[2], dropped[3]}}, keep);
            for (std::int64_t sample = 0; sample < 2; ++sample) {
                const auto probe = scene.probe(context, sample);
                QCOMPARE(probe.blocks(), 2);
                for (std::int64_t block = 0; block < 2; ++block) {
                    const auto [expected, throughHead] = scene.plain(context, sample, block);
                    const auto& map = probe.cross(block);
                    const auto p = map.probabilities(upTo(16));
                    QCOMPARE(p.sizes(), (at::IntArrayRef{4, 16, shownTokens}));
                    QVERIFY(difference(p, expected) < 1e-6);
                    QVERIFY(difference(p.sum(-1), at::ones({4, 16})) < 1e-5);
                    const std::vector<std::int64_t> region = {1, 2, 7};
                    QVERIFY(difference(map.mean(region),
                                       at::stack({p.select(1, 1), p.select(1, 2), p.select(1, 7)}).mean(0)) < 1e-6);
                    const auto padding = expected.narrow(-1, 6, 2);
                    if (!dropped[static_cast<int>(sample)])
                        QCOMPARE(p.narrow(-1, 6, 2).abs().max().item<double>(), 0.0);
                    else
                        QVERIFY(padding.min().item<double>() > 0);
                    checkSummary(map, expected);
                    checkContributions(map, expected, throughHead);
                }
            }
        }
    }

    void laterEvaluationsDoNotChangeWhatWasSeen()
    {
        const Scene scene;
        const at::NoGradGuard noGradient;
        const auto context = scene.context({}, true); // its keys of CLS are overwritten by each evaluation
        const auto probe = scene.probe(context, 0);
        const auto before = probe.cross(1).probabilities(upTo(16));
        const auto summary = probe.cross(1).summary();
        const auto contribution = probe.cross(1).byContribution().probabilities(upTo(16));
        const auto logSums = summary->logSums;
        scene.model.velocity(scene.batch.latent * 2, at::tensor({0.9f, 0.1f}), context);
        QCOMPARE(difference(probe.cross(1).probabilities(upTo(16)), before), 0.0);
        const std::vector<std::int64_t> cls = {textTokens};
        QVERIFY(difference(probe.cross(1).onLatents(cls, logSums), before.select(-1, textTokens)) < 1e-6);
        QCOMPARE(difference(probe.cross(1).summary()->added, summary->added), 0.0);
        QCOMPARE(difference(probe.cross(1).byContribution().probabilities(upTo(16)), contribution), 0.0);
    }

    void aHeadWithoutOutputWeightsAddsNothing()
    {
        const at::NoGradGuard noGradient;
        const Scene scene;
        for (const auto& parameter : scene.model.parameters()) {
            if (parameter.name == "blocks.1.cross_attn.proj.weight")
                parameter.value.narrow(1, 8, 8).zero_(); // what the second of four heads is multiplied by
        }
        const auto context = scene.context({});
        const auto [p, throughHead] = scene.plain(context, 0, 1);
        auto others = at::zeros({16, shownTokens, 32}, at::kDouble);
        for (const int head : {0, 2, 3})
            others += p[head].unsqueeze(-1).to(at::kDouble) * throughHead[head].unsqueeze(0);
        const auto summary = scene.probe(context, 0).cross(1).summary();
        QVERIFY(difference(summary->added, segmentLengths(others)) < 1e-5);
        QCOMPARE(summary->addedByOne[1].abs().max().item<double>(), 0.0);
        QVERIFY(summary->addedByOne[0].max().item<double>() > 0);
    }

    void aMaskedPatchOrWordGetsNothing()
    {
        const Scene scene;
        const at::NoGradGuard noGradient;
        auto conditions = test::conditionsOf(scene.batch, textTokens);
        conditions.textMask = conditions.textMask.clone();
        conditions.textMask.select(1, 1).fill_(false);
        conditions.patchMask = at::ones({2, 16}, at::kBool);
        conditions.patchMask.narrow(1, 12, 4).fill_(false); // the last ones leave the context
        conditions.patchMask.select(1, 5).fill_(false);     // this one is masked
        const auto context = scene.model.context(conditions, {}, latentGrid);
        QCOMPARE(context.patches.size(), 12);
        const auto p = scene.probe(context, 0).cross(0).probabilities(upTo(16));
        QCOMPARE(p.size(-1), shownTokens);
        QVERIFY(difference(p.sum(-1), at::ones({4, 16})) < 1e-5);
        for (const std::int64_t gone : {std::int64_t{1}, textTokens + 1 + 5, textTokens + 1 + 12, textTokens + 1 + 15})
            QCOMPARE(p.select(-1, gone).abs().max().item<double>(), 0.0);
        QVERIFY(p.select(-1, textTokens + 1 + 4).min().item<double>() > 0);
    }

    void selfAttentionIsKeptWhereAsked()
    {
        const Scene scene;
        const at::NoGradGuard noGradient;
        const auto context = scene.context({});
        const auto probe = scene.probe(context, 1, {1});
        QVERIFY(!probe.hasSelf(0));
        QVERIFY(probe.hasSelf(1));
        Recorder recorder;
        scene.model.velocity(scene.batch.latent, scene.t, context, {.checkpointing = false, .observer = &recorder});
        const auto plain = softmaxOf(recorder.self[1][0][1], recorder.self[1][1][1]); // [H, L, L]
        const std::vector<std::int64_t> region = {3, 9};
        const auto expected = (plain.select(1, 3) + plain.select(1, 9)) / 2;
        QVERIFY(difference(probe.selfMean(1, region), expected) < 1e-6);
    }

    void anObserverChangesNoOutput()
    {
        const Scene scene;
        const at::NoGradGuard noGradient;
        const auto context = scene.context({});
        Recorder recorder;
        const auto watched =
            scene.model.velocity(scene.batch.latent, scene.t, context, {.checkpointing = false, .observer = &recorder});
        QVERIFY(at::equal(watched, scene.model.velocity(scene.batch.latent, scene.t, context)));
    }

    void aPerfectlyAlignedAttentionHasDistanceZero()
    {
        const GridSize latents = {4, 6}, patches = {8, 12}; // two patches along each side of a latent
        const ContextLayout layout{.text = SegmentKind::Real,
                                   .patches = SegmentKind::Real,
                                   .textColumns = 1,
                                   .patchColumns = patches.count(),
                                   .textTokens = 3,
                                   .patchGrid = patches,
                                   .latentGrid = latents};
        // Queries and keys are one-hot: latent i looks at its own four patches and at nothing else.
        auto queries = at::zeros({1, 24, 24}), keys = at::zeros({1, 2 + 96, 24});
        for (std::int64_t i = 0; i < 24; ++i)
            queries[0][i][i] = 500;
        for (std::int64_t p = 0; p < 96; ++p)
            keys[0][2 + p][(p / 12 / 2) * 6 + p % 12 / 2] = 1;
        const auto summary = CrossAttentionMap(queries, keys, {}, layout).summary();
        QVERIFY(summary->distance.max().item<double>() < 1e-4);
        QVERIFY(difference(summary->shares.select(-1, 2), at::ones({1, 24})) < 1e-5);
        QVERIFY(difference(summary->entropy, at::full({1, 24}, std::log(4.0))) < 1e-4);
        QVERIFY(difference(summary->byRow[0], at::eye(4).repeat_interleave(2, 1) / 2) < 1e-5);
        QVERIFY(difference(summary->byColumn[0], at::eye(6).repeat_interleave(2, 1) / 2) < 1e-5);
        // Spread evenly, it lies as far off as evenAlignment() says.
        const auto even = CrossAttentionMap(queries, at::zeros_like(keys), {}, layout).summary();
        QVERIFY(std::abs(even->distance.mean().item<double>() - evenAlignment(layout)) < 1e-4);
    }

    void neverHoldsAllProbabilities()
    {
        const auto map = megapixelMap();
        const auto all = upTo(4096);
        constexpr std::int64_t megabyte = 1 << 20; // all probabilities of the block are 1095 of them
        const auto one = peakBytes([&] { map.mean(std::vector<std::int64_t>{17}); });
        QVERIFY2(one < 2 * megabyte, std::to_string(one).c_str());
        const auto region = peakBytes([&] { map.mean(all); });
        QVERIFY2(region > megabyte && region < 60 * megabyte, std::to_string(region).c_str());
        std::optional<AttentionSummary> summary;
        const auto whole = peakBytes([&] { summary = map.summary(); });
        QVERIFY2(whole < 60 * megabyte, std::to_string(whole).c_str());
        const auto back = peakBytes([&] { map.onLatents(upTo(512), map.logSums()); });
        QVERIFY2(back < 60 * megabyte, std::to_string(back).c_str());
        const auto added = peakBytes([&] { map.byContribution().mean(std::vector<std::int64_t>{17}); });
        QVERIFY2(added < 60 * megabyte, std::to_string(added).c_str());
    }

    void stopsBetweenTwoPieces()
    {
        const auto map = megapixelMap(48, 12);
        int asked = 0;
        QVERIFY(!map.summary([&asked] { return ++asked == 3; }));
        QCOMPARE(asked, 3);
        QVERIFY(!map.mean(upTo(4096), [] { return true; }).defined());
        QVERIFY(!map.logSums([] { return true; }).defined());
    }

private:
    static void checkContributions(const CrossAttentionMap& map, const at::Tensor& p, const at::Tensor& throughHead)
    {
        const auto lengths = throughHead.square().sum(-1).sqrt(); // [H, M]
        const auto one = p.to(at::kDouble) * lengths.unsqueeze(1);
        const auto summary = map.summary();
        auto added = at::zeros({16, shownTokens, throughHead.size(-1)}, at::kDouble);
        for (std::int64_t head = 0; head < 4; ++head)
            added += p[head].unsqueeze(-1).to(at::kDouble) * throughHead[head].unsqueeze(0);
        QVERIFY(difference(summary->added, segmentLengths(added)) < 1e-5);
        QVERIFY(difference(summary->addedByOne, one.mean(1)) < 1e-5);
        const auto shares = one / one.sum(-1, true);
        const auto contributions = map.byContribution();
        QVERIFY(difference(contributions.probabilities(upTo(16)), shares) < 1e-6);
        const std::vector<std::int64_t> region = {1, 2, 7}, tokens = {0, 2, 7, textTokens, textTokens + 3};
        QVERIFY(difference(contributions.mean(region),
                           at::stack({shares.select(1, 1), shares.select(1, 2), shares.select(1, 7)}).mean(0)) < 1e-6);
        auto expected = at::zeros({4, 16}, at::kDouble);
        for (const auto token : tokens)
            expected = expected + shares.select(-1, token);
        QVERIFY(difference(contributions.onLatents(tokens, contributions.logSums()), expected) < 1e-5);
        QVERIFY(difference(contributions.summary()->entropy, -(shares * shares.clamp_min(1e-30).log()).sum(-1)) < 1e-4);
    }
    static void checkSummary(const CrossAttentionMap& map, const at::Tensor& p)
    {
        const auto summary = map.summary();
        QVERIFY(summary.has_value());
        const auto patches = p.narrow(-1, textTokens + 1, 16);
        QVERIFY(difference(summary->shares,
                           at::stack({p.narrow(-1, 0, textTokens).sum(-1), p.select(-1, textTokens), patches.sum(-1)},
                                     -1)) < 1e-5);
        QVERIFY(difference(summary->entropy, -(p * p.clamp_min(1e-30).log()).sum(-1)) < 1e-4);
        QVERIFY(difference(summary->received, p.mean(1)) < 1e-6);
        const auto grid = patches.view({4, 16, 4, 4});
        const auto row = (grid.sum(3) * at::arange(4)).sum(-1) / patches.sum(-1);
        const auto col = (grid.sum(2) * at::arange(4)).sum(-1) / patches.sum(-1);
        QVERIFY(difference(summary->centre, at::stack({row, col}, -1)) < 1e-4);
        const auto ownRow = at::arange(4).repeat_interleave(4), ownCol = at::arange(4).repeat({4});
        QVERIFY(difference(summary->distance, ((row - ownRow).square() + (col - ownCol).square()).sqrt()) < 1e-4);
        QVERIFY(difference(summary->byRow, grid.sum(3).view({4, 4, 4, 4}).mean(2)) < 1e-6);
        QVERIFY(difference(summary->byColumn, grid.sum(2).view({4, 4, 4, 4}).mean(1)) < 1e-6);
        const std::vector<std::int64_t> tokens = {0, 2, 7, textTokens, textTokens + 1, textTokens + 16};
        auto expected = at::zeros({4, 16});
        for (const auto token : tokens)
            expected = expected + p.select(-1, token);
        QVERIFY(difference(map.onLatents(tokens, summary->logSums), expected) < 1e-5);
        QVERIFY(difference(map.logSums(), summary->logSums) < 1e-5);
    }
};

QTEST_APPLESS_MAIN(TestAttentionProbe)
#include "tst_attention_probe.moc"
