#include "app/failures.h"
#include "app/pages/dataset/buckets_panel.h"
#include "app/pages/dataset/dataset_page.h"
#include "app/pages/dataset/feature_colours.h"
#include "app/pages/dataset/loupe.h"
#include "app/pages/dataset/picture_pane.h"
#include "app/pages/dataset/record_browser.h"
#include "app/pages/train/train_page.h"
#include "app/training.h"
#include "app/wording.h"
#include "core/front/data.h"
#include "core/front/training.h"
#include "tests/app/window_test.h"
#include "widgets/banner.h"
#include "widgets/image_canvas.h"
#include "widgets/layers.h"
#include "widgets/page_frame.h"
#include "widgets/thumbnail_grid.h"

#include <QDialog>
#include <QLabel>
#include <QLineEdit>
#include <QMenu>
#include <QPushButton>
#include <QScrollArea>
#include <QSet>
#include <QStackedWidget>
#include <QToolButton>
#include <QTreeWidget>

#include <algorithm>

using namespace nanodit;

namespace {
constexpr int scenes = 24;
} // namespace

/// The real window on the real engine, from an empty one to a data set that is looked at and verified.
class TestWindow : public test::WindowTest {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { QVERIFY(openWindow()); }

    void cleanupTestCase() { closeWindow(); }

    void aFolderThatIsNoWorkspaceIsRefusedWithASentence()
    {
        QSignalSpy failed(session_.get(), &Session::failed);
        window_->openWorkspace(QString::fromStdString((folder_ / "nothing").string()));
        QTRY_COMPARE_WITH_TIMEOUT(failed.count(), 1, minute);
        QVERIFY(noticeText(failed[0][1].value<Notice>()).contains("workspace.yaml"));
        QVERIFY(windowBanner()->isVisible());
        QVERIFY(!session_->hasWorkspace());

        auto* const open = windowBanner()->findChild<QPushButton*>("remedy");
        QCOMPARE(open->text(), QStringLiteral("Open workspace…"));
        dialogs_.nextPath = path("nothing either");
        QTest::mouseClick(open, Qt::LeftButton);
        QTRY_COMPARE_WITH_TIMEOUT(failed.count(), 2, minute); // the folder that was chosen then
        QVERIFY(noticeText(failed[1][1].value<Notice>()).contains("nothing either"));
        dialogs_.nextPath.clear();
    }

    void opensADemoWorkspace()
    {
        const auto failure = makeDemo(scenes);
        QVERIFY2(failure.isEmpty(), qPrintable(failure));
        QTRY_VERIFY_WITH_TIMEOUT(session_->idle(), minute);
        QCOMPARE(session_->records().size(), std::size_t(scenes));
        for (const auto& record : session_->records()) {
            for (const auto state : record.arrays)
                QCOMPARE(state, ArrayState::Whole);
        }
        auto* const grid = window_->findChild<ThumbnailGrid*>("thumbnailGrid");
        QTRY_COMPARE_WITH_TIMEOUT(grid->model()->rowCount(), scenes, minute);
        QCOMPARE(preferences_->recentWorkspaces().size(), 1);
    }

    void everyPageOfTheTableIsShownByItsKey()
    {
        auto* const pages = window_->findChild<QStackedWidget*>("pages");
        QSet<QWidget*> shown;
        for (const auto& info : pageTable()) {
            QTest::keyClick(window_.get(), info.key, Qt::ControlModifier);
            shown << pages->currentWidget();
            const auto titles = pages->currentWidget()->findChildren<QLabel*>();
            QVERIFY2(std::any_of(titles.begin(), titles.end(),
                                 [&](const QLabel* label) {
                                     return label->isVisible() && label->text() == pageName(info.page);
                                 }),
                     info.word);
        }
        QCOMPARE(shown.size(), static_cast<qsizetype>(pageTable().size()));
        window_->showPage(Page::Dataset);
    }

    void aPictureOfALossJumpLeadsToItsRecord()
    {
        auto* const pages = window_->findChild<QStackedWidget*>("pages");
        auto* const dataset = window_->findChild<DatasetPage*>();
        const auto id = [this](std::size_t place) { return QString::fromStdString(session_->records()[place].id); };
        const auto before = dataset->browser()->current();
        window_->showPage(Page::Train);
        Q_EMIT window_->findChild<TrainPage*>()->recordWanted(id(3));
        QCOMPARE(pages->currentWidget(), static_cast<QWidget*>(dataset));
        QCOMPARE(dataset->browser()->current(), id(3));
        dataset->chooseRecord(before);
    }

