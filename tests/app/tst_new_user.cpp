#include "app/new_folder_dialog.h"
#include "app/pages/dataset/dataset_page.h"
#include "app/pages/train/forecast_panel.h"
#include "app/settings/bucket_editor.h"
#include "app/settings/settings_dialog.h"
#include "core/front/data.h"
#include "core/front/training.h"
#include "core/io/png.h"
#include "core/runtime/resources.h"
#include "tests/app/window_test.h"
#include "tests/support/drawn_picture.h"
#include "widgets/number_edit.h"
#include "widgets/state_panel.h"

#include <QDragEnterEvent>
#include <QDropEvent>
#include <QLabel>
#include <QLineEdit>
#include <QMimeData>
#include <QPointer>
#include <QPushButton>
#include <QTabWidget>
#include <QTreeWidget>
#include <QUrl>

#include <future>
#include <memory>

using namespace nanodit;
using namespace nanodit::test;

namespace fs = std::filesystem;

/// What stands between somebody's own pictures and a training on them: the new workspace, its settings, and what is
/// said before Start.
class TestNewUser : public WindowTest {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { QVERIFY(openWindow()); }
    void cleanupTestCase() { closeWindow(); }

    void aNewFolderHasANameAndAParentOfOnesOwn()
    {
        NewFolderDialog dialog("New workspace", path("cats-workspace"), NewFolder::Workspace, dialogs_);
        dialog.show();
        auto* const name = dialog.findChild<QLineEdit*>("folderName");
        auto* const parent = dialog.findChild<QLineEdit*>("parentFolder");
        auto* const create = dialog.findChild<QPushButton*>("createFolder");
        auto* const about = dialog.findChild<QLabel*>("aboutFolder");
        QCOMPARE(dialog.folder(), path("cats-workspace"));
        QTRY_VERIFY_WITH_TIMEOUT(about->text().contains("will be created"), minute);
        QVERIFY(create->isEnabled());
        for (const auto* const wrong : {"", "a/b", ".."}) {
            name->setText(wrong);
            QVERIFY2(!create->isEnabled(), wrong);
        }
        name->setText("cats");
        parent->setText(path("nowhere"));
        QTRY_VERIFY2_WITH_TIMEOUT(about->text().contains("does not exist"), qPrintable(about->text()), minute);
        QVERIFY(!create->isEnabled());
        fs::create_directories(folder_ / "full" / "inner");
        parent->setText(path(""));
        name->setText("full");
        QTRY_VERIFY2_WITH_TIMEOUT(about->text().contains("not empty"), qPrintable(about->text()), minute);
        QVERIFY(!create->isEnabled());
        QCOMPARE(freeFolder(path("full")), path("full-2"));
        name->setText("made before");
        Workspace::create(folder_ / "made before");
        name->setText("made before ");
        QTRY_COMPARE_WITH_TIMEOUT(create->text(), QStringLiteral("Open"), minute);
        QVERIFY(create->isEnabled());
    }

    void filesAreNotWrittenIntoAWorkspace()
    {
        Workspace::create(folder_ / "of another model");
        NewFolderDialog dialog("Export", path("of another model"), NewFolder::Files, dialogs_);
        auto* const about = dialog.findChild<QLabel*>("aboutFolder");
        QTRY_VERIFY2_WITH_TIMEOUT(about->text().contains("not empty"), qPrintable(about->text()), minute);
        QVERIFY(!dialog.findChild<QPushButton*>("createFolder")->isEnabled());
    }

    void aDiskThatDoesNotAnswerHoldsUpNoTyping()
    {
        const auto answer = std::make_shared<std::promise<void>>();
        const NewFolderDialog::Look look = [hung = answer->get_future().share()](const QString& folder) {
            if (folder.startsWith("/hangs"))
                hung.wait();
            return NewFolderDialog::Place{.hasParent = true, .parentWritable = true, .free = true, .workspace = false};
        };
        NewFolderDialog dialog("New workspace", "/hangs/cats", NewFolder::Workspace, dialogs_, look);
        dialog.show();
        auto* const create = dialog.findChild<QPushButton*>("createFolder");
        auto* const about = dialog.findChild<QLabel*>("aboutFolder");
        QTRY_VERIFY2_WITH_TIMEOUT(about->text().startsWith("Waiting for the disk"), qPrintable(about->text()), minute);
        QVERIFY(!create->isEnabled());
        dialog.findChild<QLineEdit*>("parentFolder")->setText("/answers");
        QTRY_VERIFY2_WITH_TIMEOUT(about->text().contains("will be created"), qPrintable(about->text()), minute);
        QVERIFY(create->isEnabled());
        answer->set_value(); // for what is typed no more
        QTest::qWait(50);
        QVERIFY2(about->text().contains("/answers/cats"), qPrintable(about->text()));
        dialog.findChild<QLineEdit*>("folderName")->setText("dogs");
        dialog.accept(); // before the answer, with which it happens
        QTRY_COMPARE_WITH_TIMEOUT(dialog.result(), int(QDialog::Accepted), minute);
        QCOMPARE(dialog.folder(), QStringLiteral("/answers/dogs"));
    }

