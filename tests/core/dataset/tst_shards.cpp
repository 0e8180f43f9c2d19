#include "core/dataset/shard_check.h"
#include "core/dataset/shard_set.h"
#include "core/dataset/shard_writer.h"
#include "core/inspect/certify.h"
#include "core/io/atomic_file.h"
#include "core/io/float_values.h"
#include "core/io/mapped_file.h"
#include "core/io/npy.h"
#include "core/io/sha256.h"
#include "core/io/tar.h"
#include "core/runtime/error.h"
#include "tests/core/dataset/drawn_samples.h"
#include "tests/support/damage_byte.h"
#include "tests/support/test_data.h"

#include <ATen/ATen.h>
#include <QFloat16> // which QCOMPARE of a json needs to be complete
#include <QTest>

#include <algorithm>
#include <cmath>
#include <iterator>

using namespace nanodit;
using namespace nanodit::test;
namespace fs = std::filesystem;

/// Sets of shards as this program packs and checks them.
class ShardsTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void givesBackWhatWasPacked()
    {
        const TemporaryFolder folder;
        const auto samples = drawnSamples(7, wide, 3, tall);
        ShardSetWriter writer(folder.path(), "train",
                              {.shardSize = 3, .encoders = {{"dino", {{"fingerprint", "abc"}}}}});
        for (const auto& sample : samples)
            writer.add(sample);
        const auto summary = writer.finish();
        QCOMPARE(summary.samples, 10);
        QCOMPARE(summary.shards, 4); // 3 + 3 + 1 wide ones, 3 tall ones.

        const auto set = ShardSet::open(folder / "train");
        QCOMPARE(set->entries().size(), 10u);
        QCOMPARE(set->dinoWidth(), 6);
        QCOMPARE(set->textWidth(), 5);
        QCOMPARE(set->latentChannels(), 16);
        QCOMPARE(set->encoders()["dino"]["fingerprint"], "abc");
        for (const auto& sample : samples) {
            const auto read = set->read(set->find(sample.id).value());
            QCOMPARE(read.id, sample.id);
            QVERIFY(read.bucket == sample.bucket);
            QVERIFY(read.patchGrid == sample.patchGrid);
            QCOMPARE(read.info["caption"], sample.info["caption"]);
            for (const auto& [ours, theirs] : {std::pair{&read.cls, &sample.cls},
                                               {&read.patches, &sample.patches},
                                               {&read.latent, &sample.latent},
                                               {&read.text, &sample.text}}) {
                QCOMPARE(ours->dtype, theirs->dtype);
                QCOMPARE(ours->shape, theirs->shape);
                QVERIFY(std::ranges::equal(ours->bytes, theirs->bytes));
            }
            const auto cls = set->readCls(set->find(sample.id).value());
            QCOMPARE(cls.shape, sample.cls.shape);
            QVERIFY(std::ranges::equal(cls.bytes, sample.cls.bytes));
        }
        QVERIFY(!set->find("absent"));
    }

    void entriesAreInTheAgreedOrder()
    {
        const TemporaryFolder folder;
        packed(folder.path(), drawnSamples(2, wide, 0, tall));
        const auto mapped = MappedFile::open(folder / "train/bucket_128x64/shard-000000.tar");
        TarReader reader(mapped->bytes(), mapped, "shard");
        for (const auto* id : {"a0", "a1"})
            for (const auto* extension : {".json", ".dinov3.npy", ".dinov3_patches.npy", ".vae.npy", ".t5.npy"})
                QCOMPARE(reader.next()->name, std::string(id) + extension);
        QVERIFY(!reader.next());
    }

    void packingTwiceGivesEqualBytes()
    {
        const TemporaryFolder folder;
        for (const auto* name : {"one", "two"})
            packed(folder / name, drawnSamples(5, wide, 2, tall));
        for (const auto* file :
             {"train/shards.json", "train/bucket_128x64/shard-000000.tar", "train/bucket_64x128/shard-000000.tar"})
            QCOMPARE(sha256OfFile(folder / "one" / file), sha256OfFile(folder / "two" / file));
    }

    void manifestTellsCountsAndSums()
    {
        const TemporaryFolder folder;
        packed(folder.path(), drawnSamples(2, wide, 1, tall));
        const auto manifest = nlohmann::json::parse(readTextFile(folder / "train/shards.json"));
        QCOMPARE(manifest["samples"], 3);
        QCOMPARE(manifest["patch_grids"]["128x64"], (nlohmann::json{4, 8}));
        QCOMPARE(manifest["shards"].size(), std::size_t{2}); // one of each bucket
        for (const auto& shard : manifest["shards"]) {
            const auto file = folder.path() / "train" / shard["file"].get<std::string>();
            QCOMPARE(shard["sha256"].get<std::string>(), sha256OfFile(file));
            QCOMPARE(shard["bytes"], static_cast<std::int64_t>(fs::file_size(file)));
            QCOMPARE(shard["samples"], static_cast<int>(shard["ids"].size()));
        }
    }

    void statisticsAreThoseOfAllValues()
    {
        const TemporaryFolder folder;
        const auto samples = drawnSamples(6, wide, 3, tall);
        packed(folder.path(), samples);
        const auto statistics = ShardSet::open(folder / "train")->dinoStatistics();
        std::vector<at::Tensor> cls, patches;
        for (const auto& sample : samples) {
            auto values = floatsOf(sample.cls);
            cls.push_back(at::tensor(values).to(at::kDouble).reshape({1, -1}));
            values = floatsOf(sample.patches);
            patches.push_back(at::tensor(values).to(at::kDouble).reshape({-1, 6}));
        }
        for (const auto& [all, ours] :
             {std::pair{at::cat(cls), statistics.cls}, {at::cat(patches), statistics.patches}}) {
            const auto mean = all.mean(0), deviation = all.std(0, false);
            for (std::int64_t c = 0; c < 6; ++c) {
                QVERIFY(std::abs(mean[c].item<double>() - ours.mean[static_cast<std::size_t>(c)]) < 1e-6);
                QVERIFY(std::abs(deviation[c].item<double>() - ours.deviation[static_cast<std::size_t>(c)]) < 1e-6);
            }
            const auto normal = ours.normalise(all);
            QVERIFY(normal.mean(0).abs().max().item<double>() < 1e-5);
            QVERIFY((normal.std(0, false) - 1).abs().max().item<double>() < 1e-5);
        }
        const auto again = DinoStatistics::fromJson(statistics.toJson(), "shards.json");
        QCOMPARE(again.patches.mean, statistics.patches.mean);
        QCOMPARE(again.cls.deviation, statistics.cls.deviation);
        for (const auto& odd : {nlohmann::json(), nlohmann::json(5), nlohmann::json{{"cls", {{"mean", {"a"}}}}}}) {
            const auto message = errorOf([&] { DinoStatistics::fromJson(odd, "state.json"); });
            QVERIFY2(message.starts_with("state.json is damaged: its DINO statistics"), message.c_str());
        }
    }

    void statisticsAreExactFarFromZero()
    {
        ChannelMoments moments;
        std::vector<float> rows;
        for (int i = 0; i < 1000; ++i)
            rows.push_back(1e6f + static_cast<float>(i % 2));
        for (int block = 0; block < 10; ++block)
            moments.add(std::span(rows).subspan(static_cast<std::size_t>(block) * 100, 100), 1);
        QVERIFY(std::abs(moments.statistics().mean[0] - 1000000.5f) < 0.1f);
        QVERIFY(std::abs(moments.statistics().deviation[0] - 0.5f) < 1e-6f);
        ChannelMoments constant;
        constant.add(std::vector<float>(10, 3.f), 2);
        QVERIFY(at::equal(constant.statistics().normalise(at::full({4, 2}, 5.f)), at::full({4, 2}, 2.f)));
        QVERIFY(errorOf([&] {
                    constant.statistics().normalise(at::zeros({4, 3}));
                }).find("another encoder") != std::string::npos);
    }

    void refusesSamplesThatDoNotFit_data()
    {
        QTest::addColumn<QString>("what");
        for (const auto* what :
             {"id", "twice", "patches", "width", "latent", "channels", "infinite", "integers", "grid", "text"})
            QTest::newRow(what) << what;
    }
    void refusesSamplesThatDoNotFit()
    {
        QFETCH(QString, what);
        const TemporaryFolder folder;
        const auto samples = drawnSamples(2, wide, 0, tall);
        auto wrong = samples[1];
        if (what == "id")
            wrong.id = "a.b";
        if (what == "twice")
            wrong.id = "a0";
        if (what == "patches")
            wrong.patches.shape = {31, 6};
        if (what == "width")
            wrong.cls = drawnArray(DType::F32, {7}, 1);
        if (what == "latent")
            wrong.latent = drawnArray(DType::F32, {16, 16, 8}, 1);
        if (what == "channels")
            wrong.latent = drawnArray(DType::F32, {4, 8, 16}, 1);
        if (what == "infinite")
            wrong.text = arrayOf(DType::F16, {1, 5}, std::vector<std::byte>(10, std::byte{0x7c}));
        if (what == "integers")
            wrong.cls = arrayOf(DType::I32, {6}, std::vector<std::byte>(24));
        if (what == "grid")
            wrong.patchGrid = {8, 4};
        if (what == "text")
            wrong.text = drawnArray(DType::F16, {3, 4}, 1);
        ShardSetWriter writer(folder.path(), "train", {});
        writer.add(samples[0]);
        const auto message = errorOf([&] { writer.add(wrong); });
        QVERIFY2(message.find(wrong.id) != std::string::npos, message.c_str());
        writer.add(samples[1]);
        QCOMPARE(writer.finish().samples, 2);
        QCOMPARE(ShardSet::open(folder / "train")->read(1).id, std::string("a1"));
    }

    void anUnfinishedSetLeavesNothing()
    {
        const TemporaryFolder folder;
        {
            ShardSetWriter writer(folder.path(), "train", {});
            writer.add(drawnSamples(1, wide, 0, tall)[0]);
        }
        QVERIFY(fs::is_empty(folder.path()));
        ShardSetWriter empty(folder.path(), "train", {});
        QVERIFY(errorOf([&] { empty.finish(); }).find("no sample") != std::string::npos);
    }

    void cleansUpAfterAKilledPacking()
    {
        const TemporaryFolder folder;
        writeText(folder / ".nanodit-0123456789abcdef.tmp/bucket_128x64/shard-000000.tar", "half");
        ShardSetWriter train(folder.path(), "train", {});
        ShardSetWriter val(folder.path(), "val", {}); // Must leave the one that is being written alone.
        QVERIFY(!fs::exists(folder / ".nanodit-0123456789abcdef.tmp"));
        for (auto* const writer : {&train, &val}) {
            writer->add(drawnSamples(1, wide, 0, tall)[0]);
            writer->finish();
        }
        QCOMPARE(ShardSet::open(folder / "train")->entries().size(), 1u);
        QCOMPARE(ShardSet::open(folder / "val")->entries().size(), 1u);
    }

    void replacesOnlyWhenAsked()
    {
        const TemporaryFolder folder;
        packed(folder.path(), drawnSamples(1, wide, 0, tall));
        const auto refused = test::remedyOf([&] { packed(folder.path(), drawnSamples(2, wide, 0, tall)); });
        const auto* const pack = test::remedyAs<remedy::PackShards>(refused);
        QVERIFY(pack != nullptr && pack->replace);
        QCOMPARE(ShardSet::open(folder / "train")->entries().size(), 1u);
        const auto before = ShardSet::open(folder / "train");
        ShardSetWriter writer(folder.path(), "train", {.overwrite = true});
        for (const auto& sample : drawnSamples(2, wide, 0, tall))
            writer.add(sample);
        QCOMPARE(ShardSet::open(folder / "train")->entries().size(), 1u); // Until it is whole, the old one stands.
        writer.finish();
        QCOMPARE(ShardSet::open(folder / "train")->entries().size(), 2u);
        QCOMPARE(std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator()), 1);
    }

    void damagedShardsAreNamed()
    {
        const TemporaryFolder folder;
        packed(folder.path(), drawnSamples(3, wide, 2, tall));
        const auto shard = folder / "train/bucket_128x64/shard-000000.tar";
        fs::resize_file(shard, fs::file_size(shard) - 512);
        const auto set = ShardSet::open(folder / "train");
        const auto message = errorOf([&] { set->read(set->find("a1").value()); });
        QVERIFY2(message.find(shard.string()) != std::string::npos, message.c_str());
        QCOMPARE(set->read(set->find("b1").value()).id, std::string("b1")); // The other shard is not touched.
    }

    void aManifestWhoseBucketIsNoSizeIsNamed()
    {
        const TemporaryFolder folder;
        packed(folder.path(), drawnSamples(1, wide, 0, tall));
        const auto file = folder / "train/shards.json";
        auto manifest = nlohmann::json::parse(readTextFile(file));
        manifest["shards"][0]["bucket"] = "128y64";
        writeText(file, manifest.dump());
        const auto message = errorOf([&] { ShardSet::open(folder / "train"); });
        QVERIFY2(message.starts_with(file.string()) && message.find("\"128y64\"") != std::string::npos,
                 message.c_str());
    }

    void aDamagedSampleIsNamedAlone()
    {
        const TemporaryFolder folder;
        packed(folder.path(), drawnSamples(3, wide, 0, tall));
        const auto file = folder / "train/bucket_128x64/shard-000000.tar";
        const auto text = readTextFile(file);
        damageByte(file, static_cast<std::int64_t>(text.find("\x93NUMPY", text.find("a1.vae.npy"))));
        damageByte(file, static_cast<std::int64_t>(text.find("\x93NUMPY", text.find("a2.dinov3.npy"))));
        const auto set = ShardSet::open(folder / "train");
        set->read(0);
        const auto message = errorOf([&] { set->read(1); });
        QVERIFY2(message.find("a1.vae.npy") != std::string::npos, message.c_str());
        QCOMPARE(set->readCls(1).shape,
                 (std::vector<std::int64_t>{set->dinoWidth()})); // of which the latent is no part
        const auto ofCls = errorOf([&] { set->readCls(2); });
        QVERIFY2(ofCls.find("a2.dinov3.npy") != std::string::npos, ofCls.c_str());
        damageByte(file, static_cast<std::int64_t>(text.find("\x93NUMPY", text.find("a2.dinov3.npy")))); // as it was
        ShardSet::open(folder / "train")->read(2);
    }

    /// Whichever header it is: the sample that it belongs to cannot be read, and says why; all others can.
    void aDamagedHeaderCostsOneSample()
    {
        const auto samples = drawnSamples(4, wide, 0, tall);
        const TemporaryFolder folder;
        packed(folder.path(), samples);
        const auto file = folder / "train/bucket_128x64/shard-000000.tar";
        const auto text = readTextFile(file);
        const auto bytes = std::as_bytes(std::span(text.data(), text.size()));
        int headers = 0;
        for (std::size_t at = findTarHeader(bytes, 0); at < text.size(); at = findTarHeader(bytes, at + 512)) {
            const std::string lost = text.substr(at, 2); // "a0"...
            damageByte(file, static_cast<std::int64_t>(at) + 100);
            for (const bool manifest : {true, false}) {
                if (!manifest)
                    fs::rename(folder / "train/shards.json", folder / "kept.json");
                const auto set = ShardSet::open(folder / "train");
                QCOMPARE(set->entries().size(), samples.size());
                for (const auto& sample : samples) {
                    const auto index = set->find(sample.id).value();
                    const auto message = errorOf([&] { set->read(index); });
                    // A set made elsewhere need not have any .json entry.
                    const bool needed = manifest || text.substr(at, 7) != lost + ".json";
                    QCOMPARE(!message.empty(), sample.id == lost && needed);
                    if (message.empty()) {
                        QVERIFY(std::ranges::equal(set->read(index).latent.bytes, sample.latent.bytes));
                    } else {
                        const auto range = std::to_string(at) + " to ";
                        QVERIFY2(message.find(range) != std::string::npos, message.c_str());
                    }
                }
                if (!manifest)
                    fs::rename(folder / "kept.json", folder / "train/shards.json");
            }
            damageByte(file, static_cast<std::int64_t>(at) + 100); // as it was
            ++headers;
        }
        QCOMPARE(headers, 4 * 5);
    }

    void manifestsThatLieAreRefused()
    {
        const TemporaryFolder folder;
        packed(folder.path(), drawnSamples(2, wide, 0, tall));
        const auto file = folder / "train/shards.json";
        const auto good = nlohmann::json::parse(readTextFile(file));
        const auto openWith = [&](const nlohmann::json& manifest) {
            writeFileAtomically(file, manifest.dump());
            return errorOf([&] { ShardSet::open(folder / "train")->read(0); });
        };
        QCOMPARE(openWith(good), std::string());
        auto wrong = good;
        wrong["shards"][0]["ids"] = {"a1", "a0"};
        QVERIFY(openWith(wrong).find("does not hold the samples") != std::string::npos);
        wrong = good;
        wrong["shards"][0]["file"] = "../../elsewhere.tar";
        QVERIFY(openWith(wrong).find("outside") != std::string::npos);
        wrong = good;
        wrong.erase("dino_statistics");
        QVERIFY(!openWith(wrong).empty());
        wrong = good;
        wrong["format"] = 2;
        QVERIFY(openWith(wrong).find("format") != std::string::npos);
        writeFileAtomically(file, "{");
        QVERIFY(errorOf([&] { ShardSet::open(folder / "train"); }).find("shards.json") != std::string::npos);
        const auto absent = test::remedyOf([&] { ShardSet::open(folder / "absent"); });
        QVERIFY(test::remedyAs<remedy::PackShards>(absent) != nullptr);
    }

    void checkingASetFindsWhatIsWrong()
    {
        const TemporaryFolder folder;
        const auto workspace = Workspace::create(folder / "workspace");
        const auto check = [&workspace] {
            std::vector<ShardSetCheck> checks;
            makeShardCheckJob({.workspace = workspace, .finished = [&](const auto& found) { checks = found; }})
                ->run({});
            return checks.at(0);
        };
        QVERIFY(test::remedyAs<remedy::PackShards>(test::remedyOf([&] { check(); })) != nullptr);
        auto samples = drawnSamples(3, wide, 2, tall);
        samples[0].info["certificate"] = {{"verdict", "true"}};
        packed(workspace.shardsFolder(), samples);
        auto found = check();
        QVERIFY2(found.problems.empty(), found.problems.empty() ? "" : found.problems[0].reason.c_str());
        QCOMPARE(found.samples, 5);
        QCOMPARE(found.shards, 2);
        QCOMPARE(found.certificates, (std::map<std::string, std::int64_t>{{"none", 4}, {"true", 1}}));

        // One flipped bit of a number: no entry is broken, but the hash tells.
        const auto shard = workspace.shardsFolder() / "train/bucket_128x64/shard-000000.tar";
        const auto text = readTextFile(shard);
        const auto number = static_cast<std::int64_t>(text.find("\x93NUMPY", text.find("a1.vae.npy"))) + 200;
        damageByte(shard, number + 1);
        found = check();
        QCOMPARE(found.problems.size(), 1u);
        QVERIFY(found.problems[0].reason.find("SHA-256") != std::string::npos);
        damageByte(shard, number + 1);
        QVERIFY(check().problems.empty());

        const auto manifestFile = workspace.shardsFolder() / "train/shards.json";
        auto manifest = nlohmann::json::parse(readTextFile(manifestFile));
        manifest["certificates"] = {{"true", 5}};
        writeFileAtomically(manifestFile, manifest.dump());
        found = check();
        QCOMPARE(found.problems.size(), 1u);
        QVERIFY(found.problems[0].reason.find("certificates") != std::string::npos);
        fs::resize_file(shard, 1000);
        found = check();
        QCOMPARE(found.problems.size(), 3u); // the hash, all three samples at once, and the certificates
        QVERIFY(found.problems[1].reason.find("none of its 3 samples") != std::string::npos);
    }
};

QTEST_APPLESS_MAIN(ShardsTest)
#include "tst_shards.moc"
