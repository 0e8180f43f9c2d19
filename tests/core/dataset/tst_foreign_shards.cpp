#include "core/dataset/loader.h"
#include "core/dataset/shard_check.h"
#include "core/dataset/shard_set.h"
#include "core/io/atomic_file.h"
#include "core/io/npy.h"
#include "tests/core/dataset/drawn_samples.h"
#include "tests/support/damage_byte.h"
#include "tests/support/packed_tar.h"
#include "tests/support/test_data.h"

#include <QTest>

#include <algorithm>
#include <set>

using namespace nanodit;
using namespace nanodit::test;
namespace fs = std::filesystem;

namespace {

std::string npyText(const Array& array)
{
    const auto bytes = npyBytes(array);
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// The four arrays of a sample, under a key of the test's choice.
void addArrays(Members& members, const std::string& key, const ShardSample& sample)
{
    members.emplace_back(key + ".dinov3.npy", npyText(sample.cls));
    members.emplace_back(key + ".dinov3_patches.npy", npyText(sample.patches));
    members.emplace_back(key + ".vae.npy", npyText(sample.latent));
    members.emplace_back(key + ".t5.npy", npyText(sample.text));
}

} // namespace

/// Sets of shards that other programs packed.
class TestForeignShards : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void readsShardsMadeElsewhere()
    {
        // As older pipelines wrote them: no shards.json, entries sorted by extension, text padded to its full length.
        const TemporaryFolder folder;
        const auto sample = drawnSamples(1, wide, 0, tall)[0];
        const auto padded = drawnArray(DType::F16, {8, 5}, 3);
        std::vector<std::byte> mask(8);
        mask[0] = mask[1] = mask[2] = std::byte{1};
        const auto tar = tarOf({{"x1.dinov3.npy", npyText(sample.cls)},
                                {"x1.dinov3_patches.npy", npyText(sample.patches)},
                                {"x1.json", R"({"caption": "old"})"},
                                {"x1.t5.npy", npyText(padded)},
                                {"x1.t5_mask.npy", npyText(arrayOf(DType::Bool, {8}, mask))},
                                {"x1.vae.npy", npyText(sample.latent)}});
        writeText(folder / "old/bucket_128x64/shard-000000.tar", tar);
        const auto set = ShardSet::open(folder / "old");
        const auto read = set->read(0);
        QCOMPARE(read.id, std::string("x1"));
        QCOMPARE(read.text.shape, (std::vector<std::int64_t>{3, 5}));
        QVERIFY(std::ranges::equal(read.text.bytes, padded.bytes.first(30)));
        QVERIFY(read.patchGrid == (GridSize{4, 8}));
        QVERIFY(set->dinoStatistics().empty());
        // A folder of a similar name says nothing: the latent tells the bucket.
        writeText(folder / "named/bucket_wide/shard-000000.tar", tar);
        QVERIFY(ShardSet::open(folder / "named")->read(0).bucket == wide);
    }

    void fieldsOfForeignSamplesMayHaveAnyType()
    {
        const TemporaryFolder folder;
        const auto sample = drawnSamples(1, wide, 0, tall)[0];
        const std::vector<std::pair<std::string, std::string>> captions = {
            {R"({"caption": "a text"})", "a text"},
            {R"({"caption": null, "id": 7, "split": [], "certificate": {"verdict": 3}})", ""},
            {R"({"caption": ["first", "second"], "certificate": "foreign"})", "first"},
            {R"({"caption": 12, "aspect_bucket": {}})", ""},
            {R"({"caption": "with NaN", "similarity": NaN})", "with NaN"},
            {"{\"caption\": \"cut off", ""},
            {R"([{"caption": "in a list"}])", ""},
            {std::string("\xff\xfe{\0\"\0c\0a\0p\0t\0i\0o\0n\0\"\0:\0\"\0x\0\"\0}\0", 32), "x"}};
        int number = 0;
        for (const auto& [json, caption] : captions) {
            Members members;
            addArrays(members, "x", sample);
            members.emplace_back("x.json", json);
            const auto set = "set" + std::to_string(number++);
            writeText(folder / (set + "/bucket_128x64/shard-000000.tar"), tarOf(members));
            const auto info = ShardSet::open(folder / set)->read(0).info;
            QCOMPARE(info.value("caption", ""), caption);
            QCOMPARE(info.value("id", "none") + info.value("split", "none"), std::string("nonenone"));
            QVERIFY(!info.contains("certificate") && !info.contains("aspect_bucket"));
        }
    }

    void keysOfOtherMakersBecomeIds()
    {
        const TemporaryFolder folder;
        const auto sample = drawnSamples(1, wide, 0, tall)[0];
        const auto tarOfKeys = [&sample](const std::vector<std::string>& keys) {
            Members members;
            for (const auto& key : keys)
                addArrays(members, key, sample);
            return tarOf(members);
        };
        writeText(folder / "set/a.tar", tarOfKeys({"000", "part/one"}));
        writeText(folder / "set/b.TAR", tarOfKeys({"000", "111"})); // counts from 0 again
        fs::create_symlink("f.tar", folder / "set/f.tar");
        const auto set = ShardSet::open(folder / "set");
        std::set<std::string> ids;
        for (const auto& entry : set->entries()) {
            ids.insert(entry.id);
            set->read(set->find(entry.id).value());
        }
        QVERIFY(ids == std::set<std::string>({"a__000", "b__000", "111", "part__one"}));
        writeText(folder / "packed/c.tar.gz", "\x1f\x8b compressed");
        QVERIFY(errorOf([&] { ShardSet::open(folder / "packed"); }).find("decompress") != std::string::npos);
    }

