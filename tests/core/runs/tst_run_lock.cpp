#include "core/io/atomic_file.h"
#include "core/runs/lost_lock.h"
#include "core/runs/run_lock.h"
#include "tests/support/another_process.h"
#include "tests/support/test_data.h"

#include <QtTest/QTest>
#include <nlohmann/json.hpp>

#include <atomic>
#include <csignal>
#include <fcntl.h>
#include <set>
#include <thread>
#include <unistd.h>
#include <vector>

using namespace nanodit;
using namespace nanodit::test;

namespace {

/// A process that holds the lock of a run until it is killed.
class HolderProcess {
public:
    explicit HolderProcess(const std::filesystem::path& run)
        : process_(startProcess([&run] {
            const RunLock lock(run, "a run");
            ::pause();
        }))
    {
        while (!runHolder(run) || runHolder(run)->process != process_)
            std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    ~HolderProcess() { kill(); }
    HolderProcess(const HolderProcess&) = delete;
    HolderProcess& operator=(const HolderProcess&) = delete;

    void kill()
    {
        if (process_ <= 0)
            return;
        ::kill(process_, SIGKILL);
        endOf(process_);
        process_ = 0;
    }
    pid_t number() const { return process_; }

private:
    pid_t process_;
};

/// As a holder on another machine leaves it, which renewed its lock so long ago.
void writeForeignLock(const std::filesystem::path& run, std::chrono::seconds ago)
{
    const nlohmann::json json = {
        {"host", "elsewhere"}, {"process", ::getpid()}, {"since", 1000}, {"began", "1"}, {"space", "another boot"}};
    writeText(run / "lock", json.dump());
    std::filesystem::last_write_time(run / "lock", std::filesystem::file_time_type::clock::now() - ago);
}

std::string refusal(const std::filesystem::path& run)
{
    return errorOf([&run] { const RunLock lock(run, "a run"); });
}

std::set<std::string> namesIn(const std::filesystem::path& folder)
{
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder))
        names.insert(entry.path().filename().string());
    return names;
}

} // namespace

