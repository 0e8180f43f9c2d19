#include "app/application.h"
#include "app/job_runner.h"
#include "app/pages/sample/sample_form.h"
#include "app/pages/sample/sample_page.h"
#include "app/pages/train/train_page.h"
#include "app/sampling.h"
#include "app/training.h"
#include "core/front/sampling.h"
#include "core/front/training.h"
#include "tests/app/window_test.h"
#include "tests/support/another_process.h"
#include "widgets/banner.h"
#include "widgets/filmstrip.h"
#include "widgets/guidance_slider.h"
#include "widgets/image_canvas.h"
#include "widgets/seed_edit.h"

#include <QComboBox>
#include <QFile>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QSlider>
#include <QSpinBox>
#include <QToolButton>

#include <atomic>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

using namespace nanodit;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {
constexpr int scenes = 20;
} // namespace

/// That what the window shows, does and has pending is one and the same, in the real window on a demo.
class TestWindowState : public test::WindowTest {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        openDemo(scenes);
        window_->showPage(Page::Sample);
        steps()->setValue(2);
        settle();
    }

    void cleanupTestCase() { closeWindow(); }

    void whatASlotThrowsIsShownAndTheWindowGoesOn()
    {
        QTest::ignoreMessage(QtCriticalMsg, "something broke");
        QMetaObject::invokeMethod(
            window_.get(), [] { throw DataError("something broke"); }, Qt::QueuedConnection);
        auto* const banner = window_->centralWidget()->findChild<Banner*>(QString(), Qt::FindDirectChildrenOnly);
        QTRY_VERIFY_WITH_TIMEOUT(banner->isVisible(), minute);
        QVERIFY2(banner->accessibleName().contains("something broke"), qPrintable(banner->accessibleName()));
        banner->hide();
    }

    void aPictureCarriesItsModelAndGivesItBack()
    {
        choose(checkpoints(), 0);
        generate();
        const auto painter = paintedByOfPng(last_.file.toStdString());
        QVERIFY(painter.has_value());
        QCOMPARE(painter->run, std::string("reference"));
        QCOMPARE(painter->sha256.size(), std::size_t(64));
        QVERIFY2(last_.model.startsWith(QString::fromStdString(painter->run)), qPrintable(last_.model));

        // A second checkpoint of the same step and other weights must not be taken for it.
        const auto own = session_->runs().front().checkpoints.front();
        const auto other = session_->workspace().runsFolder() / "other" / "checkpoints" / own.filename();
        fs::create_directories(other.parent_path());
        fs::copy(own, other, fs::copy_options::recursive);
        {
            QFile weights(QString::fromStdString(weightsFile(other).string()));
            QVERIFY(weights.open(QIODevice::ReadWrite));
            weights.seek(weights.size() - 1);
            weights.write("\x7f");
        }
        session_->refreshRuns();
        settle();
        choose(checkpoints(), checkpoints()->findData(QString::fromStdString(other.string())));
        page()->restoreFrom(last_.file);
        settle();
        QCOMPARE(checkpoints()->currentData().toString(), QString::fromStdString(own.string()));

        // Renamed, the run is still known by its weights; gone, the page says so.
        const auto run = session_->workspace().runsFolder() / "reference";
        fs::rename(run, session_->workspace().runsFolder() / "renamed");
        session_->refreshRuns();
        settle();
        choose(checkpoints(), checkpoints()->findData(QString::fromStdString(other.string())));
        page()->restoreFrom(last_.file);
        settle();
        QVERIFY2(checkpoints()->currentText().startsWith("renamed"), qPrintable(checkpoints()->currentText()));
        fs::rename(session_->workspace().runsFolder() / "renamed", path("away").toStdString());
        session_->refreshRuns();
        settle();
        page()->restoreFrom(last_.file);
        settle();
        QVERIFY2(banner()->isVisible() && banner()->accessibleName().contains("no checkpoint has those weights"),
                 qPrintable(banner()->accessibleName()));
        fs::rename(path("away").toStdString(), run);
        fs::remove_all(session_->workspace().runsFolder() / "other");
        session_->refreshRuns();
        settle();
    }

    void anOlderPictureIsShownWithItsOwnModel()
    {
        QCOMPARE(page()->findChild<QLabel*>("pageContext")->text(), last_.model);
    }

    void aRecordThatIsTypedIsTheReference()
    {
        auto* const records = form()->findChild<QComboBox*>("referenceRecords");
        const auto id = QString::fromStdString(session_->records()[3].id);
        records->lineEdit()->setFocus();
        records->lineEdit()->selectAll();
        QTest::keyClicks(records->lineEdit(), id);
        QTest::keyClick(records->lineEdit(), Qt::Key_Escape); // the list of completions
        generate();
        QVERIFY(last_.request && std::holds_alternative<RecordReference>(last_.request->reference));
        QCOMPARE(std::get<RecordReference>(last_.request->reference).id, id.toStdString());
        QCOMPARE(last_.request->size, session_->records()[3].bucket); // a layout belongs to a shape

        records->lineEdit()->selectAll();
        QTest::keyClicks(records->lineEdit(), "no such record");
        QTest::keyClick(records->lineEdit(), Qt::Key_Escape);
        QSignalSpy finished(&sampling(), &Sampling::finished);
        QTest::mouseClick(button("generate"), Qt::LeftButton);
        QVERIFY(!sampling().active());
        QVERIFY2(banner()->isVisible() && banner()->accessibleName().contains("no such record"),
                 qPrintable(banner()->accessibleName()));
        records->lineEdit()->clear();
        QTest::keyClick(records->lineEdit(), Qt::Key_Return);
        QTRY_VERIFY_WITH_TIMEOUT(std::holds_alternative<NoReference>(form()->request().reference), minute);
    }

    void aSeedIsUsedAsItIsTyped()
    {
        auto* const seed = form()->findChild<SeedEdit*>("seed");
        auto* const line = seed->findChild<QLineEdit*>();
        line->setFocus();
        line->selectAll();
        QTest::keyClicks(line, "9007199254740993");
        QSignalSpy finished(&sampling(), &Sampling::finished);
        QTest::keyClick(line, Qt::Key_Return, Qt::ControlModifier);
        QTRY_COMPARE_WITH_TIMEOUT(finished.count(), 1, minute);
        settle();
        QCOMPARE(sampleRequestFromPng(finished[0][0].value<SampledPicture>().file.toStdString())->seed,
                 std::uint64_t(9007199254740993));
    }

    void erasedPatchesOfRestoredSettingsStay()
    {
        auto request = form()->request();
        request.reference = RecordReference{session_->records()[0].id};
        request.size = session_->records()[0].bucket;
        request.erasedPatches = {1, 2, 5};
        form()->setRequest(request);
        QCOMPARE(form()->request().erasedPatches, request.erasedPatches);
        QVERIFY(form()->findChild<QLabel*>("erasedPatches")->isVisible());
        QVERIFY(form()->findChild<QLabel*>("erasedPatches")->text().startsWith("3 patches"));
        QTest::mouseClick(form()->findChild<QToolButton*>("useAllPatches"), Qt::LeftButton);
        QVERIFY(form()->request().erasedPatches.empty());
        form()->setRequest(request);
        form()->setReference(RecordReference{session_->records()[1].id}); // patches of another picture
        QVERIFY(form()->request().erasedPatches.empty());
        form()->setReference(NoReference{});
    }

    void aDeletedPictureComesBack()
    {
        generate();
        auto* const strip = window_->findChild<Filmstrip*>();
        const int before = strip->model()->rowCount();
        window_->findChild<GuidanceSlider*>("textScale")->findChild<QSlider*>()->setFocus();
        QTest::keyClick(QApplication::focusWidget(), Qt::Key_Delete);
        QVERIFY(QFile::exists(last_.file)); // not what the slider is about

        strip->setFocus();
        QTest::keyClick(strip, Qt::Key_Delete);
        QTest::keyClick(strip, Qt::Key_Delete); // while it is on its way: once is enough
        QTRY_COMPARE_WITH_TIMEOUT(strip->model()->rowCount(), before - 1, minute);
        QVERIFY(!QFile::exists(last_.file));
        QVERIFY(banner()->isVisible() && banner()->accessibleName().contains("trash"));
        QTest::keyClick(strip, Qt::Key_Z, Qt::ControlModifier);
        QTRY_COMPARE_WITH_TIMEOUT(strip->model()->rowCount(), before, minute);
        QVERIFY(QFile::exists(last_.file));
        QCOMPARE(strip->currentIndex().data(FilmModel::KeyRole).toString(), last_.file);
        settle();
    }

    void aRunThatAnotherProgramTrainsIsFollowedAndNotResumed()
    {
        const auto folder = session_->workspace().runsFolder() / "held";
        fs::create_directories(folder);
        const auto add = [&folder](int step) {
            std::ofstream(folder / "metrics.jsonl", std::ios::app)
                << "{\"step\": " << step << ", \"loss\": 0.5, \"learning_rate\": 0.001}\n";
        };
        add(1);
        const auto other = test::startProcess([&folder] {
            const RunLock lock(folder, "held");
            std::this_thread::sleep_for(10min);
        });
        QTRY_VERIFY_WITH_TIMEOUT(runHolder(folder).has_value(), minute);
        auto& training = controllers_->training;
        training.showRun({.name = "held", .folder = folder, .checkpoints = {}});
        window_->showPage(Page::Train);
        QTRY_VERIFY_WITH_TIMEOUT(training.holder().has_value(), minute);
        QVERIFY(!button("start")->isEnabled());
        QVERIFY2(window_->trainPage()->findChild<QLabel*>("pageContext")->text().contains("being trained by process"),
                 qPrintable(window_->trainPage()->findChild<QLabel*>("pageContext")->text()));
        settle();
        const QSignalSpy listed(session_.get(), &Session::runsChanged);
        ::kill(other, SIGKILL);
        test::endOf(other);
        QTRY_VERIFY_WITH_TIMEOUT(!training.holder().has_value(), minute);
        QTRY_VERIFY_WITH_TIMEOUT(listed.count() > 0, minute); // it may have left a checkpoint to resume from
        training.forgetRun();
        fs::remove_all(folder);
        window_->showPage(Page::Sample);
    }

    void aJobThatEndsWhileItsQuestionIsOpenClosesTheWindowAtOnce()
    {
        std::atomic<bool> end = false;
        startJobUntil(end);
        dialogs_.nextAnswer = true;
        dialogs_.whileAsked = [&] {
            end = true;
            QTRY_VERIFY_WITH_TIMEOUT(session_->jobs().empty(), minute);
        };
        window_->close();
        QTRY_VERIFY_WITH_TIMEOUT(!window_->isVisible(), minute);
        window_->show();
        QVERIFY(QTest::qWaitForWindowExposed(window_.get()));
    }

    void nobodyIsAskedAboutAJobOfWhichNothingIsKept()
    {
        auto* const runner = session_->newJob(QStringLiteral("passing"), Page::Sample);
        runner->setKeepsNothing();
        session_->startJob(runner, makeJob([](const JobContext& context) {
                               while (!context.shouldStop())
                                   std::this_thread::sleep_for(std::chrono::milliseconds(1));
                               return JobEnd::Cancelled;
                           }));
        const int asked = dialogs_.asked;
        window_->close();
        QTRY_VERIFY_WITH_TIMEOUT(!window_->isVisible(), minute);
        QCOMPARE(dialogs_.asked, asked);
        window_->show();
        QVERIFY(QTest::qWaitForWindowExposed(window_.get()));
    }

    void nothingStaysArmedOnceItHappenedOrWasRefused()
    {
        std::atomic<bool> first = false, second = false;
        startJobUntil(first);
        dialogs_.nextAnswer = false;
        window_->close(); // refused
        first = true;
        QTRY_VERIFY_WITH_TIMEOUT(session_->jobs().empty(), minute);
        QVERIFY(window_->isVisible());
        startJobUntil(second);
        second = true;
        QTRY_VERIFY_WITH_TIMEOUT(session_->jobs().empty(), minute);
        QTest::qWait(50);
        QVERIFY(window_->isVisible());
        dialogs_.nextAnswer = true;
    }

    void theLastWishIsTheOneThatHappens()
    {
        std::atomic<bool> end = false;
        startJobUntil(end);
        window_->openWorkspace(path("elsewhere")); // asks, and waits for the job
        QSignalSpy failed(session_.get(), &Session::failed);
        window_->close(); // instead
        end = true;
        QTRY_VERIFY_WITH_TIMEOUT(!window_->isVisible(), minute);
        QTest::qWait(100);
        QCOMPARE(failed.count(), 0); // the other workspace, which does not exist, was not opened
        window_->show();
        QVERIFY(QTest::qWaitForWindowExposed(window_.get()));
    }

