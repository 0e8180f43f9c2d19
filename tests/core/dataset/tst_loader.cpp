#include "core/dataset/loader.h"
#include "core/dataset/shuffle.h"
#include "core/io/atomic_file.h"
#include "core/io/tensor.h"
#include "tests/core/dataset/drawn_samples.h"
#include "tests/support/test_data.h"

#include <ATen/ATen.h>
#include <QTest>

#include <algorithm>
#include <map>
#include <set>

using namespace nanodit;
using namespace nanodit::test;

namespace {

std::vector<std::vector<std::string>> idsOf(Loader& loader, std::int64_t batches)
{
    std::vector<std::vector<std::string>> ids;
    for (std::int64_t i = 0; i < batches; ++i)
        ids.push_back(loader.next().ids);
    return ids;
}

} // namespace

class LoaderTest : public QObject {
    Q_OBJECT

    const TemporaryFolder folder_;
    std::vector<ShardSample> samples_;
    std::shared_ptr<const ShardSet> set_;

private Q_SLOTS:
    void initTestCase()
    {
        samples_ = drawnSamples(7, wide, 4, tall);
        packed(folder_.path(), samples_);
        set_ = ShardSet::open(folder_ / "train");
    }

    void masksOfTheLossAreThereWhereASampleHasOne()
    {
        const TemporaryFolder folder;
        auto samples = drawnSamples(3, wide, 2, tall);
        const auto weights = at::rand({8, 16});
        samples[1].lossMask = arrayFromTensor(weights);
        packed(folder.path(), samples);
        const auto set = ShardSet::open(folder / "train");
        QCOMPARE(set->masked(), 1);
        Loader loader(set, {.batchSize = 3, .shuffle = false, .normaliseDino = false});
        for (int i = 0; i < 2; ++i) {
            const auto batch = loader.next();
            QCOMPARE(batch.lossMask.defined(), batch.bucket == wide);
            if (!batch.lossMask.defined())
                continue;
            QCOMPARE(batch.lossMask.sizes().vec(), (std::vector<std::int64_t>{3, 1, 8, 16}));
            for (std::int64_t row = 0; row < 3; ++row) {
                const bool own = batch.ids[static_cast<std::size_t>(row)] == samples[1].id;
                QVERIFY(at::equal(batch.lossMask[row][0], own ? weights : at::ones({8, 16})));
            }
        }
    }

    void masksOfTheLossThatMakeNoSenseAreNamed()
    {
        for (const auto& wrong : {at::zeros({8, 16}), at::full({8, 16}, -0.5F), at::full({8, 16}, 2.0F)}) {
            const TemporaryFolder folder;
            auto samples = drawnSamples(2, wide, 1, tall);
            samples[0].lossMask = arrayFromTensor(wrong);
            packed(folder.path(), samples);
            const auto message = errorOf([&] { ShardSet::open(folder / "train")->read(0); });
            QVERIFY2(message.find("a0.loss_mask.npy") != std::string::npos, message.c_str());
        }
        const TemporaryFolder folder;
        auto samples = drawnSamples(2, wide, 1, tall);
        samples[0].lossMask = arrayFromTensor(at::ones({16, 8}));
        QVERIFY(errorOf([&] { packed(folder.path(), samples); }).find("loss_mask") != std::string::npos);
    }

    void batchesHoldTheSamplesOfOneBucket()
    {
        Loader loader(set_, {.batchSize = 2, .seed = 3, .normaliseDino = false});
        QCOMPARE(loader.batchesPerEpoch(), 4 + 2);
        std::map<std::string, int> seen;
        for (int i = 0; i < 6; ++i) {
            const auto batch = loader.next();
            QCOMPARE(batch.position, 2 * (i + 1));
            QCOMPARE(batch.epoch, 0);
            const auto height = batch.bucket.height / 8, width = batch.bucket.width / 8;
            QCOMPARE(batch.latent.sizes().vec(), (std::vector<std::int64_t>{2, 16, height, width}));
            QCOMPARE(batch.patches.sizes().vec(), (std::vector<std::int64_t>{2, batch.patchGrid.count(), 6}));
            QVERIFY(batch.patchGrid == dinoGrid(batch.bucket, 16));
            std::int64_t longest = 0;
            for (std::int64_t row = 0; row < 2; ++row) {
                const auto& id = batch.ids[static_cast<std::size_t>(row)];
                ++seen[id];
                const auto& sample =
                    *std::find_if(samples_.begin(), samples_.end(), [&](const auto& s) { return s.id == id; });
                QVERIFY(sample.bucket == batch.bucket);
                QCOMPARE(batch.captions[static_cast<std::size_t>(row)], "caption of " + id);
                QVERIFY(at::equal(batch.latent[row], tensorFromArray(sample.latent)));
                QVERIFY(at::equal(batch.cls[row], tensorFromArray(sample.cls)));
                QVERIFY(at::equal(batch.patches[row], tensorFromArray(sample.patches).to(at::kFloat)));
                const auto tokens = sample.text.shape[0];
                longest = std::max(longest, tokens);
                QVERIFY(at::equal(batch.text[row].narrow(0, 0, tokens), tensorFromArray(sample.text).to(at::kFloat)));
                QVERIFY(batch.text[row].narrow(0, tokens, batch.text.size(1) - tokens).eq(0).all().item<bool>());
                QCOMPARE(batch.textMask[row].sum().item<std::int64_t>(), tokens);
                QVERIFY(batch.textMask[row].narrow(0, 0, tokens).all().item<bool>());
            }
            QCOMPARE(batch.text.size(1), longest);
        }
        QCOMPARE(seen.size(), samples_.size());
        // Seven samples in batches of two: one is drawn again to fill the last.
        QCOMPARE(std::count_if(seen.begin(), seen.end(), [](const auto& entry) { return entry.second == 2; }), 1);
        QCOMPARE(loader.next().epoch, 1);
    }