    void aJobThatFailsIsReportedOnItsPageAndWhereTheUserIs()
    {
        auto* const own = window_->datasetPage()->findChild<Banner*>();
        auto* const ofWindow = windowBanner();
        QVERIFY(own != nullptr && ofWindow != nullptr);
        const auto fail = [this] {
            QSignalSpy failed(&jobs(), &DatasetJobs::failed);
            jobs().importPictures(path("no pictures"));
            QTRY_COMPARE_WITH_TIMEOUT(failed.count(), 1, minute);
            QTRY_VERIFY_WITH_TIMEOUT(session_->idle(), minute);
        };
        fail();
        QVERIFY2(own->isVisible() && own->accessibleName().contains("no pictures"), qPrintable(own->accessibleName()));
        QVERIFY(!ofWindow->isVisible()); // it is before the user's eyes already
        own->hide();
        window_->showPage(Page::Runs);
        fail();
        QVERIFY2(ofWindow->isVisible() && ofWindow->accessibleName().contains("no pictures"),
                 qPrintable(ofWindow->accessibleName()));
        window_->showPage(Page::Dataset);
        QVERIFY(own->isVisible());
        ofWindow->hide();
        own->hide();
    }

    void aFailedJobIsMendedByItsButton()
    {
        const auto set = session_->workspace().shardsFolder() / "train";
        std::filesystem::remove_all(set);
        window_->showPage(Page::Train);
        QSignalSpy failed(&controllers_->training, &Training::failed);
        controllers_->training.start(readTrainConfig(configurationFile("demo")), "unpacked", false);
        QTRY_COMPARE_WITH_TIMEOUT(failed.count(), 1, minute);
        QTRY_VERIFY_WITH_TIMEOUT(session_->idle(), minute);
        auto* const banner = window_->trainPage()->findChild<Banner*>();
        auto* const pack = banner->findChild<QPushButton*>("remedy");
        QVERIFY(banner->isVisible() && pack->isVisible());
        QCOMPARE(pack->text(), QStringLiteral("Pack shards"));
        QSignalSpy packed(&jobs(), &DatasetJobs::packed);
        const int asked = dialogs_.asked;
        QTest::mouseClick(pack, Qt::LeftButton);
        QVERIFY(!banner->isVisible());
        QVERIFY(window_->datasetPage()->isVisible());
        auto* const failure = window_->datasetPage()->findChild<Banner*>();
        QTRY_VERIFY_WITH_TIMEOUT(packed.count() == 1 || failure->isVisible(), minute);
        QVERIFY2(packed.count() == 1, qPrintable(failure->accessibleName()));
        QTRY_VERIFY_WITH_TIMEOUT(session_->idle(), minute);
        QVERIFY(std::filesystem::exists(set / "shards.json"));
        QCOMPARE(dialogs_.asked, asked + 1); // those of the validation split are replaced, too
        window_->datasetPage()->findChild<PageFrame*>()->setDrawerVisible(false);
        controllers_->training.forgetRun();
    }

    void settingsAndDevicesAreReachedFromAFailure()
    {
        auto* const button = windowBanner()->findChild<QPushButton*>("remedy");
        showFailure(*windowBanner(), "No pictures", {"an encoder is missing", remedy::NameEncoder{}});
        QTest::mouseClick(button, Qt::LeftButton);
        auto* const settings = window_->findChild<QDialog*>("workspaceSettings");
        QVERIFY(settings != nullptr && settings->isVisible());
        QVERIFY(settings->findChild<QLineEdit*>("encoder-dino")->hasFocus() || !settings->isActiveWindow());
        settings->reject();
        showFailure(*windowBanner(), "No pictures", {"there is no GPU", remedy::ChooseDevice{}});
        QTest::mouseClick(button, Qt::LeftButton);
        auto* const menu = window_->findChild<QToolButton*>("compute")->menu();
        QTRY_VERIFY_WITH_TIMEOUT(menu->isVisible(), minute);
        QVERIFY(menu->actions().size() > 3);
        menu->close();
        window_->activateWindow(); // as a window manager does when a menu closes
        QVERIFY(QTest::qWaitForWindowActive(window_.get()));
        showFailure(*windowBanner(), "No pictures", {"two ranks", remedy::SetRanks{}});
        QVERIFY(windowBanner()->isVisible() && !button->isVisible());
        windowBanner()->hide();
    }

    void showsThumbnailsAndTheChosenPicture()
    {
        auto* const grid = window_->findChild<ThumbnailGrid*>("thumbnailGrid");
        QTRY_VERIFY_WITH_TIMEOUT(!grid->model()->index(0, 0).data(ThumbnailGrid::PictureRole).value<QImage>().isNull(),
                                 minute);
        grid->setFocus();
        QTest::keyClick(grid, Qt::Key_Right);
        auto* const loupe = window_->findChild<Loupe*>();
        QTRY_VERIFY_WITH_TIMEOUT(!loupe->canvas()->layers().empty(), minute);
        auto* const readout = loupe->findChild<QLabel*>("readout");
        loupe->pointAt({17, 33});
        QCOMPARE(readout->text(),
                 QStringLiteral("pixel 17,33 · patch r2 c1 · latent tokens r2 c1 · box 16-32, 32-48 px"));
    }

