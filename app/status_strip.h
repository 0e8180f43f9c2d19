#pragma once

#include "app/session.h"

#include <QFrame>

#include <map>

class QHBoxLayout;
class QLabel;
class QToolButton;

namespace nanodit {

class JobBar;

/// The window's bottom line: a bar per running job; at the right what computes, as a menu in which it can be chosen,
/// and the memory that is used.
class StatusStrip : public QFrame {
    Q_OBJECT

public:
    explicit StatusStrip(Session& session, QWidget* parent = nullptr);
    /// Opens the menu of what computes.
    void openComputeMenu();

Q_SIGNALS:
    void pageWanted(nanodit::Page page);
    /// Another device or precision was chosen for what begins from now on.
    void computeChosen(const nanodit::ComputeChoice& choice);

private:
    void addJob(JobRunner* runner);
    void removeJob(JobRunner* runner);
    void arrange();
    void showMachine();
    void showCompute();
    void fillMenu();

    Session& session_;
    QHBoxLayout* row_;
    QLabel* quiet_;
    QToolButton* compute_;
    QLabel* machine_;
    std::map<JobRunner*, JobBar*> bars_;
};

} // namespace nanodit
