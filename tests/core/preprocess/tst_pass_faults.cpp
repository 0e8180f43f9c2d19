#include "core/dataset/catalog.h"
#include "core/io/atomic_file.h"
#include "core/io/npy.h"
#include "core/runtime/error.h"
#include "tests/core/preprocess/pass_fixture.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <QTest>

#include <chrono>
#include <csignal>
#include <random>
#include <sys/resource.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace nanodit;
using test::PassFixture;
namespace fs = std::filesystem;

namespace {

constexpr auto whole = ArrayState::Whole;

/// Runs `work` in a process of its own and gives its exit code, or minus the signal that ended it.
template<typename Work>
int inAnotherProcess(Work&& work)
{
    const pid_t child = ::fork();
    if (child == 0) {
        int code = 99;
        try {
            code = work();
        } catch (const std::exception& error) {
            std::fprintf(stderr, "%s\n", error.what());
        }
        ::_exit(code);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

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
            const pid_t child = ::fork();
            if (child == 0) {
                try {
                    f.run();
                    ::_exit(0);
                } catch (...) {
                    ::_exit(1);
                }
            }
            std::this_thread::sleep_for(std::chrono::microseconds(random() % longestLife));
            ::kill(child, SIGKILL);
            int status = 0;
            ::waitpid(child, &status, 0);
            QVERIFY(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
            done = !WIFSIGNALED(status) || ++kills == 40;

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
        const int code = inAnotherProcess([&f] {
            ::signal(SIGXFSZ, SIG_IGN);
            const rlimit limit{2'000'000, 2'000'000};
            ::setrlimit(RLIMIT_FSIZE, &limit);
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
            // Permissions hold root back from nothing: be somebody else, who owns all but the derived arrays.
            for (const auto& entry : fs::recursive_directory_iterator(f.folder.path()))
                QCOMPARE(::chown(entry.path().c_str(), 65534, 65534), 0);
            QCOMPARE(::chown(f.folder.path().c_str(), 65534, 65534), 0);
            QCOMPARE(::chown(f.workspace.derivedFolder().c_str(), 0, 0), 0);
        }
        fs::permissions(f.workspace.derivedFolder(), fs::perms::owner_read | fs::perms::owner_exec |
                                                         fs::perms::others_read | fs::perms::others_exec);
        const int code = inAnotherProcess([&f] {
            if (::geteuid() == 0 && (::setgid(65534) != 0 || ::setuid(65534) != 0))
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

    void twoRunnersAtOnceEndWithWholeArrays()
    {
        PassFixture f(12);
        f.fakes.captionsAtOnce = 2;
        f.fakes.pixelsAtOnce = 1;
        const pid_t child = ::fork();
        if (child == 0) {
            try {
                f.run();
                ::_exit(0);
            } catch (...) {
                ::_exit(1);
            }
        }
        const auto mine = test::errorOf([&f] { f.run(); });
        int status = 0;
        ::waitpid(child, &status, 0);
        QCOMPARE(mine, std::string());
        QVERIFY(WIFEXITED(status) && WEXITSTATUS(status) == 0);
        for (const auto& [id, states] : f.states())
            QVERIFY((states == std::array{whole, whole, whole, whole}));
        QCOMPARE(f.derivedFiles().size(), 48U);
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
