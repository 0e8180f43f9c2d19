#include "core/runtime/job.h"

#include <QTest>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

using namespace nanodit;
using namespace std::chrono_literals;

class JobTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void stopEndsAPausedJob();
    void aPausedJobDoesNothingUntilResumed();
    void progressIsReportedAtMostThirtyTimesASecondAndAlwaysAtTheEnd();
    void workOfAnEarlierRunDoesNotCountAsSpeed();
    void aPauseDoesNotCountAsTime();
    void timeLeftIsUnknownWhileNothingIsDone();
};

void JobTest::stopEndsAPausedJob()
{
    JobContext context;
    context.control->pause();
    std::atomic<bool> ended = false;
    std::thread worker([&] {
        while (!context.shouldStop()) {
        }
        ended = true;
    });
    std::this_thread::sleep_for(20ms);
    QVERIFY(!ended);
    context.control->requestStop();
    worker.join();
    QVERIFY(ended);
}

void JobTest::aPausedJobDoesNothingUntilResumed()
{
    JobContext context;
    std::atomic<std::int64_t> rounds = 0;
    std::thread worker([&] {
        while (!context.shouldStop()) {
            ++rounds;
            std::this_thread::sleep_for(1ms);
        }
    });
    while (rounds < 3)
        std::this_thread::yield();
    context.control->pause();
    const auto whenPaused = rounds.load();
    std::this_thread::sleep_for(50ms);
    const auto atRest = rounds.load();
    context.control->resume();
    while (rounds <= whenPaused + 1)
        std::this_thread::yield();
    context.control->requestStop();
    worker.join();
    QVERIFY(atRest <= whenPaused + 1); // no more than the one that was under way
}

void JobTest::progressIsReportedAtMostThirtyTimesASecondAndAlwaysAtTheEnd()
{
    std::vector<Progress> reports;
    JobContext context;
    context.report = [&](const Progress& p) { reports.push_back(p); };
    const auto start = std::chrono::steady_clock::now();
    ProgressMeter meter(context, Stage::Training, 100000, Unit::Steps);
    for (int i = 0; i < 100000; ++i)
        meter.advance();
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    QVERIFY(static_cast<double>(reports.size()) <= 3 + 31 * seconds);
    QCOMPARE(reports.back().done, 100000);
    QCOMPARE(reports.back().total, 100000);
    QCOMPARE(reports.front().done, 0);
}

void JobTest::workOfAnEarlierRunDoesNotCountAsSpeed()
{
    Progress last;
    JobContext context;
    context.report = [&](const Progress& p) { last = p; };
    ProgressMeter meter(context, Stage::Training, 1001, Unit::Steps);
    meter.skip(1000);
    std::this_thread::sleep_for(50ms);
    meter.advance();
    QCOMPARE(last.done, 1001);
    QVERIFY2(last.perSecond > 0 && last.perSecond < 21, qPrintable(QString::number(last.perSecond)));
}

void JobTest::aPauseDoesNotCountAsTime()
{
    Progress last;
    JobContext context;
    context.report = [&](const Progress& p) { last = p; };
    context.control->pause();
    std::this_thread::sleep_for(20ms);
    QVERIFY(context.control->pausedFor() >= 20ms);
    const auto begun = std::chrono::steady_clock::now();
    ProgressMeter meter(context, Stage::Training, 100, Unit::Steps); // what was before it is none of its time either
    std::this_thread::sleep_for(1s);
    context.control->resume();
    const auto paused = context.control->pausedFor();
    std::this_thread::sleep_for(50ms);
    QVERIFY(context.control->pausedFor() == paused);
    meter.update(50);
    const std::chrono::duration<double> whole = std::chrono::steady_clock::now() - begun;
    const double least = 50 / (whole.count() - 1); // however long this thread had to wait for its turn
    QVERIFY2(last.perSecond >= least && last.perSecond < 1001, qPrintable(QString::number(last.perSecond)));
}

void JobTest::timeLeftIsUnknownWhileNothingIsDone()
{
    std::vector<Progress> reports;
    JobContext context;
    context.report = [&](const Progress& p) { reports.push_back(p); };
    ProgressMeter meter(context, Stage::Training, 10, Unit::Steps);
    QVERIFY(!reports.back().secondsLeft.has_value());
    std::this_thread::sleep_for(40ms);
    meter.advance();
    QVERIFY(reports.back().secondsLeft.has_value());
    QVERIFY(*reports.back().secondsLeft > 0.1);
}

QTEST_APPLESS_MAIN(JobTest)
#include "tst_job.moc"
