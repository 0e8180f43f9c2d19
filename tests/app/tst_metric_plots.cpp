#include "app/background_queue.h"
#include "app/plots/compared_runs.h"
#include "app/plots/metric_plots.h"
#include "app/plots/plot_table.h"
#include "app/preferences.h"
#include "app/session.h"
#include "core/front/training.h"
#include "core/io/atomic_file.h"
#include "core/runs/run_history.h"
#include "tests/support/scripted_dialogs.h"
#include "widgets/curve_legend.h"
#include "widgets/plots/curve_plot.h"
#include "widgets/plots/heat_plot.h"
#include "widgets/plots/share_plot.h"

#include <QAction>
#include <QComboBox>
#include <QFileInfo>
#include <QLabel>
#include <QPointer>
#include <QScrollArea>
#include <QSignalSpy>
#include <QSlider>
#include <QTemporaryDir>
#include <QTest>
#include <QToolButton>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>

using namespace nanodit;

namespace {

StepMetrics stepAt(std::int64_t step, std::size_t blocks = 0)
{
    StepMetrics metrics;
    metrics.step = step;
    metrics.loss = 1.0 / static_cast<double>(step);
    metrics.samplesByDrop = {2, 1, 1, 0};
    metrics.samplesPerSecond = 8;
    metrics.gradNorm = 0.5;
    for (std::size_t block = 0; block < blocks; ++block)
        metrics.attention.push_back({.text = 0.5, .cls = 0.25, .patches = 0.25, .alignment = 1.0 + double(block)});
    return metrics;
}

} // namespace

