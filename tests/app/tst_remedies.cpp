#include "app/controllers.h"
#include "app/failures.h"
#include "app/job_runner.h"
#include "app/pages/dataset/record_facts.h"
#include "app/remedies.h"
#include "app/session.h"
#include "app/wording.h"
#include "tests/support/every_word.h"
#include "widgets/banner.h"
#include "widgets/theme.h"

#include <QApplication>
#include <QPushButton>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>
#include <QWidget>

#include <memory>
#include <vector>

using namespace nanodit;

/// What a button for a remedy does, without a window.
class TestRemedies : public QObject {
    Q_OBJECT

private Q_SLOTS:
    /// A button that does nothing would be as bad as a remedy that could be pressed and has no button.
    void everyRemedyWithAButtonActs()
    {
        for (const auto& remedy : test::everyRemedy()) {
            Session session;
            Controllers controllers(session);
            session.createWorkspace(folder_.filePath(QString::number(made_++)), [] {});
            QTRY_VERIFY_WITH_TIMEOUT(session.hasWorkspace() && session.idle(), minute);
            Remedies remedies(controllers.datasetJobs);
            int acted = 0;
            const auto count = [&acted] { ++acted; };
            for (const auto signal : {&Remedies::openWanted, &Remedies::demoWanted, &Remedies::importWanted,
                                      &Remedies::passesWanted, &Remedies::packWanted, &Remedies::deviceWanted})
                connect(&remedies, signal, this, count);
            connect(&remedies, &Remedies::encoderWanted, this, count);
            connect(&remedies, &Remedies::pageWanted, this, count);
            remedies.act(remedy);
            QVERIFY2(
                (acted == 1) == !remedyAction(remedy).isEmpty(),
                qPrintable(QStringLiteral("kind %1: \"%2\" did %3 things")
                               .arg(QString::number(remedy.index()), remedyAction(remedy), QString::number(acted))));
        }
    }

    void jobsOfTheDataSetBeginAndAreShown()
    {
        Session session;
        Controllers controllers(session);
        session.createWorkspace(folder_.filePath(QString::number(made_++)), [] {});
        QTRY_VERIFY_WITH_TIMEOUT(session.hasWorkspace() && session.idle(), minute);
        auto& jobs = controllers.datasetJobs;
        Remedies remedies(jobs);
        std::vector<DatasetWork> begun;
        connect(&jobs, &DatasetJobs::started, this, [&] { begun.push_back(jobs.work()); });
        QSignalSpy page(&remedies, &Remedies::pageWanted);
        for (const Remedy& remedy : {Remedy(remedy::RunPasses{.pass = Pass::Vae}), Remedy(remedy::VerifyArrays{}),
                                     Remedy(remedy::CertifyAlignment{})}) {
            remedies.act(remedy);
            QCOMPARE(page.last()[0].value<Page>(), Page::Dataset);
            QTRY_VERIFY_WITH_TIMEOUT(!jobs.busy() && session.idle(), minute);
        }
        QCOMPARE(begun, (std::vector{DatasetWork::Passes, DatasetWork::Verify, DatasetWork::Certify}));
    }

    /// Another job is running: where passes are begun says so, rather than nothing.
    void whileAJobRunsThePassesAreShown()
    {
        Session session;
        Controllers controllers(session);
        session.createWorkspace(folder_.filePath(QString::number(made_++)), [] {});
        QTRY_VERIFY_WITH_TIMEOUT(session.hasWorkspace() && session.idle(), minute);
        auto& jobs = controllers.datasetJobs;
        Remedies remedies(jobs);
        QSignalSpy passes(&remedies, &Remedies::passesWanted);
        jobs.verify();
        QVERIFY(jobs.busy());
        remedies.act(remedy::RunPasses{.pass = Pass::T5});
        QCOMPARE(passes.count(), 1);
        QCOMPARE(jobs.work(), DatasetWork::Verify);
        QTRY_VERIFY_WITH_TIMEOUT(!jobs.busy() && session.idle(), minute);
    }

    void aBannerHasAButtonForWhatTheWindowCanDo()
    {
        Banner banner;
        auto* const button = banner.findChild<QPushButton*>("remedy");
        QSignalSpy wanted(&banner, &Banner::remedyWanted);
        showFailure(banner, "Training stopped with an error",
                    {"there is no shard set", remedy::PackShards{.replace = true}});
        QVERIFY(button->isVisible());
        QCOMPARE(button->text(), QStringLiteral("Pack again"));
        QVERIFY2(banner.accessibleName().endsWith("Pack the shards again."), qPrintable(banner.accessibleName()));
        QTest::mouseClick(button, Qt::LeftButton);
        QCOMPARE(wanted.count(), 1);
        QVERIFY(std::get<remedy::PackShards>(wanted[0][0].value<Remedy>()).replace);
        QVERIFY(!banner.isVisible());
        for (const Notice& without : {Notice{.text = "it does not fit", .remedy = remedy::AllowMemory{.bytes = 1}},
                                      Notice{.text = "it is damaged"}}) {
            showFailure(banner, "Training stopped with an error", without);
            QVERIFY(banner.isVisible() && !button->isVisible());
        }
        showFailure(banner, "Training stopped with an error", {"there is no shard set", remedy::PackShards{}});
        banner.showNotice("done");
        QVERIFY(!button->isVisible());
    }

    void aRecordWithAProblemHasTheButton()
    {
        RecordInfo record;
        record.id = "hill";
        record.problem = "its latent is not finite";
        record.remedy = remedy::RunPasses{.pass = Pass::Vae, .setsAside = true};
        RecordFacts facts;
        facts.show(summaryOf({&record}));
        facts.QWidget::show();
        auto* const button = facts.findChild<QPushButton*>("recordRemedy");
        QVERIFY(button->isVisible());
        QCOMPARE(button->text(), QStringLiteral("Run the VAE pass"));
        QSignalSpy wanted(&facts, &RecordFacts::remedyWanted);
        QTest::mouseClick(button, Qt::LeftButton);
        QCOMPARE(wanted.count(), 1);
        QCOMPARE(std::get<remedy::RunPasses>(wanted[0][0].value<Remedy>()).pass, std::optional(Pass::Vae));
        record.problem.clear();
        record.remedy.reset();
        facts.show(summaryOf({&record}));
        QVERIFY(!button->isVisible());
    }

private:
    static constexpr int minute = 60000;
    Theme theme_{*qApp}; // brings the icons
    QTemporaryDir folder_;
    int made_ = 0;
};

QTEST_MAIN(TestRemedies)
#include "tst_remedies.moc"
