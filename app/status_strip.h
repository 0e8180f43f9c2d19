#pragma once

#include "app/session.h"

#include <QFrame>

#include <vector>

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

    /// Of the jobs that are shown, in the order in which they began; the others are in the menu of the button beside.
    std::vector<JobBar*> shownBars() const;

Q_SIGNALS:
    void pageWanted(nanodit::Page page);
    /// Another device or precision was chosen for what begins from now on.
    void computeChosen(const nanodit::ComputeChoice& choice);

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    void addJob(JobRunner* runner);
    void removeJob(JobRunner* runner);
    void arrange();
    void fillMore();
    void showMachine();
    void showCompute();
    void fillMenu();

    Session& session_;
    QHBoxLayout* row_;
    QWidget* jobs_;     ///< Bars of equal width: they say less rather than lie over each other.
    QToolButton* more_; ///< Opens those for which there is no room.
    QLabel* quiet_;
    QToolButton* compute_;
    QLabel* machine_;
    std::vector<std::pair<JobRunner*, JobBar*>> bars_;
};

} // namespace nanodit