    void sameOptionsGiveTheSameOrderWhateverTheThreads()
    {
        Loader one(set_, {.batchSize = 2, .seed = 5, .threads = 1, .prefetch = 1});
        Loader four(set_, {.batchSize = 2, .seed = 5, .threads = 4, .prefetch = 7});
        const auto ids = idsOf(one, 30);
        QCOMPARE(idsOf(four, 30), ids);
        Loader other(set_, {.batchSize = 2, .seed = 6});
        QVERIFY(idsOf(other, 30) != ids);
        QVERIFY((std::vector(ids.begin(), ids.begin() + 6) !=
                 std::vector(ids.begin() + 6, ids.begin() + 12))); // Epochs differ.
    }

    void aWaitForABatchCanBeStopped()
    {
        Loader stopped(set_, {.batchSize = 2, .seed = 5}), whole(set_, {.batchSize = 2, .seed = 5});
        QVERIFY(!stopped.nextUnless([] { return true; }));
        const auto batch = stopped.nextUnless([] { return false; });
        QVERIFY(batch && batch->ids == whole.next().ids); // none was lost
    }

    void theOrderIsTheSameOnEveryMachine()
    {
        // Written down once: an order that changed would break resumed runs.
        const BatchOrder order(std::vector<ImageSize>(5, wide), 1, 42, true);
        std::vector<std::int64_t> drawn;
        for (std::int64_t i = 0; i < 10; ++i) {
            const auto batch = order.batch(i);
            drawn.push_back((*batch.bucket)[static_cast<std::size_t>(batch.first)]);
        }
        QCOMPARE(drawn, (std::vector<std::int64_t>{3, 4, 2, 1, 0, 4, 0, 1, 3, 2}));
    }

    void resumesAtAnyPosition()
    {
        Loader whole(set_, {.batchSize = 2, .seed = 5});
        std::vector<std::vector<std::string>> ids;
        std::vector<std::int64_t> positions;
        for (int i = 0; i < 20; ++i) {
            const auto batch = whole.next();
            ids.push_back(batch.ids);
            positions.push_back(batch.position);
        }
        for (const std::size_t done : {1u, 5u, 6u, 13u}) {
            Loader resumed(set_, {.batchSize = 2, .seed = 5, .position = positions[done - 1]});
            QCOMPARE(idsOf(resumed, 3), std::vector(ids.begin() + static_cast<std::ptrdiff_t>(done),
                                                    ids.begin() + static_cast<std::ptrdiff_t>(done) + 3));
        }
    }

    void ranksShareTheOrder()
    {
        Loader alone(set_, {.batchSize = 2, .seed = 5});
        const auto ids = idsOf(alone, 20);
        for (std::int64_t rank = 0; rank < 3; ++rank) {
            Loader part(set_, {.batchSize = 2, .seed = 5, .rank = rank, .ranks = 3});
            for (std::size_t i = 0; i < 6; ++i) {
                const auto batch = part.next();
                QCOMPARE(batch.ids, ids[3 * i + static_cast<std::size_t>(rank)]);
                QCOMPARE(batch.position, static_cast<std::int64_t>(6 * (i + 1)));
            }
        }
    }