    void theButtonOfADataSetWithoutPicturesKeepsTheKeys()
    {
        Workspace::create(folder_ / "no pictures");
        session_->openWorkspace(path("no pictures"));
        QTRY_VERIFY_WITH_TIMEOUT(session_->hasWorkspace() && session_->idle(), minute);
        window_->showPage(Page::Dataset);
        QTRY_VERIFY_WITH_TIMEOUT(window_->datasetPage()->settled(), minute);
        QPointer<QPushButton> shown;
        for (const auto* const panel : window_->datasetPage()->findChildren<StatePanel*>()) {
            for (auto* const button : panel->findChildren<QPushButton*>())
                shown = button->isVisible() ? button : shown.data();
        }
        QVERIFY(shown != nullptr);
        window_->activateWindow();
        QVERIFY(QTest::qWaitForWindowActive(window_.get()));
        shown->setFocus();
        QTRY_VERIFY_WITH_TIMEOUT(shown->hasFocus(), minute);
        session_->refreshRecords();
        QTRY_VERIFY_WITH_TIMEOUT(window_->datasetPage()->settled(), minute);
        QVERIFY(shown && shown->hasFocus());
    }

    void settingsAreCheckedSavedAndReadAgain()
    {
        makeWorkspace("settings", 12);
        auto* const dialog = openSettings();
        auto* const save = dialog->findChild<QPushButton*>("saveSettings");
        // An encoder of another kind is named as such, the right one with what it is.
        auto* const dino = dialog->findChild<QLineEdit*>("encoder-dino");
        auto* const found = dialog->findChild<QLabel*>("found-dino");
        const auto demo = QString::fromStdString((resourcesFolder() / "demo").string());
        dino->setText(demo + "/t5-demo");
        QTRY_VERIFY2_WITH_TIMEOUT(found->text().contains("holds a T5 encoder"), qPrintable(found->text()), minute);
        dino->setText(demo);
        QTRY_VERIFY2_WITH_TIMEOUT(found->text().contains(demo + "/dinov3-demo"), qPrintable(found->text()), minute);
        dialogs_.nextPath = demo + "/dinov3-demo";
        dino->parentWidget()->findChild<QPushButton*>()->click();
        QTRY_VERIFY2_WITH_TIMEOUT(found->text().startsWith("DINOv3 ViT"), qPrintable(found->text()), minute);
        QVERIFY2(found->text().contains("M parameters"), qPrintable(found->text()));
        QVERIFY(!found->text().contains("workspace.yaml"));

        // Buckets: a preset, one of one's own, and what they do to the pictures that are there.
        auto* const table = dialog->findChild<QTreeWidget*>("bucketTable");
        dialog->findChild<QPushButton*>("preset-256")->click();
        QTRY_COMPARE_WITH_TIMEOUT(countOf(table), 12, minute);
        QCOMPARE(table->topLevelItemCount(), static_cast<int>(bucketPreset(256).size()));
        auto* const size = dialog->findChild<QLineEdit*>("newBucket");
        auto* const wrong = dialog->findChild<QLabel*>("bucketProblem");
        size->setText("100x100");
        QTest::keyClick(size, Qt::Key_Return);
        QVERIFY2(wrong->text().contains("96x96"), qPrintable(wrong->text()));
        QVERIFY(dialog->isVisible()); // Enter adds the size and does not close the window
        size->setText("96x64");
        QTest::keyClick(size, Qt::Key_Return);
        QTRY_VERIFY_WITH_TIMEOUT(!table->findItems("96x64", Qt::MatchExactly).isEmpty(), minute);
        QTRY_VERIFY_WITH_TIMEOUT(dialog->findChild<QLabel*>("bucketSummary")->text().contains("change their bucket"),
                                 minute);

        dialog->findChild<QLineEdit*>("captionProgram")->setText("python3 \"my captions.py\" {image}");
        QVERIFY(save->isEnabled());
        dialog->findChild<QLineEdit*>("captionProgram")->setText("python3 caption.py");
        QVERIFY(!save->isEnabled());
        QVERIFY(dialog->findChild<QLabel*>("settingsProblem")->text().contains("{image}"));
        dialog->findChild<QLineEdit*>("captionProgram")->setText("python3 \"my captions.py\" {image}");
        QPointer<QDialog> guard(dialog);
        save->click();
        QTRY_VERIFY_WITH_TIMEOUT(guard == nullptr || !guard->isVisible(), minute);
        const auto read = Workspace::open(session_->workspace().root).config;
        QCOMPARE(read.dinoEncoder, (demo + "/dinov3-demo").toStdString());
        QCOMPARE(read.buckets.size(), bucketPreset(256).size() + 1);
        QCOMPARE(read.captionCommand, (std::vector<std::string>{"python3", "my captions.py", "{image}"}));
        QVERIFY(sameSettings(read, session_->workspace().config));
        QTRY_VERIFY_WITH_TIMEOUT(session_->idle(), minute);
        QVERIFY(session_->dinoEncoder().has_value()); // at once, without opening the workspace again
    }

