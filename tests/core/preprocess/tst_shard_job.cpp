#include "core/dataset/catalog.h"
#include "core/dataset/record_edits.h"
#include "core/dataset/shard_set.h"
#include "core/io/image.h"
#include "core/io/npy.h"
#include "core/io/tensor.h"
#include "core/preprocess/jobs.h"
#include "core/preprocess/workspace_state.h"
#include "core/runtime/error.h"
#include "tests/core/preprocess/pass_fixture.h"
#include "tests/support/contains.h"
#include "tests/support/files_below.h"

#include <ATen/ATen.h>
#include <QTest>

#include <cmath>
#include <utility>

using namespace nanodit;
using test::contains;
using test::PassFixture;
namespace fs = std::filesystem;

namespace {

ShardReport pack(PassFixture& f, bool overwrite = false, const JobContext& context = {})
{
    ShardReport report;
    makeShardJobWith({.workspace = f.workspace,
                      .shardSize = 4,
                      .overwrite = overwrite,
                      .finished = [&](const auto& r) { report = r; }},
                     f.fakes.encoders())
        ->run(context);
    return report;
}

const ShardSetReport& setNamed(const ShardReport& report, const std::string& name)
{
    for (const auto& set : report.sets) {
        if (set.set == name)
            return set;
    }
    throw DataError("the report has no set " + name);
}

void overwriteArray(const PassFixture& f, ArrayKind kind, const std::string& id, const at::Tensor& tensor)
{
    writeNpy(f.array(kind, id), arrayFromTensor(tensor.contiguous()));
}

std::map<std::string, std::string> shardFiles(const PassFixture& f)
{
    return test::filesBelow(f.workspace.shardsFolder());
}

} // namespace

