#include "core/dataset/catalog.h"
#include "core/dataset/record_edits.h"
#include "core/io/atomic_file.h"
#include "core/io/npy.h"
#include "core/io/tensor.h"
#include "core/preprocess/jobs.h"
#include "tests/core/preprocess/pass_fixture.h"
#include "tests/support/contains.h"

#include <ATen/ATen.h>
#include <QTest>

#include <limits>

using namespace nanodit;
using test::contains;
using test::PassFixture;
namespace fs = std::filesystem;

namespace {

VerifyReport verify(PassFixture& f, bool repair = false)
{
    VerifyReport report;
    makeVerifyJobWith({.workspace = f.workspace, .repair = repair, .finished = [&](const auto& r) { report = r; }},
                      f.fakes.encoders())
        ->run({});
    return report;
}

/// The pass that the only problem there is asks for.
std::optional<Pass> passFor(const VerifyReport& report)
{
    if (report.problems.size() != 1)
        return std::nullopt;
    const auto* const run = test::remedyAs<remedy::RunPasses>(report.problems.front().remedy);
    return run != nullptr ? run->pass : std::nullopt;
}

/// The only problem there is.
std::string onlyProblem(const VerifyReport& report)
{
    return report.problems.size() == 1 ? report.problems.front().reason
                                       : std::to_string(report.problems.size()) + " problems";
}

const VerifyPassCounts& counts(const VerifyReport& report, ArrayKind kind)
{
    return report.arrays[static_cast<std::size_t>(kind)];
}

void overwrite(const PassFixture& f, ArrayKind kind, const std::string& id, const at::Tensor& tensor)
{
    writeNpy(f.array(kind, id), arrayFromTensor(tensor.contiguous()));
}

at::Tensor load(const PassFixture& f, ArrayKind kind, const std::string& id)
{
    return tensorFromArray(readNpy(f.array(kind, id))).clone();
}

} // namespace

