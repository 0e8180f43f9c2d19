#include "app/session.h"
#include "app/window_drops.h"
#include "core/config/workspace_config.h"
#include "tests/support/test_data.h"
#include "widgets/drop_hint.h"

#include <QDragEnterEvent>
#include <QMimeData>
#include <QSignalSpy>
#include <QTest>
#include <QUrl>

#include <filesystem>
#include <future>
#include <memory>
#include <string>

using namespace nanodit;

namespace {
constexpr int minute = 60000;
constexpr QPoint there(40, 30);
} // namespace

/// What is dragged over the window, and dropped on it.
class TestWindowDrops : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        std::filesystem::create_directories(folder_ / "pictures");
        Workspace::create(folder_ / "workspace");
        test::writeText(folder_ / "picture.png", "as if");
    }

    void whatItIsDecidesWhatDroppingDoes()
    {
        Session session;
        QWidget window;
        WindowDrops drops(session, &window);
        const auto* const hint = window.findChild<DropHint*>();
        QSignalSpy pictures(&drops, &WindowDrops::pictureDropped), folders(&drops, &WindowDrops::folderDropped),
            workspaces(&drops, &WindowDrops::workspaceDropped);
        QVERIFY(enter(drops, path("pictures")));
        QTRY_VERIFY2_WITH_TIMEOUT(hint->accessibleName().contains("import"), qPrintable(hint->accessibleName()),
                                  minute);
        QVERIFY(move(drops));
        drop(drops);
        QVERIFY(folders.isEmpty()); // whoever drags does not wait for what follows
        QTRY_COMPARE_WITH_TIMEOUT(folders.count(), 1, minute);
        QCOMPARE(folders[0][0].toString(), path("pictures"));
        QVERIFY(hint->isHidden());

        QVERIFY(enter(drops, path("workspace")));
        QTRY_VERIFY2_WITH_TIMEOUT(hint->accessibleName().contains("open"), qPrintable(hint->accessibleName()), minute);
        drop(drops);
        QTRY_COMPARE_WITH_TIMEOUT(workspaces.count(), 1, minute);

        // Without a workspace a picture is of no use.
        enter(drops, path("picture.png"));
        QTRY_VERIFY_WITH_TIMEOUT(!move(drops), minute);
        QVERIFY(hint->isHidden());
        drop(drops);
        session.openWorkspace(path("workspace"));
        QTRY_VERIFY_WITH_TIMEOUT(session.hasWorkspace() && session.idle(), minute);
        QVERIFY(pictures.isEmpty());
        enter(drops, path("picture.png"));
        QTRY_VERIFY2_WITH_TIMEOUT(hint->accessibleName().contains("settings"), qPrintable(hint->accessibleName()),
                                  minute);
        drop(drops);
        QTRY_COMPARE_WITH_TIMEOUT(pictures.count(), 1, minute);
    }

    void aDiskThatDoesNotAnswerHoldsUpNothing()
    {
        const auto answer = std::make_shared<std::promise<void>>();
        const WindowDrops::Look look = [hung = answer->get_future().share()](const QString& dropped) {
            if (dropped.startsWith("/hangs"))
                hung.wait();
            return WindowDrops::Kind::Folder;
        };
        Session session;
        QWidget window;
        WindowDrops drops(session, look, &window);
        const auto* const hint = window.findChild<DropHint*>();
        QSignalSpy folders(&drops, &WindowDrops::folderDropped), waits(&drops, &WindowDrops::waits);
        QVERIFY(enter(drops, "/hangs/cats"));
        QTRY_VERIFY2_WITH_TIMEOUT(hint->accessibleName().startsWith("Waiting for the disk"),
                                  qPrintable(hint->accessibleName()), minute);
        QVERIFY(move(drops));
        drop(drops);
        QTRY_COMPARE_WITH_TIMEOUT(waits.count(), 1, minute);
        QCOMPARE(waits[0][0].toString(), QString("/hangs/cats"));
        QVERIFY(enter(drops, "/answers/dogs"));
        drop(drops);
        QTRY_COMPARE_WITH_TIMEOUT(folders.count(), 1, minute);
        QCOMPARE(folders[0][0].toString(), QString("/answers/dogs"));
        answer->set_value(); // nobody waits for it any more
        QTest::qWait(50);
        QCOMPARE(folders.count(), 1);
    }

    void nothingComesOfWhatIsDraggedAway()
    {
        Session session;
        QWidget window;
        WindowDrops drops(session, &window);
        const QSignalSpy folders(&drops, &WindowDrops::folderDropped);
        QVERIFY(enter(drops, path("pictures")));
        drops.forget();
        QTest::qWait(50);
        QVERIFY(window.findChild<DropHint*>()->isHidden());
        QVERIFY(!move(drops));
        drop(drops);
        QTest::qWait(50);
        QVERIFY(folders.isEmpty());
        QMimeData text;
        text.setText("no file");
        QDragEnterEvent event(there, Qt::CopyAction, &text, Qt::LeftButton, Qt::NoModifier);
        event.setAccepted(false);
        drops.enter(event);
        QVERIFY(!event.isAccepted());
    }

private:
    QString path(const std::string& name) const { return QString::fromStdString((folder_ / name).string()); }
    bool enter(WindowDrops& drops, const QString& file)
    {
        data_.setUrls({QUrl::fromLocalFile(file)});
        QDragEnterEvent event(there, Qt::CopyAction, &data_, Qt::LeftButton, Qt::NoModifier);
        event.setAccepted(false);
        drops.enter(event);
        return event.isAccepted();
    }
    bool move(WindowDrops& drops)
    {
        QDragMoveEvent event(there, Qt::CopyAction, &data_, Qt::LeftButton, Qt::NoModifier);
        drops.move(event);
        return event.isAccepted();
    }
    void drop(WindowDrops& drops)
    {
        QDropEvent event(there, Qt::CopyAction, &data_, Qt::LeftButton, Qt::NoModifier);
        drops.drop(event);
    }

    test::TemporaryFolder folder_;
    QMimeData data_;
};

QTEST_MAIN(TestWindowDrops)
#include "tst_window_drops.moc"