class TestRunLock : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void aSecondOneOfThisProgramIsRefused()
    {
        const TemporaryFolder run;
        QVERIFY(!runHolder(run.path()));
        {
            const RunLock lock(run.path(), "a run");
            QVERIFY(runHolder(run.path())->here);
            const auto text = refusal(run.path());
            QVERIFY2(text.starts_with("the run \"a run\" is being trained by this program since 20"), text.c_str());
            QVERIFY(!lock.lost() && !lock.predecessor());
        }
        QVERIFY(!runHolder(run.path()));
        QVERIFY(namesIn(run.path()).empty());
        const RunLock again(run.path(), "a run");
    }

    void anotherProcessIsNamedWithItsMachineAndTime()
    {
        const TemporaryFolder run;
        const HolderProcess holder(run.path());
        const auto seen = runHolder(run.path());
        QVERIFY(!seen->here && !seen->silentFor);
        QVERIFY(std::abs(seen->since - std::time(nullptr)) < 100);
        const auto text = refusal(run.path());
        const auto expected = "is being trained by process " + std::to_string(holder.number()) + " on " + seen->host;
        QVERIFY2(text.find(expected + " since 20") != std::string::npos, text.c_str());
    }

    void aKilledHolderIsKnownToBeGoneAtOnce()
    {
        const TemporaryFolder run;
        HolderProcess holder(run.path());
        const auto number = holder.number();
        holder.kill();
        QVERIFY(std::filesystem::exists(run.path() / "lock"));
        QVERIFY(!runHolder(run.path()));
        const RunLock lock(run.path(), "a run");
        QCOMPARE(lock.predecessor()->process, number);
    }

    void aLaterProcessOfTheSameNumberIsNotTheHolder()
    {
        const TemporaryFolder run;
        std::string text;
        {
            const RunLock lock(run.path(), "a run");
            text = readTextFile(run.path() / "lock");
        }
        auto json = nlohmann::json::parse(text);
        json["began"] = "1"; // this process has the number, but began later
        writeText(run.path() / "lock", json.dump());
        QVERIFY(!runHolder(run.path()));
        QCOMPARE(refusal(run.path()), std::string());
    }

    void aHolderOnAnotherMachineCountsByItsSignsOfLife()
    {
        const TemporaryFolder run;
        writeForeignLock(run.path(), std::chrono::seconds(60));
        QCOMPARE(runHolder(run.path())->host, "elsewhere");
        const auto text = refusal(run.path());
        QVERIFY2(text.find("process " + std::to_string(::getpid()) + " on elsewhere since") != std::string::npos &&
                     text.find("last heartbeat was 6") != std::string::npos,
                 text.c_str());
        writeForeignLock(run.path(), std::chrono::seconds(300));
        QVERIFY(!runHolder(run.path()));
        const RunLock lock(run.path(), "a run");
        QCOMPARE(lock.predecessor()->host, "elsewhere");
    }

    void aLockThatCannotBeReadCountsByItsTime()
    {
        const TemporaryFolder run;
        writeText(run.path() / "lock", "{\"host\": \"bra");
        QVERIFY(refusal(run.path()).find("a process that its lock does not name") != std::string::npos);
        std::filesystem::last_write_time(run.path() / "lock",
                                         std::filesystem::file_time_type::clock::now() - std::chrono::seconds(300));
        QCOMPARE(refusal(run.path()), std::string());
    }

    void whatAnotherTookIsNotRemoved()
    {
        const TemporaryFolder run;
        {
            const RunLock lock(run.path(), "a run");
            std::filesystem::remove(run.path() / "lock");
            writeForeignLock(run.path(), std::chrono::seconds(1));
        }
        QCOMPARE(runHolder(run.path())->host, "elsewhere");
    }

    void aFolderThatDoesNotAnswerForAWhileIsNotALostLock()
    {
        const TemporaryFolder folder;
        const auto run = folder / "run", away = folder / "away", lock = run / "lock";
        writeText(lock, "mine");
        const int descriptor = ::open(lock.c_str(), O_RDONLY | O_CLOEXEC);
        QVERIFY(descriptor >= 0 && !lockIsLost(lock, descriptor));
        std::filesystem::rename(run, away);
        std::filesystem::create_directory_symlink("run", run); // looking there fails, and says nothing of the file
        QVERIFY(!lockIsLost(lock, descriptor));
        std::filesystem::remove(run);
        std::filesystem::rename(away, run);
        QVERIFY(!lockIsLost(lock, descriptor));
        std::filesystem::rename(lock, run / "aside");
        QVERIFY(lockIsLost(lock, descriptor)); // no file has the name
        writeText(lock, "another's");
        QVERIFY(lockIsLost(lock, descriptor));
        ::close(descriptor);
    }

    void ofManyThatFindAnAbandonedLockOneGetsIt()
    {
        const TemporaryFolder run;
        for (int round = 0; round < 20; ++round) {
            writeForeignLock(run.path(), std::chrono::seconds(300));
            std::atomic<int> holding = 0, most = 0, taken = 0;
            std::vector<std::jthread> threads;
            for (int i = 0; i < 6; ++i) {
                threads.emplace_back([&] {
                    try {
                        const RunLock lock(run.path(), "a run");
                        ++taken;
                        const int now = ++holding;
                        if (now > most)
                            most = now;
                        std::this_thread::sleep_for(std::chrono::milliseconds(5));
                        --holding;
                    } catch (const std::exception&) { // another had it
                    }
                });
            }
            threads.clear();
            QCOMPARE(most.load(), 1);
            QVERIFY(taken >= 1);
        }
        QVERIFY(namesIn(run.path()).empty());
    }

    void aFolderThatCannotBeWrittenIsNamed()
    {
        const TemporaryFolder folder;
        const auto text = refusal(folder / "nowhere");
        QVERIFY2(text.find("nowhere/lock could not be written") != std::string::npos, text.c_str());
    }
};

QTEST_APPLESS_MAIN(TestRunLock)
#include "tst_run_lock.moc"
