#include "core/train/collective.h"
#include "core/train/launcher.h"
#include "core/train/pulse.h"
#include "tests/support/another_process.h"
#include "tests/support/test_data.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <QtTest/QTest>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <map>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace nanodit;
using namespace nanodit::test;
using namespace std::chrono_literals;

namespace {

struct CounterTable {
    std::mutex mutex;
    std::map<std::string, std::int64_t> values;
    std::atomic<bool> standsStill = false, gone = false;
};

/// The counters of rank 0's process, in this one.
class Counters {
public:
    SharedCounters shared()
    {
        return [all = all_](const std::string& name, std::int64_t add) {
            while (all->standsStill) // as a process does that was stopped
                std::this_thread::sleep_for(2ms);
            if (all->gone)
                throw std::runtime_error("connection reset by peer");
            const std::lock_guard lock(all->mutex);
            return all->values[name] += add;
        };
    }
    void standStill(bool still) { all_->standsStill = still; }
    void end() { all_->gone = true; }
    /// How often a rank has counted up.
    std::int64_t beatsOf(std::int64_t rank)
    {
        const std::lock_guard lock(all_->mutex);
        return all_->values["pulse/rank/" + std::to_string(rank)];
    }

private:
    std::shared_ptr<CounterTable> all_ = std::make_shared<CounterTable>(); // a pulse's thread may outlive this
};

constexpr PulseTimes quick{.beat = 10ms, .silence = 1500ms, .grace = 300ms};

/// What a waiting thread is told at last, or "nobody" after a minute.
std::string toldBy(Pulse& pulse)
{
    for (int i = 0; i < 6000; ++i) {
        if (auto who = pulse.lost(); !who.empty())
            return who;
        std::this_thread::sleep_for(10ms);
    }
    return "nobody";
}

/// Within a minute.
template<typename Condition>
bool becomes(Condition&& condition)
{
    for (int i = 0; i < 6000; ++i) {
        if (condition())
            return true;
        std::this_thread::sleep_for(10ms);
    }
    return false;
}

/// Whether each rank has posted, within a minute, what it knew when this was called: that is done when its
/// third beat begins.
bool allBeat(Counters& counters, std::int64_t ranks)
{
    for (std::int64_t rank = 0; rank < ranks; ++rank) {
        const auto before = counters.beatsOf(rank);
        if (!becomes([&] { return counters.beatsOf(rank) > before + 2; }))
            return false;
    }
    return true;
}

bool says(const std::string& text, const std::string& part)
{
    if (text.find(part) != std::string::npos)
        return true;
    std::fprintf(stderr, "\"%s\" does not say \"%s\"\n", text.c_str(), part.c_str());
    return false;
}

/// One rank of three, as a process: sums again and again until that fails, and gives 0 when it was told `expected` of
/// who is lost. What happens before the third sum is `fate`. The parent ends what stands still.
template<typename Fate>
pid_t rankProcess(std::int64_t rank, int port, const std::string& expected, std::chrono::seconds patience, Fate fate)
{
    return startProcess([=] {
        std::string message = "nothing failed";
        {
            const auto ranks = joinCollective({.rank = rank,
                                               .size = 3,
                                               .port = port,
                                               .patience = patience,
                                               .pulse = {.beat = 100ms, .silence = 4s, .grace = 1s}});
            message = errorOf([&] {
                for (int i = 0; i < 100; ++i) {
                    if (i == 3)
                        fate();
                    const auto values = at::ones({1 << 16});
                    const auto more = at::ones({5});
                    const auto sum = ranks->beginSum(values), sumOfMore = ranks->beginSum(more);
                    sum();
                    sumOfMore();
                }
            });
        } // returns though a message is on its way that nobody answers
        return says(message, expected) ? 0 : 1;
    });
}

} // namespace

