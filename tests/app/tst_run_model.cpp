#include "app/pages/runs/run_model.h"
#include "app/plots/subject_plots.h"

#include <QAbstractItemModelTester>
#include <QSignalSpy>
#include <QTest>

using namespace nanodit;

namespace {

ListedRun listed(const char* name, std::int64_t steps, std::optional<double> loss, RunNotes notes = {})
{
    ListedRun run;
    run.run.name = name;
    run.steps = steps;
    run.loss = loss;
    run.notes = std::move(notes);
    return run;
}

} // namespace

class TestRunModel : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init()
    {
        model_ = std::make_unique<RunModel>();
        tester_ = std::make_unique<QAbstractItemModelTester>(model_.get(),
                                                             QAbstractItemModelTester::FailureReportingMode::QtTest);
        filter_ = std::make_unique<RunFilter>();
        filter_->setSourceModel(model_.get());
        model_->setRuns({listed("run-10", 9, 0.5), listed("run-2", 1000, {}, {.note = "Two words", .tags = {"small"}}),
                         listed("run-3", 200, 0.25)},
                        "run-3");
    }

    void numbersSortAsNumbersAndNamesByTheirNumbers()
    {
        filter_->sort(RunModel::Steps, Qt::AscendingOrder);
        QCOMPARE(names(), (QStringList{"run-10", "run-3", "run-2"}));
        filter_->sort(RunModel::Name, Qt::AscendingOrder);
        QCOMPARE(names(), (QStringList{"run-2", "run-3", "run-10"}));
        filter_->sort(RunModel::Loss, Qt::AscendingOrder); // without a loss: last
        QCOMPARE(names(), (QStringList{"run-3", "run-10", "run-2"}));
    }

    void aNoteIsShownAsItIsWritten()
    {
        model_->setRuns({listed("run-1", 9, 0.5, {.note = "\"loss\" < 0.1\n& more", .tags = {}})}, {});
        QCOMPARE(
            model_->index(0, RunModel::Note).data(Qt::ToolTipRole).toString(),
            QStringLiteral("<p>&quot;loss&quot; &lt; 0.1<br>&amp; more</p>")); // markup, so that it is read as such
        model_->setRuns({listed("run-1", 9, 0.5)}, {});
        QCOMPARE(model_->index(0, RunModel::Note).data(Qt::ToolTipRole).toString(), QString());
    }

    void aCourseHasTheColourOfItsRunInThePlots()
    {
        const auto hues = [this] {
            QList<Hue> found;
            for (int row = 0; row < model_->rowCount(); ++row)
                found << static_cast<Hue>(model_->index(row, RunModel::Course).data(RunModel::HueRole).toInt());
            return found;
        };
        QCOMPARE(hues(), (QList<Hue>{Hue::Grey, Hue::Grey, Hue::Grey})); // none is plotted
        QVERIFY(model_->setData(model_->index(1, RunModel::Name), Qt::Checked, Qt::CheckStateRole));
        QCOMPARE(hues(), (QList<Hue>{Hue::Grey, meaning::loss, Hue::Grey}));
        QSignalSpy changed(model_.get(), &RunModel::dataChanged);
        QVERIFY(model_->setData(model_->index(0, RunModel::Name), Qt::Checked, Qt::CheckStateRole));
        QCOMPARE(hues(), (QList<Hue>{hueOfRun(0), hueOfRun(1), Hue::Grey}));
        QCOMPARE(changed.count(), 1); // of all rows: the one before has another colour now, too
        QCOMPARE(changed[0][1].toModelIndex(), model_->index(2, RunModel::Course));
    }

    void everyWordOfASearchMustBeThere()
    {
        filter_->setWords("SMALL words");
        QCOMPARE(names(), QStringList{"run-2"});
        filter_->setWords("small three");
        QVERIFY(names().isEmpty());
        filter_->setWords("running");
        QCOMPARE(names(), QStringList{"run-3"});
        filter_->setWords("");
        QCOMPARE(names().size(), 3);
    }

    void ticksStayWithTheirRunsAndNoneComeBack()
    {
        QSignalSpy changed(model_.get(), &RunModel::checkedChanged);
        QVERIFY(model_->setData(model_->index(1, RunModel::Name), Qt::Checked, Qt::CheckStateRole));
        QCOMPARE(changed.count(), 1);
        model_->setRuns({listed("a-new-one", 1, {}), listed("run-10", 9, 0.5), listed("run-2", 1000, {})}, {});
        QCOMPARE(model_->checked(), QStringList{"run-2"});
        model_->check({});
        model_->setRuns({listed("a-new-one", 1, {}), listed("run-2", 1000, {})}, {});
        QVERIFY(model_->checked().isEmpty());
        model_->check({"run-2"});
        changed.clear();
        model_->setRuns({listed("a-new-one", 1, {})}, {}); // deleted meanwhile
        QCOMPARE(changed.count(), 1);
        QVERIFY(model_->checked().isEmpty());
    }

    void editsAreAskedForAndShownWhenTheyAreDone()
    {
        QSignalSpy renames(model_.get(), &RunModel::renameWanted), notes(model_.get(), &RunModel::notesWanted);
        QVERIFY(model_->setData(model_->index(0, RunModel::Name), " patches ", Qt::EditRole));
        QCOMPARE(renames.value(0), (QVariantList{"run-10", "patches"}));
        QCOMPARE(model_->index(0, RunModel::Name).data().toString(), QString("run-10"));
        QVERIFY(model_->setData(model_->index(1, RunModel::Tags), "a, b ,a", Qt::EditRole));
        QCOMPARE(notes.value(0).value(1).value<RunNotes>(), (RunNotes{.note = "Two words", .tags = {"a", "b"}}));
        QVERIFY(!model_->setData(model_->index(1, RunModel::Note), "Two words", Qt::EditRole)); // nothing changed
        QCOMPARE(notes.count(), 1);
    }

    void aRenamedRunKeepsItsRowAndItsTick()
    {
        auto run = listed("run-2", 1000, {});
        run.run.folder = "/runs/run-2";
        run.run.checkpoints = {"/runs/run-2/checkpoints/step-00000010"};
        model_->setRuns({run, listed("run-3", 200, 0.25)}, {});
        model_->check({"run-2"});
        model_->rename("run-2", "patches");
        QCOMPARE(model_->index(0, RunModel::Name).data().toString(), QString("patches"));
        QCOMPARE(model_->checked(), QStringList{"patches"});
        QCOMPARE(model_->run(0).run.name, std::string("patches"));
        QVERIFY(model_->run(0).run.folder == "/runs/patches");
        QVERIFY(model_->run(0).run.checkpoints.front() == "/runs/patches/checkpoints/step-00000010");
        QSignalSpy notes(model_.get(), &RunModel::notesWanted);
        QVERIFY(model_->setData(model_->index(0, RunModel::Note), "small", Qt::EditRole));
        QCOMPARE(notes.value(0).value(0).toString(), QString("patches"));
    }

    void whatIsNoCellIsAnsweredToo()
    {
        QVERIFY(!model_->setData({}, "x", Qt::EditRole));
        for (const int section : {-1, static_cast<int>(RunModel::columns)}) {
            for (const auto role : {Qt::DisplayRole, Qt::ToolTipRole})
                QVERIFY(!model_->headerData(section, Qt::Horizontal, role).isValid());
        }
    }

    void aRunThatAnotherProgramTrainsIsRunning()
    {
        auto elsewhere = listed("elsewhere", 12, 0.5);
        model_->setRuns({elsewhere}, {});
        const auto state = [this] { return model_->index(0, RunModel::State).data().toString(); };
        const auto before = state();
        elsewhere.held = true;
        model_->setRuns({elsewhere}, {});
        QVERIFY(state() != before);
        QCOMPARE(state(), QString::fromStdString(runStateName(RunState::Running)));
    }

    void aRunThatIsTrainedKeepsItsName()
    {
        QVERIFY(!model_->index(2, RunModel::Name).flags().testFlag(Qt::ItemIsEditable));
        QVERIFY(model_->index(2, RunModel::Note).flags().testFlag(Qt::ItemIsEditable));
        QVERIFY(model_->index(0, RunModel::Name).flags().testFlag(Qt::ItemIsEditable));
        model_->setTraining({});
        QVERIFY(model_->index(2, RunModel::Name).flags().testFlag(Qt::ItemIsEditable));
    }

private:
    QStringList names() const
    {
        QStringList found;
        for (int row = 0; row < filter_->rowCount(); ++row)
            found << filter_->index(row, RunModel::Name).data().toString();
        return found;
    }

    std::unique_ptr<RunModel> model_;
    std::unique_ptr<QAbstractItemModelTester> tester_;
    std::unique_ptr<RunFilter> filter_;
};

QTEST_MAIN(TestRunModel)
#include "tst_run_model.moc"