    void whatAnotherProgramChangesIsReadByItself()
    {
        makeWorkspace("outside", 2);
        const QSignalSpy reloaded(&controllers_->settings, &WorkspaceSettings::reloaded);
        const QSignalSpy failed(&controllers_->settings, &WorkspaceSettings::reloadFailed);
        auto other = session_->workspace();
        other.config.textTokens = 99;
        other.save();
        QTRY_COMPARE_WITH_TIMEOUT(reloaded.count(), 1, minute);
        QCOMPARE(session_->workspace().config.textTokens, 99);
        writeText(other.root / "workspace.yaml", "buckets: [17x16]\n");
        QTRY_COMPARE_WITH_TIMEOUT(failed.count(), 1, minute);
        QCOMPARE(session_->workspace().config.textTokens, 99);
        other.config.textTokens = 100;
        other.save(); // mended
        QTRY_COMPARE_WITH_TIMEOUT(reloaded.count(), 2, minute);
        QCOMPARE(session_->workspace().config.textTokens, 100);
    }

    void settingsThatAreBeingChangedStayWhenAnotherProgramChangesOthers()
    {
        makeWorkspace("both", 2);
        auto* const dialog = openSettings();
        auto* const captions = dialog->findChild<QLineEdit*>("captionProgram");
        auto* const tokens = dialog->findChild<NumberEdit*>("textTokens");
        auto* const share = dialog->findChild<NumberEdit*>("validationShare");
        auto* const lpips = dialog->findChild<QLineEdit*>("encoder-lpips");
        captions->setText("python3 \"my capt"); // not finished
        share->setValue(25);
        lpips->setText("measures");
        const QSignalSpy reloaded(&controllers_->settings, &WorkspaceSettings::reloaded);
        auto other = session_->workspace();
        other.config.textTokens = 99;
        other.config.validationShare = 0.1;
        other.config.captionCommand = {"theirs", "{image}"};
        other.save();
        QTRY_COMPARE_WITH_TIMEOUT(reloaded.count(), 1, minute);
        QCOMPARE(captions->text(), QStringLiteral("python3 \"my capt"));
        QCOMPARE(share->value(), 25.0);
        QCOMPARE(lpips->text(), QStringLiteral("measures"));
        QCOMPARE(tokens->value(), 99.0);
        captions->setText("mine {image}");
        QPointer<QDialog> guard(dialog);
        dialog->findChild<QPushButton*>("saveSettings")->click();
        QTRY_VERIFY_WITH_TIMEOUT(guard == nullptr || !guard->isVisible(), minute);
        const auto read = Workspace::open(session_->workspace().root).config;
        QCOMPARE(read.captionCommand, (std::vector<std::string>{"mine", "{image}"}));
        QCOMPARE(read.validationShare, 0.25);
        QCOMPARE(read.lpips, std::string("measures"));
        QCOMPARE(read.textTokens, 99);
        QTRY_VERIFY_WITH_TIMEOUT(session_->idle(), minute);
    }

