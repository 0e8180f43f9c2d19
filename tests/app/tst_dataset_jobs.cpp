#include "app/job_runner.h"
#include "app/pages/dataset/dataset_page.h"
#include "app/pages/dataset/record_browser.h"
#include "app/pages/dataset/record_editing.h"
#include "app/pages/dataset/report_drawer.h"
#include "app/pages/dataset/report_view.h"
#include "tests/app/dataset_test.h"

#include <QLabel>
#include <QPushButton>
#include <QTreeWidget>

#include <filesystem>

using namespace nanodit;
namespace fs = std::filesystem;

namespace {
constexpr int scenes = 20;
} // namespace

/// Jobs of the data set that are started in the window, with pictures and programs that fail.
class TestDatasetJobs : public test::DatasetTest {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { openDemo(scenes); }

    void cleanupTestCase() { closeWindow(); }

    void withoutACommandTheButtonTellsWhatToAdd()
    {
        page()->editing()->setCaption(idOf(2), {});
        settle();
        button("passes")->click();
        settle();
        QCOMPARE(text("work-captions"), QStringLiteral("1 record without caption"));
        QVERIFY(button("writeCaptions")->isVisible() && !button("writeCaptions")->isEnabled());
        QVERIFY2(button("writeCaptions")->toolTip().contains("workspace settings"),
                 qPrintable(button("writeCaptions")->toolTip()));
    }

    void captionsAreWrittenByAClickAndFailuresLeadToTheirRecords()
    {
        page()->editing()->setCaption(idOf(5), {});
        settle();
        const auto failing = session_->record(idOf(5))->image.filename().string();
        useCommand("test \"$(basename \"$1\")\" = " + failing + " && exit 3; echo by a program");
        QCOMPARE(text("work-captions"), QStringLiteral("2 records without caption"));
        QVERIFY(button("writeCaptions")->isEnabled());
        QSignalSpy captioned(&jobs(), &DatasetJobs::captioned);
        QString whileItRan;
        const auto watch = connect(&jobs(), &DatasetJobs::recordFailed, this, [&] {
            whileItRan = jobs().busy() && captioned.isEmpty() ? reasonOf(idOf(5)) : QString();
        });
        QTest::mouseClick(button("writeCaptions"), Qt::LeftButton);
        QVERIFY(jobs().busy() && !button("writeCaptions")->isEnabled());
        QTRY_COMPARE_WITH_TIMEOUT(captioned.count(), 1, minute);
        settle();
        disconnect(watch);
        QCOMPARE(session_->record(idOf(2))->caption, std::string("by a program"));
        QVERIFY(session_->record(idOf(5))->caption.empty());
        QCOMPARE(text("work-captions"), QStringLiteral("1 record without caption, <a href=\"failures\">1 failed</a>"));
        QVERIFY2(whileItRan.contains("ended with code 3"), qPrintable(whileItRan));
        chooseReported(idOf(5));
    }

    void aProgramThatHangsIsStoppedByAClick()
    {
        useCommand("sleep 1000");
        QVERIFY(button("writeCaptions")->isEnabled());
        button("writeCaptions")->click();
        QTRY_VERIFY_WITH_TIMEOUT(text("work-captions").startsWith("running"), minute);
        jobs().runner()->requestStop();
        QTRY_VERIFY_WITH_TIMEOUT(!jobs().busy(), minute);
        settle();
        QVERIFY(session_->record(idOf(5))->caption.empty());
        QVERIFY(button("writeCaptions")->isEnabled());
        page()->editing()->setCaption(idOf(5), QStringLiteral("by hand"));
        settle();
        QCOMPARE(text("work-captions"), QStringLiteral("every record has a caption"));
        QVERIFY(!button("writeCaptions")->isEnabled());
    }

    void aPictureThatFailsIsListedWhileThePassesRun()
    {
        fs::remove_all(session_->workspace().derivedFolder() / "vae");
        fs::resize_file(session_->record(idOf(3))->image, 200);
        QSignalSpy preprocessed(&jobs(), &DatasetJobs::preprocessed);
        QString whileItRan, line;
        const auto watch = connect(&jobs(), &DatasetJobs::recordFailed, this, [&](const QString& work) {
            if (work != "vae" || !preprocessed.isEmpty())
                return;
            whileItRan = reasonOf(idOf(3));
            line = text("work-vae");
        });
        button("forecastPasses")->click();
        settle();
        button("startPasses")->click();
        QTRY_COMPARE_WITH_TIMEOUT(preprocessed.count(), 1, 4 * minute);
        settle();
        disconnect(watch);
        QVERIFY(!whileItRan.isEmpty());
        QVERIFY2(line.contains("<a href=\"failures\">1 failed</a>"), qPrintable(line));
        QVERIFY2(text("work-vae").contains("1 failed"), qPrintable(text("work-vae")));
        Q_EMIT window_->findChild<QLabel*>("work-vae")->linkActivated(QStringLiteral("failures"));
        QCOMPARE(page()->drawer()->currentWidget(), static_cast<QWidget*>(report()));
        chooseReported(idOf(3));
    }

private:
    ReportView* report() const { return window_->findChild<ReportView*>(); }
    /// The report's line of the record; null where there is none.
    QTreeWidgetItem* reported(const QString& id) const
    {
        for (auto* const table : report()->findChildren<QTreeWidget*>()) {
            if (const auto found = table->findItems(id, Qt::MatchExactly, 0); !found.isEmpty())
                return found.front();
        }
        return nullptr;
    }
    QString reasonOf(const QString& id) const
    {
        const auto* const item = reported(id);
        return item == nullptr ? QString() : item->text(1);
    }
    void chooseReported(const QString& id)
    {
        browser()->choose(idOf(0));
        auto* const item = reported(id);
        QVERIFY(item != nullptr);
        auto* const table = item->treeWidget();
        QTest::mouseClick(table->viewport(), Qt::LeftButton, {}, table->visualItemRect(item).center());
        QCOMPARE(browser()->current(), id);
    }
    /// A shell script whose first argument is the picture.
    void useCommand(const std::string& script)
    {
        auto workspace = session_->workspace();
        workspace.config.captionCommand = {"sh", "-c", script, "sh", "{image}"};
        workspace.save();
        QSignalSpy opened(session_.get(), &Session::workspaceChanged);
        session_->openWorkspace(QString::fromStdString(workspace.root.string()));
        QTRY_COMPARE_WITH_TIMEOUT(opened.count(), 1, minute);
        settle();
        button("passes")->click();
        settle();
    }
};

QTEST_MAIN(TestDatasetJobs)
#include "tst_dataset_jobs.moc"
