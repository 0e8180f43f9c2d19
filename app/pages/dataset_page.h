#pragma once

#include "app/session.h"

#include <QWidget>

class QAction;
class QComboBox;
class QLabel;
class QLineEdit;
class QListView;
class QPushButton;
class QStackedWidget;

namespace nanodit {

class Dialogs;
class Loupe;
class PageFrame;
class RecordFacts;
class ReportView;
class StatePanel;
class ThumbnailFilter;
class ThumbnailGrid;
class ThumbnailModel;
class Thumbnails;

/// The records of the workspace: found, looked at, and turned into what a model is trained on.
class DatasetPage : public QWidget {
    Q_OBJECT

public:
    DatasetPage(Session& session, Dialogs& dialogs, QWidget* parent = nullptr);
    void chooseRecord(const QString& id);
    /// Everything that was asked for is on the screen.
    bool settled() const;
    Loupe* loupe() const { return loupe_; }

private:
    QWidget* makeBrowser();
    QWidget* makeInspector();
    void addActions();
    void showRecords();
    void updateActions();
    void recordChosen(const QString& id);
    void importPictures();

    Session& session_;
    Dialogs& dialogs_;
    PageFrame* frame_;
    QStackedWidget* states_; ///< Empty, or the browser.
    StatePanel* empty_;
    ThumbnailModel* model_;
    ThumbnailFilter* filter_;
    ThumbnailGrid* grid_;
    Thumbnails* thumbnails_;
    QLineEdit* search_;
    QComboBox* buckets_;
    QPushButton* problems_;
    QLabel* count_;
    Loupe* loupe_;
    RecordFacts* facts_;
    ReportView* report_;
    QPushButton *import_, *passes_, *pack_, *verify_, *certify_;
    std::array<QAction*, 3> passChoice_{};
    QString chosen_;
};

} // namespace nanodit