    void aDroppedFolderIsImportedHereOrMakesAWorkspace()
    {
        makeWorkspace("dropped", 1);
        drawPictures("more", 3);
        dialogs_.nextChoice = -1;
        auto asked = dialogs_.asked;
        drop(path("more"));
        QTRY_COMPARE_WITH_TIMEOUT(dialogs_.asked, asked + 1, minute);
        QTRY_VERIFY_WITH_TIMEOUT(session_->idle(), minute);
        QCOMPARE(session_->records().size(), 1U);
        dialogs_.nextChoice = 0;
        drop(path("more"));
        QTRY_COMPARE_WITH_TIMEOUT(session_->records().size(), 4U, minute);
        dialogs_.nextChoice = 1;
        dialogs_.nextPath = path("made of a drop");
        drop(path("more"));
        QTRY_COMPARE_WITH_TIMEOUT(session_->workspace().root, folder_ / "made of a drop", minute);
        QTRY_COMPARE_WITH_TIMEOUT(session_->records().size(), 3U, minute);
        QTRY_VERIFY_WITH_TIMEOUT(session_->idle(), minute);
        asked = dialogs_.asked;
        drop(path("dropped")); // a workspace opens
        QTRY_COMPARE_WITH_TIMEOUT(session_->workspace().root, folder_ / "dropped", minute);
        QCOMPARE(dialogs_.asked, asked);
    }

    void theForecastSaysWhatDoesNotFitAndWhatHelps()
    {
        TrainData data;
        data.buckets = {{.size = {.width = 512, .height = 512}, .samples = 100}};
        const auto config = readTrainConfig(configurationFile("base"));
        ShownForecast shown;
        shown.forecast = forecastTraining(config, data);
        shown.memoryThere = 12'000'000'000;
        shown.changes = fittingChanges(config, data, shown.memoryThere);
        shown.stepSeconds = 40;
        ForecastPanel panel;
        panel.show(shown, 1000);
        panel.QWidget::show();
        const auto buttons = panel.findChildren<QPushButton*>("fit");
        QCOMPARE(buttons.size(), static_cast<qsizetype>(shown.changes.size()));
        QVERIFY(panel.findChild<QLabel*>("forecastModel")->text().startsWith("16"));
        QVERIFY(panel.findChild<QLabel*>("forecastRun")->text().startsWith("11 h 6 min"));
        for (const char* const line :
             {"forecastModel", "forecastMemory", "forecastStep", "forecastRun", "forecastDisk"})
            QVERIFY2(panel.accessibleName().contains(panel.findChild<QLabel*>(line)->text()), line);
        QSignalSpy wanted(&panel, &ForecastPanel::changeWanted);
        buttons[0]->click();
        QCOMPARE(wanted.count(), 1);
        shown.memoryThere = 500'000'000'000;
        panel.show(shown, 1000);
        QTRY_VERIFY_WITH_TIMEOUT(panel.findChildren<QPushButton*>("fit").isEmpty(), minute);
    }

    void durationsAreRough()
    {
        QCOMPARE(roughDuration(0.031), QStringLiteral("0.031 s"));
        QCOMPARE(roughDuration(42), QStringLiteral("42 s"));
        QCOMPARE(roughDuration(600), QStringLiteral("10 min"));
        QCOMPARE(roughDuration(19 * 3600 + 120), QStringLiteral("19 h 2 min"));
        QCOMPARE(roughDuration(86400.0 * 73), QStringLiteral("73 days"));
    }

private:
    void drawPictures(const std::string& name, int count)
    {
        fs::create_directories(folder_ / name);
        for (int i = 0; i < count; ++i)
            writePng(folder_ / name / ("p" + std::to_string(i) + ".png"),
                     drawnPicture(static_cast<std::uint64_t>(i), {.width = 480 + 16 * i, .height = 384}));
    }
    void makeWorkspace(const std::string& name, int pictures)
    {
        drawPictures(name + "-pictures", pictures);
        jobs().createWorkspace(path(name), path(name + "-pictures"));
        QTRY_VERIFY_WITH_TIMEOUT(session_->hasWorkspace() && session_->workspace().root == folder_ / name &&
                                     session_->records().size() == static_cast<std::size_t>(pictures) &&
                                     session_->idle(),
                                 minute);
    }
    QDialog* openSettings()
    {
        for (auto* const action : window_->actions()) {
            if (action->text() == QStringLiteral("Workspace settings…"))
                action->trigger();
        }
        return window_->findChild<QDialog*>("workspaceSettings");
    }
    static int countOf(const QTreeWidget* table)
    {
        int all = 0;
        for (int row = 0; row < table->topLevelItemCount(); ++row)
            all += table->topLevelItem(row)->text(1).toInt();
        return all;
    }
    void drop(const QString& file)
    {
        QMimeData data;
        data.setUrls({QUrl::fromLocalFile(file)});
        QDragEnterEvent enter(QPoint(400, 300), Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
        QApplication::sendEvent(window_.get(), &enter);
        QVERIFY(enter.isAccepted());
        QDropEvent event(QPointF(400, 300), Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
        QApplication::sendEvent(window_.get(), &event); // what it is, the disk says later
    }
};

QTEST_MAIN(TestNewUser)
#include "tst_new_user.moc"