    void everyLensShowsItsLayer()
    {
        auto* const loupe = window_->findChild<Loupe*>();
        auto* const pane = loupe->left();
        for (const auto lens : lenses) {
            pane->setLens(lens);
            const auto visible = [pane, lens] {
                const auto& layers = pane->canvas()->layers();
                return std::any_of(layers.begin(), layers.end(), [lens](const auto& layer) {
                    return layer->name() == lensName(lens) && layer->visible();
                });
            };
            if (lens != Lens::Picture)
                QTRY_VERIFY2_WITH_TIMEOUT(visible(), qPrintable(lensName(lens)), minute);
        }
        QTRY_VERIFY_WITH_TIMEOUT(session_->idle(), minute);
        QVERIFY(loupe->colours()->fit() != nullptr);
        QVERIFY(std::filesystem::exists(folder_ / "demo/cache/patch_colours"));
        pane->setLens(Lens::Picture);
    }

    void similarityFollowsTheMouseAlsoIntoAKeptPicture()
    {
        auto* const loupe = window_->findChild<Loupe*>();
        auto* const readout = loupe->findChild<QLabel*>("readout");
        QTest::mouseClick(window_->findChild<QPushButton*>("keepRecord"), Qt::LeftButton);
        QVERIFY(loupe->right()->isVisible());
        const auto kept = loupe->right()->view()->record.id;
        auto* const grid = window_->findChild<ThumbnailGrid*>("thumbnailGrid");
        grid->setFocus();
        QTest::keyClick(grid, Qt::Key_Right);
        QTRY_VERIFY_WITH_TIMEOUT(
            loupe->left()->view() && loupe->left()->view()->record.id != kept && loupe->left()->view()->unit, minute);
        QCOMPARE(loupe->right()->view()->record.id, kept);
        for (auto* const pane : {loupe->left(), loupe->right()})
            pane->setLens(Lens::Similarity);
        loupe->pointAt({17, 33});
        QVERIFY2(readout->text().endsWith("cosine 1.00"), qPrintable(readout->text())); // to itself
        const auto isShown = [](const auto& layer) {
            return layer->name() == lensName(Lens::Similarity) && layer->scale();
        };
        const auto& layers = loupe->right()->canvas()->layers();
        QVERIFY(std::any_of(layers.begin(), layers.end(), isShown));
        QTest::mouseClick(window_->findChild<QPushButton*>("compare"), Qt::LeftButton);
        QVERIFY(!loupe->right()->isVisible());
        loupe->left()->setLens(Lens::Picture);
    }

    void aClickLocksTheSimilarityThatIsShownAndNothingElse()
    {
        auto* const loupe = window_->findChild<Loupe*>();
        auto* const readout = loupe->findChild<QLabel*>("readout");
        QTRY_VERIFY_WITH_TIMEOUT(loupe->left()->view() && loupe->left()->view()->unit, minute);
        const auto isLocked = [&] {
            loupe->pointAt({17, 33});
            return readout->text().contains("locked");
        };
        auto* const canvas = loupe->canvas();
        loupe->left()->setLens(Lens::Picture);
        Q_EMIT canvas->clicked({17, 33});
        QVERIFY(!isLocked()); // no similarity is seen
        loupe->left()->setLens(Lens::Similarity);
        Q_EMIT canvas->clicked({-5, -5});
        QVERIFY(!isLocked()); // beside the picture there is no patch
        Q_EMIT canvas->clicked({17, 33});
        QVERIFY(isLocked());
        Q_EMIT canvas->clicked({-5, -5});
        QVERIFY(!isLocked()); // any click unlocks
        Q_EMIT canvas->clicked({17, 33});
        QVERIFY(isLocked());
        loupe->left()->setLens(Lens::Picture);
        QVERIFY2(!readout->text().contains("locked"), qPrintable(readout->text())); // and so does another view
        QVERIFY(!isLocked());
    }

    void everyPageFitsTheUsualWindow()
    {
        window_->resize(1280, 800);
        const auto* const scroll = window_->findChild<QScrollArea*>("pageScroll");
        const auto* const pages = window_->findChild<QStackedWidget*>("pages");
        for (int i = 0; i < pages->count(); ++i) {
            const int needed = pages->widget(i)->minimumSizeHint().width();
            QVERIFY2(needed <= scroll->viewport()->width(),
                     qPrintable(QStringLiteral("%1 needs %2 of %3 pixels")
                                    .arg(QLatin1String(pages->widget(i)->metaObject()->className()))
                                    .arg(needed)
                                    .arg(scroll->viewport()->width())));
        }
    }

