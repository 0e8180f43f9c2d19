#include "core/io/atomic_file.h"
#include "tests/app/attention_test.h"
#include "widgets/small_multiples.h"

#include <QCheckBox>
#include <QElapsedTimer>
#include <QSignalSpy>
#include <QSpinBox>
#include <QToolButton>

#include <cmath>

using namespace nanodit;

/// What is asked on the attention page, and its views of the answers.
class TestAttentionPage : public test::AttentionTest {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { openPage(); }
    void cleanupTestCase() { closePage(); }

    void aClickOnThePictureTellsWhereItLooks()
    {
        const auto before = patches()->values();
        click(picture(), picture()->cellRect(0));
        QVERIFY(patches()->values() != before);
        QCOMPARE(picture()->chosen(), std::set<std::int64_t>{0});
        const auto shares = words()->shares();
        QVERIFY(std::abs(shares[0] + shares[1] + shares[2] - 1) < 1e-4);
        QVERIFY(std::abs(sum(patches()->values()) - shares[2]) < 1e-4);
        QVERIFY2(readout().startsWith("1 latent token attends to text") && readout().contains("nats"),
                 qPrintable(readout()));
    }

    void aDragGivesTheMeanOfARegion()
    {
        std::vector<double> expected;
        for (const std::int64_t cell : {9, 10, 17, 18}) {
            click(picture(), picture()->cellRect(cell));
            expected.resize(patches()->values().size());
            for (std::size_t i = 0; i < expected.size(); ++i)
                expected[i] += patches()->values()[i] / 4;
        }
        drag(picture(), picture()->cellRect(9), picture()->cellRect(18));
        QCOMPARE(picture()->chosen(), (std::set<std::int64_t>{9, 10, 17, 18}));
        QVERIFY(readout().startsWith("4 latent tokens attend"));
        for (std::size_t i = 0; i < expected.size(); ++i)
            QVERIFY(std::abs(expected[i] - patches()->values()[i]) < 1e-5);
    }

    void wordsClsAndPatchesAreAskedTheOtherWay()
    {
        click(words(), words()->wordRect(2));
        const auto ofWord = picture()->values();
        QVERIFY(!ofWord.empty() && patches()->values().empty());
        QVERIFY(readout().startsWith("\"" + words()->words()[2] + "\": receives"));
        click(words(), words()->wordRect(static_cast<int>(words()->words().size())));
        QVERIFY(picture()->values() != ofWord); // CLS
        click(patches(), patches()->cellRect(5));
        QCOMPARE(patches()->chosen(), std::set<std::int64_t>{5});
        QCOMPARE(picture()->values().size(), 64U);
        click(picture(), picture()->cellRect(9));
    }

    void hoveringFollowsTheMouse()
    {
        auto* const hover = find<QCheckBox>("attentionHover");
        hover->setChecked(true);
        QElapsedTimer timer;
        timer.start();
        for (std::int64_t cell = 0; cell < 64; ++cell) {
            QTest::mouseMove(picture(), picture()->cellRect(cell).center().toPoint());
            settle();
            QCOMPARE(picture()->chosen(), std::set<std::int64_t>{cell});
        }
        qInfo("a hovered token is answered in %.1f ms", static_cast<double>(timer.elapsed()) / 64);
        hover->setChecked(false);
        click(picture(), picture()->cellRect(9));
    }

    void selfAttentionLiesOverThePicture()
    {
        QVERIFY(picture()->values().empty());
        QTest::keyClick(page_.get(), Qt::Key_S);
        settle();
        QVERIFY(std::abs(sum(picture()->values()) - 1) < 1e-3);
        keepPicture("self");
        const auto mean = picture()->values();
        QTest::keyClick(page_.get(), Qt::Key_B);
        QVERIFY(picture()->values() != mean);
        QVERIFY(std::abs(sum(picture()->values()) - 1) < 1e-3);
        QTest::keyClick(page_.get(), Qt::Key_B, Qt::ShiftModifier);
        QTest::keyClick(page_.get(), Qt::Key_S);
        settle();
        QVERIFY(picture()->values().empty());
    }

