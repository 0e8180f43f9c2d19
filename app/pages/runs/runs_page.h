#pragma once

#include "app/pages/runs/run_model.h"
#include "app/plots/plot_panel.h"
#include "app/session.h"

#include <QWidget>

#include <optional>

class QLabel;
class QLineEdit;
class QAction;
class QMenu;
class QSplitter;
class QStackedWidget;
class QTreeWidget;

namespace nanodit {

class CheckpointList;
class Dialogs;
class FittedColumns;
class MetricPlots;
class PageFrame;
class Preferences;
class RunActions;
class RunCurvesCache;
class RunTable;
class StatePanel;
class Training;

/// Every run of the workspace as a line that can be sorted, searched, named and noted on; the curves of the ticked ones
/// over each other, what differs in their configurations, and the checkpoints of the selected one.
class RunsPage : public QWidget {
    Q_OBJECT

public:
    RunsPage(Session& session, Training& training, Preferences& preferences, Dialogs& dialogs,
             QWidget* parent = nullptr);
    bool settled() const;
    /// Ticks exactly these.
    void check(const QStringList& names);
    void select(const QString& name);

Q_SIGNALS:
    void trainWanted();
    void runWanted(const QString& name);        ///< To see it on the Train page.
    void validationWanted(const QString& name); ///< To see it on the Validate page.
    void comparisonWanted(const QString& name, const QString& against);
    /// A new run with the settings of this one; from its weights, too.
    void duplicateWanted(const QString& name, bool fromItsWeights);

protected:
    void showEvent(QShowEvent* event) override;

private:
    void addActions();
    QMenu* makeRunMenu(const char* name);
    void editCell(const QString& run, int column);
    QWidget* makeTable();
    QWidget* makeContent();
    QWidget* makePlots();
    QWidget* makeDetails();
    void connectAll();
    void read();
    void readAgain();
    void showUnread(const Notice& why);         ///< Unless runs are listed from before.
    void showRuns(std::vector<ListedRun> runs); ///< When no cell is edited.
    /// A few runs leave the room to their curves; of many, the table has less than half.
    void fitRows();
    void currentChanged();
    void checkedChanged();
    void plot(const QStringList& names);
    void showDifferences();
    void showDifferences(const std::vector<QStringList>& rows, const QString& note);
    void updateState();
    std::vector<const ListedRun*> checked() const;
    const ListedRun* current() const;
    QString currentName() const;
    QString training() const; ///< The run that is being trained here.

    Session& session_;
    Training& training_;
    Preferences& preferences_;
    PageFrame* frame_;
    QStackedWidget* states_;
    StatePanel* state_;
    QLineEdit* search_;
    RunTable* table_;
    QSplitter* parts_;
    RunModel* model_;
    RunFilter* filter_;
    RunActions* actions_;
    MetricPlots* plots_;
    RunCurvesCache* curves_;
    std::vector<PlottedRun> plotted_;
    QTreeWidget* differences_;
    FittedColumns* differenceColumns_ = nullptr;
    QLabel* differencesNote_;
    QStringList compared_; ///< Header of the differences: the ticked runs.
    CheckpointList* checkpoints_;
    QAction *show_, *validate_, *compare_;
    std::optional<std::vector<ListedRun>> late_; ///< Read while a cell was edited.
    int changes_ = 0; ///< Of runs, made here: what was read before one is dropped, for another reading follows.
    /// What the page says where no run is listed: that there is none, that they are being read, or why they cannot be.
    struct Knowledge {
        bool read = false;
        QString obstacle; ///< Why the last reading failed, where none before it succeeded; else empty.
        bool operator==(const Knowledge&) const = default;
    };
    Knowledge knowledge_;
    std::optional<Knowledge> told_;
};

} // namespace nanodit
