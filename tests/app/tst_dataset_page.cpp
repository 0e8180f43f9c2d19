#include "app/background_queue.h"
#include "app/job_runner.h"
#include "app/pages/dataset/buckets_panel.h"
#include "app/pages/dataset/dataset_page.h"
#include "app/pages/dataset/epoch_panel.h"
#include "app/pages/dataset/feature_colours.h"
#include "app/pages/dataset/filter_menu.h"
#include "app/pages/dataset/loupe.h"
#include "app/pages/dataset/picture_pane.h"
#include "app/pages/dataset/record_browser.h"
#include "app/pages/dataset/record_editing.h"
#include "app/pages/dataset/record_loader.h"
#include "app/pages/dataset/record_model.h"
#include "app/pages/dataset/report_drawer.h"
#include "tests/app/dataset_test.h"
#include "widgets/point_map.h"
#include "widgets/seed_edit.h"
#include "widgets/thumbnail_grid.h"

#include <QComboBox>
#include <QImage>
#include <QLabel>
#include <QLineEdit>
#include <QListWidget>
#include <QMenu>
#include <QMouseEvent>
#include <QPushButton>
#include <QSpinBox>
#include <QToolButton>
#include <QTreeWidget>
#include <QUndoStack>

#include <algorithm>

using namespace nanodit;

namespace {
constexpr int scenes = 20;
constexpr std::size_t t5 = 0;
} // namespace

/// The data set's page of the real window, on a demo workspace whose arrays are whole, used as a person would: what
/// each control does is looked for in the catalog and on the screen.
class TestDatasetPage : public test::DatasetTest {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { openDemo(scenes); }

    void cleanupTestCase() { closeWindow(); }

    void cleanup() { leaveAsFound(); }

    void gridAndTableShareOneSelection()
    {
        browser()->choose(idOf(2));
        press(Qt::Key_L);
        QVERIFY(table()->isVisible() && !grid()->isVisible());
        QCOMPARE(table()->currentIndex().row(), 2);
        table()->setFocus();
        QTest::keyClick(table(), Qt::Key_Down, Qt::ShiftModifier);
        QCOMPARE(browser()->selectedIds(), QStringList({idOf(2), idOf(3)}));
        QCOMPARE(browser()->current(), idOf(3));
        settle();
        QCOMPARE(page()->loupe()->left()->view()->record.id, idOf(3).toStdString());
        press(Qt::Key_G);
        QVERIFY(grid()->isVisible());
        QCOMPARE(browser()->selectedIds().size(), 2);
        QVERIFY(text("recordCount").contains("2 selected"));
        QTest::mouseClick(window_->findChild<QToolButton*>("showTable"), Qt::LeftButton);
        QVERIFY(table()->isVisible());
    }

    void aLassoOnTheMapSelectsRecords()
    {
        press(Qt::Key_M);
        auto* const map = window_->findChild<PointMap*>("recordMap");
        QVERIFY(map->isVisible() && !grid()->isVisible());
        QTRY_COMPARE_WITH_TIMEOUT(map->pointsShown(), scenes, 30000);
        QTest::qWait(50);
        // All of it, then half, with a corner that is far from every point.
        const auto drag = [map](const QPolygonF& corners, Qt::KeyboardModifiers modifiers = {}) {
            QTest::mousePress(map->viewport(), Qt::LeftButton, modifiers, corners.front().toPoint());
            for (const auto& corner : corners) { // sent by hand: a screen leaves out moves that its mouse does not make
                QMouseEvent move(QEvent::MouseMove, corner, map->viewport()->mapToGlobal(corner), Qt::NoButton,
                                 Qt::LeftButton, modifiers);
                QCoreApplication::sendEvent(map->viewport(), &move);
            }
            QTest::mouseRelease(map->viewport(), Qt::LeftButton, modifiers, corners.back().toPoint());
        };
        // Qt Test takes (0, 0) for the middle.
        const auto room = QRectF(map->viewport()->rect()).adjusted(1, 1, -2, -2);
        drag({room.topLeft(), room.topRight(), room.bottomRight(), room.bottomLeft()});
        QCOMPARE(browser()->selectedIds().size(), scenes);
        QVERIFY(text("recordCount").contains("20 selected"));
        const auto middle = room.center().x();
        int left = 0;
        for (int row = 0; row < scenes; ++row)
            left += map->visualRect(browser()->model()->index(row, 0)).center().x() < middle ? 1 : 0;
        drag({room.topLeft(), {middle, room.top()}, {middle, room.bottom()}, room.bottomLeft()});
        QCOMPARE(browser()->selectedIds().size(), left);
        drag({{middle, room.top()}, room.topRight(), room.bottomRight(), {middle, room.bottom()}}, Qt::ShiftModifier);
        QCOMPARE(browser()->selectedIds().size(), scenes);
        // A click takes one; what is filtered away leaves the map.
        const auto at = map->visualRect(browser()->model()->index(3, 0)).center();
        const auto hit = map->indexAt(at).row();
        QTest::mouseClick(map->viewport(), Qt::LeftButton, {}, at);
        QCOMPARE(browser()->selectedIds(), QStringList(idOf(hit)));
        browser()->setQuery(idOf(hit));
        settle();
        QCOMPARE(map->pointsShown(), 1);
    }