    void smallMultiplesChooseBlockAndHead()
    {
        QTest::keyClick(page_.get(), Qt::Key_1);
        auto* const all = find<SmallMultiples>("attentionMultiples");
        QVERIFY(all->isVisible() && !all->isEmpty());
        auto *const block = find<QSpinBox>("attentionBlock"), *const head = find<QSpinBox>("attentionHead");
        const auto mean = patches()->values();
        click(all, all->mapRect(2, 1));
        QCOMPARE(block->value(), 2);
        QCOMPARE(head->value(), 1);
        keepPicture("blocks");
        const auto one = patches()->values();
        QVERIFY(one != mean);
        click(all, all->blockRect(2));
        QCOMPARE(block->value(), 2);
        QCOMPARE(head->value(), -1);
        QVERIFY(patches()->values() != one);
        click(all, all->headRect(3));
        QCOMPARE(block->value(), -1);
        QCOMPARE(head->value(), 3);
        click(all, all->headRect(3)); // again: the mean over all
        QCOMPARE(head->value(), -1);
        QCOMPARE(patches()->values(), mean);
        QTest::keyClick(page_.get(), Qt::Key_H);
        QCOMPARE(head->value(), 0);
        QTest::keyClick(page_.get(), Qt::Key_H, Qt::ShiftModifier);
        QCOMPARE(head->value(), -1);
    }

    void theCourseOverTimeIsMeasuredAndStopped()
    {
        QTest::keyClick(page_.get(), Qt::Key_2);
        auto* const measure = find<QPushButton>("attentionMeasureCourse");
        QVERIFY(measure->isVisible());
        QSignalSpy started(session_.get(), &Session::jobStarted);
        QTest::mouseClick(measure, Qt::LeftButton);
        QCOMPARE(started.count(), 1);
        QVERIFY(!measure->isEnabled());
        QTest::mouseClick(find<QPushButton>("attentionStop"), Qt::LeftButton);
        settle();
        QVERIFY(course(0)->values().empty());

        QTest::mouseClick(measure, Qt::LeftButton);
        settle();
        QVERIFY(session_->jobs().empty());
        const auto size = course(0)->matrixSize();
        QCOMPARE(size.cols, 20);
        for (std::size_t i = 0; i < course(0)->values().size(); ++i)
            QVERIFY(std::abs(course(0)->values()[i] + course(1)->values()[i] + course(2)->values()[i] - 100) < 0.01);
        QCOMPARE(course(3)->values().size(), course(0)->values().size()); // alignment
        QCOMPARE(course(4)->values().size(), course(0)->values().size()); // entropy

        click(course(2), course(2)->cellRect(1, 4)); // block 1 at t = 0.8
        QCOMPARE(find<QSpinBox>("attentionBlock")->value(), 1);
        QCOMPARE(time()->value(), 80);
        keepPicture("course");
        find<QSpinBox>("attentionBlock")->setValue(-1);
    }

    void contributionIsShownInPlaceOfAttention()
    {
        click(picture(), picture()->cellRect(9));
        const auto mass = patches()->values();
        QTest::keyClick(page_.get(), Qt::Key_M);
        settle();
        QVERIFY(patches()->values() != mass);
        QVERIFY2(readout().startsWith("1 latent token receives from text"), qPrintable(readout()));
        const auto shares = words()->shares();
        QVERIFY(std::abs(shares[0] + shares[1] + shares[2] - 1) < 1e-4);
        click(words(), words()->wordRect(2));
        QVERIFY2(readout().contains("it provides"), qPrintable(readout()));
        keepPicture("contribution");
        QTest::keyClick(page_.get(), Qt::Key_M);
        settle();
        click(picture(), picture()->cellRect(9));
        QCOMPARE(patches()->values(), mass);
    }

    void aWordIsKnockedOutBesideAControl()
    {
        QTest::keyClick(page_.get(), Qt::Key_6);
        auto* const knock = find<QPushButton>("attentionKnockOut");
        auto *const change = find<AttentionMap>("attentionChange"), *const control =
                                                                        find<AttentionMap>("attentionControlChange");
        const auto about = [this] { return find<QLabel>("attentionKnockedOut")->text(); };
        QVERIFY(knock->isVisible() && !knock->isEnabled()); // a latent token is nothing to leave out
        click(words(), words()->wordRect(2));
        QVERIFY(knock->isEnabled() && change->values().empty());
        QTest::mouseClick(knock, Qt::LeftButton);
        settle();
        QCOMPARE(change->values().size(), 64U);
        QVERIFY(sum(change->values()) > 0 && sum(control->values()) > 0);
        QCOMPARE(change->largest(), control->largest());
        QVERIFY2(about().startsWith("Without \"" + words()->words()[2] + "\"") && about().contains("control"),
                 qPrintable(about()));
        auto* const agreement = find<MatrixView>("attentionAgreement");
        QCOMPARE(agreement->matrixSize(), (GridSize{6, 1}));
        keepPicture("knock_out");
        const auto first = control->values();
        find<QSpinBox>("attentionControlSeed")->setValue(1);
        QTest::keyClick(page_.get(), Qt::Key_K);
        settle();
        QVERIFY(control->values() != first);
        click(agreement, agreement->cellRect(2, 0));
        QCOMPARE(find<QSpinBox>("attentionBlock")->value(), 2);
        find<QSpinBox>("attentionBlock")->setValue(-1);
        click(picture(), picture()->cellRect(9));
        QVERIFY(!change->values().empty()); // its effect stays while the picture is asked
        click(patches(), patches()->cellRect(5));
        QVERIFY(change->values().empty()); // another thing to leave out
        click(picture(), picture()->cellRect(9));
    }

