#include "core/dataset/shard_set.h"
#include "core/io/atomic_file.h"
#include "core/preprocess/jobs.h"
#include "core/runtime/error.h"
#include "tests/core/preprocess/pass_fixture.h"

#include <ATen/Parallel.h>
#include <QTest>

#include <algorithm>
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

using Files = std::map<std::string, std::string>;

void pack(PassFixture& f, std::int64_t shardSize)
{
    makeShardJobWith({.workspace = f.workspace, .shardSize = shardSize, .overwrite = true}, f.fakes.encoders())
        ->run({});
}

/// Bytes of the set "train", by relative path.
Files setFiles(const PassFixture& f)
{
    Files files;
    const auto set = f.workspace.shardsFolder() / "train";
    for (const auto& entry : fs::recursive_directory_iterator(set)) {
        if (entry.is_regular_file())
            files[entry.path().lexically_relative(set).string()] = readTextFile(entry.path());
    }
    return files;
}

std::ptrdiff_t entriesBeside(const PassFixture& f)
{
    return std::distance(fs::directory_iterator(f.workspace.shardsFolder()), fs::directory_iterator());
}

} // namespace

/// What packing promises when the machine or the disk does its worst.
class TestShardFaults : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { at::set_num_threads(1); } // processes that are forked have no pool of threads

    void killedAtAnyInstantThereIsTheOldSetOrTheNewOne()
    {
        PassFixture f(24);
        f.run();
        const auto start = std::chrono::steady_clock::now();
        pack(f, 3);
        const auto undisturbed = std::chrono::steady_clock::now() - start;
        const auto longestLife = std::chrono::duration_cast<std::chrono::microseconds>(undisturbed).count() * 3 / 2;
        const auto newer = setFiles(f);
        pack(f, 5);
        const auto older = setFiles(f);
        QVERIFY(older != newer);

        std::mt19937 random(7);
        int kills = 0;
        for (int i = 0; i < 50; ++i) {
            const pid_t child = ::fork();
            if (child == 0) {
                try {
                    pack(f, 3);
                    ::_exit(0);
                } catch (...) {
                    ::_exit(1);
                }
            }
            std::this_thread::sleep_for(std::chrono::microseconds(random() % static_cast<std::uint64_t>(longestLife)));
            ::kill(child, SIGKILL);
            int status = 0;
            ::waitpid(child, &status, 0);
            QVERIFY(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
            kills += WIFSIGNALED(status);
            const auto now = setFiles(f);
            QVERIFY(now == older || now == newer);
            if (now == newer)
                pack(f, 5);
        }
        QVERIFY2(kills >= 5, std::to_string(kills).c_str());
        pack(f, 3);
        QVERIFY(setFiles(f) == newer);
        QCOMPARE(entriesBeside(f), 1); // nothing of the killed ones is left
    }

    void aFullDiskLeavesTheOldSet()
    {
        PassFixture f(12);
        f.fakes.dinoWidth = 5000; // patches of 160 kB or more a sample, so that a bucket's shard is what grows largest
        f.run();
        pack(f, 2);
        const auto before = setFiles(f);
        const pid_t child = ::fork();
        if (child == 0) {
            ::signal(SIGXFSZ, SIG_IGN);
            const rlimit limit{800'000, 800'000}; // no file may grow beyond: what a full disk does
            ::setrlimit(RLIMIT_FSIZE, &limit);
            int code = 1;
            try {
                pack(f, 1000);
            } catch (const StoreError& error) {
                code = std::string(error.what()).find("shard-000000.tar") != std::string::npos ? 0 : 2;
            } catch (const std::exception& error) {
                std::fprintf(stderr, "%s\n", error.what());
                code = 3;
            }
            ::_exit(code);
        }
        int status = 0;
        ::waitpid(child, &status, 0);
        QVERIFY(WIFEXITED(status));
        QCOMPARE(WEXITSTATUS(status), 0);
        QVERIFY(setFiles(f) == before);
        QCOMPARE(entriesBeside(f), 1);
        QCOMPARE(ShardSet::open(f.workspace.shardsFolder() / "train")->entries().size(), 12u);
    }
};

QTEST_APPLESS_MAIN(TestShardFaults)
#include "tst_shard_faults.moc"
