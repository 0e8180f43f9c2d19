#include "widgets/fitted_label.h"
#include "widgets/job_bar.h"

#include <QAccessible>
#include <QApplication>
#include <QMouseEvent>
#include <QSignalSpy>
#include <QTest>
#include <QToolButton>

#include <algorithm>

using namespace nanodit;

namespace {

const Progress training{
    .stage = Stage::Training, .done = 7000, .total = 20000, .unit = Unit::Steps, .perSecond = 2.6, .secondsLeft = 5000};
const QString numbers = QStringLiteral("7000/20000 steps · 2.6 steps/s · 1:23:20 left");

} // namespace

class TestJobBar : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void numbersAreShortenedByWholeParts()
    {
        FittedLabel label;
        label.setWordings({numbers, "7000/20000 steps · 1:23:20 left", "35 %"});
        label.resize(1000, 20);
        QCOMPARE(label.shownText(), numbers);
        label.resize(label.fontMetrics().horizontalAdvance(numbers) - 1, 20);
        QCOMPARE(label.shownText(), QString("7000/20000 steps · 1:23:20 left"));
        label.resize(label.fontMetrics().horizontalAdvance("35 %"), 20);
        QCOMPARE(label.shownText(), QString("35 %"));
        QCOMPARE(label.text(), numbers);
        label.setWordings({"something that is much too long"});
        QVERIFY(label.shownText().endsWith(QChar(0x2026)));
    }

    void whatItSaysIsNeverReadAsMarkup()
    {
        JobBar bar("a run");
        bar.setProgress(training, "reading <i>a.png</i>", numbers);
        QVERIFY2(bar.toolTip().contains("&lt;i&gt;"), qPrintable(bar.toolTip()));
        QVERIFY2(bar.accessibleDescription().contains("<i>a.png</i>"), qPrintable(bar.accessibleDescription()));
    }

    /// Nothing lies under anything else, whatever the room and the state.
    void partsLieBesideEachOther_data()
    {
        QTest::addColumn<int>("width");
        for (const int width : {200, 230, 300, 460, 640})
            QTest::addRow("%d", width) << width;
    }
    void partsLieBesideEachOther()
    {
        QFETCH(int, width);
        JobBar bar("reference, at the second place");
        bar.setParts(JobBar::Parts::Compact);
        bar.setFixedWidth(width);
        bar.show();
        for (const bool paused : {false, true}) {
            bar.setProgress(training, "training", numbers);
            bar.setPaused(paused);
            QVERIFY(QTest::qWaitForWindowExposed(&bar));
            QTest::qWait(1); // its layout
            QList<QWidget*> parts;
            for (auto* const part : bar.findChildren<QWidget*>(Qt::FindDirectChildrenOnly)) {
                if (part->isVisible())
                    parts << part;
            }
            std::ranges::sort(parts, {}, [](const QWidget* part) { return part->x(); });
            for (qsizetype i = 1; i < parts.size(); ++i)
                QVERIFY(parts[i - 1]->geometry().right() < parts[i]->geometry().left());
            QVERIFY(parts.back()->geometry().right() <= width);
            QVERIFY(parts.front()->geometry().left() >= 0);
            // A number is whole or marked as cut.
            const auto shown = bar.findChild<FittedLabel*>("jobNumbers")->shownText();
            QVERIFY2(shown.isEmpty() || shown.contains(QChar(0x2026)) || shown.endsWith("left") ||
                         shown.endsWith("%") || shown == "paused",
                     qPrintable(shown));
        }
    }

    void aLongNameLeavesRoomForTheProgress()
    {
        JobBar bar("Validation of a-run-with-a-rather-long-name-of-its-own · step 14000, raw weights");
        bar.setParts(JobBar::Parts::All);
        bar.setProgress(training, "generating pictures", numbers);
        bar.setFixedWidth(460);
        bar.show();
        QVERIFY(QTest::qWaitForWindowExposed(&bar));
        const auto* const shown = bar.findChild<FittedLabel*>("jobNumbers");
        QTRY_VERIFY2_WITH_TIMEOUT(!shown->shownText().isEmpty() && !shown->shownText().contains(QChar(0x2026)),
                                  qPrintable(shown->shownText()), 60000);
    }

    /// What a click on the name does, and what a screen reader says of the job.
    void theKeyboardOpensWhatTheJobIsAbout()
    {
        JobBar bar("run");
        bar.setFixedWidth(460);
        bar.show();
        QVERIFY(QTest::qWaitForWindowExposed(&bar));
        bar.setProgress(training, "training", numbers);
        QSignalSpy opened(&bar, &JobBar::opened), paused(&bar, &JobBar::pauseRequested);
        bar.setFocus(Qt::TabFocusReason);
        QTest::keyClick(&bar, Qt::Key_Return);
        QCOMPARE(opened.count(), 1);
        QTest::keyClick(&bar, Qt::Key_Space);
        QCOMPARE(opened.count(), 2);
        QTest::keyClick(&bar, Qt::Key_Return, Qt::ControlModifier); // a command of the page
        QCOMPARE(opened.count(), 2);
        QTest::keyClick(bar.findChild<QToolButton*>("jobPause"), Qt::Key_Space);
        QCOMPARE(paused.count(), 1);

        auto* const spoken = QAccessible::queryAccessibleInterface(&bar);
        QVERIFY(spoken != nullptr);
        QCOMPARE(spoken->text(QAccessible::Name), QString("run"));
        QCOMPARE(spoken->text(QAccessible::Value), QString("training · ") + numbers);
        QCOMPARE(spoken->role(), QAccessible::Button);
        spoken->actionInterface()->doAction(QAccessibleActionInterface::pressAction());
        QCOMPARE(opened.count(), 3);
        bar.setParts(JobBar::Parts::Controls); // its name stands beside it
        QCOMPARE(spoken->role(), QAccessible::Grouping);
        QCOMPARE(bar.focusPolicy(), Qt::NoFocus);
        QTest::keyClick(&bar, Qt::Key_Return);
        QCOMPARE(opened.count(), 3);
    }

    void aClickOpensItWhereItIsReleasedOnIt()
    {
        JobBar bar("run");
        bar.setFixedWidth(460);
        bar.show();
        QVERIFY(QTest::qWaitForWindowExposed(&bar));
        const QSignalSpy opened(&bar, &JobBar::opened);
        const QPoint on(2, 2), beside(2, -20);
        QTest::mouseClick(&bar, Qt::LeftButton, {}, on);
        QCOMPARE(opened.count(), 1);
        QTest::mousePress(&bar, Qt::LeftButton, {}, on);
        QMouseEvent release(QEvent::MouseButtonRelease, beside, bar.mapToGlobal(beside), Qt::LeftButton, Qt::NoButton,
                            Qt::NoModifier);
        QApplication::sendEvent(&bar, &release); // thought better of
        QCOMPARE(opened.count(), 1);
        bar.setParts(JobBar::Parts::Controls); // its name stands beside it
        QTest::mouseClick(&bar, Qt::LeftButton, {}, on);
        QCOMPARE(opened.count(), 1);
    }

    void buttonsStayWhereTheyAreWhateverIsSaid()
    {
        JobBar bar("run");
        bar.setFixedWidth(460);
        bar.show();
        QVERIFY(QTest::qWaitForWindowExposed(&bar));
        auto* const stop = bar.findChild<QToolButton*>("jobStop");
        bar.setProgress(training, "training", numbers);
        QTest::qWait(1);
        const auto before = stop->geometry();
        bar.setProgress({.stage = Stage::Training, .done = 1, .total = 20000, .unit = Unit::Steps}, "training",
                        "1/20000 steps");
        QTest::qWait(1);
        QCOMPARE(stop->geometry(), before);
        bar.setStopping();
        QTest::qWait(1);
        QCOMPARE(stop->geometry(), before);
    }
};

QTEST_MAIN(TestJobBar)
#include "tst_job_bar.moc"