    void theMechanismIsShownByBlock()
    {
        QTest::keyClick(page_.get(), Qt::Key_7);
        settle();
        auto *const mass = find<MatrixView>("attentionMass"), *const adds = find<MatrixView>("attentionAdds");
        QCOMPARE(mass->matrixSize(), (GridSize{6, 3}));
        QCOMPARE(adds->matrixSize(), (GridSize{6, 3}));
        for (const auto* const view : {mass, adds}) {
            for (std::size_t block = 0; block < 4; ++block)
                QVERIFY(std::abs(view->values()[3 * block] + view->values()[3 * block + 1] +
                                 view->values()[3 * block + 2] - 100) < 0.01);
        }
        QVERIFY(mass->values() != adds->values());
        const auto sinks = find<QLabel>("attentionSinks")->text();
        QVERIFY2(find<MatrixView>("attentionRadii")->values().empty() == sinks.contains("no spatial prior"),
                 qPrintable(sinks));
        keepPicture("mechanism");
    }

    void theDiagonalIsShownWithItsScore()
    {
        QTest::keyClick(page_.get(), Qt::Key_3);
        settle();
        auto *const rows = find<MatrixView>("attentionRows"), *const alignment = find<MatrixView>("attentionAlignment");
        QCOMPARE(rows->matrixSize(), (GridSize{8, 8}));
        QVERIFY(!find<MatrixView>("attentionColumns")->values().empty());
        const auto sentence = find<QLabel>("attentionAligned")->text();
        QVERIFY2(sentence.contains("uniform attention") && sentence.contains("nats"), qPrintable(sentence));
        const auto mean = rows->values();
        click(alignment, alignment->cellRect(3, 0));
        QCOMPARE(find<QSpinBox>("attentionBlock")->value(), 3);
        QVERIFY(rows->values() != mean);
        keepPicture("diagonal");
        QVERIFY(find<QLabel>("attentionAligned")->text() != sentence);
        find<QSpinBox>("attentionBlock")->setValue(-1);
        find<QSpinBox>("attentionHead")->setValue(-1);
    }

    void viewsAndNumbersAreSaved()
    {
        QTest::keyClick(page_.get(), Qt::Key_1);
        QVERIFY(readImage(exported("exportPanes", "panes.png")).size.width > 400);
        QVERIFY(readImage(exported("exportView", "view.png")).size.width > 400);
        for (const char* const entry : {"exportNumbers", "exportCourse"})
            QVERIFY(readTextFile(exported(entry, QByteArray(entry) + ".npz")).starts_with("PK"));
        auto* const menu = menuOf("attentionExport");
        Q_EMIT menu->aboutToShow();
        QVERIFY(!menu->findChild<QAction*>("exportFilm")->isEnabled()); // there is none now
    }

    void theNewestCheckpointIsFollowed()
    {
        QTest::keyClick(page_.get(), Qt::Key_F);
        settle();
        QCOMPARE(find<QComboBox>("attentionCheckpoints")->currentIndex(), 0);
        QVERIFY(patches()->values().empty());
        const auto before = words()->shares();
        auto state = StoredModel::read(plain_).state;
        state.step = 12;
        const NanoDiT model(state.config.model);
        test::randomise(model.parameters(), 3);
        const auto weights = stateOf(model.parameters());
        writeCheckpoint(plain_.parent_path().parent_path(), state,
                        {.model = weights, .ema = weights, .optimiser = weights});
        session_->refreshRuns();
        settle();
        QTRY_VERIFY_WITH_TIMEOUT(words()->shares() != before, minute);
        QVERIFY(find<QComboBox>("attentionCheckpoints")->currentData().toString().endsWith("step-00000012"));
    }

    void withoutAModelThePageSaysWhatToDo()
    {
        const auto workspace = Workspace::create(folder_ / "empty");
        session_->openWorkspace(QString::fromStdString(workspace.root.string()));
        QTRY_VERIFY_WITH_TIMEOUT(session_->idle() && session_->runs().empty(), minute);
        QSignalSpy wanted(page_.get(), &AttentionPage::trainWanted);
        QVERIFY(!picture()->isVisible());
        for (auto* const button : page_->findChildren<QPushButton*>()) {
            if (button->isVisible() && button->text().contains("training"))
                QTest::mouseClick(button, Qt::LeftButton);
        }
        QCOMPARE(wanted.count(), 1);
        keepPicture("empty");
    }
};

QTEST_MAIN(TestAttentionPage)
#include "tst_attention_page.moc"