private:
    SamplePage* page() const { return window_->findChild<SamplePage*>(); }
    SampleForm* form() const { return window_->findChild<SampleForm*>(); }
    Banner* banner() const { return page()->findChild<Banner*>(); }
    Sampling& sampling() const { return controllers_->sampling; }
    QComboBox* checkpoints() const { return form()->findChild<QComboBox*>("checkpoints"); }
    QSpinBox* steps() const { return form()->findChild<QSpinBox*>("steps"); }
    QPushButton* button(const char* name) const { return window_->findChild<QPushButton*>(QLatin1String(name)); }
    static void choose(QComboBox* combo, int index)
    {
        QVERIFY(index >= 0);
        combo->setCurrentIndex(index);
    }
    void settle() const { QTRY_VERIFY_WITH_TIMEOUT(page()->settled() && session_->idle(), minute); }

    /// By the button; last_ is the picture.
    void generate()
    {
        QSignalSpy finished(&sampling(), &Sampling::finished), failed(&sampling(), &Sampling::failed);
        QTest::mouseClick(button("generate"), Qt::LeftButton);
        QTRY_VERIFY_WITH_TIMEOUT(finished.count() + failed.count() > 0, 2 * minute);
        QVERIFY2(failed.isEmpty(), qPrintable(failed.isEmpty() ? QString() : noticeText(failed[0][0].value<Notice>())));
        last_ = finished[0][0].value<SampledPicture>();
        settle();
    }

    /// A job that ends when `end` says so, whether or not it is asked to stop.
    void startJobUntil(std::atomic<bool>& end)
    {
        auto* const runner = session_->newJob(QStringLiteral("stubborn"), Page::Train);
        session_->startJob(runner, makeJob([&end](const JobContext&) {
                               while (!end)
                                   std::this_thread::sleep_for(1ms);
                               return JobEnd::Finished;
                           }));
    }

    SampledPicture last_;
};

int main(int argc, char** argv)
{
    Application application(argc, argv);
    TestWindowState test;
    QTEST_SET_MAIN_SOURCE_PATH
    return QTest::qExec(&test, argc, argv);
}
#include "tst_window_state.moc"
