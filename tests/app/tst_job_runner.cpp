#include "app/job_runner.h"
#include "core/runtime/error.h"

#include <QElapsedTimer>
#include <QSignalSpy>
#include <QTest>
#include <QThread>

#include <atomic>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace nanodit;
using namespace std::chrono_literals;

namespace {

constexpr int longest = 60000; ///< Of what takes milliseconds, in ms: on a busy machine, too.

/// Catches what the event loop throws, as the window's application does.
class CatchingApplication : public QCoreApplication {
public:
    using QCoreApplication::QCoreApplication;
    bool notify(QObject* receiver, QEvent* event) override
    {
        try {
            return QCoreApplication::notify(receiver, event);
        } catch (const std::exception& error) {
            caught.push_back(error.what());
            return false;
        }
    }
    std::vector<std::string> caught;
};

/// Runs until it is stopped, or for twice as long as that may take; counts its rounds.
std::unique_ptr<Job> endlessJob(std::atomic<int>& rounds)
{
    return makeJob([&rounds](const JobContext& context) {
        const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(2 * longest);
        while (!context.shouldStop()) {
            if (std::chrono::steady_clock::now() > end)
                return JobEnd::Finished;
            ++rounds;
            std::this_thread::sleep_for(1ms);
        }
        return JobEnd::Cancelled;
    });
}

} // namespace