class TestPulse : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { at::set_num_threads(1); }

    void aRankThatIsStoppedIsNamedByTheOthers_data()
    {
        QTest::addColumn<int>("victim");
        QTest::addColumn<int>("sent");
        QTest::addColumn<QString>("expected");
        QTest::newRow("rank 0 stands still") << 0 << SIGSTOP << "rank 0 of 3 has sent no heartbeat for 4 s";
        QTest::newRow("rank 1 stands still") << 1 << SIGSTOP << "rank 1 of 3 has sent no heartbeat for 4 s";
        QTest::newRow("rank 0 ends") << 0 << SIGKILL << "rank 0 of 3 has ended";
        QTest::newRow("rank 2 ends") << 2 << SIGKILL << "rank 2 of 3 has ended";
        QTest::newRow("rank 1 hangs") << 1 << 0
                                      << "rank 1 of 3 is alive, but has not reached the point where the others wait";
        QTest::newRow("rank 0 hangs") << 0 << 0
                                      << "rank 0 of 3 is alive, but has not reached the point where the others wait";
    }
    void aRankThatIsStoppedIsNamedByTheOthers()
    {
#ifndef NANODIT_GLOO
        QSKIP("built without Gloo");
#endif
        QFETCH(int, victim);
        QFETCH(int, sent);
        QFETCH(QString, expected);
        const ReservedPort port;
        std::vector<pid_t> processes;
        for (int rank = 0; rank < 3; ++rank)
            processes.push_back(
                rankProcess(rank, port.number(), expected.toStdString(), sent == 0 ? 2s : 1800s, [rank, victim, sent] {
                    if (rank == victim && sent == 0)
                        std::this_thread::sleep_for(1h); // but not its pulse
                    else if (rank == victim)
                        ::raise(sent);
                }));
        std::vector<int> ends;
        for (int rank = 0; rank < 3; ++rank) {
            if (rank != victim)
                ends.push_back(endOf(processes[static_cast<std::size_t>(rank)]));
        }
        const auto stopped = processes[static_cast<std::size_t>(victim)];
        ::kill(stopped, SIGKILL);
        QCOMPARE(endOf(stopped), -SIGKILL);
        QCOMPARE(ends, (std::vector<int>{0, 0}));
    }

    void aRankThatWorksAloneIsWaitedFor()
    {
#ifndef NANODIT_GLOO
        QSKIP("built without Gloo");
#endif
        const ReservedPort port;
        const auto process = [&port](std::int64_t rank) {
            return startProcess([rank, &port] {
                const auto ranks = joinCollective({.rank = rank,
                                                   .size = 2,
                                                   .port = port.number(),
                                                   .patience = 2s,
                                                   .pulse = {.beat = 100ms, .silence = 4s, .grace = 1s}});
                if (rank == 0) {
                    const WorkAlone alone(*ranks);
                    std::this_thread::sleep_for(5s);
                }
                const auto values = at::ones({5});
                ranks->sum(values);
                return values[4].item<float>() == 2 ? 0 : 1;
            });
        };
        const auto first = process(0), second = process(1);
        QCOMPARE(endOf(second), 0);
        QCOMPARE(endOf(first), 0);
    }

    void theOthersHearOfARankThatWorksAlone()
    {
        Counters counters;
        Pulse first(counters.shared(), 0, 3, quick), second(counters.shared(), 1, 3, quick);
        QVERIFY(!second.othersWorkAlone());
        first.workAlone(true);
        QVERIFY(becomes([&] { return second.othersWorkAlone(); }));
        QVERIFY(!first.othersWorkAlone());
        second.workAlone(true);
        QVERIFY(becomes([&] { return first.othersWorkAlone(); }));
        first.workAlone(false);
        QVERIFY(becomes([&] { return !second.othersWorkAlone(); }));
        QVERIFY(first.othersWorkAlone());
        second.workAlone(false);
        QVERIFY(becomes([&] { return !first.othersWorkAlone(); }));
    }

    void ranksThatLiveAreNotLost()
    {
        Counters counters;
        Pulse first(counters.shared(), 0, 2, quick), second(counters.shared(), 1, 2, quick);
        for (int i = 0; i < 250; ++i) { // longer than the silence that is allowed
            QCOMPARE(first.lost(), std::string());
            QCOMPARE(second.lost(), std::string());
            std::this_thread::sleep_for(10ms);
        }
    }

    void aRankThatNoLongerCountsIsLostToAll()
    {
        Counters counters;
        Pulse first(counters.shared(), 0, 3, quick), second(counters.shared(), 1, 3, quick);
        {
            const Pulse third(counters.shared(), 2, 3, quick);
            QVERIFY(allBeat(counters, 3));
        }
        QCOMPARE(toldBy(second), std::string("rank 2 of 3 has sent no heartbeat for 2 s"));
        QCOMPARE(toldBy(first), std::string("rank 2 of 3 has sent no heartbeat for 2 s"));
    }

    void thoseThatHaveBegunFewerMessagesAreNamedToAll()
    {
        Counters counters;
        auto patient = quick;
        patient.grace = 15s; // of those that ask until they are told
        Pulse first(counters.shared(), 0, 4, patient), second(counters.shared(), 1, 4, quick);
        Pulse third(counters.shared(), 2, 4, patient), fourth(counters.shared(), 3, 4, quick);
        for (auto* const pulse : {&first, &second, &third, &fourth})
            pulse->begunMessage();
        QVERIFY(allBeat(counters, 4));
        QCOMPARE(second.absent(), std::string()); // all are there
        first.begunMessage();
        third.begunMessage();
        QVERIFY(allBeat(counters, 4));
        const std::string named = "ranks 1 and 3 of 4 are alive, but have not reached the point where the others wait";
        QCOMPARE(third.absent(), named);
        QCOMPARE(toldBy(first), named);
        QCOMPARE(first.absent(), named); // who claims later says the same
    }

    void afterAFailureItIsNamedSooner()
    {
        Counters counters;
        auto times = quick;
        times.silence = 1h;
        Pulse first(counters.shared(), 0, 3, times), second(counters.shared(), 1, 3, times);
        {
            const Pulse third(counters.shared(), 2, 3, times);
            QVERIFY(allBeat(counters, 3));
        }
        times.grace = 15s; // of the one that asks: how long it waits for an answer
        Pulse asking(counters.shared(), 1, 3, times);
        QCOMPARE(asking.whoEnded(), std::string("rank 2 of 3 has ended"));
        QCOMPARE(toldBy(first), std::string("rank 2 of 3 has ended"));
        QCOMPARE(toldBy(second), std::string("rank 2 of 3 has ended"));
    }

    void countersThatDoNotAnswerAreThoseOfRank0()
    {
        Counters counters;
        Pulse second(counters.shared(), 1, 2, quick);
        QVERIFY(becomes([&] { return counters.beatsOf(1) > 1; }));
        QCOMPARE(second.lost(), std::string());
        counters.standStill(true);
        QCOMPARE(toldBy(second), std::string("rank 0 of 2 has sent no heartbeat for 2 s"));
        { // ends though its thread waits
            const Pulse another(counters.shared(), 1, 2, quick);
            std::this_thread::sleep_for(20ms);
        }
        counters.standStill(false);
    }

    void countersThatAreGoneAreThoseOfRank0()
    {
        Counters counters;
        Pulse second(counters.shared(), 1, 2, quick);
        QCOMPARE(second.lost(), std::string());
        counters.end();
        QCOMPARE(toldBy(second), std::string("rank 0 of 2 has ended"));
        QCOMPARE(second.whoEnded(), std::string("rank 0 of 2 has ended"));
    }
};

QTEST_APPLESS_MAIN(TestPulse)
#include "tst_pulse.moc"
