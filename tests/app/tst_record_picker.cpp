#include "app/controllers.h"
#include "app/record_picker.h"
#include "app/session.h"
#include "core/io/image.h"
#include "tests/support/drawn_picture.h"
#include "tests/support/test_data.h"
#include "widgets/thumbnail_grid.h"

#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QSignalSpy>
#include <QTest>

#include <filesystem>
#include <string>

using namespace nanodit;

namespace {
constexpr int minute = 60000;
constexpr std::uint64_t pictures = 6;
} // namespace

/// Choosing a record by its picture.
class TestRecordPicker : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void theSelectedRecordStaysSelectedWhenTheListChanges()
    {
        std::filesystem::create_directories(folder_ / "pictures");
        for (std::uint64_t i = 0; i < pictures; ++i)
            writePng(folder_ / ("pictures/hill-" + std::to_string(i) + ".png"), test::drawnPicture(i, {96, 64}));
        Session session;
        Controllers controllers(session);
        controllers.datasetJobs.createWorkspace(path("workspace"), path("pictures"));
        QTRY_VERIFY_WITH_TIMEOUT(session.records().size() == pictures && session.idle(), minute);

        QWidget window;
        auto* const picker = new RecordPicker(session, {}, &window);
        picker->show();
        QTRY_VERIFY_WITH_TIMEOUT(picker->settled(), minute);
        auto* const grid = picker->findChild<ThumbnailGrid*>();
        QCOMPARE(grid->model()->rowCount(), static_cast<int>(pictures));
        grid->setCurrentIndex(grid->model()->index(3, 0));
        const auto said = grid->currentIndex().data(Qt::AccessibleTextRole).toString();
        QVERIFY2(said.startsWith(QString::fromStdString(session.records()[3].id)), qPrintable(said)); // no markup
        session.refreshRecords();
        QTRY_VERIFY_WITH_TIMEOUT(session.idle() && picker->settled(), minute);
        QCOMPARE(grid->currentIndex().row(), 3);
        auto* const query = picker->findChild<QLineEdit*>("recordPickerQuery");
        query->setText("no caption has these words"); // also while a search hides it
        QTRY_VERIFY_WITH_TIMEOUT(picker->settled(), minute);
        QVERIFY(!grid->currentIndex().isValid());
        QCOMPARE(picker->findChild<QLabel*>("recordPickerFound")->text(), QString("0 records"));
        query->setText("splt:val"); // a filter as it is meant, text as it is written
        QTRY_VERIFY_WITH_TIMEOUT(picker->settled(), minute);
        const auto hint = picker->findChild<QLabel*>("recordPickerFound")->text();
        QVERIFY2(hint.contains("did you mean \"split:val\"?"), qPrintable(hint));
        query->clear();
        QTRY_VERIFY_WITH_TIMEOUT(picker->settled(), minute);
        QCOMPARE(grid->currentIndex().row(), 3);
        const QSignalSpy chosen(picker, &RecordPicker::recordChosen);
        picker->findChild<QPushButton*>("recordPickerTake")->click();
        QCOMPARE(chosen.count(), 1);
        QCOMPARE(chosen[0][0].toString(), QString::fromStdString(session.records()[3].id));
    }

private:
    QString path(const std::string& name) const { return QString::fromStdString((folder_ / name).string()); }

    test::TemporaryFolder folder_;
};

QTEST_MAIN(TestRecordPicker)
#include "tst_record_picker.moc"
