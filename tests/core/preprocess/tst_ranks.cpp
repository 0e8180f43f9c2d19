#include "core/dataset/catalog_part.h"
#include "core/dataset/record_edits.h"
#include "core/dataset/shard_check.h"
#include "core/dataset/shard_set.h"
#include "core/dataset/sqlite.h"
#include "core/io/atomic_file.h"
#include "core/preprocess/jobs.h"
#include "core/preprocess/workspace_state.h"
#include "core/runtime/error.h"
#include "tests/core/preprocess/pass_fixture.h"

#include <ATen/Parallel.h>
#include <QTest>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <csignal>
#include <random>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <utility>

using namespace nanodit;
using test::PassFixture;
namespace fs = std::filesystem;

namespace {

constexpr auto allPasses = std::array{Pass::T5, Pass::Vae, Pass::Dino};
constexpr auto allKinds = std::array{ArrayKind::T5, ArrayKind::Vae, ArrayKind::DinoCls, ArrayKind::DinoPatches};

/// Pictures that are encoded one by one: the fake encoders let the size of a batch leave its mark on the results.
struct RankFixture : PassFixture {
    explicit RankFixture(int records)
        : PassFixture(records)
    {
        fakes.captionsAtOnce = 1;
        fakes.pixelsAtOnce = 1;
    }
    PreprocessReport runAs(const RankShare& share)
    {
        PreprocessReport made;
        makePreprocessJobWith(
            {.workspace = workspace, .device = {}, .share = share, .finished = [&made](const auto& r) { made = r; }},
            fakes.encoders())
            ->run({});
        return made;
    }
    pid_t fork(const RankShare& share)
    {
        const pid_t child = ::fork();
        if (child != 0)
            return child;
        try {
            runAs(share);
            ::_exit(0);
        } catch (const std::exception& error) {
            std::fprintf(stderr, "rank %d: %s\n", int(share.rank), error.what());
            ::_exit(1);
        }
    }
    std::vector<std::string> partFiles() const
    {
        std::vector<std::string> names;
        for (const auto& entry : fs::directory_iterator(workspace.catalogFile().parent_path())) {
            const auto name = entry.path().filename().string();
            if (name.starts_with("catalog.rank") && name.ends_with(".sqlite"))
                names.push_back(name);
        }
        return names;
    }
};

/// What the catalog knows of arrays, but for times and the files' own marks.
std::map<std::string, std::string> provenanceOf(const Workspace& workspace)
{
    std::map<std::string, std::string> found;
    const auto catalog = Catalog::open(workspace);
    for (const auto kind : allKinds) {
        for (const auto& [id, provenance] : catalog.provenances(kind)) {
            auto text = provenance.fingerprint + " " + provenance.inputs.toJson() + " " + dtypeName(provenance.dtype);
            for (const auto side : provenance.shape)
                text += " " + std::to_string(side);
            found[arrayName(kind) + "/" + id] = text + (provenance.adopted ? " adopted" : "");
        }
    }
    return found;
}

bool succeeded(pid_t child)
{
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

} // namespace

/// Several processes that share the records of one folder.
class TestRanks : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { at::set_num_threads(1); } // processes that are forked have no pool of threads

    void everyRecordFallsToOneRank()
    {
        std::array<int, 5> held{};
        for (int i = 0; i < 2000; ++i) {
            int holders = 0;
            for (std::int64_t rank = 0; rank < 5; ++rank) {
                const RankShare share{.rank = rank, .worldSize = 5};
                const bool holds = share.holds("picture" + std::to_string(i));
                holders += holds;
                held[static_cast<std::size_t>(rank)] += holds;
            }
            QCOMPARE(holders, 1);
            QVERIFY(RankShare{}.holds("picture" + std::to_string(i)));
        }
        for (const int count : held)
            QVERIFY(count > 330 && count < 470);
    }

