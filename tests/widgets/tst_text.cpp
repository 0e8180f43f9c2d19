#include "widgets/text.h"

#include <QDir>
#include <QTest>

#include <limits>

using namespace nanodit;

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
};

QTEST_APPLESS_MAIN(TestText)
#include "tst_text.moc"
