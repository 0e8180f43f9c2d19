#pragma once

#include "app/pages/runs/run_rows.h"
#include "app/session.h"

#include <QList>
#include <QObject>

#include <functional>
#include <optional>

class QAction;
class QMenu;
class QWidget;

namespace nanodit {

class Dialogs;

/// What can be done with the run that is selected: the commands, of which buttons and the menu of the table are made.
class RunActions : public QObject {
    Q_OBJECT

public:
    /// `page` parents the dialogs.
    RunActions(Session& session, Dialogs& dialogs, QWidget* page);
    /// The run that they act on; null for none. `training`: it is being trained here.
    void setRun(const ListedRun* run, bool training);
    /// Offers them there. While the menu is open, and for the entry that closes it, they act on the run that was
    /// selected when it opened.
    void addTo(QMenu* menu);

    void rename(const QString& name, const QString& newName);
    void write(const QString& name, const RunNotes& notes);

Q_SIGNALS:
    void showWanted(const QString& name);
    void validationWanted(const QString& name);
    /// Edit the cell of this column (RunModel::Column) of the run.
    void editWanted(const QString& name, int column);
    /// A new run with the same settings, or one that begins with its weights.
    void duplicateWanted(const QString& name);
    void startFromWanted(const QString& name);
    /// The disk has changed: what was read of the runs before is out of date, and what is read now follows.
    void changed();
    void renamed(const QString& name, const QString& newName);
    void done(const QString& sentence);
    void failed(const QString& what, const nanodit::Notice& why);

private:
    struct Subject {
        std::optional<ListedRun> run;
        bool training = false;
    };
    void take(Subject subject);
    void hold();
    void release(); ///< A menu has closed.
    QAction* add(const char* object, const QString& text, void (RunActions::*act)());
    void addSeparator();
    /// Does `change` in the background, then lists the runs again; nobody may be training the run meanwhile.
    void change(const QString& what, std::function<void()> work, std::function<void()> then = {});
    void emitShow();
    void emitValidate();
    void editName();
    void editTags();
    void editNote();
    void emitDuplicate();
    void emitStartFrom();
    void exportModel();
    void openFolder();
    void copyCommand();
    void copyPath();
    void remove();
    QString name() const;
    QString folder() const;

    Session& session_;
    Dialogs& dialogs_;
    QWidget* page_;
    std::optional<ListedRun> run_;
    QList<QMenu*> menus_;
    bool held_ = false;           ///< One of them is open, or what was chosen in it is on its way.
    std::optional<Subject> late_; ///< Was selected meanwhile.
    QList<QAction*> all_;
    QAction *show_, *validate_, *rename_, *tags_, *note_, *duplicate_, *startFrom_, *export_, *openFolder_,
        *copyCommand_, *copyPath_, *remove_;
};

} // namespace nanodit