    void ranksComeFromOptionsOrALauncher()
    {
        std::map<std::string, std::string> variables;
        const auto look = [&](const char* name) -> const char* {
            const auto found = variables.find(name);
            return found == variables.end() ? nullptr : found->second.c_str();
        };
        QVERIFY(rankShare({}, {}, look).isWhole());
        variables = {{"SLURM_PROCID", "3"}, {"SLURM_NTASKS", "8"}};
        QCOMPARE(rankShare({}, {}, look).rank, 3);
        QCOMPARE(rankShare({}, {}, look).worldSize, 8);
        variables["OMPI_COMM_WORLD_RANK"] = "1";
        variables["OMPI_COMM_WORLD_SIZE"] = "2";
        QCOMPARE(rankShare({}, {}, look).worldSize, 2);
        variables["RANK"] = "4";
        variables["WORLD_SIZE"] = "5";
        QCOMPARE(rankShare({}, {}, look).rank, 4);
        QVERIFY(rankShare({}, {}, look).origin.find("WORLD_SIZE") != std::string::npos);
        QVERIFY(rankShare(0, 1, look).isWhole());
        const auto message = [&](std::optional<std::int64_t> rank, std::optional<std::int64_t> size) {
            return test::errorOf([&] { rankShare(rank, size, look); });
        };
        QVERIFY(test::remedyAs<remedy::SetRanks>(test::remedyOf([&] { rankShare(1, {}, look); })) != nullptr);
        QVERIFY(message(2, 2).find("no rank 2 of 2") != std::string::npos);
        QVERIFY(message(-1, 2).find("no rank -1") != std::string::npos);
        variables["RANK"] = "four";
        QVERIFY(message({}, {}).find("RANK is \"four\"") != std::string::npos);
        QVERIFY(!test::remedyOf([&] { rankShare({}, {}, look); })); // a training has no such options
        variables = {{"WORLD_SIZE", "4"}};
        QVERIFY(message({}, {}).find("WORLD_SIZE is \"4\", but RANK is not set") != std::string::npos);
        variables = {{"RANK", "0"}};
        QVERIFY(message({}, {}).find("WORLD_SIZE is not set") != std::string::npos);
        variables = {{"WORLD_SIZE", "1"}, {"SLURM_NTASKS", "8"}};
        QVERIFY(rankShare({}, {}, look).isWhole());
    }

    void ranksAtOnceGiveWhatOneProcessGives()
    {
        RankFixture single(24);
        single.run();
        RankFixture shared(24);
        const auto before = stampOf(shared.workspace.catalogFile());
        std::vector<pid_t> children;
        for (std::int64_t rank = 0; rank < 3; ++rank)
            children.push_back(shared.fork({.rank = rank, .worldSize = 3}));
        for (const auto child : children)
            QVERIFY(succeeded(child));
        // Nobody wrote to what they share.
        QVERIFY(stampOf(shared.workspace.catalogFile()) == before);
        QVERIFY(!fs::exists(shared.workspace.catalogFile().string() + "-wal"));
        QCOMPARE(shared.partFiles().size(), 3U);

        const auto merged = mergeRanks(shared.workspace);
        QVERIFY((merged.taken == std::vector<std::int64_t>{0, 1, 2}) && merged.atWork.empty());
        QVERIFY(shared.partFiles().empty());
        QVERIFY(shared.derivedFiles() == single.derivedFiles());
        QCOMPARE(provenanceOf(shared.workspace).size(), 96U);
        QVERIFY(provenanceOf(shared.workspace) == provenanceOf(single.workspace));
        const auto again = shared.run();
        for (const auto& pass : again.passes)
            QCOMPARE(pass.made, 0);
    }

    void eachRankMakesItsOwnRecordsOnly()
    {
        RankFixture f(12);
        std::int64_t made = 0;
        for (std::int64_t rank = 0; rank < 4; ++rank) {
            const auto report = f.runAs({.rank = rank, .worldSize = 4});
            QCOMPARE(report.passes.size(), 3U);
            made += report.passes[0].made;
            QCOMPARE(report.passes[0].alreadyWhole, 0);
        }
        QCOMPARE(made, 12);
        QCOMPARE(f.fakes.encoded, 36);
        const auto again = f.runAs({.rank = 1, .worldSize = 4}); // its part was not merged, and is gone on with
        QCOMPARE(again.passes[1].made, 0);
        QCOMPARE(f.fakes.encoded, 36);
    }

