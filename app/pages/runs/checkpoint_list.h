#pragma once

#include "app/session.h"

#include <QWidget>

class QLabel;
class QPushButton;
class QTreeWidget;

namespace nanodit {

class Dialogs;

/// The checkpoints of a run, newest first: step, time, size, why each is kept, and what can be done with one. One with
/// a star is kept whatever the run's rule is.
class CheckpointList : public QWidget {
    Q_OBJECT

public:
    CheckpointList(Session& session, Dialogs& dialogs, QWidget* parent = nullptr);
    /// Null for no run. `training`: it is being trained, here or by another program, so that its newest one stays.
    void showRun(const RunInfo* run, bool training);
    QTreeWidget* table() const { return table_; }

Q_SIGNALS:
    void done(const QString& sentence);
    void failed(const QString& what, const nanodit::Notice& why);

private:
    void read();
    void updateButtons();
    void star();
    void remove();

    Session& session_;
    Dialogs& dialogs_;
    QLabel* note_;
    QTreeWidget* table_;
    QPushButton *star_, *copy_, *remove_;
    QString run_;
    std::vector<std::filesystem::path> checkpoints_;
    bool training_ = false;
};

} // namespace nanodit
