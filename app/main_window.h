#pragma once

#include "app/disk_questions.h"
#include "app/remedies.h"
#include "app/session.h"

#include <QMainWindow>

#include <filesystem>
#include <functional>
#include <optional>
#include <vector>

class QStackedWidget;

namespace nanodit {

class AfterJobs;
class AttentionPage;
class Banner;
class Commands;
class DatasetJobs;
class DatasetPage;
class Dialogs;
class MainMenu;
class NavigationRail;
class Preferences;
class RecentWorkspaces;
class RunsPage;
class SamplePage;
class SettingsDialog;
class StatusStrip;
class Theme;
class TrainPage;
class ValidatePage;
class WelcomePage;
class WindowDrops;
struct Controllers;

/// The window: owns the pages and switches them, opens workspaces, and closes only when every job has stopped cleanly.
class MainWindow : public QMainWindow {
    Q_OBJECT

public:
    MainWindow(Session& session, Controllers& controllers, Theme& theme, Preferences& preferences, Dialogs& dialogs,
               QWidget* parent = nullptr);

    void openWorkspace(const QString& folder);
    /// The workspace that was opened last, where it is there, on the page that was shown last.
    void openLast();
    void showPage(Page page);
    DatasetPage* datasetPage() const { return dataset_; }
    AttentionPage* attentionPage() const { return attention_; }
    TrainPage* trainPage() const { return train_; }
    ValidatePage* validatePage() const { return validate_; }
    RunsPage* runsPage() const { return runs_; }
    /// Everything that was asked for is on the screen.
    bool settled() const;
    /// Ends the program without a question, once every job has stopped cleanly: somebody ends the session, or the
    /// program itself.
    void endProgram();
    /// Tells of reports that an earlier start left when it died.
    void tellOfCrashes(const std::vector<std::filesystem::path>& reports);

protected:
    /// Tab follows the eye: the page, then the status bar and the rail.
    bool focusNextPrevChild(bool next) override;
    void closeEvent(QCloseEvent* event) override;
    void dragEnterEvent(QDragEnterEvent* event) override;
    void dragMoveEvent(QDragMoveEvent* event) override;
    void dragLeaveEvent(QDragLeaveEvent* event) override;
    void dropEvent(QDropEvent* event) override;

private:
    QWidget* widget(Page page) const;
    std::optional<Page> shownPage() const;
    void keepState(); ///< What the next start begins with.
    void makeMenu(Theme& theme);
    void makeShortcuts();
    void connectPages();
    void connectDrops();
    void connectSession();
    void connectRemedies();
    SettingsDialog* openSettings();
    void chooseDevice(const ComputeChoice& choice);
    void takePictures(const QString& folder); ///< That was dropped.
    void createFrom(const QString& pictures);
    /// Opens the workspace that the folder holds, or goes on with `make` where it holds none.
    void openOr(const QString& folder, std::function<void()> make);
    void askOpen();
    void askNew();
    void askDemo();
    void showShortcuts();

    Session& session_;
    Controllers& controllers_;
    DatasetJobs& datasetJobs_;
    Preferences& preferences_;
    RecentWorkspaces* recent_;
    Dialogs& dialogs_;
    Commands* commands_;
    NavigationRail* rail_;
    Banner* banner_; ///< Above every page: failures of what belongs to none.
    QStackedWidget* pages_;
    WelcomePage* welcome_;
    DatasetPage* dataset_;
    TrainPage* train_;
    AttentionPage* attention_;
    SamplePage* sample_;
    ValidatePage* validate_;
    RunsPage* runs_;
    StatusStrip* status_;
    WindowDrops* drops_;
    MainMenu* menu_;
    AfterJobs* afterJobs_;
    Remedies remedies_;
    bool opening_ = false;
    Page firstPage_ = Page::Dataset; ///< Of the workspace that opens next.
    DiskQuestions disk_;
};

} // namespace nanodit