class TestMetricPlots : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init()
    {
        background_ = std::make_unique<BackgroundQueue>();
        plots_ = std::make_unique<MetricPlots>(*background_, dialogs_);
    }
    void cleanup()
    {
        plots_.reset();
        background_.reset();
    }

    void everyNumberOfTheTablesCanBePlotted()
    {
        RunCurves curves;
        for (const auto& metric : stepMetricTable()) {
            const bool offered = std::ranges::any_of(plotSubjects(), [&](const PlotSubject& subject) {
                return std::ranges::any_of(subject.curves, [&](const auto& c) { return c.key == metric.text.key; });
            });
            QVERIFY2(offered, metric.text.key.c_str());
        }
        for (const auto& metric : blockMetricTable()) {
            const bool offered = std::ranges::any_of(plotSubjects(), [&](const PlotSubject& subject) {
                return subject.kind == PlotSubject::Kind::Blocks && subject.curves.front().key == metric.text.key;
            });
            QVERIFY2(offered, metric.text.key.c_str());
        }
        plots_->setRuns({{"run", &curves}});
        auto* const panel = plots_->panels().front();
        for (const auto& subject : plotSubjects()) { // each can be shown, empty and with something in it
            panel->setSubject(subject.key);
            QCOMPARE(panel->subject(), subject.key);
            QVERIFY2(panel->plot()->isEmpty(), qPrintable(subject.key));
        }
        for (std::int64_t step = 1; step <= 3; ++step)
            curves.append(stepAt(step, 2));
        QVERIFY(qobject_cast<CurvePlot*>((panel->setSubject("loss"), panel->plot())));
        QVERIFY(!panel->plot()->isEmpty());
        QVERIFY(qobject_cast<SharePlot*>((panel->setSubject("attention"), panel->plot())));
        QVERIFY(!panel->plot()->isEmpty());
        QVERIFY(qobject_cast<HeatPlot*>((panel->setSubject("blocks/attention/alignment"), panel->plot())));
        QVERIFY(!panel->plot()->isEmpty());
        QCOMPARE(panel->table(),
                 QByteArray("step,samples,seconds,block 0,block 1\n1,4,0.5,1,2\n2,8,1,1,2\n3,12,1.5,1,2\n"));
    }

    void aRecordIsReadInPiecesAndMarkedWhereSomethingHappened()
    {
        const QTemporaryDir folder;
        const std::filesystem::path run = folder.path().toStdString();
        {
            MetricsFile file(run, 0);
            for (std::int64_t step = 1; step <= 5000; ++step) { // more than a piece
                auto metrics = stepAt(step, step % 100 == 0 ? 2 : 0);
                metrics.skipped = step == 77;
                file.append(metrics);
            }
            file.appendValidation(5000, {{"reconstruction/ssim", 0.5}, {"raw/reconstruction/ssim", 0.25}});
        }
        appendRunEvent(run, 40, "resumed", "resumed");
        appendRunEvent(run, 60, "resumed", "resumed", {{"optimiser.lr", {"0.1", "0.2"}}});
        appendRunEvent(run, 4000, "spike", "the loss is 3", {{"samples", nlohmann::json::array({"a"})}});
        RunCurves curves;
        QSignalSpy loaded(&curves, &RunCurves::loaded);
        curves.load(*background_, run);
        curves.append(stepAt(5000)); // delivered while it is read
        QTRY_COMPARE_WITH_TIMEOUT(loaded.count(), 1, 60000);
        QCOMPARE(curves.of("loss").steps().size(), 5000);
        QCOMPARE(curves.of("attention/text").steps().size(), 50);
        QCOMPARE(curves.validationKeys(),
                 (std::vector<std::string>{"validation/raw/reconstruction/ssim", "validation/reconstruction/ssim"}));
        QCOMPARE(curves.of("validation/raw/reconstruction/ssim").last(), 0.25);
        const auto average = plotSubject("validation/reconstruction/ssim"),
                   raw = plotSubject("validation/raw/reconstruction/ssim");
        QVERIFY2(raw.title == average.title + ", raw weights", qPrintable(raw.title));
        QVERIFY2(average.title.startsWith("Validation: Reconstruction, "), qPrintable(average.title));
        QVERIFY(raw.curves.front().hue != average.curves.front().hue);
        // The other weights of a step that was marked get no second mark.
        const auto marked = curves.marks().size();
        curves.append(ValidationMeans{.step = 5000, .means = {{"raw/text_only/text_match", 0.5}}});
        QCOMPARE(curves.marks().size(), marked);
        QCOMPARE(curves.clock()->position(5000, AxisUnit::Samples), 20000.0);
        QStringList marks;
        for (const auto& mark : curves.marks())
            marks << mark.text;
        marks.sort();
        QCOMPARE(marks.size(), 5);
        QVERIFY(marks[0].startsWith("Resumed at step 40"));
        QVERIFY2(marks[1].contains("optimiser.lr 0.1 → 0.2"), qPrintable(marks[1]));
        QVERIFY(marks[2].contains("77"));
        QVERIFY(marks[3].startsWith("The loss jumped at step 4,000"));
        QVERIFY(marks[4].contains("5,000"));
        QCOMPARE(curves.jumps().size(), std::size_t(1));
        QCOMPARE(curves.jumps()[0].samples, std::vector<std::string>{"a"});
        curves.append(LossJump{.step = 4000, .text = "delivered, too", .samples = {}});
        QCOMPARE(curves.jumps().size(), std::size_t(1));
        curves.append(
            LossJump{.step = 4500, .text = "the loss is 4", .samples = {}}); // as a training that runs tells it
        QCOMPARE(curves.jumps().size(), std::size_t(2));
        QCOMPARE(curves.marks().back().kind, PlotMark::Kind::Jumped);

        MetricsFile more(run, 5000); // another program trains on
        more.append(stepAt(5001));
        curves.loadMore(*background_);
        QTRY_COMPARE_WITH_TIMEOUT(curves.of("loss").steps().size(), 5001, 60000);
        MetricsFile back(run, 10); // and goes back to a checkpoint
        appendRunEvent(run, 10, "resumed", "resumed");
        back.append(stepAt(11));
        curves.loadMore(*background_);
        QTRY_COMPARE_WITH_TIMEOUT(curves.of("loss").steps().size(), 11, 60000);
        QTRY_VERIFY_WITH_TIMEOUT(!curves.loading(), 60000);
        QVERIFY(curves.jumps().empty());
    }

    void severalRunsLieOverEachOther()
    {
        RunCurves first, second;
        first.append(stepAt(1));
        first.append(stepAt(2));
        second.append(stepAt(2));
        plots_->setRuns({{"run", &first}, {"run-2", &second}});
        auto* const panel = plots_->panels().front();
        panel->setSubject("gradients");
        const auto readings = panel->plot()->readingsAt(2);
        QCOMPARE(readings.size(), std::size_t(4));
        QCOMPARE(readings[2].name, QString("run-2, all"));
        QVERIFY(readings[0].hue != readings[2].hue);
        QCOMPARE(readings[0].hue, readings[1].hue); // the colour says which run
        panel->setSubject("loss");
        QCOMPARE(panel->table(), QByteArray("step,run loss,run-2 loss\n1,1,\n2,0.5,0.5\n"));
    }

    void sharesAndBlocksHaveARowForEachRun()
    {
        RunCurves first, second;
        for (std::int64_t step = 1; step <= 100; ++step) {
            first.append(stepAt(step, 2));
            auto other = stepAt(step, 2);
            other.attention[0].text = 0.25;
            other.attention[0].cls = 0.5;
            other.attention[1].alignment = 9;
            second.append(other);
        }
        plots_->resize(800, 600);
        plots_->show();
        QVERIFY(QTest::qWaitForWindowExposed(plots_.get()));
        plots_->setRuns({{"run", &first}, {"run-2", &second}});
        auto* const panel = plots_->panels().front();
        panel->setSubject("attention");
        QCOMPARE(panel->plots().size(), std::size_t(2));
        QCOMPARE(panel->plots()[0]->readingsAt(50).back().value, QString("50.0 %"));
        QCOMPARE(panel->plots()[1]->readingsAt(50).back().value, QString("37.5 %")); // the mean of its blocks
        QStringList names;
        for (const auto* const label : panel->findChild<QScrollArea*>("plotRows")->findChildren<QLabel*>()) {
            if (label->objectName().isEmpty())
                names << label->text();
        }
        QVERIFY2(names.contains("run") && names.contains("run-2"), qPrintable(names.join(", ")));
        QVERIFY(panel->plots()[1]->accessibleName().contains("run-2"));
        panel->plots()[1]->showRange({{20, 40}}); // rows are zoomed together
        QCOMPARE(panel->plots()[0]->shownRange(), std::pair(20.0, 40.0));
        const auto image = panel->picture();
        QVERIFY(image.height() >= 2 * 700 && image.width() >= 2400);

        panel->setSubject("blocks/attention/alignment");
        QCOMPARE(panel->plots().size(), std::size_t(2));
        QCOMPARE(panel->plots()[1]->shownRange(), std::pair(20.0, 40.0)); // the same axis as before
        for (auto* const plot : panel->plots()) {                         // a colour means the same in both
            plot->redraw();
            QCOMPARE(qobject_cast<HeatPlot*>(plot)->shownColours(), std::pair(1.0, 9.0));
        }
        QVERIFY2(panel->table().startsWith("step,run block 0,run block 1,run-2 block 0,run-2 block 1\n1,1,2,1,9\n"),
                 panel->table().left(120).constData());
        panel->setSubject("loss");
        QCOMPARE(panel->plots().size(), std::size_t(1)); // over each other
        QCOMPARE(panel->plot()->readingsAt(30).size(), std::size_t(2));
        panel->setSubject("attention");
        plots_->setRuns({{"run", &first}});
        QCOMPARE(panel->plots().size(), std::size_t(1));
        QVERIFY(panel->findChild<QScrollArea*>("plotRows") == nullptr);
        panel->plot()->redraw();
        QCOMPARE(panel->plot()->shownRange(), std::pair(1.0, 100.0)); // of other runs everything
    }

    void plotsAreZoomedTogetherUnlessTheyAreNotLinked()
    {
        RunCurves curves;
        for (std::int64_t step = 1; step <= 100; ++step)
            curves.append(stepAt(step));
        plots_->resize(800, 400);
        plots_->setRuns({{"run", &curves}});
        plots_->show();
        QVERIFY(QTest::qWaitForWindowExposed(plots_.get()));
        const auto shown = [this](std::size_t panel) { return plots_->panels()[panel]->plot()->shownRange(); };
        for (const auto& subject : {std::pair(std::size_t(0), "loss"), std::pair(std::size_t(1), "gradients")})
            plots_->panels()[subject.first]->setSubject(subject.second);
        plots_->panels()[0]->plot()->showRange({{20, 40}});
        QCOMPARE(shown(1), std::pair(20.0, 40.0));
        plots_->findChild<QToolButton*>("plotAdd")->click();
        QCOMPARE(plots_->panels().size(), std::size_t(3));
        QVERIFY(plots_->panels()[2]->range() == plots_->panels()[0]->range()); // a new one shows the same
        plots_->panels()[1]->setSubject("velocity_norm");
        QCOMPARE(shown(1), std::pair(20.0, 40.0));
        plots_->panels()[1]->findChild<QAction*>("plotShowAll")->trigger();
        QCOMPARE(shown(0), std::pair(1.0, 100.0));

        auto* const linked = plots_->findChild<QAction*>("plotLinked");
        QVERIFY(linked->isChecked()); // unless somebody switched it off
        linked->trigger();
        QVERIFY(!plots_->arrangement().linkedAxes);
        plots_->panels()[1]->plot()->showRange({{50, 60}});
        QCOMPARE(shown(0), std::pair(1.0, 100.0));
        plots_->panels()[0]->plot()->showRange({{10, 30}});
        QCOMPARE(shown(1), std::pair(50.0, 60.0));
        linked->trigger();
        QCOMPARE(shown(1), std::pair(10.0, 30.0)); // as the first one

        auto* const axis = plots_->findChild<QComboBox*>("plotAxis");
        axis->setCurrentIndex(1);
        Q_EMIT axis->activated(1);
        plots_->panels()[1]->plot()->redraw();
        QCOMPARE(shown(1), std::pair(4.0, 400.0)); // a range of steps says nothing there
    }

    void aRunIsNotComparedWithItself()
    {
        Session session;
        ComparedRuns compared(session);
        QVERIFY(compared.text().startsWith("Compare with"));
        compared.choose({"first", "second"});
        QCOMPARE(compared.text(), QStringLiteral("Compared with first, second"));
        compared.setShown("second");
        QCOMPARE(compared.text(), QStringLiteral("Compared with first"));
        compared.choose({"second"});
        QVERIFY(compared.text().startsWith("Compare with"));
        compared.choose({"first", "second", "third", "fourth"});
        QCOMPARE(compared.text(), QStringLiteral("Compared with 3 runs"));
    }

    void aLegendHasALineOfItsOwnWhereItWouldBeCutOff()
    {
        RunCurves curves;
        for (std::int64_t step = 1; step <= 3; ++step)
            curves.append(stepAt(step));
        plots_->setRuns({{"run", &curves}});
        auto* const panel = plots_->panels().front();
        panel->setSubject("loss_by_drop");
        plots_->resize(820, 400);
        plots_->show();
        QVERIFY(QTest::qWaitForWindowExposed(plots_.get()));
        const auto* legend = panel->plot()->legend();
        const auto* const name = panel->findChild<QComboBox*>("plotPicker");
        QTRY_VERIFY_WITH_TIMEOUT(legend->geometry().top() > name->geometry().bottom(), 60000);
        QTRY_VERIFY_WITH_TIMEOUT(legend->width() >= legend->sizeHint().width(), 60000);
        QCOMPARE(legend->rows(), 1);
        plots_->setRuns({{"the first of two runs", &curves}, {"the other one", &curves}}); // eight lines
        legend = panel->plot()->legend();
        QTRY_COMPARE_WITH_TIMEOUT(legend->rows(), 3, 60000);
        QTRY_COMPARE_WITH_TIMEOUT(legend->height(), 3 * legend->sizeHint().height(), 60000);
        plots_->setRuns({{"run", &curves}});
        legend = panel->plot()->legend();
        plots_->resize(2400, 400);
        QTRY_VERIFY_WITH_TIMEOUT(legend->geometry().top() < name->geometry().bottom(), 60000);
        QTRY_VERIFY_WITH_TIMEOUT(legend->width() >= legend->sizeHint().width(), 60000);
    }

    void outliersAreIgnoredInAllPlots()
    {
        plots_->findChild<QAction*>("plotIgnoreOutliers")->trigger();
        QVERIFY(plots_->arrangement().ignoreOutliers);
        auto* const panel = plots_->panels().back();
        panel->setSubject("loss");
        QVERIFY(qobject_cast<CurvePlot*>(panel->plot())->ignoresOutliers()); // also in a plot that is new
        plots_->findChild<QAction*>("plotIgnoreOutliers")->trigger();
        QVERIFY(!qobject_cast<CurvePlot*>(panel->plot())->ignoresOutliers());
    }

    void stepsCanBeShownAtTheTimesTheyEnded()
    {
        RunCurves curves, old;
        for (std::int64_t step = 1; step <= 3; ++step) {
            auto metrics = stepAt(step);
            old.append(metrics);
            metrics.endedAt = WallTime(std::chrono::seconds(1764411600 + 60 * step)); // previews between steps
            curves.append(metrics);
        }
        plots_->setRuns({{"run", &curves}});
        auto* const axis = plots_->findChild<QComboBox*>("plotAxis");
        axis->setCurrentIndex(3);
        Q_EMIT axis->activated(3);
        QCOMPARE(plots_->arrangement().unit, AxisUnit::DateTime);
        QVERIFY(!plots_->findChild<QToolButton*>("plotLogarithmicAxis")->isEnabled());
        auto* const panel = plots_->panels().front();
        panel->setSubject("loss");
        panel->plot()->redraw();
        QCOMPARE(panel->plot()->shownRange(), std::pair(1764411660.0, 1764411780.0));
        QCOMPARE(panel->table(), QByteArray("step,samples,seconds,wall_time,loss\n"
                                            "1,4,0.5,1764411660,1\n"
                                            "2,8,1,1764411720,0.5\n"
                                            "3,12,1.5,1764411780,0.333333333333333\n"));
        plots_->setRuns({{"run", &old}});
        QVERIFY(panel->plot()->isEmpty() && !panel->plot()->isEmptyOver(AxisUnit::Steps));
        QVERIFY(panel->table().startsWith("step,samples,seconds,loss\n"));
    }

    void tablesQuoteAndKeepEveryDigit()
    {
        const auto table = plotTable({{.name = "a,\"b\"", .steps = {1, 3}, .values = {0.1, 1e-12}},
                                      {.name = "c", .steps = {2}, .values = {123456.789}}});
        QCOMPARE(table, QByteArray("step,\"a,\"\"b\"\"\",c\n1,0.1,\n2,,123456.789\n3,1e-12,\n"));
    }

    void plotsAreAddedRemovedAndKept()
    {
        QTemporaryDir folder;
        Preferences preferences(folder.filePath("settings.ini"));
        QSignalSpy arranged(plots_.get(), &MetricPlots::arranged);
        auto* const add = plots_->findChild<QToolButton*>("plotAdd");
        QCOMPARE(plots_->panels().size(), std::size_t(2));
        add->click();
        add->click();
        QCOMPARE(plots_->panels().size(), std::size_t(4));
        QVERIFY(!add->isEnabled());
        const auto subjects = plots_->arrangement().subjects;
        QCOMPARE(QSet<QString>(subjects.begin(), subjects.end()).size(), 4); // all different
        plots_->panels()[1]->findChild<QAction*>("plotRemove")->trigger();
        QTRY_COMPARE_WITH_TIMEOUT(plots_->panels().size(), std::size_t(3), 60000);
        auto* const picker = plots_->panels()[0]->findChild<QComboBox*>("plotPicker");
        picker->setCurrentIndex(picker->findData("attention"));
        Q_EMIT picker->activated(picker->currentIndex());
        plots_->panels()[1]->findChild<QAction*>("plotLogarithmic")->trigger();
        plots_->findChild<QAction*>("plotLinked")->trigger();
        plots_->findChild<QAction*>("plotIgnoreOutliers")->trigger();
        plots_->findChild<QSlider*>("plotSmoothing")->setValue(0);
        plots_->findChild<QComboBox*>("plotAxis")->setCurrentIndex(2);
        Q_EMIT plots_->findChild<QComboBox*>("plotAxis")->activated(2);
        const auto layout = plots_->arrangement();
        QCOMPARE(layout.subjects.front(), QString("attention"));
        QCOMPARE(layout.smoothing, 0.0);
        QCOMPARE(layout.unit, AxisUnit::Seconds);
        QCOMPARE(layout.otherScale, QStringList{layout.subjects[1]});
        QVERIFY(!layout.linkedAxes && layout.ignoreOutliers);
        QVERIFY(arranged.count() >= 6);

        preferences.setPlotLayout("train", "/some/workspace", layout);
        QVERIFY(preferences.plotLayout("train", "/some/workspace") == layout);
        QVERIFY(preferences.plotLayout("train", "/another") == PlotLayout());
        MetricPlots again(*background_, dialogs_);
        again.setArrangement(preferences.plotLayout("train", "/some/workspace"));
        QCOMPARE(again.panels().size(), std::size_t(3));
        QCOMPARE(again.panels()[0]->subject(), QString("attention"));
        QVERIFY(again.panels()[1]->otherScale());
        QVERIFY(PlotLayout::decoded("no JSON") == PlotLayout());
        again.setArrangement(PlotLayout::decoded(R"({"subjects": ["of another version"], "smoothing": 7})"));
        QCOMPARE(again.panels()[0]->subject(), QString("loss"));
    }

    void anEmptyPlotOfARunWithStepsSaysThatNothingWasRecorded()
    {
        PlotLayout layout;
        layout.subjects = QStringList{"loss", "attention"};
        plots_->setArrangement(layout);
        plots_->setEmptyText("Press Start");
        RunCurves curves;
        plots_->setRuns({{"run", &curves}});
        const auto says = [this] { return plots_->panels()[1]->plot()->emptyText(); };
        QCOMPARE(says(), QString("Press Start"));
        curves.append(stepAt(1)); // without a measurement of attention
        QCOMPARE(says(), QString("Not recorded so far"));
        RunCurves other;
        plots_->setRuns({{"other", &other}});
        QCOMPARE(says(), QString("Press Start"));
    }

    void aPlotIsSavedAsPictureAndTable()
    {
        const QTemporaryDir folder;
        RunCurves curves;
        for (std::int64_t step = 1; step <= 3; ++step)
            curves.append(stepAt(step));
        plots_->resize(800, 400);
        plots_->setRuns({{"run", &curves}});
        plots_->show();
        QVERIFY(QTest::qWaitForWindowExposed(plots_.get()));
        auto* const panel = plots_->panels().front();
        QSignalSpy done(plots_.get(), &MetricPlots::done);
        dialogs_.nextPath = folder.filePath("loss.csv");
        panel->findChild<QAction*>("plotSaveTable")->trigger();
        QTRY_COMPARE_WITH_TIMEOUT(background_->pending(), 0, 60000);
        QCOMPARE(QByteArray::fromStdString(readTextFile(dialogs_.nextPath.toStdString())), panel->table());
        QVERIFY(panel->table().startsWith("step,samples,seconds,loss\n1,4,0.5,1\n2,8,1,0.5\n"));
        dialogs_.nextPath = folder.filePath("loss.png");
        panel->findChild<QAction*>("plotSavePicture")->trigger();
        QTRY_COMPARE_WITH_TIMEOUT(background_->pending(), 0, 60000);
        const QImage image(dialogs_.nextPath);
        QVERIFY(image.width() >= 2400);
        panel->findChild<QAction*>("plotCopy")->trigger();
        QCOMPARE(done.count(), 3); // where each of them went
        QVERIFY(done[0][0].toString().endsWith("loss.csv") && done[1][0].toString().endsWith("loss.png"));

        QSignalSpy failed(plots_.get(), &MetricPlots::failed);
        dialogs_.nextPath = folder.filePath("loss.png/loss.csv"); // a file is no folder
        panel->findChild<QAction*>("plotSaveTable")->trigger();
        QTRY_COMPARE_WITH_TIMEOUT(failed.count(), 1, 60000);
    }

    void aPlotThatGoesWhileItsFileIsChosenIsSavedAllTheSame()
    {
        const QTemporaryDir folder;
        RunCurves curves;
        curves.append(stepAt(1));
        plots_->setRuns({{"run", &curves}});
        PlotLayout layout;
        layout.subjects = QStringList{"loss", "gradients"};
        plots_->setArrangement(layout);
        QCOMPARE(plots_->panels().size(), std::size_t{2});
        const QPointer<PlotPanel> last = plots_->panels().back();
        dialogs_.nextPath = folder.filePath("values.csv");
        dialogs_.whileAsked = [&] {
            layout.subjects.removeLast();
            plots_->setArrangement(layout);
            QCoreApplication::sendPostedEvents(nullptr, QEvent::DeferredDelete); // as a dialog's event loop does
        };
        last->findChild<QAction*>("plotSaveTable")->trigger();
        QCOMPARE(plots_->panels().size(), std::size_t{1});
        QTRY_COMPARE_WITH_TIMEOUT(background_->pending(), 0, 60000);
        QVERIFY(QFileInfo::exists(dialogs_.nextPath));
        QTRY_VERIFY_WITH_TIMEOUT(last == nullptr, 60000);
    }

private:
    test::ScriptedDialogs dialogs_;
    std::unique_ptr<BackgroundQueue> background_;
    std::unique_ptr<MetricPlots> plots_;
};

QTEST_MAIN(TestMetricPlots)
#include "tst_metric_plots.moc"