    void certifiesTheAlignment()
    {
        QSignalSpy certified(&jobs(), &DatasetJobs::certified);
        QTest::mouseClick(window_->findChild<QPushButton*>("certify"), Qt::LeftButton);
        QTRY_COMPARE_WITH_TIMEOUT(certified.count(), 1, 2 * minute);
        QTRY_VERIFY_WITH_TIMEOUT(session_->idle(), minute);
        const auto verdict = window_->findChild<QLabel*>("alignmentVerdict")->text();
        QVERIFY2(verdict.startsWith("All patches of "), qPrintable(verdict));
        auto* const records = window_->findChild<QTreeWidget*>("alignmentRecords");
        QCOMPARE(records->topLevelItemCount(), scenes);
        window_->showPage(Page::Dataset); // a hidden page loads no picture
        const auto id = records->topLevelItem(2)->text(0);
        Q_EMIT records->itemClicked(records->topLevelItem(2), 0);
        QTRY_VERIFY_WITH_TIMEOUT(window_->findChild<Loupe*>()->left()->view() != nullptr, minute);
        QTRY_COMPARE_WITH_TIMEOUT(window_->findChild<Loupe*>()->left()->view()->record.id, id.toStdString(), minute);
    }

    void measuresDriftWithResolution()
    {
        QSignalSpy measured(&jobs(), &DatasetJobs::driftMeasured);
        window_->findChild<QPushButton*>("measureDrift")->click();
        QTRY_COMPARE_WITH_TIMEOUT(measured.count(), 1, 2 * minute);
        QTRY_VERIFY_WITH_TIMEOUT(session_->idle(), minute);
        QCOMPARE(window_->findChild<QTreeWidget*>("driftRecords")->topLevelItemCount(), scenes);
        QVERIFY(window_->findChild<QLabel*>("driftSentence")->text().startsWith(QString::number(scenes)));
    }

    void bucketsCountEveryRecord()
    {
        auto* const table = window_->findChild<BucketsPanel*>();
        QVERIFY(table->topLevelItemCount() > 0);
        std::int64_t all = 0;
        for (int row = 0; row < table->topLevelItemCount(); ++row)
            all += table->topLevelItem(row)->text(1).toLongLong();
        QCOMPARE(all, std::int64_t(scenes));
    }

    void everyPageIsReachedByKeys()
    {
        const std::pair<Qt::Key, const char*> pages[] = {{Qt::Key_2, "start"},    {Qt::Key_3, "attentionExport"},
                                                         {Qt::Key_4, "generate"}, {Qt::Key_5, "validateStart"},
                                                         {Qt::Key_6, "runShow"},  {Qt::Key_1, "verify"}};
        for (const auto& [key, button] : pages) {
            QTest::keyClick(window_.get(), key, Qt::ControlModifier);
            QVERIFY2(window_->findChild<QPushButton*>(button)->isVisible(), button);
        }
        QTest::keyClick(window_.get(), Qt::Key_Question);
        QCOMPARE(dialogs_.told, 1);
        window_->findChild<QAction*>("about")->trigger();
        QCOMPARE(dialogs_.told, 2);
        QVERIFY(dialogs_.toldHtml.contains("NanoDiT Workbench"));
    }

    void everyControlHasAName()
    {
        for (const auto page :
             {Page::Dataset, Page::Train, Page::Attention, Page::Sample, Page::Validate, Page::Runs}) {
            window_->showPage(page);
            for (const auto* const button : window_->findChildren<QAbstractButton*>()) {
                if (button->isVisible() && qobject_cast<QLineEdit*>(button->parent()) == nullptr) // Qt's own
                    QVERIFY2(!button->text().isEmpty() || !button->accessibleName().isEmpty(),
                             qPrintable(button->metaObject()->className() + button->objectName()));
            }
        }
        window_->showPage(Page::Dataset);
    }

    void verifiesTheDataSet()
    {
        QSignalSpy verified(&jobs(), &DatasetJobs::verified);
        QTest::mouseClick(window_->findChild<QPushButton*>("verify"), Qt::LeftButton);
        QTRY_COMPARE_WITH_TIMEOUT(verified.count(), 1, minute);
        QVERIFY(verified[0][0].value<VerifyReport>().sound());
        QTRY_VERIFY_WITH_TIMEOUT(session_->idle(), minute);
        QVERIFY(window_->findChild<QLabel*>("verdict")->text().startsWith("Valid"));
    }

private:
    /// The window's own, above every page.
    Banner* windowBanner() const
    {
        return window_->centralWidget()->findChild<Banner*>(QString(), Qt::FindDirectChildrenOnly);
    }
};

QTEST_MAIN(TestWindow)
#include "tst_window.moc"
