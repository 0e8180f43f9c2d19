#include "core/dataset/shard_set.h"
#include "core/preprocess/jobs.h"
#include "core/runtime/error.h"
#include "tests/core/preprocess/pass_fixture.h"
#include "tests/support/another_process.h"
#include "tests/support/file_size_limit.h"
#include "tests/support/files_below.h"

#include <ATen/Parallel.h>
#include <QTest>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <random>

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
    return test::filesBelow(f.workspace.shardsFolder() / "train");
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
            const std::chrono::microseconds life(random() % static_cast<std::uint64_t>(longestLife));
            const int end = test::inAnotherProcess(life, [&f] { pack(f, 3); });
            QVERIFY2(end == 0 || end == -SIGKILL, std::to_string(end).c_str());
            kills += end != 0;
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
        const int code = test::inAnotherProcess([&f] {
            const test::FileSizeLimit full(800'000);
            try {
                pack(f, 1000);
            } catch (const StoreError& error) {
                return std::string(error.what()).find("shard-000000.tar") != std::string::npos ? 0 : 2;
            }
            return 1;
        });
        QCOMPARE(code, 0);
        QVERIFY(setFiles(f) == before);
        QCOMPARE(entriesBeside(f), 1);
        QCOMPARE(ShardSet::open(f.workspace.shardsFolder() / "train")->entries().size(), 12u);
    }
};

QTEST_APPLESS_MAIN(TestShardFaults)
#include "tst_shard_faults.moc"