    void normalisesByTheSetsStatistics()
    {
        Loader plain(set_, {.batchSize = 2, .seed = 5, .normaliseDino = false});
        Loader normal(set_, {.batchSize = 2, .seed = 5});
        const auto a = plain.next(), b = normal.next();
        QVERIFY(at::allclose(b.cls, set_->dinoStatistics().cls.normalise(a.cls), 0, 0));
        QVERIFY(at::allclose(b.patches, set_->dinoStatistics().patches.normalise(a.patches), 0, 0));
        QVERIFY(at::equal(a.latent, b.latent));

        auto given = set_->dinoStatistics();
        given.cls.mean.assign(6, 100.f);
        given.cls.deviation.assign(6, 2.f);
        Loader other(set_, {.batchSize = 2, .seed = 5, .statistics = given});
        QVERIFY(at::allclose(other.next().cls, (a.cls - 100) / 2));
        given.cls.mean.resize(5);
        given.cls.deviation.resize(5);
        QVERIFY(errorOf([&] { Loader(set_, {.statistics = given}); }).find("another encoder") != std::string::npos);
    }

    void aBucketSmallerThanTheBatchGoesRound()
    {
        Loader loader(set_, {.batchSize = 9, .seed = 5});
        QCOMPARE(loader.batchesPerEpoch(), 2);
        for (int i = 0; i < 2; ++i) {
            const auto batch = loader.next();
            const std::set<std::string> ids(batch.ids.begin(), batch.ids.end());
            QCOMPARE(batch.ids.size(), 9u);
            QCOMPARE(ids.size(), batch.bucket == wide ? 7u : 4u);
        }
    }

    void corruptSamplesAreReplacedCountedAndNamed()
    {
        const TemporaryFolder folder;
        packed(folder.path(), samples_);
        const auto shard = folder / "train/bucket_128x64/shard-000000.tar";
        auto text = readTextFile(shard);
        text[text.find("\x93NUMPY", text.find("a3.t5.npy"))] = 'x';
        std::filesystem::remove(shard);
        writeText(shard, text);
        Loader loader(ShardSet::open(folder / "train"), {.batchSize = 1, .seed = 5});
        std::map<std::string, int> seen;
        for (std::int64_t i = 0; i < loader.batchesPerEpoch(); ++i)
            ++seen[loader.next().ids[0]];
        QVERIFY(!seen.contains("a3"));
        QCOMPARE(seen.size(), samples_.size() - 1);
        QCOMPARE(loader.corrupt().size(), 1u);
        QCOMPARE(loader.corrupt()[0].id, std::string("a3"));
        QVERIFY(loader.corrupt()[0].reason.find("a3.t5.npy") != std::string::npos);
    }

    void aShardThatIsShortenedWhileItIsReadCostsItsSamples()
    {
        const TemporaryFolder folder;
        packed(folder.path(), samples_);
        const auto set = ShardSet::open(folder / "train");
        for (std::int64_t i = 0; i < static_cast<std::int64_t>(set->entries().size()); ++i)
            set->read(i);                                                                   // every shard is mapped
        std::filesystem::resize_file(folder / "train/bucket_64x128/shard-000000.tar", 512); // "b0" begins in its page
        const auto index = *set->find("b3");
        const auto message = errorOf([&] { set->read(index); });
        QVERIFY2(message.find("b3 cannot be read any more") != std::string::npos, message.c_str());
        Loader loader(set, {.batchSize = 2, .seed = 5});
        for (std::int64_t i = 0; i < 2 * loader.batchesPerEpoch(); ++i)
            QVERIFY(loader.next().bucket == wide);
        QCOMPARE(loader.corruptCount(), 4u);
        QCOMPARE(loader.corrupt(3).size(), 1u);
    }

    void aBucketWithoutReadableSamplesLeavesItsPlaceToOthers()
    {
        const TemporaryFolder folder;
        packed(folder.path(), samples_);
        std::filesystem::resize_file(folder / "train/bucket_64x128/shard-000000.tar", 1000);
        Loader loader(ShardSet::open(folder / "train"), {.batchSize = 2, .seed = 5});
        for (std::int64_t i = 0; i < 3 * loader.batchesPerEpoch(); ++i)
            QVERIFY(loader.next().bucket == wide);
        QCOMPARE(loader.corruptCount(), 4u);
        QCOMPARE(loader.corrupt().size(), 1u);
        QVERIFY(loader.corrupt()[0].reason.find("none of its 4 samples") != std::string::npos);
    }