    void aKeyThatComesTwiceInATarCostsNothing()
    {
        const TemporaryFolder folder;
        const auto sample = drawnSamples(1, wide, 0, tall)[0];
        Members members;
        for (const auto* const key : {"000", "111", "000", "222", "222"})
            addArrays(members, key, sample);
        writeText(folder / "set/a.tar", tarOf(members));
        const auto set = ShardSet::open(folder / "set");
        std::set<std::string> ids;
        for (const auto& entry : set->entries()) {
            ids.insert(entry.id);
            QVERIFY(std::ranges::equal(set->read(set->find(entry.id).value()).latent.bytes, sample.latent.bytes));
        }
        QVERIFY(ids == std::set<std::string>({"a__000", "a__000-2", "111", "a__222", "a__222-2"}));
    }

    void whatCannotBeReadIsNamedWithWhatWasExpected()
    {
        const TemporaryFolder folder;
        const auto good = drawnSamples(1, wide, 0, tall)[0];
        int number = 0;
        const auto refusalOf = [&](const ShardSample& sample) {
            const auto set = "set" + std::to_string(number++);
            Members members;
            addArrays(members, "x", sample);
            writeText(folder / (set + "/a.tar"), tarOf(members));
            return errorOf([&] { ShardSet::open(folder / set); });
        };
        auto wrong = good;
        wrong.cls.shape = {1, 6};
        auto message = refusalOf(wrong);
        QVERIFY2(message.find("x.dinov3.npy has the shape [1, 6] instead of [any]; ") != std::string::npos,
                 message.c_str());
        wrong = good;
        wrong.patches = drawnArray(DType::F16, {32, 7}, 1);
        message = refusalOf(wrong);
        QVERIFY2(message.find("has the shape [32, 7] instead of [any, 6]; ") != std::string::npos, message.c_str());
        wrong = good;
        wrong.cls = arrayOf(DType::I32, {6}, std::vector<std::byte>(24));
        message = refusalOf(wrong);
        QVERIFY2(message.find("holds int32 instead of floating-point numbers; ") != std::string::npos, message.c_str());
        QVERIFY(refusalOf(good).empty());

        writeText(folder / "set0/b.tar", std::string(10240, '\0')); // as an interrupted copy leaves it
        message = errorOf([&] { ShardSet::open(folder / "set0"); });
        QVERIFY2(message.find("b.tar holds no samples: ") != std::string::npos, message.c_str());
    }

    void idsOfOtherProgramsAreNoFaults()
    {
        const TemporaryFolder folder;
        const auto workspace = Workspace::create(folder / "workspace");
        Members members;
        addArrays(members, "x", drawnSamples(1, wide, 0, tall)[0]);
        members.emplace_back("x.json", R"({"id": "of a shop", "aspect_bucket": "square"})");
        writeText(workspace.shardsFolder() / "theirs/a.tar", tarOf(members));
        std::filesystem::create_symlink("loop", workspace.shardsFolder() / "loop"); // which leads to itself: no set
        std::vector<ShardSetCheck> checks;
        makeShardCheckJob({.workspace = workspace, .finished = [&checks](const auto& found) { checks = found; }})
            ->run({});
        QCOMPARE(checks.at(0).samples, 1);
        QCOMPARE(checks.at(0).problems.size(), 1u); // that there is no shards.json
    }

    void setsWithoutBucketFoldersAreGroupedByTheirLatents()
    {
        const auto samples = drawnSamples(3, wide, 2, tall);
        const TemporaryFolder folder;
        int number = 0;
        const std::vector<std::vector<std::size_t>> parts = {{0, 3, 1}, {4, 2}}; // both buckets in each tar
        for (const auto& part : parts) {
            Members members;
            for (const auto index : part)
                addArrays(members, samples[index].id, samples[index]);
            writeText(folder / ("flat/part" + std::to_string(number++) + ".tar"), tarOf(members));
        }
        writeText(folder / "flat/.hidden.tar", "being written");
        const auto set = ShardSet::open(folder / "flat");
        QCOMPARE(set->entries().size(), samples.size());
        for (const auto& sample : samples) {
            const auto index = set->find(sample.id).value();
            QVERIFY(set->entries()[static_cast<std::size_t>(index)].bucket == sample.bucket);
            const auto read = set->read(index);
            QVERIFY(read.patchGrid == sample.patchGrid);
            QVERIFY(std::ranges::equal(read.patches.bytes, sample.patches.bytes));
        }
        Loader loader(set, {.batchSize = 2, .normaliseDino = false});
        QCOMPARE(loader.batchesPerEpoch(), 2 + 1);
        for (int i = 0; i < 3; ++i) {
            const auto batch = loader.next();
            for (const auto& id : batch.ids)
                QVERIFY(batch.bucket == (id[0] == 'a' ? wide : tall));
        }
        QVERIFY(loader.corrupt().empty());

        // A latent that cannot be read: its sample stands somewhere, where it is named.
        const auto file = folder / "flat/part0.tar";
        const auto text = readTextFile(file);
        damageByte(file, static_cast<std::int64_t>(text.find("\x93NUMPY", text.find("b0.vae.npy"))));
        const auto damaged = ShardSet::open(folder / "flat");
        QCOMPARE(damaged->entries().size(), samples.size());
        const auto message = errorOf([&] { damaged->read(damaged->find("b0").value()); });
        QVERIFY2(message.find("b0.vae.npy") != std::string::npos, message.c_str());
        damaged->read(damaged->find("b1").value());
    }
};

QTEST_APPLESS_MAIN(TestForeignShards)
#include "tst_foreign_shards.moc"