    void killedRanksGoOnWhereTheyWere()
    {
        RankFixture single(20);
        single.run();
        RankFixture f(20);
        std::mt19937 random(5);
        unsigned kills = 0;
        for (bool done = false; !done;) {
            const auto first = f.fork({.rank = 0, .worldSize = 2});
            const auto second = f.fork({.rank = 1, .worldSize = 2});
            // The first lives are short, or a quick machine would be done before one is killed.
            std::this_thread::sleep_for(std::chrono::microseconds(random() % (1000 * (kills + 2))));
            ::kill(first, SIGKILL);
            ::kill(second, SIGKILL);
            done = true;
            for (const auto child : {first, second}) {
                int status = 0;
                ::waitpid(child, &status, 0);
                done = done && !WIFSIGNALED(status);
                QVERIFY(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
            }
            done = done || ++kills == 30;
            if (kills % 3 == 1)
                mergeRanks(f.workspace); // or the part is gone on with
        }
        QVERIFY(kills >= 2);
        for (std::int64_t rank = 0; rank < 2; ++rank)
            f.runAs({.rank = rank, .worldSize = 2});
        mergeRanks(f.workspace);
        QVERIFY(provenanceOf(f.workspace) == provenanceOf(single.workspace));
        f.run(); // removes what killed writers left
        QVERIFY(f.derivedFiles() == single.derivedFiles());
    }

    void ranksLearnWhatChangedMeanwhile()
    {
        RankFixture f(6);
        for (std::int64_t rank = 0; rank < 2; ++rank)
            f.runAs({.rank = rank, .worldSize = 2});
        setCaption(f.workspace, "picture3", "another caption"); // merges both
        f.draw(4, 77);
        std::int64_t text = 0, latents = 0;
        for (std::int64_t rank = 0; rank < 2; ++rank) {
            const auto report = f.runAs({.rank = rank, .worldSize = 2});
            text += report.passes[0].made;
            latents += report.passes[1].made;
        }
        QCOMPARE(text, 1);
        QCOMPARE(latents, 1);
        // The picture's new hash came back with the arrays that were made of it.
        const auto catalog = Catalog::open(f.workspace);
        QCOMPARE(catalog.provenance("picture4", ArrayKind::Vae)->inputs.source, catalog.find("picture4")->imageHash);
        QCOMPARE(catalog.find("picture3")->caption, std::string("another caption"));
    }

    void failuresComeBackAndGoAway()
    {
        RankFixture f(4);
        fs::rename(f.picture(1), f.folder / "kept.png");
        for (std::int64_t rank = 0; rank < 2; ++rank)
            f.runAs({.rank = rank, .worldSize = 2});
        QCOMPARE(Catalog::open(f.workspace).failures(Pass::Vae).count("picture1"), 1U);
        fs::rename(f.folder / "kept.png", f.picture(1));
        for (std::int64_t rank = 0; rank < 2; ++rank)
            f.runAs({.rank = rank, .worldSize = 2});
        QVERIFY(Catalog::open(f.workspace).failures(Pass::Vae).empty());
    }

    void takingAPartInTwiceChangesNothing()
    {
        RankFixture f(8);
        f.runAs({.rank = 0, .worldSize = 2});
        const auto part = f.workspace.catalogFile().parent_path() / "catalog.rank-0000.sqlite";
        const auto bytes = readTextFile(part);
        const auto once = provenanceOf(f.workspace);
        QVERIFY(!once.empty() && !fs::exists(part));
        test::writeText(part, bytes); // as if the program had been killed before it removed it
        QVERIFY(provenanceOf(f.workspace) == once);
        QVERIFY(!fs::exists(part));
    }

    void recordsThatAreGoneAreNotBroughtBack()
    {
        RankFixture f(4);
        for (std::int64_t rank = 0; rank < 2; ++rank)
            f.runAs({.rank = rank, .worldSize = 2});
        sqlite::Database(f.workspace.catalogFile(), sqlite::Access::Shared)
            .execute("DELETE FROM records WHERE id = 'picture2'");
        QCOMPARE(provenanceOf(f.workspace).size(), 12U);
    }

    void aRankIsOneProcess()
    {
        RankFixture f(4);
        const CatalogPart part(f.workspace, {.rank = 1, .worldSize = 2});
        const auto second = test::errorOf([&] { f.runAs({.rank = 1, .worldSize = 2}); });
        QVERIFY2(second.find("another process is rank 1") != std::string::npos, second.c_str());
        f.runAs({.rank = 0, .worldSize = 2});
        const auto whole = test::errorOf([&] { f.run(); });
        QVERIFY2(whole.find("rank 1 is still at work") != std::string::npos, whole.c_str());
        QVERIFY((mergeRanks(f.workspace).atWork == std::vector<std::int64_t>{1}));
    }

    void ranksAndOneThatIsAloneExcludeEachOther()
    {
        RankFixture f(6);
        std::string rank, other, repair;
        bool asked = false;
        f.fakes.onText = [&](const auto&) { // while all records are being made by one
            if (std::exchange(asked, true))
                return;
            rank = test::errorOf([&] { f.runAs({.rank = 0, .worldSize = 2}); });
            other = test::errorOf([&] { f.runAs({.rank = 1, .worldSize = 2}); });
        };
        QCOMPARE(f.run().passes[0].made, 6);
        const auto process = "by process " + std::to_string(::getpid());
        for (const auto& refused : {rank, other}) {
            QVERIFY2(refused.find("is being worked on " + process) != std::string::npos, refused.c_str());
            QVERIFY2(refused.find("wait for it to end, or stop it") != std::string::npos, refused.c_str());
        }
        QVERIFY(f.partFiles().empty()); // nothing is left of those that were refused

        for (int i = 0; i < 6; ++i)
            setCaption(f.workspace, "picture" + std::to_string(i), "others");
        asked = false;
        f.fakes.onText = [&](const auto&) { // while a rank makes its own, a second rank may, and nobody else
            if (std::exchange(asked, true))
                return;
            rank = test::errorOf([&] { f.runAs({.rank = 1, .worldSize = 2}); });
            other = test::errorOf([&] { f.run(); });
            repair = test::errorOf([&] { makeVerifyJob({.workspace = f.workspace, .repair = true})->run({}); });
        };
        const auto made = f.runAs({.rank = 0, .worldSize = 2}).passes[0].made;
        QVERIFY(made > 0 && made < 6);
        QCOMPARE(rank, std::string());
        QVERIFY2(other.find("rank 0 is still at work") != std::string::npos, other.c_str());
        QVERIFY2(repair.find("is being worked on " + process) != std::string::npos, repair.c_str());
        QCOMPARE(f.run().passes[0].made, 0); // both have ended, and all was made once
    }

    void ranksDoNotDecideThePrecision()
    {
        RankFixture f(2);
        const auto refused = test::errorOf([&] {
            makePreprocessJob({.workspace = f.workspace, .device = {}, .share = {.rank = 0, .worldSize = 2}},
                              {.precision = PassPrecision::Bf16})
                ->run({});
        });
        QVERIFY2(refused.find("ranks cannot decide the precision") != std::string::npos, refused.c_str());
        QVERIFY(!fs::exists(f.workspace.root / "data" / "precision.json"));
    }

    void aCatalogThatIsBeingWrittenIsNotRead()
    {
        RankFixture f(4);
        auto catalog = Catalog::open(f.workspace);
        auto record = *catalog.find("picture0");
        record.caption = "in the log only";
        catalog.put(record);
        const auto message =
            test::errorOf([&] { CatalogPart(f.workspace, {.rank = 0, .worldSize = 2}, std::chrono::milliseconds(1)); });
        QVERIFY2(message.find("is being written to") != std::string::npos, message.c_str());
    }

    void ranksPackWhatOneProcessPacks()
    {
        RankFixture f(17);
        f.run();
        const auto pack = [&f](const RankShare& share, bool overwrite) {
            makeShardJobWith({.workspace = f.workspace, .shardSize = 3, .overwrite = overwrite, .share = share},
                             f.fakes.encoders())
                ->run({});
        };
        for (const auto& record : listRecords(f.workspace))
            writePng(record.image.parent_path() / (record.image.stem().string() + "-mask.png"),
                     {.size = record.original,
                      .rgb = std::vector<std::uint8_t>(
                          static_cast<std::size_t>(3 * record.original.width * record.original.height), 255)});
        pack({}, false);
        const auto folder = f.workspace.shardsFolder() / "train";
        std::map<std::string, ShardSample> single; // mapped, so that it outlives being replaced
        {
            const auto set = ShardSet::open(folder);
            for (std::int64_t i = 0; i < static_cast<std::int64_t>(set->entries().size()); ++i)
                single[set->entries()[static_cast<std::size_t>(i)].id] = set->read(i);
        }
        const auto wholeManifest = nlohmann::json::parse(readTextFile(folder / "shards.json"));
        const auto refused = test::errorOf([&] { pack({.rank = 0, .worldSize = 3}, false); });
        QVERIFY2(refused.find("exists already") != std::string::npos, refused.c_str());

        pack({.rank = 2, .worldSize = 3}, true);
        pack({.rank = 0, .worldSize = 3}, true);
        QVERIFY(mergeRanks(f.workspace).sets.empty()); // rank 1 has not packed
        pack({.rank = 1, .worldSize = 3}, true);
        const auto merged = mergeRanks(f.workspace);
        QCOMPARE(merged.sets.size(), 1U);
        QCOMPARE(merged.sets[0].samples, 17);
        QVERIFY(!fs::exists(f.workspace.shardsFolder() / ".ranks"));

        const auto shared = ShardSet::open(folder);
        QCOMPARE(shared->entries().size(), single.size());
        QCOMPARE(shared->masked(), 17);
        for (const auto& [id, theirs] : single) {
            const auto place = shared->find(id);
            QVERIFY(place);
            const auto ours = shared->read(*place);
            QVERIFY(ours.info == theirs.info && ours.bucket == theirs.bucket);
            for (const auto array :
                 {&ShardSample::text, &ShardSample::latent, &ShardSample::cls, &ShardSample::patches})
                QVERIFY(std::ranges::equal((ours.*array).bytes, (theirs.*array).bytes));
        }
        const auto manifest = nlohmann::json::parse(readTextFile(folder / "shards.json"));
        for (const char* key : {"samples", "masked", "patch_grids", "encoders", "certificates", "dino_width"})
            QVERIFY2(manifest.at(key) == wholeManifest.at(key), key);
        for (const char* part : {"cls", "patches"}) {
            for (const char* key : {"mean", "std"}) {
                const std::vector<double> ours = manifest.at("dino_statistics").at(part).at(key);
                const std::vector<double> theirs = wholeManifest.at("dino_statistics").at(part).at(key);
                for (std::size_t c = 0; c < theirs.size(); ++c)
                    QVERIFY(std::abs(ours.at(c) - theirs[c]) <= 1e-5 * (1 + std::abs(theirs[c])));
            }
        }
        std::vector<ShardSetCheck> checks;
        makeShardCheckJob({.workspace = f.workspace, .finished = [&checks](const auto& found) { checks = found; }})
            ->run({});
        QCOMPARE(checks.size(), 1U);
        QVERIFY(checks[0].problems.empty());
    }

    void ranksOfAnEmptyWorkspaceSaySo()
    {
        const test::TemporaryFolder folder;
        test::FakeEncoders fakes;
        const auto workspace = Workspace::create(folder / "workspace");
        const auto message = test::errorOf([&] {
            makePreprocessJobWith({.workspace = workspace, .device = {}, .share = {.rank = 0, .worldSize = 2}},
                                  fakes.encoders())
                ->run({});
        });
        QVERIFY2(message.find("no records yet") != std::string::npos, message.c_str());
    }
};

QTEST_APPLESS_MAIN(TestRanks)
#include "tst_ranks.moc"
