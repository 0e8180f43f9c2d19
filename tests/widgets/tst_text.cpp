#include "widgets/fitted_combo_box.h"
#include "widgets/fitted_label.h"
#include "widgets/text.h"
#include "widgets/theme.h"

#include <QAbstractItemView>
#include <QApplication>
#include <QDir>
#include <QHelpEvent>
#include <QSignalSpy>
#include <QTest>
#include <QToolTip>

#include <limits>
#include <memory>

using namespace nanodit;

namespace {

const QString sentence = QStringLiteral("what is in a <b>caption</b> is shown as it was written, to the last word");

} // namespace

/// How numbers, times and folders are written, and lines that end in dots where there is no room for all of them.
class TestText : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void durations()
    {
        QCOMPARE(durationText(0.4), QStringLiteral("0:00"));
        QCOMPARE(durationText(461), QStringLiteral("7:41"));
        QCOMPARE(durationText(3725), QStringLiteral("1:02:05"));
    }

    void homeIsATilde()
    {
        QCOMPARE(folderText(QDir::homePath() + "/pictures"), QStringLiteral("~/pictures"));
        QCOMPARE(folderText(QDir::homePath() + "stead"), QDir::homePath() + "stead");
        QCOMPARE(folderText("/data"), QStringLiteral("/data"));
    }

    void anAmpersandInAMenuMarksNoKey() { QCOMPARE(menuText("black & white"), QStringLiteral("black && white")); }

    void slowRatesTurnAround()
    {
        QCOMPARE(rateText(2.6, "images"), QStringLiteral("2.60 images/s"));
        QCOMPARE(rateText(0.25, "steps"), QStringLiteral("4.00 s/step"));
        QCOMPARE(rateText(0.5, "batches"), QStringLiteral("2.00 s/batch"));
        QCOMPARE(rateText(0, "steps"), QString());
    }

    void numbersKeepThreeFigures()
    {
        QCOMPARE(numberText(1.41421), QStringLiteral("1.41"));
        QCOMPARE(numberText(0.0312345), QStringLiteral("0.0312"));
        QCOMPARE(numberText(123.4), QStringLiteral("123"));
        QCOMPARE(numberText(3e-5), QStringLiteral("3.0e-05"));
        QCOMPARE(numberText(std::numeric_limits<double>::quiet_NaN()), QStringLiteral("–"));
    }

    void initTestCase() { theme_ = std::make_unique<Theme>(*qApp); }

    void aLabelEndsInDotsAndItsToolTipSaysTheRest()
    {
        FittedLabel label(sentence);
        label.resize(label.fontMetrics().horizontalAdvance(sentence) + 8, 24); // of the text, not of what markup makes
        QCOMPARE(label.shownText(), sentence);
        QCOMPARE(toolTipOver(label), QString());
        label.resize(120, 24);
        QVERIFY2(label.shownText().endsWith(QChar(0x2026)), qPrintable(label.shownText()));
        QVERIFY2(toolTipOver(label).contains("to the last word"), qPrintable(toolTipOver(label)));
        QVERIFY2(toolTipOver(label).contains("&lt;b&gt;"), qPrintable(toolTipOver(label)));
        QToolTip::hideText();
    }

    void aChoiceEndsInDots()
    {
        FittedComboBox box;
        box.addItems({QStringLiteral("short"), sentence});
        box.setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
        box.resize(160, 28);
        QCOMPARE(box.shownText(), QStringLiteral("short"));
        box.setCurrentIndex(1);
        QVERIFY2(box.shownText().endsWith(QChar(0x2026)), qPrintable(box.shownText()));
        box.resize(2000, 28);
        QCOMPARE(box.shownText(), sentence);
    }

    void aListThatIsOpenKeepsItsEntriesUntilItHasClosed()
    {
        FittedComboBox box;
        const auto replace = [&box](const QStringList& entries) {
            box.changeEntries([&box, entries] {
                box.clear();
                box.addItems(entries);
            });
        };
        replace({"first", "second"});
        QCOMPARE(box.count(), 2);
        box.show();
        QVERIFY(QTest::qWaitForWindowExposed(&box));
        box.showPopup();
        QVERIFY(box.view()->isVisible());
        replace({"early"});
        replace({"late", "first", "second"});
        QCOMPARE(box.count(), 2);
        QSignalSpy chosen(&box, &QComboBox::textActivated);
        QTest::keyClick(box.view(), Qt::Key_Down);
        QTest::keyClick(box.view(), Qt::Key_Return);
        QTRY_COMPARE_WITH_TIMEOUT(box.count(), 3, 60000);
        QCOMPARE(chosen.count(), 1);
        QCOMPARE(chosen[0][0].toString(), QStringLiteral("second")); // of the entries that were seen
        replace({"closed"});
        QCOMPARE(box.count(), 1);
    }

    void aChoiceIsAsWideAsItsText()
    {
        FittedComboBox box;
        box.setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
        box.addItems({QStringLiteral("short"), sentence});
        box.setFollowsChoice(true);
        box.ensurePolished();
        const int narrow = box.sizeHint().width();
        box.setCurrentIndex(1);
        QVERIFY(box.sizeHint().width() > narrow);
        box.resize(box.sizeHint());
        QCOMPARE(box.shownText(), sentence);
    }

private:
    static QString toolTipOver(QWidget& widget)
    {
        QToolTip::hideText();
        const auto place = widget.rect().center();
        QHelpEvent help(QEvent::ToolTip, place, widget.mapToGlobal(place));
        QCoreApplication::sendEvent(&widget, &help);
        return QToolTip::text();
    }

    std::unique_ptr<Theme> theme_;
};

QTEST_MAIN(TestText)
#include "tst_text.moc"
