#include "app/job_runner.h"
#include "app/pages/runs/runs_page.h"
#include "app/pages/validate/validate_form.h"
#include "app/pages/validate/validate_page.h"
#include "app/pages/validate/validate_results.h"
#include "app/pages/validate/validation_loupe.h"
#include "app/plots/metric_plots.h"
#include "app/sampling.h"
#include "app/validating.h"
#include "app/weights_choice.h"
#include "core/front/demo.h"
#include "core/io/atomic_file.h"
#include "tests/app/window_test.h"
#include "widgets/image_canvas.h"
#include "widgets/layers.h"
#include "widgets/picture_table.h"
#include "widgets/plots/curve_plot.h"
#include "widgets/plots/plot_view.h"
#include "widgets/prompt_edit.h"
#include "widgets/value_cards.h"

#include <QComboBox>
#include <QHeaderView>
#include <QLabel>
#include <QMenu>
#include <QPushButton>
#include <QSpinBox>
#include <QTabBar>
#include <QTableView>
#include <QTreeWidget>
#include <nlohmann/json.hpp>

#include <algorithm>

using namespace nanodit;
namespace fs = std::filesystem;

namespace {

TrainConfig tinyConfig(double rate)
{
    TrainConfig config;
    config.model.hiddenSize = 32;
    config.model.depth = 1;
    config.model.numHeads = 2;
    config.model.frequencyDim = 16;
    config.data.batchSize = 2;
    config.optimiser.lr = rate;
    config.schedule = {.steps = 3, .warmupSteps = 1, .decay = Decay::Constant};
    config.previews.every = 0;
    config.validation = {.every = 2, .records = 2, .samplerSteps = 2};
    return config;
}

} // namespace

/// The Validate and the Runs page in the real window, on the demo's reference model and a run of three steps that was
/// validated at its second.
class TestValidatePage : public test::WindowTest {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        DemoRequest demo;
        demo.folder = folder_ / "demo";
        demo.scenes = 30;
        demo.preprocess = true;
        QVERIFY(makeDemoJob(demo)->run({}) == JobEnd::Finished);
        TrainRequest train;
        train.workspace = Workspace::open(demo.folder);
        train.config = tinyConfig(1e-3);
        train.runName = "small";
        QVERIFY(makeTrainJob(train)->run({}) == JobEnd::Finished);