class TestJobRunner : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void coalescesReportsAndShowsTheLast()
    {
        constexpr int reports = 100000;
        JobRunner runner("many", Page::Train);
        QElapsedTimer timer;
        timer.start();
        int shown = 0;
        bool allAtHome = true;
        connect(&runner, &JobRunner::progressed, this, [&](const Progress&) {
            ++shown;
            allAtHome = allAtHome && QThread::currentThread() == thread();
        });
        QSignalSpy ended(&runner, &JobRunner::ended);
        runner.start(makeJob([](const JobContext& context) {
            for (int i = 1; i <= reports; ++i)
                context.report({.stage = Stage::Training, .done = i, .total = reports, .unit = Unit::Steps});
            return JobEnd::Finished;
        }));
        QVERIFY(ended.wait(longest));
        QCOMPARE(runner.progress().done, std::int64_t(reports));
        QVERIFY(allAtHome);
        const auto most = 2 + timer.elapsed() * 30 / 1000;
        QVERIFY2(shown >= 1 && shown <= most, qPrintable(QStringLiteral("%1 shown, at most %2").arg(shown).arg(most)));
    }

    void losesNoEventAndKeepsTheirOrder()
    {
        constexpr int events = 20000;
        JobRunner runner("events", Page::Train);
        std::vector<int> arrived;
        bool endedAfterAll = false;
        connect(&runner, &JobRunner::ended, this, [&] { endedAfterAll = arrived.size() == events; });
        QSignalSpy ended(&runner, &JobRunner::ended);
        runner.start(makeJob([&](const JobContext&) {
            for (int i = 0; i < events; ++i)
                runner.deliver([&arrived, i] { arrived.push_back(i); });
            return JobEnd::Finished;
        }));
        QVERIFY(ended.wait(longest));
        QVERIFY(endedAfterAll);
        QVERIFY(std::is_sorted(arrived.begin(), arrived.end()));
    }

    /// The sentence about a finished picture would give way to its last step.
    void whatIsHandedOverLastIsHeardLast()
    {
        JobRunner runner("picture", Page::Sample);
        std::vector<std::string> heard;
        connect(&runner, &JobRunner::progressed, this,
                [&heard](const Progress& progress) { heard.push_back(std::to_string(progress.done)); });
        QSignalSpy ended(&runner, &JobRunner::ended);
        runner.start(makeJob([&](const JobContext& context) {
            const auto report = [&context](std::int64_t done) {
                context.report({.stage = Stage::Training, .done = done, .total = 2, .unit = Unit::Steps});
            };
            report(1);
            runner.deliver([&heard] { heard.push_back("preview"); });
            report(2);
            runner.deliver([&heard] { heard.push_back("picture"); });
            return JobEnd::Finished;
        }));
        QVERIFY(ended.wait(longest));
        QVERIFY(heard.size() >= 3);
        QCOMPARE(heard.back(), std::string("picture"));
        QCOMPARE(heard[heard.size() - 2], std::string("2"));
        QCOMPARE(heard[heard.size() - 3], std::string("preview"));
    }

    void aListenerThatThrowsLosesNoEventAndNoEnd()
    {
        auto* const application = static_cast<CatchingApplication*>(QCoreApplication::instance());
        application->caught.clear();
        JobRunner runner("throwing", Page::Train);
        std::vector<int> arrived;
        connect(&runner, &JobRunner::finished, this, [] { throw std::runtime_error("finished"); });
        connect(&runner, &JobRunner::ended, this, [] { throw std::runtime_error("ended"); });
        QSignalSpy ended(&runner, &JobRunner::ended), released(&runner, &JobRunner::released);
        runner.start(makeJob([&](const JobContext&) {
            for (int i = 0; i < 5; ++i)
                runner.deliver([&arrived, i] {
                    if (i == 2)
                        throw std::runtime_error("event");
                    arrived.push_back(i);
                });
            return JobEnd::Finished;
        }));
        QTRY_COMPARE_WITH_TIMEOUT(released.count(), 1, longest);
        QVERIFY(!runner.running());
        QCOMPARE(arrived, (std::vector<int>{0, 1, 3, 4}));
        QTRY_COMPARE_WITH_TIMEOUT(application->caught, (std::vector<std::string>{"event", "finished", "ended"}),
                                  longest);
    }

    void stopsWhenAsked()
    {
        std::atomic<int> rounds = 0;
        JobRunner runner("endless", Page::Train);
        QSignalSpy finished(&runner, &JobRunner::finished);
        runner.start(endlessJob(rounds));
        QTRY_VERIFY_WITH_TIMEOUT(rounds > 3, longest);
        runner.requestStop();
        const int asked = rounds;
        QVERIFY(finished.wait(longest));
        QVERIFY(rounds <= asked + 1); // no more than the one that was under way
        QCOMPARE(finished[0][0].value<JobEnd>(), JobEnd::Cancelled);
        QVERIFY(!runner.running());
    }

    void pausesAndResumes()
    {
        std::atomic<int> rounds = 0;
        JobRunner runner("endless", Page::Train);
        runner.start(endlessJob(rounds));
        QTRY_VERIFY_WITH_TIMEOUT(rounds > 3, longest);
        runner.pause();
        const int paused = rounds;
        QTest::qWait(150);
        QVERIFY(rounds <= paused + 1); // no more than the one that was under way
        runner.resume();
        QTRY_VERIFY_WITH_TIMEOUT(rounds > paused + 3, longest);
    }

    void saysWhyItFailed()
    {
        JobRunner runner("failing", Page::Train);
        QSignalSpy failed(&runner, &JobRunner::failed);
        QSignalSpy finished(&runner, &JobRunner::finished);
        QSignalSpy ended(&runner, &JobRunner::ended);
        runner.start(makeJob(
            [](const JobContext&) -> JobEnd { throw DataError("a.npy is truncated", remedy::VerifyArrays{}); }));
        QVERIFY(ended.wait(longest));
        QCOMPARE(failed.count(), 1);
        QCOMPARE(failed[0][0].value<Notice>().text, std::string("a.npy is truncated"));
        QVERIFY(std::holds_alternative<remedy::VerifyArrays>(failed[0][0].value<Notice>().remedy.value()));
        QCOMPARE(finished.count(), 0);
    }

    void survivesWhatIsNoException()
    {
        JobRunner runner("throws an int", Page::Train);
        QSignalSpy failed(&runner, &JobRunner::failed);
        runner.start(makeJob([](const JobContext&) -> JobEnd { throw 42; }));
        QVERIFY(failed.wait(longest));
        QVERIFY(!failed[0][0].value<Notice>().text.empty());
    }

    void aJobThatBeginsAtTheEndOfAnotherHasItsThread()
    {
        std::vector<std::thread::id> threads;
        const auto noting = [&threads] {
            return makeJob([&threads](const JobContext&) {
                threads.push_back(std::this_thread::get_id());
                return JobEnd::Finished;
            });
        };
        JobRunner first("first", Page::Sample), next("next", Page::Sample);
        QSignalSpy ended(&next, &JobRunner::ended);
        connect(&first, &JobRunner::ended, this, [&] { next.start(noting()); });
        first.start(noting());
        QTRY_COMPARE_WITH_TIMEOUT(ended.count(), 1, longest);
        QCOMPARE(threads.size(), std::size_t(2));
        QVERIFY(threads[0] == threads[1]);
    }

    void jobsThatRunTogetherHaveThreadsOfTheirOwn()
    {
        std::atomic<int> rounds = 0, otherRounds = 0;
        JobRunner one("one", Page::Train), other("other", Page::Dataset);
        one.start(endlessJob(rounds));
        other.start(endlessJob(otherRounds));
        QTRY_VERIFY_WITH_TIMEOUT(rounds > 3 && otherRounds > 3, longest);
    }

    void canBeDestroyedWhileItsJobRuns()
    {
        std::atomic<int> rounds = 0;
        QElapsedTimer timer;
        {
            JobRunner runner("endless", Page::Train);
            runner.start(endlessJob(rounds));
            QTRY_VERIFY_WITH_TIMEOUT(rounds > 3, longest);
            timer.start();
        }
        QVERIFY(timer.elapsed() < longest);
        const int after = rounds;
        QTest::qWait(30);
        QCOMPARE(rounds.load(), after); // the job has ended: nothing counts on
    }

    void canBeDestroyedWhilePaused()
    {
        std::atomic<int> rounds = 0;
        auto runner = std::make_unique<JobRunner>("endless", Page::Dataset);
        runner->start(endlessJob(rounds));
        QTRY_VERIFY_WITH_TIMEOUT(rounds > 3, longest);
        runner->pause();
        QElapsedTimer timer;
        timer.start();
        runner.reset();
        QVERIFY(timer.elapsed() < longest);
    }
};

int main(int argc, char** argv)
{
    CatchingApplication application(argc, argv);
    TestJobRunner test;
    return QTest::qExec(&test, argc, argv);
}
#include "tst_job_runner.moc"
