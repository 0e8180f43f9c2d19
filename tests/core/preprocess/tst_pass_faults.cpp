#include "core/dataset/catalog.h"
#include "core/io/atomic_file.h"
#include "core/preprocess/jobs.h"
#include "core/runtime/error.h"
#include "tests/core/preprocess/pass_fixture.h"
#include "tests/support/another_process.h"
#include "tests/support/file_size_limit.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <QTest>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <random>
#include <unistd.h>

using namespace nanodit;
using test::PassFixture;
namespace fs = std::filesystem;

namespace {

constexpr auto whole = ArrayState::Whole;

} // namespace

/// What a pass promises when the machine, the disk or another program does its worst.
class TestPassFaults : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { at::set_num_threads(1); } // processes that are forked have no pool of threads

    /// The fake encoders let every batch leave its mark on its results, so equal bytes mean equal batches.
    void killedAtAnyInstantARerunGivesTheSameBytes()
    {
        constexpr int pictures = 30;
        PassFixture uninterrupted(pictures);
        uninterrupted.fakes.captionsAtOnce = 4;
        uninterrupted.fakes.pixelsAtOnce = 4 * 64 * 64;
        const auto start = std::chrono::steady_clock::now();
        uninterrupted.run();
        const auto undisturbed = std::chrono::steady_clock::now() - start;
        const auto longestLife = std::chrono::duration_cast<std::chrono::microseconds>(undisturbed).count() / 8;
        const auto expected = uninterrupted.derivedFiles();
        QCOMPARE(expected.size(), std::size_t{4 * pictures});

        PassFixture f(pictures);
        f.fakes.captionsAtOnce = 4;
        f.fakes.pixelsAtOnce = 4 * 64 * 64;
        std::mt19937 random(3);
        int kills = 0;
        for (bool done = false; !done;) {
            // The first lives are short, or one would do where the machine was busy when it was timed.
            const auto most = std::max<std::int64_t>(1, longestLife * std::min(kills + 1, 8) / 8);
            const std::chrono::microseconds life(random() % most);
            const int end = test::inAnotherProcess(life, [&f] { f.run(); });
            QVERIFY2(end == 0 || end == -SIGKILL, std::to_string(end).c_str());
            done = end == 0 || ++kills == 40;

            // Whatever is said to be whole, is so now and as it should be.
            for (const auto& [id, states] : f.states()) {
                for (std::size_t kind = 0; kind < 4; ++kind) {
                    if (states[kind] != whole)
                        continue;
                    const auto name = std::string(arrayFolderNames[kind]) + "/" + id + ".npy";
                    QVERIFY2(readTextFile(f.workspace.derivedFolder() / name) == expected.at(name), name.c_str());
                }
            }
        }
        QVERIFY2(kills >= 3, std::to_string(kills).c_str());
        f.run();
        QVERIFY(f.derivedFiles() == expected); // and no temporary file is left
    }

    void fullDiskEndsThePassAndLeavesWholeWhatWasWhole()
    {
        PassFixture f(6);
        // [16, 50000] in half precision are 1.6 MB, [24, 50000] 2.4 MB: the limit lies between.
        f.fakes.dinoWidth = 50000;
        f.fakes.pixelsAtOnce = 1;
        const int code = test::inAnotherProcess([&f] {
            const test::FileSizeLimit full(2'000'000);
            try {
                f.run({Pass::Dino});
            } catch (const StoreError& error) {
                return std::string(error.what()).find("dinov3_patches") != std::string::npos ? 0 : 2;
            }
            return 1;
        });
        QCOMPARE(code, 0);
        int made = 0;
        for (const auto& [id, states] : f.states())
            made += states[3] == whole;
        QCOMPARE(made, 2); // those of the square bucket, which come first
        const auto report = f.run({Pass::Dino});
        QCOMPARE(report.passes[0].alreadyWhole, 2);
        QCOMPARE(report.passes[0].made, 4);
        for (const auto& [name, bytes] : f.derivedFiles())
            QVERIFY2(name.ends_with(".npy") && !name.starts_with("."), name.c_str());
    }

    void readOnlyFolderEndsThePassWithItsName()
    {
        PassFixture f(2);
        fs::create_directories(f.workspace.derivedFolder());
        if (::geteuid() == 0) {
            // Whom the other process becomes owns all but the derived arrays.
            for (const auto& entry : fs::recursive_directory_iterator(f.folder.path()))
                QCOMPARE(::chown(entry.path().c_str(), test::nobody, test::nobody), 0);
            QCOMPARE(::chown(f.folder.path().c_str(), test::nobody, test::nobody), 0);
            QCOMPARE(::chown(f.workspace.derivedFolder().c_str(), 0, 0), 0);
        }
        fs::permissions(f.workspace.derivedFolder(), fs::perms::owner_read | fs::perms::owner_exec |
                                                         fs::perms::others_read | fs::perms::others_exec);
        const int code = test::inAnotherProcess([&f] {
            if (!test::becomeNobody())
                return 10;
            try {
                f.run({Pass::Vae});
            } catch (const StoreError& error) {
                return std::string(error.what()).find("derived") != std::string::npos ? 0 : 2;
            }
            return 1;
        });
        fs::permissions(f.workspace.derivedFolder(), fs::perms::owner_all);
        QCOMPARE(code, 0);
    }

    void secondRunnerIsRefusedAndToldWhomToWaitFor()
    {
        PassFixture f(4);
        std::array<int, 2> begun{}, goOn{};
        QVERIFY(::pipe(begun.data()) == 0 && ::pipe(goOn.data()) == 0);
        char sign = 0;
        const auto first = test::startProcess([&] {
            f.fakes.onText = [&](const auto&) {
                if (::write(begun[1], "b", 1) != 1 || ::read(goOn[0], &sign, 1) != 1)
                    ::_exit(2);
            };
            f.run();
        });
        QCOMPARE(::read(begun[0], &sign, 1), 1);
        const auto refused = test::errorOf([&f] { f.run(); });
        QVERIFY2(refused.find("is being worked on by process " + std::to_string(first) + " on ") != std::string::npos,
                 refused.c_str());
        QVERIFY2(refused.find(f.workspace.root.string()) != std::string::npos, refused.c_str());
        QVERIFY(f.derivedFiles().empty());           // it did nothing
        QCOMPARE(f.forecast().passes[0].missing, 4); // looking is allowed
        const auto repair = [&f] {
            makeVerifyJobWith({.workspace = f.workspace, .repair = true}, f.fakes.encoders())->run({});
        };
        QVERIFY(test::errorOf(repair).find("is being worked on") != std::string::npos);

        QCOMPARE(::write(goOn[1], "gggg", 4), 4);
        QCOMPARE(test::endOf(first), 0);
        for (const auto& pass : f.run().passes)
            QCOMPARE(pass.alreadyWhole, 4);
        for (const int end : {begun[0], begun[1], goOn[0], goOn[1]})
            ::close(end);
    }

    void killedRunnerLeavesNothingInTheWay()
    {
        PassFixture f(3);
        std::array<int, 2> begun{};
        QVERIFY(::pipe(begun.data()) == 0);
        const auto first = test::startProcess([&] {
            f.fakes.onText = [&](const auto&) {
                static_cast<void>(::write(begun[1], "b", 1) == 1);
                ::pause();
            };
            f.run();
        });
        char sign = 0;
        QCOMPARE(::read(begun[0], &sign, 1), 1);
        QVERIFY(!test::errorOf([&f] { f.run(); }).empty());
        ::kill(first, SIGKILL);
        QCOMPARE(test::endOf(first), -SIGKILL);
        QCOMPARE(f.run().passes[0].made, 3);
        ::close(begun[0]);
        ::close(begun[1]);
    }

    void pictureThatChangesBetweenPassesIsEncodedAnewByBoth()
    {
        PassFixture f(3);
        f.run({Pass::Vae});
        f.draw(1, 200);
        f.run({Pass::Dino});
        auto states = f.states();
        QVERIFY(states["picture1"][1] == ArrayState::Stale && states["picture1"][3] == whole);
        QVERIFY(states["picture0"][1] == whole);
        f.fakes.latentPictures.clear();
        f.fakes.patchPictures.clear();
        f.run();
        QCOMPARE(f.fakes.latentPictures.size(), 1U); // the one that changed, as it is now
        QVERIFY(f.fakes.patchPictures.empty());
        for (const auto& record : listRecords(f.workspace)) {
            if (record.id == "picture1")
                QVERIFY(f.fakes.latentPictures.contains(test::pixelHash(loadBucketImage(record))));
        }
        for (const auto& [id, known] : f.states())
            QVERIFY((known == std::array{whole, whole, whole, whole}));
    }

    void pictureThatChangesDuringAPassIsNeverTakenForTheOldOne()
    {
        PassFixture f(9), after(9);
        f.fakes.pixelsAtOnce = 1;
        int batches = 0;
        f.fakes.onImages = [&](const auto&) {
            if (++batches == 1) {
                for (const int changed : {5, 8})
                    f.draw(changed, 120 + changed);
            }
        };
        const auto report = f.run({Pass::Vae});
        // Read before the change, and stale now; or met as another file than the one that was asked for.
        for (const auto& failure : report.passes[0].failures)
            QVERIFY2(failure.reason.find("was changed while it was being read") != std::string::npos,
                     failure.reason.c_str());
        for (const auto* const id : {"picture5", "picture8"})
            QVERIFY(f.states()[id][1] != whole);
        f.run({Pass::Vae});
        for (const int changed : {5, 8})
            after.draw(changed, 120 + changed);
        after.fakes.pixelsAtOnce = 1;
        after.import();
        after.run({Pass::Vae});
        QVERIFY(f.derivedFiles() == after.derivedFiles());
    }

    void foreignFileThatCannotBeReadIsMovedAsideAndMade()
    {
        PassFixture f(1);
        test::writeText(f.array(ArrayKind::T5, "picture0"), "no array");
        f.run({Pass::T5});
        QVERIFY(f.states()["picture0"][0] == whole);
        QCOMPARE(f.derivedFiles().at("t5_set_aside/picture0.npy"), std::string("no array"));
    }
};

QTEST_APPLESS_MAIN(TestPassFaults)
#include "tst_pass_faults.moc"
