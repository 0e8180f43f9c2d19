#include "core/dataset/catalog.h"
#include "core/dataset/ledger.h"
#include "core/dataset/loader.h"
#include "tests/core/dataset/drawn_samples.h"
#include "tests/support/test_data.h"

#include <QTest>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>

using namespace nanodit;
using namespace nanodit::test;

/// A workspace of seven wide records, one of which was never packed, and four tall ones; one sample is no record.
class LedgerTest : public QObject {
    Q_OBJECT

    const TemporaryFolder folder_;
    Workspace workspace_;

    static Record recordOf(const std::string& id, ImageSize bucket, ImageSize original)
    {
        Record record;
        record.id = id;
        record.image = std::filesystem::path("/pictures") / id;
        record.split = "train";
        record.original = original;
        record.bucket = bucket;
        record.bucketGiven = true;
        return record;
    }
    static const LedgerBucket& lineOf(const EpochLedger& ledger, ImageSize bucket)
    {
        return *std::ranges::find(ledger.buckets, bucket, &LedgerBucket::bucket);
    }

private Q_SLOTS:
    void initTestCase()
    {
        WorkspaceConfig config;
        config.buckets = {wide, tall};
        workspace_ = Workspace::create(folder_ / "workspace", config);
        auto catalog = Catalog::open(workspace_);
        for (const auto* const id : {"a0", "a1", "a2", "a3", "a4", "a5", "a6"})
            catalog.put(recordOf(id, wide, std::string(id) == "a3" ? ImageSize{200, 200} : ImageSize{256, 128}));
        for (const auto* const id : {"b0", "b1", "b2", "b3"})
            catalog.put(recordOf(id, tall, {64, 160}));
        auto excluded = recordOf("c0", wide, {256, 128});
        excluded.excluded = "too blurred";
        catalog.put(excluded);
        auto other = recordOf("c1", wide, {256, 128});
        other.split = "val";
        catalog.put(other);
        auto samples = drawnSamples(6, wide, 4, tall); // a6 is not packed
        samples.push_back(drawnSamples(0, wide, 5, tall).back());
        packed(workspace_.shardsFolder(), samples); // b4 is no record
    }

    void tellsWhoIsNotSeenAndWhoIsCropped()
    {
        const auto ledger = ledgerOf(workspace_, {.batchSize = 2});
        QCOMPARE(ledger.buckets.size(), 2u);
        const auto& first = lineOf(ledger, wide);
        QCOMPARE(first.records, 7);
        QCOMPARE(first.samples, 6);
        QCOMPARE(first.batches, 3);
        QCOMPARE(first.notSeen, std::vector<std::string>{"a6"});
        QVERIFY(first.strangers.empty() && first.seenTwice.empty());
        QCOMPARE(first.cropped.size(), 1u); // a square picture loses half of itself in a bucket of 2 : 1
        QCOMPARE(first.cropped[0].id, std::string("a3"));
        QVERIFY(std::abs(first.cropped[0].lost - 0.5) < 1e-9);
        QVERIFY(std::abs(first.meanLost() - 0.5 / 6) < 1e-9);
        const auto& second = lineOf(ledger, tall);
        QCOMPARE(second.records, 4);
        QCOMPARE(second.samples, 5);
        QCOMPARE(second.strangers, std::vector<std::string>{"b4"});
        QCOMPARE(second.cropped.size(), 4u);
        QVERIFY(std::abs(second.meanLost() - (1 - 128. / 160)) < 1e-9);
        QCOMPARE(second.seenTwice.size(), 1u);
        QCOMPARE(ledger.warnings.size(), 2u);
        QVERIFY(ledger.warnings[0].text.find("b4") != std::string::npos);
        QVERIFY(ledger.warnings[1].text.find("a6") != std::string::npos);
    }

    /// What the ledger says of an epoch is what a loader of that seed draws in it.
    void seenTwiceIsWhatTheLoaderDrawsAgain()
    {
        const auto set = ShardSet::open(workspace_.shardsFolder() / "train");
        for (const std::int64_t batchSize : {1, 2, 4, 9}) {
            Loader loader(set, {.batchSize = batchSize, .seed = 5});
            for (std::int64_t epoch = 0; epoch < 3; ++epoch) {
                std::map<std::string, int> drawn;
                for (std::int64_t i = 0; i < loader.batchesPerEpoch(); ++i) {
                    for (const auto& id : loader.next().ids)
                        ++drawn[id];
                }
                const auto ledger = ledgerOf(workspace_, {.batchSize = batchSize, .seed = 5, .epoch = epoch});
                std::map<std::string, int> told;
                for (const auto& entry : set->entries())
                    told[entry.id] = 1;
                for (const auto& line : ledger.buckets) {
                    for (const auto& id : line.seenTwice)
                        ++told[id];
                }
                QCOMPARE(told, drawn);
            }
        }
    }

    void bucketsThatFillNoBatchAreNamed()
    {
        const auto ledger = ledgerOf(workspace_, {.batchSize = 6});
        QVERIFY(lineOf(ledger, wide).fillsABatch);
        QVERIFY(!lineOf(ledger, tall).fillsABatch);
        QVERIFY2(ledger.warnings[0].text.find("64x128") != std::string::npos, ledger.warnings[0].text.c_str());
        QVERIFY(ledger.warnings[0].text.find("batch of 6") != std::string::npos);
    }

    void samplesThatWereEncodedAnewAreCounted()
    {
        const auto set = ShardSet::open(workspace_.shardsFolder() / "train");
        QVERIFY(!outdatedSamples(workspace_, *set));
        auto catalog = Catalog::open(workspace_);
        Provenance made;
        made.madeAt = "2000-01-01T00:00:00Z";
        catalog.recordMade("a0", ArrayKind::Vae, made);
        made.madeAt = "2999-01-01T00:00:00Z";
        for (const auto* const id : {"a1", "a6", "c0"}) // the last two are not in the set
            catalog.recordMade(id, ArrayKind::T5, made);
        catalog.recordMade("a1", ArrayKind::Vae, made);
        made.adopted = true;
        catalog.recordMade("b0", ArrayKind::T5, made);
        const auto warnings = ledgerOf(workspace_, {.batchSize = 2}).warnings;
        QVERIFY(!warnings.empty());
        const auto& notice = warnings.back();
        QVERIFY2(notice.text.starts_with("1 sample of ") && notice.text.find("a1") != std::string::npos,
                 notice.text.c_str());
        QVERIFY(test::remedyAs<remedy::PackShards>(notice.remedy) != nullptr);
    }

    void mistakesAreNamed()
    {
        const auto absent = test::remedyOf([this] { ledgerOf(workspace_, {.set = "none"}); });
        QVERIFY(test::remedyAs<remedy::PackShards>(absent) != nullptr);
        constexpr auto largest = std::numeric_limits<std::int64_t>::max();
        for (const LedgerRequest& wrong : {LedgerRequest{.batchSize = 0}, LedgerRequest{.batchSize = largest},
                                           LedgerRequest{.epoch = -1}, LedgerRequest{.epoch = largest}})
            QVERIFY(errorOf([&] { ledgerOf(workspace_, wrong); }).find("batch size") != std::string::npos);
    }
};

QTEST_APPLESS_MAIN(LedgerTest)
#include "tst_ledger.moc"
