#include "tests/app/cli/program.h"

#include <QJsonArray>
#include <QSet>
#include <QTest>

using namespace nanodit::test;

/// `nanodit bench window` with the program of the window beside it, which draws into memory here.
class BenchWindowTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void theWindowIsTimed()
    {
        const auto result = runProgram({"bench", "window", "--steps", "2", "--training-seconds", "1", "--json"});
        QVERIFY2(result.exitCode == 0, qPrintable(result.out + result.errors));
        const auto json = result.json();
        QCOMPARE(json.value("where").toString(), QString("offscreen, 1280 x 800 pixels"));
        const auto start = json.value("start").toObject();
        QCOMPARE(start.value("seconds").toArray().size(), 2);
        QVERIFY(start.value("best_seconds").toDouble() > 0);
        QVERIFY(start.value("best_seconds").toDouble() <= start.value("median_seconds").toDouble());
        QSet<QString> pages;
        const auto switches = json.value("pages").toArray();
        for (const auto& page : switches) {
            pages += page.toObject().value("page").toString();
            QVERIFY(page.toObject().value("first_seconds").toDouble() > 0);
            QVERIFY(page.toObject().value("median_seconds").toDouble() > 0);
        }
        QCOMPARE(pages, QSet<QString>({"dataset", "train", "attention", "sample", "validate", "runs"}));
        const auto frames = json.value("frames").toObject();
        QVERIFY2(frames.value("due").toInt() >= 1 / frames.value("period_seconds").toDouble() - 1,
                 qPrintable(result.out));
        QVERIFY(frames.value("share").toDouble() > 0 && frames.value("share").toDouble() <= 1);
        QVERIFY(frames.value("longest_seconds").toDouble() > 0);
        QVERIFY(json.value("memory").toDouble() > 0);
    }
};

QTEST_GUILESS_MAIN(BenchWindowTest)
#include "tst_bench_window.moc"
