#include "app/job_notices.h"
#include "app/job_runner.h"
#include "app/session.h"
#include "app/status_strip.h"
#include "core/runtime/error.h"
#include "widgets/job_bar.h"

#include <QMenu>
#include <QTest>
#include <QToolButton>
#include <QWidgetAction>

#include <algorithm>
#include <chrono>
#include <thread>

using namespace nanodit;
using namespace std::chrono_literals;

namespace {

/// Reports once and runs until it is stopped.
std::unique_ptr<Job> longJob()
{
    return makeJob([](const JobContext& context) {
        context.report({.stage = Stage::Training,
                        .done = 7000,
                        .total = 20000,
                        .unit = Unit::Steps,
                        .perSecond = 2.6,
                        .secondsLeft = 5000});
        while (!context.shouldStop())
            std::this_thread::sleep_for(1ms);
        return JobEnd::Cancelled;
    });
}

} // namespace

class TestStatusStrip : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void everyJobCanBeReadAndReached_data()
    {
        QTest::addColumn<int>("jobs");
        QTest::addColumn<int>("width");
        QTest::addColumn<int>("shown");
        QTest::addRow("one at 1280") << 1 << 1280 << 1;
        QTest::addRow("two at 1280") << 2 << 1280 << 2;
        QTest::addRow("five at 1280") << 5 << 1280 << 0;
        QTest::addRow("five at 1920") << 5 << 1920 << 0;
        QTest::addRow("five at 3840") << 5 << 3840 << 5;
        QTest::addRow("three at 800") << 3 << 800 << 0;
    }
    void everyJobCanBeReadAndReached()
    {
        QFETCH(int, jobs);
        QFETCH(int, width);
        QFETCH(int, shown); // 0: as many as fit
        Session session;
        StatusStrip strip(session);
        strip.setFixedWidth(width);
        strip.show();
        QVERIFY(QTest::qWaitForWindowExposed(&strip));
        for (int i = 0; i < jobs; ++i)
            session.startJob(session.newJob(QStringLiteral("run-%1").arg(i + 1), Page::Train), longJob());
        QTRY_COMPARE_WITH_TIMEOUT(static_cast<int>(strip.findChildren<JobBar*>().size()), jobs, 60000);
        QTRY_VERIFY_WITH_TIMEOUT(
            std::ranges::all_of(session.jobs(), [](const auto* job) { return job->progress().total > 0; }), 60000);
        QTest::qWait(50); // its layout
        if (shown > 0)
            QTRY_COMPARE_WITH_TIMEOUT(static_cast<int>(strip.shownBars().size()), shown, 60000);
        const auto bars = strip.shownBars();
        QVERIFY(!bars.empty());
        const auto* const more = strip.findChild<QToolButton*>("moreJobs");
        QCOMPARE(more->isVisible(), static_cast<int>(bars.size()) < jobs);
        for (std::size_t i = 0; i < bars.size(); ++i) {
            const QRect place(bars[i]->mapTo(&strip, QPoint()), bars[i]->size());
            QVERIFY(place.width() >= 200);
            if (i > 0)
                QVERIFY(bars[i - 1]->mapTo(&strip, QPoint()).x() + bars[i - 1]->width() < place.left());
            QVERIFY(place.right() < more->mapTo(&strip, QPoint()).x() || !more->isVisible());
            QVERIFY(place.right() < strip.findChild<QToolButton*>("compute")->x());
        }
        if (more->isVisible()) {
            QCOMPARE(more->text(), QStringLiteral("+%1").arg(jobs - static_cast<int>(bars.size())));
            Q_EMIT more->menu()->aboutToShow();
            QCOMPARE(more->menu()->actions().size(), jobs - static_cast<int>(bars.size()));
            auto* const entry = qobject_cast<QWidgetAction*>(more->menu()->actions().front());
            QVERIFY(entry != nullptr);
            entry->defaultWidget()->findChild<QToolButton*>("jobStop")->click();
            QTRY_COMPARE_WITH_TIMEOUT(static_cast<int>(session.jobs().size()), jobs - 1, 60000);
        }
        session.endAllJobs();
    }

    void onlyAJobThatGoesOnHasABar()
    {
        Session session;
        StatusStrip strip(session);
        strip.show();
        QVERIFY(QTest::qWaitForWindowExposed(&strip));
        session.startJob(session.newJob("short", Page::Sample),
                         makeJob([](const JobContext&) { return JobEnd::Finished; }));
        QVERIFY(strip.shownBars().empty());
        QTRY_VERIFY_WITH_TIMEOUT(session.jobs().empty(), 60000);
        session.startJob(session.newJob("long", Page::Train), longJob());
        QVERIFY(strip.shownBars().empty()); // what it reports until then is not lost
        QTRY_COMPARE_WITH_TIMEOUT(strip.shownBars().size(), std::size_t{1}, 60000);
        QCOMPARE(strip.shownBars().front()->accessibleName(), QString("long"));
        QVERIFY2(strip.shownBars().front()->said().contains("7,000"), qPrintable(strip.shownBars().front()->said()));
        session.endAllJobs();
    }

    void thoseWhoLookElsewhereAreTold()
    {
        Session session;
        QStringList told;
        bool looks = false;
        const JobNotices::Desktop desktop = {.looksHere = [&] { return looks; },
                                             .show = [&](const QString& title, const QString&) { told << title; }};
        const auto run = [&](const QString& name, JobEnd end) {
            session.startJob(session.newJob(name, Page::Train), makeJob([end](const JobContext&) { return end; }));
            QTRY_VERIFY_WITH_TIMEOUT(session.jobs().empty(), 60000);
        };
        {
            const JobNotices ofHours(session, desktop, 1h);
            run("short", JobEnd::Finished);
            QVERIFY(told.isEmpty());
        }
        JobNotices notices(session, desktop, 0ms); // every job is long
        run("long", JobEnd::Finished);
        QCOMPARE(told, QStringList{"long has finished"});
        run("stopped", JobEnd::Cancelled);
        QCOMPARE(told.size(), 1);
        session.startJob(session.newJob("broken", Page::Train),
                         makeJob([](const JobContext&) -> JobEnd { throw DataError("no such picture"); }));
        QTRY_COMPARE_WITH_TIMEOUT(told.value(1), QString("broken has failed"), 60000);
        QTRY_VERIFY_WITH_TIMEOUT(session.jobs().empty(), 60000);
        looks = true;
        run("seen", JobEnd::Finished);
        notices.tell("The loss of seen jumped", "");
        QCOMPARE(told.size(), 2);
        looks = false;
        notices.tell("The loss of unseen jumped", "");
        QCOMPARE(told.size(), 3);
    }
};

QTEST_MAIN(TestStatusStrip)
#include "tst_status_strip.moc"
