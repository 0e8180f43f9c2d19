#include "app/job_runner.h"
#include "app/pages/dataset/alignment_panel.h"
#include "app/pages/dataset/captions_panel.h"
#include "app/pages/dataset/dataset_page.h"
#include "app/pages/dataset/drift_panel.h"
#include "app/pages/dataset/duplicates_panel.h"
#include "app/pages/dataset/epoch_panel.h"
#include "app/pages/dataset/passes_panel.h"
#include "app/pages/dataset/record_browser.h"
#include "app/pages/dataset/record_editing.h"
#include "app/pages/dataset/report_drawer.h"
#include "app/pages/dataset/report_view.h"
#include "core/front/data.h"
#include "tests/app/dataset_test.h"
#include "tests/support/contains.h"
#include "widgets/job_bar.h"

#include <QComboBox>
#include <QElapsedTimer>
#include <QHeaderView>
#include <QLabel>
#include <QLineEdit>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QThread>
#include <QToolButton>
#include <QTreeWidget>
#include <QUndoStack>

#include <algorithm>
#include <filesystem>

using namespace nanodit;
namespace fs = std::filesystem;

namespace {
constexpr int scenes = 24;
} // namespace

/// What the data set's drawer says before, while and after its jobs run, also when they are stopped or fail.
class TestDatasetDrawer : public test::DatasetTest {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        openDemo(scenes);
        window_->resize(1280, 800);
        settle();
    }

    void cleanupTestCase() { closeWindow(); }

    void everyTabSaysWhatIsMissing()
    {
        const auto shards = session_->workspace().shardsFolder(), aside = shards.parent_path() / "aside";
        fs::rename(shards, aside);
        session_->refreshRecords(); // as when the work that removed them has ended
        QTRY_VERIFY_WITH_TIMEOUT(session_->idle(), minute);
        const std::pair<QWidget*, const char*> sentences[] = {{drawer<ReportView>(), "verdict"},
                                                              {drawer<AlignmentPanel>(), "alignmentVerdict"},
                                                              {drawer<EpochPanel>(), "epochSentence"},
                                                              {drawer<DriftPanel>(), "driftSentence"},
                                                              {drawer<CaptionsPanel>(), "captionsSentence"},
                                                              {drawer<DuplicatesPanel>(), "duplicatesSentence"},
                                                              {drawer<PassesPanel>(), "passesSentence"}};
        for (const auto& [tab, sentence] : sentences) {
            open(tab);
            auto* const label = window_->findChild<QLabel*>(QLatin1String(sentence));
            QVERIFY2(label->isVisible() && label->text().size() > 20, sentence);
        }
        QVERIFY(text("alignmentVerdict").contains("Nothing has been certified yet"));
        QVERIFY(text("epochSentence").contains("Nothing has been packed yet"));
        open(drawer<EpochPanel>());
        QVERIFY(button("packHere")->isVisible());
        QVERIFY(!drawer<ReportDrawer>()->findChild<QPlainTextEdit*>()->placeholderText().isEmpty());
        fs::rename(aside, shards);
        session_->refreshRecords();
        QTRY_VERIFY_WITH_TIMEOUT(session_->idle(), minute);
        open(drawer<PassesPanel>());
        open(drawer<EpochPanel>());
        QVERIFY(!button("packHere")->isVisible());
    }

    void certifyingTellsHowFarItIsAndWhatAStopLeaves()
    {
        QSignalSpy certified(&jobs(), &DatasetJobs::certified);
        pauseAt(3);
        click("certify");
        QCOMPARE(page()->drawer()->currentWidget(), static_cast<QWidget*>(drawer<AlignmentPanel>()));
        auto* const bar = drawer<AlignmentPanel>()->findChild<JobBar*>();
        QVERIFY(bar != nullptr && bar->isVisible() && !button("certifyHere")->isVisible());
        QTRY_VERIFY_WITH_TIMEOUT(jobs().runner()->paused(), minute);
        const auto* const numbers = bar->findChild<QLabel*>("jobNumbers");
        QTRY_VERIFY2_WITH_TIMEOUT(numbers->text().startsWith("paused") &&
                                      numbers->text().contains(QStringLiteral("/%1 records").arg(scenes)) &&
                                      numbers->text().contains(" left"),
                                  qPrintable(numbers->text()), minute);
        bar->findChild<QToolButton*>("jobStop")->click();
        QCOMPARE(bar->findChild<QLabel*>("jobNumbers")->text(), QStringLiteral("stopping…"));
        QTRY_VERIFY_WITH_TIMEOUT(!jobs().busy(), minute);
        settle();
        QCOMPARE(certified.count(), 0);
        QVERIFY(drawer<AlignmentPanel>()->findChild<JobBar*>() == nullptr);
        QVERIFY(button("certifyHere")->isVisible() && button("certifyHere")->isEnabled());
        const auto kept = certifiedSoFar(session_->workspace());
        QVERIFY(!kept.certificates.empty() && kept.notAsked > 0);
        QVERIFY2(text("alignmentVerdict")
                     .startsWith("Stopped; finished certificates are kept. All patches of " +
                                 QString::number(kept.certificates.size())),
                 qPrintable(text("alignmentVerdict")));
        QVERIFY(text("alignmentVerdict").endsWith(QStringLiteral("%1 others not certified yet").arg(kept.notAsked)));
        QCOMPARE(std::size_t(table("alignmentRecords")->topLevelItemCount()), kept.certificates.size());
    }

    void certificatesOfAnEarlierRunAreShownWhenTheTabIsOpened()
    {
        click("certifyHere");
        QTRY_VERIFY_WITH_TIMEOUT(!jobs().busy(), minute);
        settle();
        const auto told = text("alignmentVerdict");
        QVERIFY2(told.startsWith(QStringLiteral("All patches of %1 ").arg(scenes)), qPrintable(told));
        reopen();
        open(drawer<ReportView>());
        open(drawer<AlignmentPanel>());
        QCOMPARE(text("alignmentVerdict"), told);
        QCOMPARE(table("alignmentRecords")->topLevelItemCount(), scenes);
    }

    void driftIsStoppedAndMeasured()
    {
        open(drawer<DriftPanel>());
        connect(
            session_.get(), &Session::jobStarted, this, [](JobRunner* runner) { runner->pause(); },
            Qt::SingleShotConnection);
        click("measureDrift");
        auto* const bar = drawer<DriftPanel>()->findChild<JobBar*>();
        QVERIFY(bar != nullptr && bar->isVisible());
        stepTo(Stage::ComparingResolutions, 2);
        QVERIFY(jobs().busy() && jobs().runner()->paused());
        bar->findChild<QToolButton*>("jobStop")->click();
        QTRY_VERIFY_WITH_TIMEOUT(!jobs().busy(), minute);
        settle();
        const auto measured = table("driftRecords")->topLevelItemCount();
        QVERIFY2(measured >= 2 && measured < scenes, qPrintable(QString::number(measured)));
        QVERIFY(table("driftRecords")->isVisible() && table("driftBuckets")->isVisible());
        QVERIFY2(text("driftSentence")
                     .startsWith(QStringLiteral("Stopped after %1 of %2 records;").arg(measured).arg(scenes)),
                 qPrintable(text("driftSentence")));
        click("measureDrift");
        QTRY_VERIFY_WITH_TIMEOUT(!jobs().busy(), minute);
        settle();
        QVERIFY(text("driftSentence").startsWith(QString::number(scenes)));
    }

    void whatFailsSaysWhyInItsOwnTab()
    {
        const auto encoder = session_->workspace().root / "models" / "dinov3-demo",
                   aside = encoder.parent_path() / "aside";
        fs::rename(encoder, aside);
        click("certify");
        QTRY_VERIFY_WITH_TIMEOUT(!jobs().busy(), minute);
        const auto alignment = text("alignmentVerdict");
        click("measureDrift");
        QTRY_VERIFY_WITH_TIMEOUT(!jobs().busy(), minute);
        const auto drift = text("driftSentence");
        fs::rename(aside, encoder);
        settle();
        QVERIFY2(alignment.startsWith("Could not certify the alignment: ") && alignment.contains("dinov3-demo"),
                 qPrintable(alignment));
        QVERIFY2(drift.startsWith("Could not measure drift: ") && drift.contains("dinov3-demo"), qPrintable(drift));
    }

    void passesTellHowFarEachCameWhenTheyAreStopped()
    {
        for (const char* const array : {"vae", "dinov3", "dinov3_patches"})
            fs::remove_all(session_->workspace().derivedFolder() / array);
        reopen();
        click("passes");
        settle();
        pauseAt(0, Pass::Vae); // a batch can hold all of them
        click("startPasses");
        auto* const bar = drawer<PassesPanel>()->findChild<JobBar*>();
        QVERIFY(bar != nullptr && bar->isVisible() && !button("startPasses")->isVisible());
        QTRY_VERIFY_WITH_TIMEOUT(jobs().runner()->paused(), minute);
        bar->findChild<QToolButton*>("jobStop")->click();
        QTRY_VERIFY_WITH_TIMEOUT(!jobs().busy(), minute);
        settle();
        QVERIFY2(text("passesSentence").startsWith("The passes were stopped"), qPrintable(text("passesSentence")));
        QVERIFY2(text("work-vae").endsWith(" computed, 0 were up to date"), qPrintable(text("work-vae")));
        QVERIFY2(text("verdict").startsWith("The passes were stopped"), qPrintable(text("verdict")));
        QCOMPARE(text("work-dinov3"), QStringLiteral("not started"));
        QVERIFY(button("forecastPasses")->isVisible() && button("forecastPasses")->isEnabled());
        click("forecastPasses");
        settle();
        click("startPasses");
        QTRY_VERIFY_WITH_TIMEOUT(!jobs().busy(), 2 * minute);
        settle();
    }

    void passesThatFailSayWhyAndGoOnLater()
    {
        const auto folder = session_->workspace().derivedFolder() / "vae";
        fs::remove_all(folder);
        click("forecastPasses");
        settle();
        test::writeText(folder, "not a folder");
        click("startPasses");
        QTRY_VERIFY_WITH_TIMEOUT(!jobs().busy(), minute);
        settle();
        const auto sentence = text("passesSentence");
        QVERIFY2(sentence.startsWith("The passes stopped with an error: ") && sentence.contains("vae"),
                 qPrintable(sentence));
        QCOMPARE(text("work-vae"), QStringLiteral("not started"));
        fs::remove(folder);
        click("forecastPasses");
        settle();
        click("startPasses");
        QTRY_VERIFY_WITH_TIMEOUT(!jobs().busy(), 2 * minute);
        settle();
        QVERIFY2(text("verdict").contains("complete"), qPrintable(text("verdict")));
    }

    void manyCaptionsChangeAsThePreviewSaysAndComeBackAsOne()
    {
        open(drawer<CaptionsPanel>());
        auto* const scope = window_->findChild<QComboBox*>("captionScope");
        QCOMPARE(scope->currentText(), QStringLiteral("%1 listed records").arg(scenes));
        QVERIFY(!button("changeCaptions")->isEnabled());
        QVERIFY(table("captionTags")->topLevelItemCount() > 0);
        const auto before = captions();
        field("captionBefore")->setText("a drawing of ");
        settle();
        QVERIFY2(text("captionsSentence").startsWith(QStringLiteral("%1 captions would change").arg(scenes)),
                 qPrintable(text("captionsSentence")));
        QCOMPARE(table("captionChanges")->topLevelItemCount(), scenes);
        QCOMPARE(table("captionChanges")->topLevelItem(0)->text(0), idOf(0));
        QCOMPARE(table("captionChanges")->topLevelItem(0)->text(2),
                 QString::fromStdString("a drawing of " + before.front()));
        QCOMPARE(captions(), before); // a preview
        QCOMPARE(button("changeCaptions")->text(), QStringLiteral("Change %1 captions").arg(scenes));
        click("changeCaptions");
        settle();
        auto after = before;
        for (auto& caption : after)
            caption.insert(0, "a drawing of ");
        QCOMPARE(captions(), after);
        QVERIFY(session_->records()[0].arrays[0] == ArrayState::Stale);
        QCOMPARE(text("recordTold"), QStringLiteral("captions of %1 records changed; their t5 is stale").arg(scenes));
        QCOMPARE(text("captionsSentence"), QStringLiteral("No caption would change."));
        QVERIFY(!button("changeCaptions")->isEnabled());
        page()->editing()->undoStack()->undo();
        settle();
        QCOMPARE(captions(), before);
        QVERIFY(session_->records()[0].arrays[0] == ArrayState::Whole);
        QVERIFY(test::contains(test::errorOf([this] { undoCaptionEdit(session_->workspace()); }), "no edit"));

        // Of the records found, or selected, no others.
        field("captionBefore")->clear();
        field("captionFind")->setText("a");
        field("captionReplacement")->setText("one");
        browser()->setQuery(idOf(3));
        settle();
        QCOMPARE(scope->currentText(), QStringLiteral("1 listed record"));
        browser()->setQuery({});
        settle();
        browser()->choose(idOf(5));
        scope->setCurrentIndex(static_cast<int>(CaptionsPanel::Scope::Selected));
        settle();
        QCOMPARE(table("captionChanges")->topLevelItemCount(), 1);
        QCOMPARE(table("captionChanges")->topLevelItem(0)->text(0), idOf(5));
        click("changeCaptions");
        settle();
        std::size_t changed = 0;
        for (std::size_t i = 0; i < before.size(); ++i)
            changed += captions()[i] != before[i];
        QCOMPARE(changed, 1U);
        page()->editing()->undoStack()->undo();
        settle();
        QCOMPARE(captions(), before);
        field("captionFind")->clear();
        field("captionReplacement")->clear();
        settle();
    }

    void duplicatesSayWhatFoundThemAndAreExcludedAsOne()
    {
        // Another record gets the CLS token of the largest picture: to that measure they are one.
        const auto& records = session_->records();
        const auto largest = static_cast<std::size_t>(
            std::ranges::max_element(records, {}, [](const auto& r) { return r.original.width * r.original.height; }) -
            records.begin());
        const auto of = idOf(largest), id = idOf(largest == 7 ? 8 : 7);
        const auto folder = session_->workspace().derivedFolder() / "dinov3";
        const auto file = [&](const QString& name) { return folder / (name.toStdString() + ".npy"); };
        fs::rename(file(id), folder / "aside");
        fs::copy_file(file(of), file(id));
        open(drawer<DuplicatesPanel>());
        QVERIFY(!button("excludeDuplicates")->isEnabled());
        click("findDuplicates");
        QTRY_VERIFY_WITH_TIMEOUT(!jobs().busy(), minute);
        settle();
        const QTreeWidgetItem* pair = nullptr;
        for (int row = 0; row < table("duplicates")->topLevelItemCount(); ++row) {
            auto* const item = table("duplicates")->topLevelItem(row);
            if (item->text(0) == id && item->text(1) == of)
                pair = item;
        }
        QVERIFY2(pair != nullptr, qPrintable(text("duplicatesSentence")));
        QCOMPARE(pair->text(2), QStringLiteral("CLS, cosine 1.000"));
        QCOMPARE(pair->text(3), QStringLiteral("no"));
        click("excludeDuplicates");
        settle();
        QCOMPARE(session_->record(id)->excluded, "near duplicate: of " + of.toStdString() + ", CLS, cosine 1.000");
        QVERIFY(!button("excludeDuplicates")->isEnabled());
        QVERIFY(!session_->record(id)->excludedByRule); // for good: no import takes it in again
        page()->editing()->undoStack()->undo();
        settle();
        QVERIFY(session_->record(id)->excluded.empty() && button("excludeDuplicates")->isEnabled());
        // Where somebody excluded the one that was to stay, the other one stays.
        const int edits = page()->editing()->undoStack()->index();
        page()->editing()->setExcluded({of}, "blurred");
        settle();
        QCOMPARE(pair->text(3), QStringLiteral("no, the other is"));
        if (button("excludeDuplicates")->isEnabled()) { // for other pairs
            click("excludeDuplicates");
            settle();
        }
        QVERIFY(session_->record(id)->excluded.empty());
        page()->editing()->undoStack()->setIndex(edits);
        settle();
        QVERIFY(session_->record(of)->excluded.empty());
        fs::remove(file(id));
        fs::rename(folder / "aside", file(id));
    }

    void aPassWithoutItsEncoderLeadsToTheSettings()
    {
        PreprocessForecast forecast;
        for (const auto pass : {Pass::T5, Pass::Vae, Pass::Dino}) {
            forecast.passes.emplace_back();
            forecast.passes.back().pass = pass;
        }
        forecast.passes[1].missing = 3;
        forecast.passes[1].obstacle = "the pass vae has no encoder: set encoders.vae in /w/workspace.yaml";
        forecast.refusal = forecast.passes[1].obstacle;
        PassesPanel panel;
        panel.show(forecast);
        auto* const work = panel.findChild<QLabel*>("work-vae");
        QVERIFY2(work->text().startsWith("the pass vae has no encoder") && !work->text().contains("yaml"),
                 qPrintable(work->text()));
        QVERIFY(work->toolTip().contains("encoders.vae"));
        QVERIFY(panel.findChild<QLabel*>("progress-vae")->text().isEmpty());
        const auto sentence = panel.findChild<QLabel*>("passesSentence")->text();
        QVERIFY2(sentence.contains("workspace settings") && !sentence.contains("yaml"), qPrintable(sentence));
        int wanted = 0;
        connect(&panel, &PassesPanel::encoderWanted, this, [&](Pass pass) { wanted += pass == Pass::Vae; });
        Q_EMIT work->linkActivated(QStringLiteral("encoder"));
        QCOMPARE(wanted, 1);
    }

    void aCheckOfThePassesThatIsStoppedSaysSo()
    {
        open(drawer<PassesPanel>());
        QTRY_VERIFY_WITH_TIMEOUT(session_->idle(), minute);
        connect(
            session_.get(), &Session::jobStarted, this, [](JobRunner* runner) { runner->requestStop(); },
            Qt::SingleShotConnection);
        click("forecastPasses");
        QVERIFY2(text("passesSentence").startsWith("Checking"), qPrintable(text("passesSentence")));
        QTRY_VERIFY_WITH_TIMEOUT(session_->idle(), minute);
        QCOMPARE(text("passesSentence"), QStringLiteral("The check was stopped."));
        QVERIFY(button("forecastPasses")->isEnabled());
    }

    void settingsThatChangeDuringACheckAreCheckedToo()
    {
        open(drawer<PassesPanel>());
        QTRY_VERIFY_WITH_TIMEOUT(session_->idle(), minute);
        const QSignalSpy begun(&jobs(), &DatasetJobs::forecastBegun), made(&jobs(), &DatasetJobs::forecastMade);
        click("forecastPasses");
        Q_EMIT session_->settingsChanged(); // the check has the earlier ones
        QTRY_VERIFY_WITH_TIMEOUT(session_->idle(), minute);
        QCOMPARE(begun.count(), 2);
        QCOMPARE(made.count(), 2);
        QVERIFY2(!text("passesSentence").startsWith("Checking"), qPrintable(text("passesSentence")));
        Q_EMIT session_->settingsChanged(); // while none runs: once, for the panel is looked at
        QTRY_VERIFY_WITH_TIMEOUT(session_->idle(), minute);
        QCOMPARE(begun.count(), 3);
    }

    void aStoppedReportSaysSo()
    {
        connect(
            session_.get(), &Session::jobStarted, this, [](JobRunner* runner) { runner->requestStop(); },
            Qt::SingleShotConnection);
        click("verify");
        QCOMPARE(page()->drawer()->currentWidget(), static_cast<QWidget*>(drawer<ReportView>()));
        QTRY_VERIFY_WITH_TIMEOUT(!jobs().busy(), minute);
        QVERIFY2(text("verdict").startsWith("Verification was stopped"), qPrintable(text("verdict")));
    }

    void noTableOfTheDrawerScrollsSideways()
    {
        click("verify");
        QTRY_VERIFY_WITH_TIMEOUT(!jobs().busy(), minute);
        click("measureDrift");
        QTRY_VERIFY_WITH_TIMEOUT(!jobs().busy(), minute);
        settle();
        int looked = 0;
        for (int tab = 0; tab < page()->drawer()->count(); ++tab) {
            page()->drawer()->setCurrentIndex(tab);
            settle();
            for (auto* const shown : page()->drawer()->findChildren<QTreeWidget*>()) {
                if (!shown->isVisible() || shown->topLevelItemCount() == 0)
                    continue;
                ++looked;
                QVERIFY2(shown->header()->length() <= shown->viewport()->width(), qPrintable(shown->accessibleName()));
                QCOMPARE(window_->width(), 1280);
            }
        }
        QVERIFY2(looked >= 6, qPrintable(QString::number(looked))); // report, alignment, buckets, epoch, drift twice
    }

