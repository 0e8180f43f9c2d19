#pragma once

#include "app/session.h"
#include "core/runtime/remedy.h"

#include <QTimer>
#include <QWidget>

#include <optional>

class QPushButton;
class QAction;
class QSplitter;
class QStackedWidget;

namespace nanodit {

class DatasetActions;
class DatasetJobs;
class Dialogs;
class LayerPanel;
class Loupe;
class PageFrame;
class RecordBrowser;
class RecordEditing;
class RecordFacts;
class ReportDrawer;
class StatePanel;
struct ChosenRecords;

/// The records of the workspace: found, looked at, edited, and turned into what a model is trained on.
class DatasetPage : public QWidget {
    Q_OBJECT

public:
    DatasetPage(Session& session, DatasetJobs& jobs, Dialogs& dialogs, QWidget* parent = nullptr);
    void chooseRecord(const QString& id);
    /// Everything that was asked for is on the screen.
    bool settled() const;
    Loupe* loupe() const { return loupe_; }
    RecordBrowser* browser() const { return browser_; }
    RecordEditing* editing() const { return editing_; }
    ReportDrawer* drawer() const { return drawer_; }
    DatasetActions* actions() const { return actions_; }
    /// Asks for a folder and imports its pictures.
    void importPictures();

Q_SIGNALS:
    void remedyWanted(const nanodit::Remedy& remedy);

protected:
    void focusInEvent(QFocusEvent* event) override;

private:
    QWidget* makeInspector();
    void connectSession();
    void connectEditing();
    void makeCommands();
    void showRecords();
    void tellWhyEmpty();
    void showChosen();
    void askChosen(); ///< Of many: off the home thread.
    void showFacts(const ChosenRecords& chosen);
    void openMenu(QPoint globalPoint);
    void editCaption();
    void editTags();
    void toggleExclusion();
    /// Whether these may be edited; many only when `question` (with their number as %1) is answered so.
    bool mayEdit(const QStringList& ids, const QString& question);
    void setSplit(const QStringList& ids, const QString& split);
    void setExcluded(const QStringList& ids, const QString& reason);
    void showFile(const QString& id);
    void pauseOrResume();

    Session& session_;
    DatasetJobs& jobs_;
    Dialogs& dialogs_;
    PageFrame* frame_;
    QStackedWidget* states_; ///< Empty, or the browser.
    StatePanel* empty_;
    std::optional<QString> awaited_; ///< What it says that the page waits for; "": that there are no records.
    RecordEditing* editing_;
    RecordBrowser* browser_;
    Loupe* loupe_;
    RecordFacts* facts_;
    LayerPanel* layers_;
    ReportDrawer* drawer_;
    DatasetActions* actions_;
    QSplitter* split_;
    QTimer chosenSoon_; ///< Until a selection of many has come to rest.
    int chosenAsked_ = 0;
    QAction *caption_, *captions_, *tags_, *exclude_, *undo_,
        *showFile_; ///< Commands that the records' menu offers, too.
};

} // namespace nanodit