    void tableSortsByItsHeaders()
    {
        browser()->setView(RecordBrowser::View::Table);
        const auto captions = [&] {
            QStringList all;
            for (int row = 0; row < browser()->model()->rowCount(); ++row)
                all << browser()->model()->index(row, RecordModel::CaptionColumn).data().toString();
            return all;
        };
        table()->sortByColumn(RecordModel::CaptionColumn, Qt::DescendingOrder);
        settle();
        auto sorted = captions();
        std::sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return b.toUtf8() < a.toUtf8(); });
        QCOMPARE(captions(), sorted);
        table()->sortByColumn(RecordModel::IdColumn, Qt::AscendingOrder);
        settle();
        QVERIFY(captions() != sorted);
    }

    void aQueryFiltersAsItIsTyped()
    {
        const auto record = session_->records()[4];
        press(Qt::Key_F, Qt::ControlModifier);
        auto* const search = window_->findChild<QLineEdit*>("recordSearch");
        QVERIFY(search->hasFocus());
        QTest::keyClicks(search, QString::fromStdString(record.id).toUpper());
        settle();
        QCOMPARE(browser()->model()->rowCount(), 1);
        QVERIFY2(text("recordCount").startsWith("1 of 20 records"), qPrintable(text("recordCount")));
        QTest::keyClick(search, Qt::Key_Return); // on to what was found
        QVERIFY(grid()->hasFocus());

        browser()->setQuery("state:stal");
        QVERIFY(text("queryRefusal").contains("stale"));
        QVERIFY(window_->findChild<QLabel*>("queryRefusal")->isVisible());
        settle();
        QCOMPARE(browser()->model()->rowCount(), 1); // as before

        browser()->setQuery("splt:val"); // a filter as it is meant, text as it is written
        settle();
        QVERIFY(!grid()->isVisible());
        QVERIFY2(text("queryRefusal").contains("did you mean \"split:val\"?"), qPrintable(text("queryRefusal")));
        QVERIFY(window_->findChild<QLabel*>("queryRefusal")->isVisible());
        browser()->setQuery("unheard-of");
        settle();
        QVERIFY(!window_->findChild<QLabel*>("queryRefusal")->isVisible());
        QVERIFY(!grid()->isVisible());
        auto* const nothing = window_->findChild<QPushButton*>("clearSearch")->parentWidget();
        for (const auto* const line : nothing->findChildren<QLabel*>()) // as wide as the records are, and no wider
            QVERIFY2(nothing->rect().contains(line->geometry()), qPrintable(line->text()));
        browser()->setView(RecordBrowser::View::Table);
        QVERIFY(!table()->isVisible() && nothing->isVisible());
        browser()->setView(RecordBrowser::View::Grid);
        QTest::mouseClick(window_->findChild<QPushButton*>("clearSearch"), Qt::LeftButton);
        settle();
        QVERIFY(grid()->isVisible());
        QVERIFY(search->text().isEmpty());
        browser()->focusSearch();
        QTest::keyClick(search, Qt::Key_Escape);
        settle();
        QCOMPARE(browser()->model()->rowCount(), scenes);
        QVERIFY(!window_->findChild<QLabel*>("queryRefusal")->isVisible());
    }

    void aMenuOfManyTagsHasTheMostFrequentOnes()
    {
        constexpr int tags = 60, listed = 40;
        RecordCounts counts;
        for (int i = 0; i < tags; ++i)
            counts.tags[QStringLiteral("tag %1").arg(i, 2, 10, QLatin1Char('0')).toStdString()] = i + 1;
        FilterMenu filter;
        filter.setCounts(counts);
        Q_EMIT filter.menu()->aboutToShow();
        QList<QAction*> entries;
        for (const auto* const action : filter.menu()->actions()) {
            if (action->text() == QStringLiteral("Tag"))
                entries = action->menu()->actions();
        }
        QCOMPARE(entries.size(), qsizetype(listed + 1));
        QVERIFY2(entries.front()->text().contains("tag 20"), qPrintable(entries.front()->text()));
        QVERIFY2(entries.back()->text().startsWith("20 more"), qPrintable(entries.back()->text()));
        QVERIFY(!entries.back()->isEnabled());
    }

    void theFilterMenuWritesTheQueryAndCounts()
    {
        auto* const button = window_->findChild<FilterMenu*>();
        const auto action = [&](const QString& term) {
            Q_EMIT button->menu()->aboutToShow();
            QAction* found = nullptr;
            for (auto* const part : button->menu()->findChildren<QAction*>()) {
                if (part->data().toString() == term)
                    found = part;
            }
            return found;
        };
        const auto bucket = bucketName(session_->records().front().bucket);
        const auto term = QString::fromStdString("bucket:" + bucket);
        const auto expected = std::count_if(session_->records().begin(), session_->records().end(),
                                            [&](const auto& record) { return bucketName(record.bucket) == bucket; });
        QVERIFY(action(term) != nullptr);
        QVERIFY(action(term)->text().endsWith(QString::number(expected)));
        action(term)->trigger();
        settle();
        QCOMPARE(browser()->query(), term);
        QCOMPARE(browser()->model()->rowCount(), int(expected));
        QVERIFY(action(term)->isChecked());
        action("-is:excluded")->trigger();
        QCOMPARE(browser()->query(), term + " -is:excluded");
        action(term)->trigger();
        QCOMPARE(browser()->query(), QStringLiteral("-is:excluded"));
    }

    void aLossMaskHasAWeightForEachPixelOfTheAutoencodersLatent()
    {
        WorkspaceConfig config;
        config.vae = "vae";
        const auto workspace = Workspace::create(folder_ / "fine", config);
        test::writeText(workspace.path(config.vae) / "config.json",
                        R"({"block_out_channels": [32, 32, 32], "latent_channels": 16, "scaling_factor": 1})");
        RecordInfo record;
        record.id = "a";
        record.image = workspace.root / "a.png";
        record.original = record.bucket = {.width = 64, .height = 96};
        QImage white(64, 96, QImage::Format_RGB888);
        white.fill(Qt::white);
        for (const auto* const name : {"a.png", "a-mask.png"})
            QVERIFY(white.save(QString::fromStdString((workspace.root / name).string())));
        Session session;
        session.openWorkspace(QString::fromStdString(workspace.root.string()));
        QTRY_VERIFY_WITH_TIMEOUT(session.hasWorkspace() && session.idle(), minute);
        FeatureColours colours(session);
        RecordLoader loader(session, colours);
        const auto view = loader.want(record);
        QTRY_VERIFY_WITH_TIMEOUT(loader.idle(), minute);
        QVERIFY2(view->pictureProblem.isEmpty() && view->maskProblem.isEmpty(),
                 qPrintable(view->pictureProblem + view->maskProblem));
        QVERIFY(view->lossMask.has_value());
        QVERIFY((view->lossMask->grid == GridSize{24, 16})); // three resolutions: 4 pixels to one of the latent's

        auto other = workspace;
        other.config.vae = "coarse";
        test::writeText(other.path(other.config.vae) / "config.json",
                        R"({"block_out_channels": [32, 32, 32, 32], "latent_channels": 16, "scaling_factor": 1})");
        session.takeSettings(other);
        const auto again = loader.want(record);
        QTRY_VERIFY_WITH_TIMEOUT(loader.idle() && session.idle(), minute);
        QVERIFY(again->lossMask.has_value());
        QVERIFY((again->lossMask->grid == GridSize{12, 8}));
    }

    void aPictureIsShownInTheFileManager()
    {
        browser()->choose(idOf(5));
        press(Qt::Key_O);
        QCOMPARE(dialogs_.shownFile, QString::fromStdString(session_->record(idOf(5))->image.string()));
        dialogs_.shownFile.clear();
        QTest::mouseClick(window_->findChild<QToolButton*>("showFile"), Qt::LeftButton);
        QVERIFY(dialogs_.shownFile.endsWith(".png"));
        QVERIFY2(text("recordTold").startsWith("shown in the file manager"), qPrintable(text("recordTold")));
        dialogs_.hasFileManager = false;
        press(Qt::Key_O);
        dialogs_.hasFileManager = true;
        QVERIFY2(text("recordTold").startsWith("no file manager"), qPrintable(text("recordTold")));
    }

    void coloursAreFittedOnTheSelection()
    {
        browser()->choose(idOf(0));
        grid()->setFocus();
        QTest::keyClick(grid(), Qt::Key_Right, Qt::ShiftModifier);
        QTest::keyClick(grid(), Qt::Key_Right, Qt::ShiftModifier);
        page()->loupe()->left()->setLens(Lens::Colours);
        auto* const scope = window_->findChild<QComboBox*>("colourScope");
        scope->setCurrentIndex(scope->findData(static_cast<int>(BasisScope::Selection)));
        settle();
        const auto& colours = *page()->loupe()->colours();
        QVERIFY(colours.fit() != nullptr);
        QCOMPARE(colours.fit()->basis.pictures, 3);
        scope->setCurrentIndex(scope->findData(static_cast<int>(BasisScope::Set)));
        settle();
        QVERIFY(colours.fit()->basis.pictures > 3);
        page()->loupe()->left()->setLens(Lens::Picture);
    }

    void coloursWhoseFitWasStoppedWaitForTheButton()
    {
        page()->loupe()->left()->setLens(Lens::Colours);
        settle();
        grid()->selectAll(); // enough to be stopped in between
        settle();
        int started = 0;
        const auto stops = connect(session_.get(), &Session::jobStarted, this, [&started](JobRunner* runner) {
            ++started;
            runner->requestStop();
        });
        auto* const scope = window_->findChild<QComboBox*>("colourScope");
        scope->setCurrentIndex(scope->findData(static_cast<int>(BasisScope::Selection))); // which is always fitted
        settle();
        QCOMPARE(started, 1);
        const auto& colours = *page()->loupe()->colours();
        QVERIFY(colours.fit() == nullptr && !colours.fitting());
        QVERIFY2(text("aboutColours").contains("Fit again"), qPrintable(text("aboutColours")));
        for (const int other : {1, 2}) {
            browser()->choose(idOf(static_cast<std::size_t>(other)));
            settle();
        }
        QCOMPARE(started, 1); // it does not come back by itself
        disconnect(stops);
        button("fitColours")->click();
        settle();
        QVERIFY(colours.fit() != nullptr);
        scope->setCurrentIndex(scope->findData(static_cast<int>(BasisScope::Set)));
        settle();
        page()->loupe()->left()->setLens(Lens::Picture);
    }

    void recordsThatAreNotListedYetAreNotSaidToBeMissing()
    {
        DatasetPage other(*session_, controllers_->datasetJobs, dialogs_);
        const auto says = [&other](const QString& what) {
            const auto labels = other.findChild<QWidget*>("noRecords")->findChildren<QLabel*>();
            return std::ranges::any_of(labels, [&](const QLabel* label) { return label->text() == what; });
        };
        QVERIFY(says("Reading records") && !says("No pictures yet"));
    }

    void bucketsFilterAndShowWhoLosesMost()
    {
        auto* const buckets = window_->findChild<BucketsPanel*>();
        QVERIFY(buckets->topLevelItemCount() > 0);
        const auto bucket = buckets->topLevelItem(0)->text(0);
        Q_EMIT buckets->itemClicked(buckets->topLevelItem(0), 0);
        settle();
        QCOMPARE(browser()->query(), "bucket:" + bucket);
        QCOMPARE(browser()->model()->rowCount(), buckets->topLevelItem(0)->text(1).toInt());
        browser()->setQuery({});
        settle();
        constexpr int mostLost = 7;
        auto* const loses = buckets->topLevelItem(0);
        loses->setData(mostLost, Qt::UserRole, QString::fromStdString(session_->records().back().id));
        QSignalSpy records(buckets, &BucketsPanel::recordChosen);
        Q_EMIT buckets->itemClicked(loses, mostLost);
        Q_EMIT buckets->itemActivated(loses, mostLost); // by a second click, or by Enter
        settle();
        QCOMPARE(records.count(), 2);
        QVERIFY(browser()->query().isEmpty());
        QCOMPARE(browser()->current(), records[0][0].toString());
    }

    void theLedgerTellsWhatAnEpochDoesWithEveryPicture()
    {
        auto* const panel = window_->findChild<EpochPanel*>();
        auto* const buckets = window_->findChild<QTreeWidget*>("epochBuckets");
        auto* const listed = window_->findChild<QListWidget*>("epochRecords");
        constexpr int notSeen = 4, seenTwice = 5, remark = 8;
        page()->drawer()->setCurrentWidget(panel); // asks
        settle();
        const auto ledger = ledgerOf(session_->workspace());
        QCOMPARE(std::size_t(buckets->topLevelItemCount()), ledger.buckets.size());
        QVERIFY(!ledger.warnings.empty()); // twenty scenes fill no batch of 16 in every bucket
        QVERIFY(window_->findChild<QLabel*>("epochSentence")->text().startsWith("Epoch 0: "));
        int row = 0;
        while (ledger.buckets[std::size_t(row)].seenTwice.empty())
            ++row;
        const auto& bucket = ledger.buckets[std::size_t(row)];
        auto* const item = buckets->topLevelItem(row);
        QCOMPARE(item->text(seenTwice).toULongLong(), bucket.seenTwice.size());
        QCOMPARE(item->text(notSeen), QStringLiteral("0"));
        QVERIFY(item->text(remark).contains("fills no batch of 16") == !bucket.fillsABatch);
        QVERIFY(!buckets->isColumnHidden(remark));
        Q_EMIT buckets->itemClicked(item, seenTwice);
        QCOMPARE(std::size_t(listed->count()), bucket.seenTwice.size());
        Q_EMIT listed->itemClicked(listed->item(0));
        QCOMPARE(browser()->current(), QString::fromStdString(bucket.seenTwice.front()));

        // Of a seed that no int holds, as a training may have it.
        constexpr quint64 large = 5'000'000'000;
        auto* const seed = window_->findChild<SeedEdit*>("epochSeed");
        seed->setValue(large);
        QCOMPARE(seed->value(), large);
        settle();
        for (quint64 next = 20; next-- > 0;) // as a key that is held down does it
            seed->setValue(next);
        QCOMPARE(session_->readings().pending(), 1); // not a ledger for each

        window_->findChild<QSpinBox*>("epochBatch")->setValue(1); // nobody has to fill a batch
        settle();
        QCOMPARE(buckets->topLevelItem(row)->text(seenTwice), QStringLiteral("0"));
        QVERIFY(buckets->isColumnHidden(remark)); // there is none

        // A record that joins the split after packing is not seen.
        const auto joined = std::find_if(session_->records().begin(), session_->records().end(),
                                         [](const auto& record) { return record.split == "val"; });
        const auto id = QString::fromStdString(joined->id), name = QString::fromStdString(bucketName(joined->bucket));
        page()->editing()->setSplit({id}, "train");
        settle();
        const auto of = buckets->findItems(name, Qt::MatchExactly).value(0);
        QVERIFY(of != nullptr);
        QCOMPARE(of->text(notSeen), QStringLiteral("1"));
        Q_EMIT buckets->itemClicked(of, notSeen);
        QCOMPARE(listed->item(0)->text(), id);
    }

    void passesAreForetoldBeforeTheyRunAndToldOneByOne()
    {
        page()->editing()->setCaption(idOf(1), "words that the pass has not seen");
        settle();
        auto* const start = window_->findChild<QPushButton*>("startPasses");
        QVERIFY(!start->isEnabled()); // nothing is known yet
        const auto run = [&](const QString& work) {
            settle();
            QCOMPARE(text("work-t5"), work);
            QVERIFY2(text("work-vae").startsWith("nothing to do: all 20"), qPrintable(text("work-vae")));
            QVERIFY2(text("passesSentence").startsWith("1 array to compute"), qPrintable(text("passesSentence")));
            QVERIFY(start->isEnabled());
            QSignalSpy preprocessed(&jobs(), &DatasetJobs::preprocessed);
            start->click();
            QCOMPARE(text("progress-dinov3"), QStringLiteral("waiting"));
            QVERIFY(!start->isEnabled());
            QTRY_COMPARE_WITH_TIMEOUT(preprocessed.count(), 1, minute);
            QTRY_VERIFY_WITH_TIMEOUT(!jobs().busy(), minute);
            settle();
            QVERIFY2(text("work-t5").startsWith("1 computed, 19 were up to date"), qPrintable(text("work-t5")));
            QCOMPARE(session_->record(idOf(1))->arrays[t5], ArrayState::Whole);
        };
        QTest::mouseClick(window_->findChild<QPushButton*>("passes"), Qt::LeftButton);
        run(QStringLiteral("1 stale (the caption)"));
        page()->editing()->undoStack()->undo();
        settle();
        QCOMPARE(session_->record(idOf(1))->arrays[t5], ArrayState::Stale);
        window_->findChild<QPushButton*>("forecastPasses")->click();
        run(QStringLiteral("1 stale (the caption)"));
        window_->findChild<QPushButton*>("forecastPasses")->click();
        settle();
        QVERIFY(text("passesSentence").startsWith("Nothing to do"));
        QVERIFY(!start->isEnabled());
    }

    void packingAgainIsAskedAboutOnceTheDiskHasAnswered()
    {
        dialogs_.nextAnswer = false;
        const int asked = dialogs_.asked;
        button("pack")->click();
        button("pack")->click();
        QCOMPARE(dialogs_.asked, asked); // a slow disk does not hold the window
        QTRY_COMPARE_WITH_TIMEOUT(dialogs_.asked, asked + 1, minute);
        QTest::qWait(100);
        QCOMPARE(dialogs_.asked, asked + 1);
        QVERIFY2(dialogs_.consequence.contains("will be replaced"), qPrintable(dialogs_.consequence));
        QVERIFY(!jobs().busy());
        dialogs_.nextAnswer = true;
    }

    void spacePausesAndResumesTheRunningJob()
    {
        QTest::mouseClick(window_->findChild<QPushButton*>("certify"), Qt::LeftButton);
        QVERIFY(jobs().busy());
        grid()->setFocus();
        QTest::keyClick(grid(), Qt::Key_Space);
        QVERIFY(jobs().runner()->paused());
        QTest::keyClick(grid(), Qt::Key_Space);
        QVERIFY(!jobs().runner()->paused());
        QTRY_VERIFY_WITH_TIMEOUT(!jobs().busy(), minute);
    }
};

QTEST_MAIN(TestDatasetPage)
#include "tst_dataset_page.moc"
