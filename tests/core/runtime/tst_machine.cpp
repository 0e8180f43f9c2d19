#include "core/runtime/machine.h"
#include "tests/support/test_data.h"

#include <QTest>

using namespace nanodit;
namespace fs = std::filesystem;

namespace {

constexpr std::int64_t gigabyte = 1'000'000'000;
constexpr const char* noLimitOfVersion1 = "9223372036854771712\n";

/// A tree with the files of /proc and of the control groups.
class Tree {
public:
    void write(const std::string& file, const std::string& text)
    {
        fs::create_directories((folder_ / file).parent_path());
        test::writeText(folder_ / file, text);
    }
    GroupLimits limits() const { return readGroupLimits(folder_.path()); }
    fs::path path(const std::string& file) const { return folder_ / file; }

private:
    test::TemporaryFolder folder_;
};

/// One with the hierarchy of cgroup v2.
void mountVersion2(Tree& tree, const std::string& top = "/", const std::string& group = "/user.slice/job.scope")
{
    tree.write("proc/self/mountinfo", "24 1 0:5 / /proc rw - proc proc rw\n30 24 0:26 " + top +
                                          " /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n");
    tree.write("proc/self/cgroup", "0::" + group + "\n");
}

} // namespace

class MachineTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void theLeastLimitUpToTheRootCounts()
    {
        Tree tree;
        mountVersion2(tree);
        tree.write("sys/fs/cgroup/user.slice/job.scope/memory.max", "max\n");
        tree.write("sys/fs/cgroup/user.slice/job.scope/memory.high", "6000000000\n");
        tree.write("sys/fs/cgroup/user.slice/job.scope/cpu.max", "max 100000\n");
        tree.write("sys/fs/cgroup/user.slice/memory.max", "4000000000\n");
        tree.write("sys/fs/cgroup/user.slice/memory.current", "1500000000\n");
        tree.write("sys/fs/cgroup/user.slice/memory.stat", "anon 900000000\ninactive_file 500000000\n");
        tree.write("sys/fs/cgroup/user.slice/cpu.max", "150000 100000\n");
        const auto limits = tree.limits();
        QVERIFY(limits.memory && limits.cores && limits.memoryUsed);
        QCOMPARE(limits.memory->value, 4 * gigabyte);
        QCOMPARE(limits.memory->file, tree.path("sys/fs/cgroup/user.slice/memory.max"));
        QCOMPARE(*limits.memoryUsed, gigabyte);
        QCOMPARE(limits.cores->value, 1.5);
    }

    void softLimitsCountLikeHardOnes()
    {
        Tree tree;
        mountVersion2(tree);
        tree.write("sys/fs/cgroup/user.slice/job.scope/memory.max", "8000000000\n");
        tree.write("sys/fs/cgroup/user.slice/job.scope/memory.high", "6000000000\n");
        QCOMPARE(tree.limits().memory->value, 6 * gigabyte);
    }

    void aContainerSeesItsOwnGroupAtTheMount()
    {
        Tree tree;
        mountVersion2(tree, "/docker/abc", "/docker/abc");
        tree.write("sys/fs/cgroup/memory.max", "2000000000\n");
        QCOMPARE(tree.limits().memory->value, 2 * gigabyte);
        Tree elsewhere;
        mountVersion2(elsewhere, "/", "/docker/of/the/host");
        elsewhere.write("sys/fs/cgroup/memory.max", "3000000000\n");
        QCOMPARE(elsewhere.limits().memory->value, 3 * gigabyte);
    }

    void version1IsReadByController()
    {
        Tree tree;
        tree.write("proc/self/mountinfo", "33 31 0:30 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
                                          "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
                                          "38 31 0:35 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n");
        tree.write("proc/self/cgroup", "4:memory:/slurm/step_0\n1:cpu,cpuacct:/slurm\n0::/\n");
        tree.write("sys/fs/cgroup/memory/memory.limit_in_bytes", noLimitOfVersion1);
        tree.write("sys/fs/cgroup/memory/slurm/memory.limit_in_bytes", "16000000000\n");
        tree.write("sys/fs/cgroup/memory/slurm/step_0/memory.limit_in_bytes", noLimitOfVersion1);
        tree.write("sys/fs/cgroup/cpu,cpuacct/slurm/cpu.cfs_quota_us", "400000\n");
        tree.write("sys/fs/cgroup/cpu,cpuacct/slurm/cpu.cfs_period_us", "100000\n");
        const auto limits = tree.limits();
        QCOMPARE(limits.memory->value, 16 * gigabyte);
        QCOMPARE(limits.cores->value, 4.0);
    }

    void withoutLimitsThereAreNone()
    {
        Tree tree;
        mountVersion2(tree);
        tree.write("sys/fs/cgroup/user.slice/job.scope/memory.max", "max\n");
        QVERIFY(!tree.limits().memory && !tree.limits().cores);
        QVERIFY(!Tree().limits().memory);
    }

    void theLesserOfMachineAndGroupCanBeUsed()
    {
        Machine machine;
        machine.cores = 8;
        machine.coresAllowed = 6;
        machine.memory = 32 * gigabyte;
        machine.memoryFree = 20 * gigabyte;
        QCOMPARE(machine.usableCores(), 6);
        QCOMPARE(machine.usableMemory(), 32 * gigabyte);
        QCOMPARE(machine.availableMemory(), 20 * gigabyte);
        machine.limits.memory = GroupLimit<std::int64_t>{.value = 4 * gigabyte, .file = "memory.max"};
        machine.limits.memoryUsed = gigabyte;
        machine.limits.cores = GroupLimit<double>{.value = 1.5, .file = "cpu.max"};
        QCOMPARE(machine.usableCores(), 2);
        QCOMPARE(machine.usableMemory(), 4 * gigabyte);
        QCOMPARE(machine.availableMemory(), 3 * gigabyte);
        machine.limits.memory->value = 64 * gigabyte;
        QCOMPARE(machine.usableMemory(), 32 * gigabyte);
    }

    void thisMachineIsRead()
    {
        const auto machine = readMachine();
        QVERIFY(machine.memory > 0 && machine.memoryFree > 0 && machine.cores >= 1);
        QVERIFY(machine.usableMemory() <= machine.memory);
        QCOMPARE(usableCores(), machine.usableCores());
    }
};

QTEST_APPLESS_MAIN(MachineTest)
#include "tst_machine.moc"