class TestVerify : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void arraysOfExcludedRecordsAreNoStrays()
    {
        PassFixture f(3);
        f.run();
        setExcluded(f.workspace, {"picture1"}, "out of focus");
        std::string said;
        JobContext context;
        context.log = [&said](LogLevel, const std::string& text) { said += text + "\n"; };
        const auto look = [&] {
            VerifyReport report;
            makeVerifyJobWith(
                {.workspace = f.workspace, .repair = false, .finished = [&](const auto& r) { report = r; }},
                f.fakes.encoders())
                ->run(context);
            return report;
        };
        QCOMPARE(look().records, 2);
        QVERIFY2(!contains(said, "belong to no record"), said.c_str());
        fs::copy_file(f.array(ArrayKind::T5, "picture0"), f.array(ArrayKind::T5, "nobody"));
        look();
        QVERIFY2(contains(said, "of t5 belong to no record") && contains(said, "nobody.npy"), said.c_str());
    }

    void wholeSetIsSound()
    {
        PassFixture f(3);
        f.run();
        const auto report = verify(f);
        QVERIFY(report.sound());
        QCOMPARE(report.records, 3);
        for (const auto& array : report.arrays)
            QCOMPARE(array.whole, 3);
    }

    void missingArraysAreCountedAndNamed()
    {
        PassFixture f(2);
        f.run();
        fs::remove(f.array(ArrayKind::Vae, "picture1"));
        const auto report = verify(f);
        QVERIFY(!report.sound());
        QCOMPARE(counts(report, ArrayKind::Vae).missing, 1);
        QCOMPARE(counts(report, ArrayKind::Vae).whole, 1);
        const auto problem = onlyProblem(report);
        QVERIFY2(contains(problem, "vae/picture1.npy"), problem.c_str());
        QVERIFY(passFor(report) == Pass::Vae);
    }

    void centreCropIsNamedAsSuch()
    {
        for (const std::int64_t patches : {196, 256}) {
            PassFixture f(1);
            f.run();
            overwrite(f, ArrayKind::DinoPatches, "picture0", at::ones({patches, 5}));
            const auto report = verify(f);
            QCOMPARE(counts(report, ArrayKind::DinoPatches).misaligned, 1);
            const auto problem = onlyProblem(report);
            QVERIFY2(contains(problem, std::to_string(patches)) && contains(problem, "centre crop") &&
                         contains(problem, "16 (4 x 4 at p = 16)"),
                     problem.c_str());
            QVERIFY(passFor(report) == Pass::Dino);
        }
    }

    void bucketWithExactlyThatManyPatchesIsNoCentreCrop()
    {
        PassFixture f(1);
        f.workspace.config.buckets = {{256, 256}}; // 16 x 16 patches of 16 pixels
        f.run();
        const auto report = verify(f);
        QVERIFY2(report.sound(), report.sound() ? "" : report.problems.front().reason.c_str());
    }

    void otherPatchCountsAreMisalignedToo()
    {
        PassFixture f(1);
        f.run();
        overwrite(f, ArrayKind::DinoPatches, "picture0", at::ones({15, 5}));
        const auto report = verify(f);
        QCOMPARE(counts(report, ArrayKind::DinoPatches).misaligned, 1);
        QVERIFY(contains(onlyProblem(report), "15 patches") && !contains(onlyProblem(report), "centre crop"));
    }

    void transposedShapesAreWrong()
    {
        PassFixture f(2);
        f.run();
        // picture1 lies in 96x64: [4, 8, 12].
        overwrite(f, ArrayKind::Vae, "picture1", load(f, ArrayKind::Vae, "picture1").transpose(1, 2));
        auto report = verify(f);
        QCOMPARE(counts(report, ArrayKind::Vae).wrongShape, 1);
        QVERIFY2(contains(onlyProblem(report), "[4, 12, 8]") && contains(onlyProblem(report), "[4, 8, 12]"),
                 onlyProblem(report).c_str());
        f.run({Pass::Vae});
        overwrite(f, ArrayKind::DinoPatches, "picture1", load(f, ArrayKind::DinoPatches, "picture1").transpose(0, 1));
        report = verify(f);
        QCOMPARE(counts(report, ArrayKind::DinoPatches).wrongShape, 1);
        overwrite(f, ArrayKind::T5, "picture0", at::ones({17, 3})); // more than text_tokens
        QCOMPARE(counts(verify(f), ArrayKind::T5).wrongShape, 1);
        overwrite(f, ArrayKind::DinoCls, "picture0", at::ones({5}).to(at::kLong));
        QCOMPARE(counts(verify(f), ArrayKind::DinoCls).wrongShape, 1);
    }

    void nonFiniteValuesAreFoundWhereverTheyAre()
    {
        const double bad[] = {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity(),
                              -std::numeric_limits<double>::infinity()};
        for (const double value : bad) {
            PassFixture f(2);
            f.run();
            for (const auto kind : {ArrayKind::T5, ArrayKind::Vae, ArrayKind::DinoCls, ArrayKind::DinoPatches}) {
                auto tensor = load(f, kind, "picture1");
                tensor.view(-1)[tensor.numel() - 1] = value; // the very last element
                overwrite(f, kind, "picture1", tensor);
            }
            const auto report = verify(f);
            QCOMPARE(report.problems.size(), 4U);
            for (const auto& array : report.arrays) {
                QCOMPARE(array.nonfinite, 1);
                QCOMPARE(array.whole, 1);
            }
            QVERIFY(contains(report.problems.front().reason, "NaN"));
        }
    }

    void truncatedAndForeignFilesAreUnreadable()
    {
        PassFixture f(3);
        f.run();
        const auto bytes = readTextFile(f.array(ArrayKind::Vae, "picture0"));
        test::writeText(f.array(ArrayKind::Vae, "picture0"), bytes.substr(0, bytes.size() - 1));
        test::writeText(f.array(ArrayKind::Vae, "picture1"), "");
        test::writeText(f.array(ArrayKind::Vae, "picture2"), "this is no array, however long it may be");
        const auto report = verify(f);
        QCOMPARE(counts(report, ArrayKind::Vae).unreadable, 3);
        for (const auto& problem : report.problems) {
            QVERIFY2(contains(problem.reason, "vae/" + problem.what + ".npy"), problem.reason.c_str());
            const auto* const run = test::remedyAs<remedy::RunPasses>(problem.remedy);
            QVERIFY(run != nullptr && run->pass == Pass::Vae && run->setsAside);
        }
    }

    void staleArraysTellWhatChanged()
    {
        PassFixture f(1);
        f.run();
        test::writeText(f.pictures / "picture0.txt", "other words");
        f.import();
        auto report = verify(f);
        QCOMPARE(counts(report, ArrayKind::T5).stale, 1);
        QVERIFY2(contains(onlyProblem(report), "the caption"), onlyProblem(report).c_str());
        f.run();
        f.fakes.fingerprints[1] = "another";
        QVERIFY2(contains(onlyProblem(verify(f)), "the encoder"), onlyProblem(verify(f)).c_str());
    }

    void preprocessMendsEverythingThatVerifyFinds()
    {
        PassFixture f(4);
        f.run();
        fs::remove(f.array(ArrayKind::T5, "picture0"));
        overwrite(f, ArrayKind::DinoPatches, "picture1", at::ones({196, 5}));
        test::writeText(f.array(ArrayKind::Vae, "picture2"), "broken");
        f.draw(3, 200);
        QVERIFY(!verify(f).sound());
        f.run();
        const auto report = verify(f);
        QVERIFY2(report.sound(), report.sound() ? "" : report.problems.front().reason.c_str());
    }

    void replacedArrayThatIsNotFiniteIsMadeAgain()
    {
        PassFixture f(3);
        f.run();
        const auto expected = f.derivedFiles();
        auto tensor = load(f, ArrayKind::Vae, "picture1");
        tensor.view(-1)[0] = std::numeric_limits<double>::quiet_NaN();
        overwrite(f, ArrayKind::Vae, "picture1", tensor);
        const auto spoilt = readTextFile(f.array(ArrayKind::Vae, "picture1"));
        const auto report = verify(f);
        QVERIFY2(contains(onlyProblem(report), "vae/picture1.npy"), onlyProblem(report).c_str());
        const auto* const run = test::remedyAs<remedy::RunPasses>(report.problems.front().remedy);
        QVERIFY(run != nullptr && run->pass == Pass::Vae && run->setsAside);
        QCOMPARE(f.forecast().passes[1].toRead, 1);
        QCOMPARE(f.run().passes[1].made, 1);
        auto files = f.derivedFiles();
        QCOMPARE(files.at("vae_set_aside/picture1.npy"), spoilt);
        files.erase("vae_set_aside/picture1.npy");
        QVERIFY(files == expected);
        QVERIFY(verify(f).sound());
    }

    void copiedArraysAreReadOnceAndKnownAgain()
    {
        for (const bool verified : {false, true}) {
            PassFixture f(3);
            f.run();
            const auto made = Catalog::open(f.workspace).provenances(ArrayKind::DinoPatches).at("picture0").madeAt;
            const auto aside = f.folder / "copy";
            fs::copy(f.workspace.derivedFolder(), aside, fs::copy_options::recursive);
            fs::remove_all(f.workspace.derivedFolder());
            fs::rename(aside, f.workspace.derivedFolder());
            for (const auto& pass : f.forecast().passes)
                QCOMPARE(pass.toRead, 3);
            f.fakes.encoded = 0;
            if (verified)
                QVERIFY(verify(f).sound());
            else
                f.run();
            QCOMPARE(f.fakes.encoded, 0);
            for (const auto& pass : f.forecast().passes) {
                QCOMPARE(pass.toRead, 0);
                QCOMPARE(pass.whole, 3);
            }
            const auto known = Catalog::open(f.workspace).provenances(ArrayKind::DinoPatches).at("picture0");
            QVERIFY(!known.adopted);
            QCOMPARE(known.madeAt, made);
        }
    }

    void arraysOfUnknownOriginAreJudgedByContentAndAdopted()
    {
        PassFixture made(2), f(2);
        made.run();
        fs::copy(made.workspace.derivedFolder(), f.workspace.derivedFolder(), fs::copy_options::recursive);
        QVERIFY(verify(f).sound());
        QVERIFY(Catalog::open(f.workspace).provenances(ArrayKind::DinoPatches).at("picture1").adopted);
        f.fakes.encoded = 0;
        f.run();
        QCOMPARE(f.fakes.encoded, 0);
    }

    void adoptedArraysAreNamedAndCounted()
    {
        PassFixture made(2), f(2);
        made.run();
        fs::copy(made.workspace.derivedFolder(), f.workspace.derivedFolder(), fs::copy_options::recursive);
        f.run({Pass::T5}); // adopts the text
        const auto report = verify(f);
        QCOMPARE(report.adopted.size(), 2U);
        QCOMPARE(report.adopted[0].what, std::string("picture0"));
        QVERIFY(contains(report.adopted[0].reason, " vae dinov3 dinov3_patches"));
        for (const auto& array : report.arrays)
            QCOMPARE(array.adopted, 2);
        QCOMPARE(verify(f).adopted.size(), 0U);
        QCOMPARE(status(f.workspace).arrays[1].adopted, 2);
    }

    void repairMovesMisalignedPatchesAndQueuesThemAnew()
    {
        PassFixture f(3);
        f.run();
        const auto expected = f.derivedFiles();
        overwrite(f, ArrayKind::DinoPatches, "picture0", at::ones({196, 5}));
        overwrite(f, ArrayKind::DinoPatches, "picture1", at::ones({256, 5}));
        {
            auto catalog = Catalog::open(f.workspace); // as an older pipeline left it: without provenance
            catalog.forget("picture1", ArrayKind::DinoPatches);
        }
        const auto crop = readTextFile(f.array(ArrayKind::DinoPatches, "picture1"));
        QCOMPARE(verify(f).movedAside, 0); // not without being asked
        const auto report = verify(f, true);
        QCOMPARE(report.movedAside, 2);
        QCOMPARE(counts(report, ArrayKind::DinoPatches).misaligned, 2);
        QVERIFY(contains(report.problems.front().reason, "dinov3_patches_misaligned/picture0.npy"));
        QVERIFY(f.states()["picture1"][3] == ArrayState::Missing);
        QVERIFY(findRecord(f.workspace, "picture1")->arrays[3] == ArrayState::Missing);
        QCOMPARE(verify(f, true).movedAside, 0);

        QCOMPARE(f.run().passes[2].made, 2);
        auto files = f.derivedFiles();
        QCOMPARE(files.at("dinov3_patches_misaligned/picture1.npy"), crop);
        std::erase_if(files, [](const auto& file) { return file.first.starts_with("dinov3_patches_misaligned"); });
        QCOMPARE(files.size(), expected.size());
        QVERIFY(verify(f).sound());
    }

    void unknownEncoderLeavesTheUsualGridsOfBothPatchSizes()
    {
        PassFixture f(1);
        WorkspaceConfig config = f.workspace.config;
        f.workspace.config.buckets = {{1216, 832}};
        fs::create_directories(f.array(ArrayKind::DinoPatches, "x").parent_path());
        const auto states = [&] { return listRecords(f.workspace).at(0).arrays[3]; };
        for (const std::int64_t patches : {5133, 3952}) {
            overwrite(f, ArrayKind::DinoPatches, "picture0", at::zeros({patches, 2}));
            QVERIFY(states() == ArrayState::Whole);
        }
        for (const std::int64_t patches : {196, 256, 4096}) {
            overwrite(f, ArrayKind::DinoPatches, "picture0", at::zeros({patches, 2}));
            QVERIFY(states() == ArrayState::Wrong);
            QVERIFY(contains(listRecords(f.workspace).at(0).problem, "misaligned"));
        }
    }

    void pictureThatIsGoneIsAProblem()
    {
        PassFixture f(2);
        f.run();
        fs::remove(f.picture(1));
        const auto problem = onlyProblem(verify(f));
        QVERIFY2(contains(problem, "picture1.png"), problem.c_str());
    }

    void workspaceWithoutRecordsIsNotSound()
    {
        const test::TemporaryFolder folder;
        test::FakeEncoders fakes;
        VerifyReport report;
        makeVerifyJobWith(
            {.workspace = Workspace::create(folder / "empty"), .finished = [&](const auto& r) { report = r; }},
            fakes.encoders())
            ->run({});
        QVERIFY(!report.sound());
    }

    void statusCountsWithoutReadingContents()
    {
        PassFixture f(3);
        f.run({Pass::T5, Pass::Vae});
        fs::remove(f.array(ArrayKind::T5, "picture0"));
        const auto report = status(f.workspace);
        QCOMPARE(report.records, 3);
        QCOMPARE(report.arrays[0].whole, 2);
        QCOMPARE(report.arrays[0].missing, 1);
        QCOMPARE(report.arrays[1].whole, 3);
        QCOMPARE(report.arrays[2].missing, 3);
        std::int64_t bytes = 0;
        for (const auto& [name, content] : f.derivedFiles())
            bytes += name.starts_with("vae/") ? static_cast<std::int64_t>(content.size()) : 0;
        QCOMPARE(report.arrays[1].bytes, bytes);
        QCOMPARE(report.splits.at("train"), 3);
        QCOMPARE(report.buckets.at("96x64"), 1);
    }
};

QTEST_APPLESS_MAIN(TestVerify)
#include "tst_verify.moc"
