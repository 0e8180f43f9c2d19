#include "tests/support/active_window.h"
#include "widgets/guidance_slider.h"
#include "widgets/number_edit.h"
#include "widgets/seed_edit.h"
#include "widgets/wheel_guard.h"

#include <QApplication>
#include <QComboBox>
#include <QDoubleSpinBox>
#include <QLineEdit>
#include <QScrollArea>
#include <QScrollBar>
#include <QShortcut>
#include <QSignalSpy>
#include <QSlider>
#include <QTest>
#include <QWheelEvent>
#include <QtTest/qtestspontaneevent.h>

#include <limits>

using namespace nanodit;

class TestNumberEdit : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void holdsSmallAndLargeNumbersExactly()
    {
        NumberEdit rate(NumberEdit::Kind::Real, 0, 1, "");
        rate.setValue(3e-4);
        QCOMPARE(rate.value(), 3e-4);
        QCOMPARE(rate.text(), QStringLiteral("0.0003"));
        NumberEdit seed(NumberEdit::Kind::Whole, 0, 9e15, "");
        seed.setValue(8999999999999999.0);
        QCOMPARE(seed.text(), QStringLiteral("8999999999999999"));
    }

    void stepsInTheSecondFigure()
    {
        NumberEdit rate(NumberEdit::Kind::Real, 0, 1, "");
        rate.setValue(3e-4);
        rate.stepBy(1);
        QVERIFY(qAbs(rate.value() - 3.1e-4) < 1e-12);
        NumberEdit count(NumberEdit::Kind::Whole, 1, 4096, "samples");
        count.setValue(16);
        count.stepBy(-1);
        QCOMPARE(count.value(), 15.0);
        QCOMPARE(count.text(), QStringLiteral("15 samples"));
        count.setValue(2000);
        count.stepBy(1);
        QCOMPARE(count.value(), 2100.0);
    }

    void typedTextIsTakenInRangeAndRefusedOutside()
    {
        NumberEdit count(NumberEdit::Kind::Whole, 1, 64, "batches");
        count.setValue(4);
        QSignalSpy changed(&count, &NumberEdit::valueChanged);
        auto* const line = count.findChild<QLineEdit*>();
        line->selectAll();
        QTest::keyClicks(line, "12");
        QTest::keyClick(line, Qt::Key_Return);
        QCOMPARE(count.value(), 12.0);
        QCOMPARE(count.text(), QStringLiteral("12 batches"));
        QCOMPARE(changed.count(), 2); // 1, then 12
        line->selectAll();
        QTest::keyClicks(line, "99999");
        QTest::keyClick(line, Qt::Key_Return);
        QVERIFY(count.value() >= 1 && count.value() <= 64);
    }

    void whatIsTypedCountsAtOnce()
    {
        NumberEdit count(NumberEdit::Kind::Whole, 1, 64, "batches");
        count.setValue(4);
        auto* const line = count.findChild<QLineEdit*>();
        line->selectAll();
        QTest::keyClicks(line, "12"); // and no key that ends the editing
        QCOMPARE(count.value(), 12.0);
        QCOMPARE(count.text(), QStringLiteral("12")); // left alone while it is typed
        QTest::keyClicks(line, "x");
        QCOMPARE(count.value(), 12.0);
        for (const auto* const noNumber : {"nan", "inf"}) {
            line->selectAll();
            QTest::keyClicks(line, noNumber);
            QTest::keyClick(line, Qt::Key_Return);
            QCOMPARE(count.value(), 12.0);
            QCOMPARE(count.text(), QStringLiteral("12 batches"));
        }
    }

    void aZeroThatStandsForSomethingElseIsShownInItsWords()
    {
        NumberEdit width(NumberEdit::Kind::Whole, 0, 64, "px");
        width.setZeroText("from the data");
        QCOMPARE(width.text(), QString("from the data"));
        width.setValue(7);
        QCOMPARE(width.text(), QString("7 px"));
        auto* const line = width.findChild<QLineEdit*>();
        line->selectAll();
        QTest::keyClicks(line, "0");
        QCOMPARE(width.value(), 0.0);
        QCOMPARE(width.text(), QString("0")); // left alone while it is typed
        QTest::keyClick(line, Qt::Key_Return);
        QCOMPARE(width.text(), QString("from the data"));
        QTest::keyClick(line, Qt::Key_Return); // its words are its value
        QCOMPARE(width.value(), 0.0);
        width.stepBy(1);
        QCOMPARE(width.text(), QString("1 px"));
        width.stepBy(-1);
        QCOMPARE(width.text(), QString("from the data"));
        line->selectAll();
        QTest::keyClicks(line, "12");
        QCOMPARE(width.value(), 12.0);
    }

    void aShortcutStartsWithTheNumberThatIsShown()
    {
        QWidget window;
        NumberEdit count(NumberEdit::Kind::Whole, 1, 64, "batches", &window);
        count.setValue(4);
        double started = 0;
        QString shown;
        QShortcut start(Qt::CTRL | Qt::Key_Return, &window);
        connect(&start, &QShortcut::activated, this, [&] {
            started = count.value();
            shown = count.text();
        });
        window.show();
        QVERIFY(test::activate(window) && QTest::qWaitForWindowActive(&window));
        count.setFocus();
        auto* const line = count.findChild<QLineEdit*>();
        line->selectAll();
        QTest::keyClicks(line, "500"); // more than there may be
        QTest::keyClick(line, Qt::Key_Return, Qt::ControlModifier);
        QVERIFY(started > 0);
        QVERIFY2(shown == QStringLiteral("%1 batches").arg(started), qPrintable(shown));
    }

    void aSeedHoldsEveryNumberOfSixtyFourBits()
    {
        SeedEdit seed;
        QSignalSpy changed(&seed, &SeedEdit::valueChanged);
        auto* const line = seed.findChild<QLineEdit*>();
        for (const auto* const typed : {"3000000000", "9007199254740993", "18446744073709551615"}) {
            line->selectAll();
            QTest::keyClicks(line, typed);
            QCOMPARE(seed.value(), QString(typed).toULongLong());
            QCOMPARE(changed.last()[0].toULongLong(), seed.value());
        }
        QTest::keyClicks(line, "1"); // one digit too many is not taken
        QCOMPARE(seed.text(), QStringLiteral("18446744073709551615"));
        seed.stepBy(1);
        QCOMPARE(seed.value(), std::numeric_limits<quint64>::max());
        seed.setValue(0);
        seed.stepBy(-10);
        QCOMPARE(seed.value(), quint64(0));
        line->clear();
        QTest::keyClick(line, Qt::Key_Return);
        QCOMPARE(seed.text(), QStringLiteral("0"));
    }

    void theWheelScrollsTheFormAndChangesNothing()
    {
        WheelGuard guard;
        qApp->installEventFilter(&guard);
        QScrollArea area;
        auto* const form = new QWidget;
        form->setMinimumHeight(1000);
        QComboBox choice(form);
        choice.addItems({"train", "val", "test"});
        QSpinBox number(form);
        number.move(0, 100);
        area.setWidget(form);
        area.resize(200, 200);
        area.show();
        QVERIFY(test::activate(area) && QTest::qWaitForWindowActive(&area));
        const auto turn = [](QWidget& over) {
            QWheelEvent down({5, 5}, over.mapToGlobal(QPointF(5, 5)), {}, {0, -120}, Qt::NoButton, Qt::NoModifier,
                             Qt::NoScrollPhase, false);
            QSpontaneKeyEvent::setSpontaneous(&down); // as from a mouse: only these reach what a widget stands in
            qApp->notify(&over, &down);
        };
        choice.setFocus();
        turn(choice);
        QCOMPARE(choice.currentIndex(), 0);
        turn(number);
        QCOMPARE(number.value(), 0);
        QTRY_VERIFY_WITH_TIMEOUT(area.verticalScrollBar()->value() > 0, 60000);
        number.setFocus();
        number.setValue(9);
        turn(number);
        QCOMPARE(number.value(), 8); // the one that has the focus takes it
    }

    void sliderAndBoxAgree()
    {
        GuidanceSlider guidance("Text", "s_text", meaning::text);
        auto* const slider = guidance.findChild<QSlider*>();
        auto* const box = guidance.findChild<QDoubleSpinBox*>();
        guidance.setValue(7.5);
        QCOMPARE(slider->value(), 150);
        slider->setValue(1);
        QCOMPARE(box->value(), 0.05);
        QSignalSpy changed(&guidance, &GuidanceSlider::valueChanged);
        QTest::keyClick(slider, Qt::Key_Right);
        QCOMPARE(guidance.value(), 0.1);
        QCOMPARE(changed.count(), 1);
    }
};

QTEST_MAIN(TestNumberEdit)
#include "tst_number_edit.moc"