class TestShardJob : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void recordsThatAreAllExcludedAreNotTakenForNone()
    {
        PassFixture f;
        std::vector<std::string> ids;
        for (const auto& record : Catalog::open(f.workspace).records())
            ids.push_back(record.id);
        QVERIFY(!ids.empty());
        setExcluded(f.workspace, ids, "out of focus");
        const auto message = test::errorOf([&f] { pack(f); });
        QVERIFY2(contains(message, "are excluded (" + std::to_string(ids.size()) + ")"), message.c_str());
    }

    void samplesWhosePictureIsGoneAreTold()
    {
        PassFixture f;
        f.run();
        fs::remove(f.picture(1));
        std::string log;
        JobContext context;
        context.log = [&log](LogLevel, const std::string& text) { log += text; };
        pack(f, false, context);
        QVERIFY2(contains(log, "1 sample was packed of which the picture is gone (picture1)"), log.c_str());
    }

    void masksBesidePicturesArePackedAndReadAgain()
    {
        PassFixture f(4);
        f.run();
        const auto records = listRecords(f.workspace);
        const auto maskOf = [](const RecordInfo& record) {
            return record.image.parent_path() / (record.image.stem().string() + "-mask.png");
        };
        const auto painted = [](ImageSize size, std::uint8_t left) { // black on the right half
            Image image{.size = size, .rgb = std::vector<std::uint8_t>(std::size_t(3 * size.width * size.height))};
            for (std::int64_t y = 0; y < size.height; ++y)
                std::fill_n(image.at(0, y), 3 * (size.width / 2), left);
            return image;
        };
        writePng(maskOf(records[0]), painted(records[0].original, 255));
        writePng(maskOf(records[1]), painted(records[1].original, 0)); // nothing would be learnt
        const auto report = pack(f);
        std::int64_t samples = 0, masked = 0, skipped = 0;
        for (const auto& set : report.sets) {
            samples += set.samples;
            masked += set.masked;
            skipped += set.skippedIncomplete;
            for (const auto& reject : set.skipped)
                QVERIFY2(contains(reject.reason, "-mask.png"), reject.reason.c_str());
        }
        QCOMPARE(samples, 3);
        QCOMPARE(masked, 1);
        QCOMPARE(skipped, 1);
        for (const auto& packed : report.sets) {
            if (packed.samples == 0)
                continue;
            const auto set = ShardSet::open(f.workspace.shardsFolder() / packed.set);
            QCOMPARE(set->masked(), packed.masked);
            for (std::int64_t i = 0; i < packed.samples; ++i) {
                const auto sample = set->read(i);
                QCOMPARE(sample.lossMask.shape.empty(), sample.id != records[0].id);
                if (sample.lossMask.shape.empty())
                    continue;
                const auto weights = tensorFromArray(sample.lossMask);
                QCOMPARE(weights.size(0), sample.latent.shape[1]);
                QCOMPARE(weights.size(1), sample.latent.shape[2]);
                QCOMPARE(weights[0][0].item<float>(), 1.0F);
                QCOMPARE(weights[0][weights.size(1) - 1].item<float>(), 0.0F);
            }
        }
    }

    void everySplitBecomesASetThatHoldsItsRecords()
    {
        PassFixture f(9);
        for (const int val : {1, 5})
            test::writeText(f.pictures / ("picture" + std::to_string(val) + ".json"),
                            R"({"split": "val", "things": [1, 2]})");
        f.import();
        f.run();
        const auto report = pack(f);
        QCOMPARE(report.sets.size(), 2U);
        QCOMPARE(setNamed(report, "train").samples, 7);
        QCOMPARE(setNamed(report, "val").samples, 2);
        QVERIFY(setNamed(report, "train").skipped.empty());

        const auto set = ShardSet::open(f.workspace.shardsFolder() / "val");
        QCOMPARE(set->entries().size(), 2U);
        const auto sample = set->read(*set->find("picture1"));
        QVERIFY((sample.bucket == ImageSize{96, 64} && sample.patchGrid == GridSize{4, 6}));
        for (const auto& [kind, array] :
             {std::pair(ArrayKind::T5, &sample.text), std::pair(ArrayKind::Vae, &sample.latent),
              std::pair(ArrayKind::DinoCls, &sample.cls), std::pair(ArrayKind::DinoPatches, &sample.patches)}) {
            const auto stored = tensorFromArray(readNpy(f.array(kind, "picture1")));
            QVERIFY(at::equal(tensorFromArray(*array), stored));
        }
        QCOMPARE(sample.info.at("caption").get<std::string>(), std::string("a caption of picture 1"));
        QCOMPARE(sample.info.at("split").get<std::string>(), std::string("val"));
        QVERIFY((sample.info.at("original_size") == nlohmann::json{120, 80}));
        QVERIFY((sample.info.at("things") == nlohmann::json{1, 2})); // fields that mean nothing here travel along
        QCOMPARE(set->encoders().at("dino").at("fingerprint").get<std::string>(), std::string("dino-one"));
    }

    void recordsThatAreNotWholeAreSkippedByReason()
    {
        PassFixture f(10);
        f.run();
        fs::remove(f.array(ArrayKind::Vae, "picture0"));
        test::writeText(f.array(ArrayKind::T5, "picture1"), "broken");
        overwriteArray(f, ArrayKind::DinoPatches, "picture2", at::ones({196, 5}));
        overwriteArray(f, ArrayKind::Vae, "picture3", at::ones({4, 3, 3}));
        f.draw(4, 222);
        overwriteArray(f, ArrayKind::DinoCls, "picture5", at::full({5}, std::nan("")));
        const auto report = pack(f);
        const auto set = setNamed(report, "train");
        QCOMPARE(set.samples, 4);
        QCOMPARE(set.skippedIncomplete, 2);
        QCOMPARE(set.skippedMisaligned, 2);
        QCOMPARE(set.skippedStale, 1);
        QCOMPARE(set.skippedNonfinite, 1);
        QCOMPARE(set.skipped.size(), 6U);
        for (const auto& skipped : set.skipped)
            QVERIFY2(contains(skipped.reason, skipped.what + ".npy"), skipped.reason.c_str());
        const auto packed = ShardSet::open(f.workspace.shardsFolder() / "train");
        QCOMPARE(packed->entries().size(), 4U);
        for (int i = 0; i < 10; ++i)
            QCOMPARE(packed->find("picture" + std::to_string(i)).has_value(), i >= 6);
    }

    void existingSetIsReplacedOnRequestOnly()
    {
        PassFixture f(4);
        f.run();
        pack(f);
        const auto before = shardFiles(f);
        const auto message = test::errorOf([&] { pack(f); });
        QVERIFY2(contains(message, "train") && contains(message, "exists already"), message.c_str());
        const auto remedy = test::remedyOf([&] { pack(f); });
        QVERIFY(test::remedyAs<remedy::PackShards>(remedy) != nullptr &&
                test::remedyAs<remedy::PackShards>(remedy)->replace);
        QVERIFY(shardFiles(f) == before);
        pack(f, true);
        QVERIFY(shardFiles(f) == before); // equal records give equal bytes
        fs::remove(f.array(ArrayKind::Vae, "picture0"));
        QCOMPARE(setNamed(pack(f, true), "train").samples, 3);
    }

    void nothingWholeIsRefusedWithTheFirstReason()
    {
        PassFixture f(2);
        const auto message = test::errorOf([&] { pack(f); });
        QVERIFY2(contains(message, "t5/picture0.npy"), message.c_str());
        QVERIFY(test::remedyAs<remedy::RunPasses>(test::remedyOf([&] { pack(f); })) != nullptr);
        QVERIFY(shardFiles(f).empty());
    }

    void stoppedPackingLeavesNothing()
    {
        PassFixture f(6);
        f.run();
        JobContext context;
        context.report = [&](const Progress& progress) {
            if (progress.stage == Stage::PackingShards && progress.done > 0)
                context.control->requestStop();
        };
        const auto end = makeShardJobWith({.workspace = f.workspace, .shardSize = 4}, f.fakes.encoders())->run(context);
        QVERIFY(end == JobEnd::Cancelled);
        QVERIFY(shardFiles(f).empty());
    }

    void paddingOfOtherPipelinesIsLeftOut()
    {
        PassFixture f(3);
        f.run();
        for (int i = 0; i < 3; ++i)
            overwriteArray(f, ArrayKind::T5, "picture" + std::to_string(i),
                           at::arange(16 * 3).to(at::kFloat).reshape({16, 3}));
        fs::create_directories(f.workspace.derivedFolder() / "t5_mask");
        const auto mask = at::cat({at::ones({7}), at::zeros({9})}).to(at::kLong);
        writeNpy(f.workspace.derivedFolder() / "t5_mask/picture0.npy", arrayFromTensor(mask));
        writeNpy(f.workspace.derivedFolder() / "t5_mask/picture1.npy", arrayFromTensor(mask.flip(0)));
        f.fakes.tokenCount = [](const std::string&) { return std::int64_t{6}; };
        const auto report = pack(f);
        QCOMPARE(setNamed(report, "train").skippedIncomplete, 1);
        QVERIFY(contains(setNamed(report, "train").skipped.at(0).reason, "t5_mask/picture1.npy"));
        const auto rows = [&](const char* id) {
            const auto set = ShardSet::open(f.workspace.shardsFolder() / "train");
            return set->read(*set->find(id)).text.shape.at(0);
        };
        QCOMPARE(rows("picture0"), 7); // by its mask
        QCOMPARE(rows("picture2"), 6); // by its caption
        for (const auto* const id : {"picture1", "picture2"})
            overwriteArray(f, ArrayKind::T5, id, at::arange(10 * 3).to(at::kFloat).reshape({10, 3}));
        writeNpy(f.workspace.derivedFolder() / "t5_mask/picture2.npy",
                 arrayFromTensor(at::cat({at::ones({4}), at::zeros({6})})));
        QCOMPARE(setNamed(pack(f, true), "train").skippedIncomplete, 0);
        QCOMPARE(rows("picture1"), 10); // its mask is of the longer text before
        QCOMPARE(rows("picture2"), 4);
    }
};

QTEST_APPLESS_MAIN(TestShardJob)
#include "tst_shard_job.moc"