        QVERIFY(openWindow());
        window_->openWorkspace(QString::fromStdString(demo.folder.string()));
        QTRY_VERIFY_WITH_TIMEOUT(session_->hasWorkspace() && session_->idle(), minute);
        window_->showPage(Page::Validate);
        QTRY_VERIFY_WITH_TIMEOUT(page()->settled() && session_->idle(), minute);
    }

    void cleanupTestCase() { closeWindow(); }

    void aModelThatWasNotValidatedSaysSo()
    {
        page()->choose("reference", {});
        QVERIFY(results()->shown() == nullptr);
        QVERIFY(!results()->isVisible());
        QVERIFY(button("validateStart")->isEnabled());
        QVERIFY(!button("validateExport")->isEnabled());
    }

    void aValidationIsCancelledAndGoesOn()
    {
        child<QSpinBox>("validateRecords")->setValue(2);
        child<QSpinBox>("validateSteps")->setValue(2);
        auto& validating = controllers_->validating;
        QSignalSpy progressed(&validating, &Validating::progressed);
        QSignalSpy cancelled(&validating, &Validating::cancelled);
        QSignalSpy failed(&validating, &Validating::failed);
        QTest::mouseClick(button("validateStart"), Qt::LeftButton);
        QVERIFY(validating.active());
        QVERIFY(!button("validateStart")->isVisible() && button("validateCancel")->isVisible());
        QTest::mouseClick(button("validateCancel"), Qt::LeftButton);
        QTRY_COMPARE_WITH_TIMEOUT(cancelled.count(), 1, minute);
        QTRY_VERIFY_WITH_TIMEOUT(!validating.active() && page()->settled(), minute);
        QVERIFY(results()->shown() == nullptr);

        QSignalSpy finished(&validating, &Validating::finished);
        QTest::keyClick(window_.get(), Qt::Key_Return, Qt::ControlModifier);
        QTRY_VERIFY_WITH_TIMEOUT(finished.count() + failed.count() > 0, 3 * minute);
        QVERIFY2(failed.isEmpty(), qPrintable(failed.isEmpty() ? QString() : noticeText(failed[0][0].value<Notice>())));
        QVERIFY(progressed.count() > 0);
        QTRY_VERIFY_WITH_TIMEOUT(results()->shown() != nullptr && page()->settled(), minute);
        QVERIFY(results()->isVisible());
        QCOMPARE(results()->shown()->report.run, std::string("reference"));
        QCOMPARE(results()->shown()->report.settings.records, std::int64_t(2));
        QVERIFY(fs::exists(results()->shown()->report.folder / "report.html"));
    }

    void cardsAndPicturesComeFromTheReport()
    {
        const auto& report = results()->shown()->report;
        const auto* const cards = child<ValueCards>("validateCards");
        QVERIFY(cards->cards().size() > 1);
        for (const auto& card : cards->cards()) {
            const auto* const summary = report.find(ValidationTask::Reconstruction, card->look().key.toStdString());
            QVERIFY(summary != nullptr);
            QCOMPARE(card->look().count, QStringLiteral("n = %1").arg(summary->n));
        }
        auto* const table = pictures();
        QCOMPARE(table->rows().size(), std::size_t(2));
        QTRY_VERIFY_WITH_TIMEOUT(table->hasPictures(table->rows()[0].key), minute);
    }

    void anotherCardSortsByAnotherMetric()
    {
        auto* const cards = child<ValueCards>("validateCards");
        const auto& report = results()->shown()->report;
        QCOMPARE(cards->chosen(), QStringLiteral("dino_distance"));
        int choosable = 0;
        for (auto* const card : cards->cards()) {
            if (!card->look().choosable)
                continue;
            ++choosable;
            QTest::mouseClick(card, Qt::LeftButton);
            const auto metric = card->look().key.toStdString();
            QCOMPARE(cards->chosen(), card->look().key);
            const auto worst = worstFirst(report, ValidationTask::Reconstruction, metric).front();
            QVERIFY(pictures()->rows()[0].facts.startsWith(QString::fromStdString(report.pictures[worst].record)));
        }
        QVERIFY(choosable > 1);
    }

    void aPictureIsEnlargedByKeyWithItsPatches()
    {
        auto* const table = pictures();
        table->setFocus();
        QTest::keyClick(table, Qt::Key_Down);
        QCOMPARE(table->currentRow(), 1);
        QTest::keyClick(table, Qt::Key_Return);
        auto* const loupe = child<ValidationLoupe>("validateLoupe");
        QTRY_VERIFY_WITH_TIMEOUT(loupe->isVisible() && !loupe->canvases()[1]->layers().empty(), minute);
        QVERIFY(!loupe->canvases()[2]->isVisible());                     // no baseline
        QCOMPARE(loupe->canvases()[0]->layers().size(), std::size_t(3)); // picture, patches, outline
        auto* const readout = child<QLabel>("loupeReadout");
        Q_EMIT loupe->canvases()[1]->hovered({17, 33});
        QVERIFY2(readout->text().startsWith("pixel 17,33 · patch r2 c1") && readout->text().contains("levels of 255"),
                 qPrintable(readout->text()));
        QTest::keyClick(loupe, Qt::Key_P);
        const auto& layers = loupe->canvases()[1]->layers();
        QVERIFY(
            std::any_of(layers.begin(), layers.end(), [](const auto& layer) { return layer->scale().has_value(); }));
        QTest::keyClick(loupe, Qt::Key_Left);
        QTest::keyClick(loupe, Qt::Key_Escape);
        QVERIFY(!loupe->isVisible() && table->isVisible());
        QCOMPARE(table->currentRow(), 0);
        QTest::keyClick(table, Qt::Key_Return);
        QVERIFY(loupe->isVisible());
        child<QTabBar>("validateTabs")->setCurrentIndex(1); // other rows, before its pictures are read
        QVERIFY(!loupe->isVisible());
        child<QTabBar>("validateTabs")->setCurrentIndex(0);
    }

    void aRecordIsSentToAttentionAndItsSettingsToSample()
    {
        QTest::mouseClick(pictures()->viewport(), Qt::LeftButton, {}, pictures()->cellRect(0, 1).center());
        QTRY_VERIFY_WITH_TIMEOUT(child<ValidationLoupe>("validateLoupe")->isVisible(), minute);
        QSignalSpy attention(page(), &ValidatePage::attentionWanted);
        QTest::mouseClick(button("loupeAttention"), Qt::LeftButton);
        QCOMPARE(attention.count(), 1);
        const auto record = attention[0][0].toString();
        QVERIFY(session_->record(record) != nullptr);
        QVERIFY(!page()->isVisible());
        window_->showPage(Page::Validate);
        QTest::mouseClick(button("loupeSample"), Qt::LeftButton);
        QVERIFY(!page()->isVisible());
        auto* const prompt = child<PromptEdit>("prompt");
        QTRY_COMPARE_WITH_TIMEOUT(prompt->text(), QString::fromStdString(session_->record(record)->caption), minute);
        QVERIFY(child<QComboBox>("checkpoints")->currentText().startsWith("reference"));
        QTRY_COMPARE_WITH_TIMEOUT(child<QSpinBox>("steps")->value(), 2, minute);
        QTRY_VERIFY_WITH_TIMEOUT(window_->settled(), minute);
        window_->showPage(Page::Validate);
        QTest::keyClick(child<ValidationLoupe>("validateLoupe"), Qt::Key_Escape);
    }

    void twoRunsAreCompared()
    {
        page()->choose({}, "small");
        QTRY_VERIFY_WITH_TIMEOUT(page()->settled() && results()->shown()->baseline.has_value(), minute);
        QVERIFY(results()->shown()->obstacle.isEmpty());
        QCOMPARE(results()->shown()->baseline->run, std::string("small"));
        // The reference is a trained model; three steps paint noise. Whether the interval of two pairs leaves out 0 or
        // not, every card that has a counterpart tells how it stands.
        const auto* const cards = child<ValueCards>("validateCards");
        QVERIFY(std::any_of(cards->cards().begin(), cards->cards().end(),
                            [](const auto* card) { return card->look().change.contains("better"); }));
        QTRY_VERIFY_WITH_TIMEOUT(pictures()->hasPictures(pictures()->rows()[0].key), minute);
        child<QTabBar>("validateTabs")->setCurrentIndex(static_cast<int>(validationTaskNames.size()));
        auto* const table = child<QTreeWidget>("differences");
        QTRY_VERIFY_WITH_TIMEOUT(table->isVisible(), minute);
        QCOMPARE(table->topLevelItemCount(), static_cast<int>(results()->shown()->differences.size()));
        QCOMPARE(table->headerItem()->text(2), QStringLiteral("small"));
        QTRY_VERIFY_WITH_TIMEOUT(table->header()->length() <= table->viewport()->width(), minute); // verdicts, too
        QVERIFY(child<QComboBox>("course")->count() > 4);
        // A line leads to its pictures.
        for (int i = 0; i < table->topLevelItemCount(); ++i) {
            if (table->topLevelItem(i)->text(1) == QLatin1String("Text match"))
                Q_EMIT table->itemActivated(table->topLevelItem(i), 0);
        }
        QCOMPARE(results()->tab(), 2);
        QCOMPARE(child<ValueCards>("validateCards")->chosen(), QStringLiteral("text_match"));
    }

    void everyFormatIsExported()
    {
        const std::pair<const char*, const char*> kinds[] = {
            {"report.html", "HTML"}, {"report.json", "JSON"}, {"pictures.csv", "CSV"}, {"tab.png", "PNG"}};
        for (const auto& [name, kind] : kinds) {
            const auto file = folder_ / name;
            dialogs_.nextPath = QString::fromStdString(file.string());
            for (auto* const action : button("validateExport")->menu()->actions()) {
                const bool comparison = action->text().contains("Comparison");
                if (action->text().contains(QLatin1String(kind)) && !comparison)
                    action->trigger();
            }
            QTRY_VERIFY2_WITH_TIMEOUT(fs::exists(file), name, minute);
        }
        QTRY_VERIFY_WITH_TIMEOUT(page()->settled(), minute);
        QCOMPARE(nlohmann::json::parse(readTextFile(folder_ / "report.json"))["run"].get<std::string>(),
                 std::string("reference"));
        QVERIFY(readTextFile(folder_ / "pictures.csv").starts_with("task,record"));
        const QImage sheet(QString::fromStdString((folder_ / "tab.png").string()));
        QVERIFY(sheet.height() > 2 * 88);
        // What was shown when the file was asked for, though nothing is shown any more once it is chosen.
        const auto late = folder_ / "late.json";
        dialogs_.nextPath = QString::fromStdString(late.string());
        dialogs_.whileAsked = [this] { results()->clear(); };
        for (auto* const action : button("validateExport")->menu()->actions()) {
            if (action->text().contains("JSON"))
                action->trigger();
        }
        QTRY_VERIFY_WITH_TIMEOUT(fs::exists(late), minute);
        page()->choose({}, "small");
        QTRY_VERIFY_WITH_TIMEOUT(page()->settled() && results()->shown() != nullptr, minute);
        // And the comparison.
        const auto comparison = folder_ / "comparison.html";
        dialogs_.nextPath = QString::fromStdString(comparison.string());
        for (auto* const action : button("validateExport")->menu()->actions()) {
            if (action->text().contains("Comparison"))
                action->trigger();
        }
        QTRY_VERIFY_WITH_TIMEOUT(fs::exists(folder_ / "comparison.json"), minute);
        QTRY_VERIFY_WITH_TIMEOUT(page()->settled(), minute);
    }

    void whoWaitsForASheetIsAnsweredThoughTheRowsAreForgotten()
    {
        const auto shown = *results()->shown();
        constexpr int sheets = 8; // more than can be read before the rows are forgotten
        int sent = 0, drawn = 0;
        const auto ask = [&] {
            sent = drawn = 0;
            for (int i = 0; i < sheets; ++i)
                results()->makeSheet([&](const QImage& sheet, const QString&) {
                    ++sent;
                    drawn += sheet.isNull() ? 0 : 1;
                });
        };
        results()->showTab(2);
        QCOMPARE(pictures()->rows().size(), std::size_t(2));
        results()->show(shown); // its pictures are read again
        ask();
        results()->show(shown);
        QTRY_COMPARE_WITH_TIMEOUT(sent, sheets, minute);
        QCOMPARE(drawn, sheets);
        for (const auto& row : pictures()->rows())
            QVERIFY(pictures()->hasPictures(row.key));
        ask();
        results()->clear();
        QTRY_COMPARE_WITH_TIMEOUT(sent, sheets, minute);
        QCOMPARE(drawn, 0);
        results()->show(shown);
    }

    void replacingAValidationAsksFirst()
    {
        child<QSpinBox>("validateSteps")->setValue(1);
        dialogs_.asked = 0;
        dialogs_.nextAnswer = false;
        QTest::mouseClick(button("validateStart"), Qt::LeftButton);
        QCOMPARE(dialogs_.asked, 1);
        QVERIFY2(dialogs_.consequence.contains("deleted"), qPrintable(dialogs_.consequence));
        QVERIFY(!controllers_->validating.active());
        QCOMPARE(results()->shown()->report.settings.steps, std::int64_t(2));
        child<QSpinBox>("validateSteps")->setValue(2);
    }

    void aReportThatIsReadLateIsNotShownForAnotherModel()
    {
        const auto validated = results()->shown()->report;
        page()->choose("small · step 3", {}); // not validated
        QTRY_VERIFY_WITH_TIMEOUT(page()->settled(), minute);
        QVERIFY(results()->shown() == nullptr);
        page()->choose(QString::fromStdString(validated.run), {}); // whose report is read in the background
        QVERIFY(!button("validateStart")->isEnabled());            // what it would replace is not known yet
        page()->choose("small · step 3", {});
        QVERIFY(button("validateStart")->isEnabled());
        QTRY_VERIFY_WITH_TIMEOUT(page()->settled() && session_->idle(), minute);
        QVERIFY(results()->shown() == nullptr);
        page()->choose(QString::fromStdString(validated.run), {});
        QTRY_VERIFY_WITH_TIMEOUT(page()->settled() && results()->shown() != nullptr, minute);
        QCOMPARE(results()->shown()->report.folder, validated.folder);
        QVERIFY(button("validateStart")->isEnabled());
    }

    void aReportThatCannotBeReadSaysWhy()
    {
        const auto file = results()->shown()->report.folder / "report.json";
        const auto whole = readTextFile(file);
        test::writeText(file, whole.substr(0, whole.size() / 2));
        controllers_->validating.list();
        QTRY_VERIFY_WITH_TIMEOUT(page()->settled() && results()->shown() == nullptr, minute);
        QVERIFY(!results()->isVisible());
        QTRY_COMPARE_WITH_TIMEOUT(button("validateIt")->text(), QStringLiteral("Validate again"),
                                  minute); // once that of before is gone
        QVERIFY(button("validateIt")->isVisible());
        QVERIFY(button("validateIt")->isEnabled());
        writeFileAtomically(file, whole);
        controllers_->validating.list();
        QTRY_VERIFY_WITH_TIMEOUT(page()->settled() && results()->shown() != nullptr, minute);
    }

    void aValidationThatFailsSaysWhyInABanner()
    {
        QSignalSpy failed(&controllers_->validating, &Validating::failed);
        const auto vae = session_->workspace().path(session_->workspace().config.vae);
        fs::rename(vae, vae.string() + ".away");
        page()->choose("small · step 3", {});
        QTRY_VERIFY_WITH_TIMEOUT(page()->settled(), minute);
        QTest::mouseClick(button("validateStart"), Qt::LeftButton);
        QTRY_COMPARE_WITH_TIMEOUT(failed.count(), 1, minute);
        fs::rename(vae.string() + ".away", vae);
        QVERIFY(noticeText(failed[0][0].value<Notice>()).contains("vae"));
        QTRY_VERIFY_WITH_TIMEOUT(!controllers_->validating.active() && page()->settled(), minute);
    }

    void runsAreListedPlottedAndTheirSettingsCompared()
    {
        window_->showPage(Page::Runs);
        auto* const table = child<QTableView>("runsTable");
        QTRY_COMPARE_WITH_TIMEOUT(table->model()->rowCount(), 2, minute);
        QTRY_VERIFY_WITH_TIMEOUT(session_->idle(), minute);
        const auto cell = [table](int row, int column) { return table->model()->index(row, column).data().toString(); };
        QCOMPARE(cell(0, RunModel::Name), QStringLiteral("reference"));
        QCOMPARE(cell(1, RunModel::Steps), QStringLiteral("3 / 3"));
        QCOMPARE(cell(1, RunModel::State), QStringLiteral("finished"));
        window_->runsPage()->check({"reference", "small"});
        auto* const differences = child<QTreeWidget>("settingDifferences");
        QVERIFY(differences->topLevelItemCount() > 3);
        bool rate = false;
        for (int i = 0; i < differences->topLevelItemCount(); ++i)
            rate = rate || (differences->topLevelItem(i)->text(0) == QLatin1String("model.hidden_size") &&
                            differences->topLevelItem(i)->text(2) == QLatin1String("32"));
        QVERIFY(rate);
        const auto* const plots = child<MetricPlots>("runsPlots");
        QTRY_VERIFY_WITH_TIMEOUT(!plots->panels().front()->plot()->isEmpty(), minute);
        QVERIFY(plots->panels().front()->table().startsWith("step,reference loss,small loss\n"));
        QVERIFY(button("runCompare")->isEnabled());
        QTest::mouseClick(button("runCompare"), Qt::LeftButton);
        QVERIFY(page()->isVisible());
        QTRY_VERIFY_WITH_TIMEOUT(page()->settled(), minute);
        QCOMPARE(results()->tab(), static_cast<int>(validationTaskNames.size()));
        window_->showPage(Page::Runs);
        window_->runsPage()->check({"small"});
        QCOMPARE(differences->topLevelItemCount(), 0);
        QVERIFY(!button("runCompare")->isEnabled());
        window_->runsPage()->select("small");
        QTest::mouseClick(button("runShow"), Qt::LeftButton);
        QTRY_VERIFY_WITH_TIMEOUT(session_->idle(), minute);
        QCOMPARE(child<QComboBox>("runs")->currentText(), QStringLiteral("small"));
    }

    void rawWeightsAreValidatedBesideTheirAverage()
    {
        window_->showPage(Page::Validate);
        page()->choose("small · step 2", {});
        QTRY_VERIFY_WITH_TIMEOUT(results()->shown() != nullptr && page()->settled(), minute);
        const auto average = results()->shown()->report;
        QCOMPARE(average.weights, std::string("ema"));
        auto* const weights = child<WeightsChoice>("validateWeights");
        QVERIFY(weights->isVisible());
        weights->setCurrentIndex(1);
        QVERIFY(results()->shown() == nullptr); // these were not validated yet
        auto& validating = controllers_->validating;
        QSignalSpy finished(&validating, &Validating::finished), failed(&validating, &Validating::failed);
        QTest::mouseClick(button("validateStart"), Qt::LeftButton);
        QTRY_VERIFY_WITH_TIMEOUT(finished.count() + failed.count() > 0, 3 * minute);
        QVERIFY2(failed.isEmpty(), qPrintable(failed.isEmpty() ? QString() : noticeText(failed[0][0].value<Notice>())));
        QTRY_VERIFY_WITH_TIMEOUT(results()->shown() != nullptr && page()->settled(), minute);
        const auto& raw = results()->shown()->report;
        QCOMPARE(raw.weights, std::string("raw"));
        QCOMPARE(raw.folder, fs::path(average.folder.string() + "-raw"));
        QVERIFY(fs::exists(average.folder / "report.json")); // apart from it
        // One against the other.
        page()->choose({}, "small · step 2");
        QTRY_VERIFY_WITH_TIMEOUT(page()->settled() && results()->shown()->baseline.has_value(), minute);
        QCOMPARE(results()->shown()->baseline->folder, average.folder);
        const auto* const table = child<QTreeWidget>("differences");
        QCOMPARE(table->headerItem()->text(2), QStringLiteral("small"));
        QCOMPARE(table->headerItem()->text(3), QStringLiteral("small, raw weights"));
        weights->setCurrentIndex(0);
        QTRY_VERIFY_WITH_TIMEOUT(page()->settled() && results()->shown() != nullptr, minute);
        QCOMPARE(results()->shown()->report.folder, average.folder);
    }

    void aNewListOfModelsWhileTheQuestionIsOpenHarmsNothing()
    {
        page()->choose("reference", {});
        QTRY_VERIFY_WITH_TIMEOUT(results()->shown() != nullptr && page()->settled(), minute);
        auto* const steps = child<QSpinBox>("validateSteps");
        steps->setValue(steps->value() + 1); // other settings: replacing is asked
        auto& validating = controllers_->validating;
        dialogs_.nextAnswer = true;
        dialogs_.whileAsked = [&validating] { Q_EMIT validating.listed({}); }; // as a training's new checkpoint does
        const int asked = dialogs_.asked;
        QSignalSpy finished(&validating, &Validating::finished), failed(&validating, &Validating::failed);
        QTest::mouseClick(button("validateStart"), Qt::LeftButton);
        QCOMPARE(dialogs_.asked, asked + 1);
        QVERIFY(validating.active());
        QVERIFY2(validating.runner()->name().contains("reference"), qPrintable(validating.runner()->name()));
        QTRY_VERIFY_WITH_TIMEOUT(finished.count() + failed.count() > 0, 3 * minute);
        QCOMPARE(failed.count(), 0);
        QTRY_VERIFY_WITH_TIMEOUT(page()->settled(), minute);
    }

private:
    template<typename Widget>
    Widget* child(const char* name) const
    {
        auto* const found = window_->findChild<Widget*>(QLatin1String(name));
        if (found == nullptr)
            qFatal("there is no %s", name);
        return found;
    }
    QPushButton* button(const char* name) const { return child<QPushButton>(name); }
    ValidatePage* page() const { return window_->validatePage(); }
    ValidateResults* results() const { return page()->results(); }
    PictureTable* pictures() const { return child<PictureTable>("validatePictures"); }
};

QTEST_MAIN(TestValidatePage)
#include "tst_validate_page.moc"