private:
    template<typename Panel>
    Panel* drawer() const
    {
        return window_->findChild<Panel*>();
    }
    QLineEdit* field(const char* name) const { return window_->findChild<QLineEdit*>(QLatin1String(name)); }
    std::vector<std::string> captions() const
    {
        std::vector<std::string> captions;
        for (const auto& record : session_->records())
            captions.push_back(record.caption);
        return captions;
    }
    QTreeWidget* table(const char* name) const { return window_->findChild<QTreeWidget*>(QLatin1String(name)); }
    void click(const char* name)
    {
        QVERIFY2(button(name)->isEnabled(), name);
        button(name)->click();
    }
    void open(QWidget* tab)
    {
        page()->drawer()->open(page()->drawer()->indexOf(tab));
        settle();
    }
    void reopen()
    {
        QSignalSpy opened(session_.get(), &Session::workspaceChanged);
        session_->openWorkspace(QString::fromStdString(session_->workspace().root.string()));
        QTRY_COMPARE_WITH_TIMEOUT(opened.count(), 1, minute);
        settle();
    }
    /// Lets a paused job go on for moments until it has done so many at this stage. A job whose units are quick could
    /// come to its end before a busy window pauses it.
    void stepTo(Stage::Kind stage, std::int64_t done)
    {
        constexpr unsigned long longestMoment = 32;
        Progress last;
        bool told = false;
        const auto listening = connect(jobs().runner(), &JobRunner::progressed, this, [&](const Progress& progress) {
            last = progress;
            told = true;
        });
        QElapsedTimer timer;
        timer.start();
        for (unsigned long moment = 1; jobs().busy() && timer.elapsed() < minute;) {
            if (last.stage.kind == stage && last.done >= done)
                break;
            jobs().runner()->resume();
            QThread::msleep(moment);
            jobs().runner()->pause();
            told = false;
            QTest::qWait(50); // reports come at most thirty times a second
            moment = told ? 1 : std::min(2 * moment, longestMoment);
        }
        disconnect(listening);
    }
    /// The next job pauses itself when it has done so many, of this pass where one is named.
    void pauseAt(std::int64_t done, std::optional<Pass> pass = {})
    {
        connect(
            session_.get(), &Session::jobStarted, this,
            [this, done, pass](JobRunner* runner) {
                connect(runner, &JobRunner::progressed, this, [runner, done, pass](const Progress& progress) {
                    if (progress.done >= done && (done == 0 || progress.perSecond > 0) &&
                        (!pass || progress.stage.pass == pass) && !runner->paused() && !runner->stopping())
                        runner->pause();
                });
            },
            Qt::SingleShotConnection);
    }
};

QTEST_MAIN(TestDatasetDrawer)
#include "tst_dataset_drawer.moc"
