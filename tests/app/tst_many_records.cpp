#include "app/pages/dataset/captions_panel.h"
#include "app/pages/dataset/duplicates_panel.h"
#include "app/pages/dataset/epoch_panel.h"
#include "app/pages/dataset/record_facts.h"
#include "app/pages/dataset/record_summary.h"
#include "app/pages/dataset/report_view.h"
#include "app/record_names.h"
#include "app/session.h"
#include "tests/app/drawn_records.h"
#include "widgets/text.h"

#include <QComboBox>
#include <QElapsedTimer>
#include <QLabel>
#include <QLineEdit>
#include <QListView>
#include <QListWidget>
#include <QTest>
#include <QTreeWidget>

#include <string>

using namespace nanodit;

namespace {
constexpr int many = 100000;
}

/// What the window does with a hundred thousand records is bounded, or not done on its thread.
class TestManyRecords : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void aSummaryTellsWhatRecordsShare()
    {
        const auto records = test::drawnRecords(100);
        QStringList ids;
        for (int i = 0; i < 100; i += 25) // 0, 25, 50, 75
            ids << QString::fromStdString((*records)[static_cast<std::size_t>(i)].id);
        ids << QStringLiteral("no record");
        const auto chosen = chosenOf(*records, ids);
        const auto& summary = chosen.summary;
        QCOMPARE(summary.count, std::int64_t(4));
        QCOMPARE(QString::fromStdString(summary.first.id), ids.front());
        QCOMPARE(summary.tags, QStringList{"night"});
        QCOMPARE(summary.split, QString("train"));
        QVERIFY(!summary.allExcluded && summary.excluded.isEmpty());
        QCOMPARE(summary.marks[0], MarkState::Stale);
        QCOMPARE(summary.marks[3], MarkState::Whole);
        QVERIFY2(summary.states[0].contains("2 stale (the caption)") && summary.states[0].contains("2 valid"),
                 qPrintable(summary.states[0]));
        QCOMPARE(chosen.withPatches.size(), std::size_t(4));
        QCOMPARE(chosenOf(*records, {}).summary.count, std::int64_t(0));
    }

    /// As it comes from another thread.
    void factsAreShownFromASummary()
    {
        const auto records = test::drawnRecords(many);
        QStringList ids;
        for (const auto& record : *records)
            ids << QString::fromStdString(record.id);
        RecordFacts facts;
        facts.show(chosenOf(*records, ids).summary);
        QVERIFY(!facts.isHidden());
        QCOMPARE(facts.findChild<QLineEdit*>("recordTags")->text(), QString());
        const auto state = facts.findChild<QLabel*>("state-t5")->text();
        QVERIFY2(state.contains("10000 stale"), qPrintable(state));
        facts.show(RecordSummary());
        QVERIFY(facts.isHidden());
    }

    void whatIsLeftOutOfALongListIsCounted()
    {
        constexpr int some = 2500, listed = 2000;
        VerifyReport report;
        LedgerBucket bucket;
        bucket.bucket = {64, 64};
        for (int i = 0; i < some; ++i) {
            report.problems.push_back({.what = "record-" + std::to_string(i), .reason = "an array is missing"});
            bucket.notSeen.push_back("record-" + std::to_string(i));
        }
        ReportView view;
        view.show(report);
        const auto* const rejects = view.findChild<QTreeWidget*>("reportRejects");
        QCOMPARE(rejects->topLevelItemCount(), listed + 1);
        QCOMPARE(rejects->topLevelItem(listed)->text(0), QString("and 500 more"));

        Session session;
        EpochPanel panel(session);
        panel.show(EpochLedger{.request = {}, .buckets = {bucket}, .warnings = {}});
        auto* const buckets = panel.findChild<QTreeWidget*>("epochBuckets");
        Q_EMIT buckets->itemClicked(buckets->topLevelItem(0), 4); // not seen
        const auto* const records = panel.findChild<QListWidget*>("epochRecords");
        QCOMPARE(records->count(), listed + 1);
        QCOMPARE(records->item(listed)->text(), QString("and 500 more"));

        DuplicatesReport found;
        for (int i = 0; i < some; ++i)
            found.pairs.push_back({.id = "copy-" + std::to_string(i), .of = "record-" + std::to_string(i)});
        found.compared = many;
        DuplicatesPanel duplicates(session);
        duplicates.show(found);
        const auto* const pairs = duplicates.findChild<QTreeWidget*>("duplicates");
        QCOMPARE(pairs->topLevelItemCount(), listed + 1);
        QCOMPARE(pairs->topLevelItem(listed)->text(0), QString("and 500 more"));
        QVERIFY(duplicates.findChild<QLabel*>("duplicatesSentence")->text().startsWith(
            QStringLiteral("%1 duplicates").arg(groupedNumber(some))));
    }

    void aListToChooseOneFromIsNotMeasuredRowByRow()
    {
        RecordNames names;
        QComboBox box;
        names.listIn(box);
        names.setRecords(test::drawnRecords(many));
        QCOMPARE(box.count(), many);
        const auto* const list = qobject_cast<QListView*>(box.view());
        QVERIFY(list != nullptr && list->uniformItemSizes());
        box.show();
        QVERIFY(QTest::qWaitForWindowExposed(&box));
        QElapsedTimer opening;
        opening.start();
        box.showPopup();
        QVERIFY(list->isVisible());
        qInfo("the list opened after %lld ms", static_cast<long long>(opening.elapsed()));
        box.hidePopup();
    }

    /// Keys that are typed ask how many records there are; which they are is asked once nothing more is typed.
    void captionsAreLookedThroughOnceNothingMoreIsTyped()
    {
        Session session;
        int listed = 0;
        CaptionsPanel panel(session,
                            {.ids =
                                 [&listed](CaptionsPanel::Scope) {
                                     ++listed;
                                     return QStringList{"record-0000001"};
                                 },
                             .count = [](CaptionsPanel::Scope) { return qsizetype(many); }},
                            nullptr);
        panel.setVisible(true); // show() of the panel itself shows a preview
        QVERIFY(QTest::qWaitForWindowExposed(&panel));
        QTRY_VERIFY_WITH_TIMEOUT(panel.idle(), 60000);
        listed = 0;
        auto* const find = panel.findChild<QLineEdit*>("captionFind");
        QTest::keyClicks(find, "a thing");
        QCOMPARE(listed, 0);
        QTRY_VERIFY_WITH_TIMEOUT(panel.idle(), 60000);
        QCOMPARE(listed, 1);
    }
};

QTEST_MAIN(TestManyRecords)
#include "tst_many_records.moc"