    void valuesThatAreNoNumbersAreFoundWhileConverting()
    {
        const TemporaryFolder folder;
        packed(folder.path(), samples_);
        const auto shard = folder / "train/bucket_128x64/shard-000000.tar";
        auto text = readTextFile(shard);
        const auto data = text.find('\n', text.find("\x93NUMPY", text.find("a2.dinov3_patches.npy"))) + 1;
        text[data + 10] = '\x00';
        text[data + 11] = '\x7c'; // an infinite half
        std::filesystem::remove(shard);
        writeText(shard, text);
        Loader one(ShardSet::open(folder / "train"), {.batchSize = 2, .seed = 5, .threads = 1});
        Loader four(ShardSet::open(folder / "train"), {.batchSize = 2, .seed = 5, .threads = 4});
        for (std::int64_t i = 0; i < 4 * one.batchesPerEpoch(); ++i) {
            const auto batch = one.next();
            QCOMPARE(four.next().ids, batch.ids);
            QVERIFY(std::ranges::find(batch.ids, "a2") == batch.ids.end());
            QVERIFY(at::isfinite(batch.patches).all().item<bool>());
        }
        QCOMPARE(one.corrupt().size(), 1u);
        QCOMPARE(one.corrupt()[0].id, std::string("a2"));
    }

    /// Over ranks of any number, an epoch holds each sample once, and again only what fills the last batch of a bucket.
    void ranksTogetherSeeEachSampleOfAnEpochOnce()
    {
        for (const std::int64_t ranks : {1, 2, 3, 5}) {
            for (const std::int64_t batchSize : {1, 2, 3}) {
                std::map<std::int64_t, std::map<std::string, int>> seen; // by epoch
                std::int64_t perEpoch = 0;
                for (std::int64_t rank = 0; rank < ranks; ++rank) {
                    Loader loader(set_, {.batchSize = batchSize, .seed = 8, .rank = rank, .ranks = ranks});
                    perEpoch = loader.batchesPerEpoch();
                    for (std::int64_t i = 0; i < 2 * perEpoch; ++i) { // two epochs or more
                        const auto batch = loader.next();
                        for (const auto& id : batch.ids)
                            ++seen[batch.epoch][id];
                    }
                }
                for (const std::int64_t epoch : {0, 1}) {
                    std::int64_t drawn = 0;
                    for (const auto& [id, times] : seen[epoch]) {
                        QVERIFY(times >= 1 && (batchSize > 1 || times == 1));
                        drawn += times;
                    }
                    QCOMPARE(seen[epoch].size(), samples_.size());
                    QCOMPARE(drawn, perEpoch * batchSize);
                }
            }
        }
    }

    void theLedgerIsWhatAnEpochDoes()
    {
        std::vector<ImageSize> buckets;
        for (const auto& entry : set_->entries())
            buckets.push_back(entry.bucket);
        for (const std::int64_t batchSize : {1, 2, 5}) {
            const auto ledger = epochLedger(buckets, batchSize);
            QCOMPARE(ledger.size(), 2u);
            Loader loader(set_, {.batchSize = batchSize, .seed = 2});
            std::map<ImageSize, std::vector<std::string>> drawn;
            for (std::int64_t i = 0; i < loader.batchesPerEpoch(); ++i) {
                const auto batch = loader.next();
                auto& ids = drawn[batch.bucket];
                ids.insert(ids.end(), batch.ids.begin(), batch.ids.end());
            }
            for (const auto& line : ledger) {
                const auto& ids = drawn[line.bucket];
                const std::set<std::string> different(ids.begin(), ids.end());
                QCOMPARE(static_cast<std::int64_t>(different.size()), line.samples);
                QCOMPARE(static_cast<std::int64_t>(ids.size() - different.size()), line.seenTwice);
                QCOMPARE(line.batches * batchSize, static_cast<std::int64_t>(ids.size()));
                QCOMPARE(line.fillsABatch, batchSize <= line.samples);
            }
        }
    }

    void aSetOfWhichNothingCanBeReadIsAnError()
    {
        const TemporaryFolder folder;
        packed(folder.path(), drawnSamples(3, wide, 0, tall));
        std::filesystem::resize_file(folder / "train/bucket_128x64/shard-000000.tar", 1000);
        Loader loader(ShardSet::open(folder / "train"), {.batchSize = 1});
        const auto message = errorOf([&] { loader.next(); });
        QVERIFY2(message.find("no sample of") != std::string::npos, message.c_str());
        QCOMPARE(loader.corruptCount(), 3u);
    }

    void destroyingItWhileItReadsAheadReturnsAtOnce()
    {
        for (int i = 0; i < 20; ++i)
            Loader(set_, {.batchSize = 4, .seed = 1, .threads = 3, .prefetch = 50});
    }
};

QTEST_APPLESS_MAIN(LoaderTest)
#include "tst_loader.moc"
