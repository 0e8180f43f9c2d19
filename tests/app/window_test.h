#pragma once

#include "app/controllers.h"
#include "app/main_window.h"
#include "app/preferences.h"
#include "app/session.h"
#include "app/wording.h"
#include "tests/support/active_window.h"
#include "tests/support/scripted_dialogs.h"
#include "tests/support/test_data.h"
#include "widgets/theme.h"

#include <QApplication>
#include <QSignalSpy>
#include <QStandardPaths>
#include <QTest>

#include <memory>

namespace nanodit::test {

/// What tests of the real window start from: the window on the real engine, with a folder and preferences of its own
/// and dialogs that answer as the test says.
class WindowTest : public QObject {
protected:
    static constexpr int minute = 60000;

    /// Whether the window is on the screen.
    bool openWindow()
    {
        QStandardPaths::setTestModeEnabled(true);
        theme_ = std::make_unique<Theme>(*qApp);
        preferences_ = std::make_unique<Preferences>(path("preferences.ini"));
        session_ = std::make_unique<Session>();
        controllers_ = std::make_unique<Controllers>(*session_);
        window_ = std::make_unique<MainWindow>(*session_, *controllers_, *theme_, *preferences_, dialogs_);
        window_->resize(1280, 800); // the screen of tests is smaller
        window_->show();
        return activate(*window_);
    }
    void closeWindow()
    {
        window_.reset();
        controllers_.reset();
        session_.reset();
    }
    /// Makes the demo workspace in the folder "demo", with its arrays and the reference model; why it failed, or
    /// nothing.
    QString makeDemo(int scenes)
    {
        const QSignalSpy failed(&jobs(), &DatasetJobs::failed);
        jobs().createDemo(path("demo"), scenes);
        const bool ended = QTest::qWaitFor([&] { return session_->hasWorkspace() || failed.count() > 0; }, 4 * minute);
        if (failed.count() > 0)
            return noticeText(failed[0][1].value<Notice>());
        return ended ? QString() : QStringLiteral("it took longer than four minutes");
    }
    /// The window on that workspace, with nothing at work any more.
    void openDemo(int scenes)
    {
        QVERIFY(openWindow());
        const auto failure = makeDemo(scenes);
        QVERIFY2(failure.isEmpty(), qPrintable(failure));
        QTRY_VERIFY_WITH_TIMEOUT(session_->idle(), minute);
    }
    DatasetJobs& jobs() const { return controllers_->datasetJobs; }
    QString path(const std::string& name) const { return QString::fromStdString((folder_ / name).string()); }

    TemporaryFolder folder_;
    ScriptedDialogs dialogs_;
    std::unique_ptr<Theme> theme_;
    std::unique_ptr<Preferences> preferences_;
    std::unique_ptr<Session> session_;
    std::unique_ptr<Controllers> controllers_;
    std::unique_ptr<MainWindow> window_;
};

} // namespace nanodit::test
