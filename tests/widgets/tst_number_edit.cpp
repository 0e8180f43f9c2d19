#include "widgets/guidance_slider.h"
#include "widgets/number_edit.h"

#include <QDoubleSpinBox>
#include <QLineEdit>
#include <QSignalSpy>
#include <QSlider>
#include <QTest>

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
        QCOMPARE(changed.count(), 1);
        line->selectAll();
        QTest::keyClicks(line, "99999");
        QTest::keyClick(line, Qt::Key_Return);
        QVERIFY(count.value() >= 1 && count.value() <= 64);
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
